# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A device that misbehaves on command: slow banners, refused passwords, silence. Not a model of any platform.

``python scripted.py PORT STATE_DIR SCRIPT`` where SCRIPT is JSON:
``banner``: list of [text, pause after it]; ``enabled``: the session starts privileged; ``enable``: the password;
``silent_at``: pattern of a line after which nothing comes any more; ``closed_at``: one that closes the connection;
``answers``: pattern → text; ``behind_prompt``: a blank by default (PIX/ASA), nothing on IOS.
Every line typed is appended to STATE_DIR/typed.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

import asyncssh


class _Server(asyncssh.SSHServer):
    def begin_auth(self, _username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("admin", "admin")


async def _talk(process: asyncssh.SSHServerProcess[str], script: dict[str, Any], typed: Path) -> None:
    out, mode = process.stdout, "#" if script.get("enabled") else ">"
    for text, pause in script.get("banner", ()):
        out.write(text)
        await asyncio.sleep(pause)
    asks, config = False, ""
    blank = script.get("behind_prompt", " ")
    out.write(f"\r\n\rfw{mode}{blank}")
    buffer = ""
    while True:
        data = await process.stdin.read(1024)
        if not data:
            return
        buffer += data
        while (end := re.search(r"[\r\n]", buffer)) is not None:
            line, buffer = buffer[: end.start()], buffer[end.end() :]
            with typed.open("a", encoding="utf-8") as log:
                log.write(f"{line}\n")
            if asks:
                asks = line != script.get("enable", "")
                mode = mode if asks else "#"
                out.write("\r\nPassword: " if asks else f"\r\n\rfw{mode}{blank}")
                continue
            out.write(f"{line}\r\n")
            if re.search(script.get("silent_at", r"(?!)"), line):
                await asyncio.sleep(3600)
            if re.search(script.get("closed_at", r"(?!)"), line):
                process.exit(0)
                return
            if line == "enable":
                asks = True
                out.write("Password: ")
                continue
            texts = [text for pattern, text in script.get("answers", {}).items() if re.search(pattern, line)]
            if line == "configure terminal" and not texts:
                config = "(config)"
            elif line == "end":
                config = ""
            for text in texts:
                out.write(text.replace("\n", "\r\n"))
            out.write(f"\rfw{config}{mode}{blank}")


async def _main(port: int, state: Path, script: dict[str, Any]) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")

    async def talk(process: asyncssh.SSHServerProcess[str]) -> None:
        await _talk(process, script, state / "typed")

    await asyncssh.create_server(
        _Server, "127.0.0.1", port, server_host_keys=[key], process_factory=talk, line_editor=False
    )
    public = key.export_public_key().decode().split()
    (state / "known_hosts").write_text(f"[127.0.0.1]:{port} {public[0]} {public[1]}\n", encoding="utf-8")
    (state / "ready").touch()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])))
