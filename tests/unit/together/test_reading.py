# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an emulated device shows is read line for line, whatever its banners, descriptions and remarks say."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import Site, seed

#: What a reader by patterns takes for a prompt, an echo, a refusal, a question or the end.
STUMBLING = (
    "{host}#",
    "{host}(config)#",
    "{host}# show running-config",
    "more system:running-config",
    "more  system:running-config",
    "show running-config",
    "show  running-config",
    "show  access-lists",
    "% Invalid input detected at '^' marker.",
    "ERROR: % Incomplete command",
    "Command authorization failed",
    "Current privilege level is 7",
    "host not found",
    "overwrite? [no]:",
    "end",
    ": end",
)


def pix(row: str) -> str:
    notes = f"banner motd {row}\naccess-list NOTES remark {row}\n"
    text = seed("pix-7.2-running-config.cfg").replace("pager lines 24\n", f"{notes}pager lines 24\n")
    return text.replace(" nameif inside\n", f" description {row}\n nameif inside\n")


def router(row: str) -> str:
    notes = f"access-list 99 remark {row}\nbanner motd ^C\n{row}\n{row} \n^C\n"
    text = seed("ios-12.4-running-config.cfg").replace("line con 0\n", f"{notes}line con 0\n")
    return text.replace(" half-duplex\n", f" description {row}\n half-duplex\n")


def stripped(text: str) -> list[str]:
    return [row.rstrip() for row in text.strip("\n").splitlines() if row != "Building configuration..."]


@pytest.mark.parametrize("row", STUMBLING)
@pytest.mark.parametrize(("platform", "make", "host"), [("asa", pix, "pixfirewall"), ("ios", router, "Router")])
def test_text_that_looks_like_something_else_is_read_as_it_is(
    row: str, platform: str, make: Callable[[str], str], host: str
) -> None:
    text = make(row.format(host=host))
    site = Site(platform, text, secrets={"pre_shared_keys": {"192.168.1.2": "cisco123"}} if platform == "asa" else None)
    shown = site.text.replace(" pre-shared-key *", " pre-shared-key cisco123")
    assert shown.count(row.format(host=host)) >= 3
    assert stripped(site.session().read()) == stripped(shown)
    # And it is planned upon: the reference holds what is wanted.
    assert not site.run()["changed"]
