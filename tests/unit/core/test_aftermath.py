# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change leaves behind: SAs whose networks leave are cleared, old flows counted, and cleared where the options say."""

from __future__ import annotations

from typing import Any

import pytest
from _core.errors import DeviceError, PlanError, TransportError
from _core.run import run
from _core.session import Cli, Session
from core_support.asa_device import AsaDevice
from core_support.asa_worlds import PAT as ASA_PAT
from core_support.asa_worlds import start as asa_start
from core_support.ios_device import IosDevice
from core_support.ios_worlds import PAT as IOS_PAT
from core_support.ios_worlds import start as ios_start
from core_support.living import Living, LivingTransport, Pair
from core_support.scenario import REFERENCE_NAMES, responder, tunnel

OSAKA = tunnel()
KOBE = tunnel(name="kobe", initiator="pix-kobe", networks=["10.1.3.0/24"])
LISTED = responder(match_address=True)

#: SAs of the two tunnels and of a stranger, as the hub sees them.
OF_OSAKA = Pair("10.2.1.0/24", "10.1.1.0/24", "172.16.1.1", 0x11111111, 0x21111111, "192.168.1.2")
OF_KOBE = Pair("10.2.1.0/24", "10.1.3.0/24", "172.16.3.1", 0x13333333, 0x23333333, "192.168.1.2")
STRANGER = Pair("10.2.1.0/24", "10.9.9.0/24", "203.0.113.9", 0x19999999, 0x29999999, "192.168.1.2")
HUB_IKE = {
    peer: ("192.168.1.2", 1000 + int(peer.split(".")[2])) for peer in ("172.16.1.1", "172.16.3.1", "203.0.113.9")
}

ON_PIX = Pair("10.1.1.0/24", "10.2.1.0/24", "192.168.1.2", 0x11111111, 0x21111111, "172.16.1.1")
PIX_IKE = {"192.168.1.2": ("172.16.1.1", 1)}

NO_FLOWS = {
    "show xlate count": "0 in use, 3 most used",
    "show conn count": "0 in use, 3 most used",
    "show xlate": "0 in use, 3 most used",
    "show conn": "0 in use, 3 most used",
    "show ip nat statistics": "Total active translations: 0 (0 static, 0 dynamic; 0 extended)",
    "show ip nat translations": "",
}

XLATE = "1 in use, 9 most used\nPAT Global 172.16.1.1(1024) Local 10.1.1.10(1025)"
CONN = (
    "2 in use, 9 most used\nTCP out 10.2.1.10:80 in 10.1.1.10:1025 idle 0:00:02 Bytes 1208 flags UIO\n"
    "TCP out 198.51.100.1:80 in 10.1.1.10:1026 idle 0:00:02 Bytes 1208 flags UIO"
)
HEAD = "Pro Inside global      Inside local       Outside local      Outside global\n"
TO_OSAKA = "tcp 192.168.1.2:1025   10.2.1.10:1025     10.1.1.10:80       10.1.1.10:80\n"
TO_INTERNET = "udp 192.168.1.2:1026   10.2.1.10:1026     198.51.100.1:53    198.51.100.1:53\n"
PING = "icmp 192.168.1.2:6     10.2.1.9:6         198.51.100.1:6     198.51.100.1:6\n"


class Device:
    """A device model, what lives on it, and calls of the module's core."""

    def __init__(self, model: AsaDevice | IosDevice, *pairs: Pair, **shows: str) -> None:
        self.model = model
        self.platform = "asa" if isinstance(model, AsaDevice) else "ios"
        if isinstance(model, IosDevice):
            model.head.insert(0, "Building configuration...")
        self.living = Living(self.platform, list(pairs), dict(PIX_IKE if self.platform == "asa" else HUB_IKE))
        self.living.shows |= NO_FLOWS | {key.replace("_", " "): text for key, text in shows.items()}
        self.transports: list[LivingTransport] = []
        self.options: dict[str, Any] = {}

    def __call__(self, cli: Cli) -> Session:
        self.transports.append(LivingTransport(self.model, self.living, **self.options))
        return Session(self.transports[-1], cli)

    @property
    def typed(self) -> list[str]:
        return [line for transport in self.transports for line in transport.typed]

    def call(self, *tunnels: dict[str, Any], check_mode: bool = False, **changed: Any) -> dict[str, Any]:
        request = {
            "state": "present",
            "host": {"asa": "pix", "ios": "hub"}[self.platform],
            "responders": [LISTED],
            "tunnels": list(tunnels) or [OSAKA],
            "names": REFERENCE_NAMES,
            "save": "changed",
            **changed,
        }
        self.transports.clear()
        return run(self.platform, request, check_mode=check_mode, open_session=self)


def pix(*pairs: Pair, extra: str = ASA_PAT, built: bool = True, **shows: str) -> Device:
    device = Device(asa_start(extra), **shows)
    if built:
        device.call()
    device.living.pairs = list(pairs)
    return device


def hub(*pairs: Pair, tunnels: Any = (OSAKA, KOBE), made: dict[str, Any] | None = None, **shows: str) -> Device:
    device = Device(ios_start(IOS_PAT, inside=True, outside=True))
    if tunnels:
        device.call(*tunnels, **(made or {}))
    device.living.pairs = list(pairs)
    device.living.shows |= {key.replace("_", " "): text for key, text in shows.items()}
    return device


def place(commands: list[str], text: str) -> int:
    """Where in a plan the one command stands that holds ``text``."""
    (found,) = [index for index, command in enumerate(commands) if text in command]
    return found


# --- associations -------------------------------------------------------------------------------------------------

GONE = {**KOBE, "state": "absent"}


def test_on_a_pix_the_sa_goes_after_the_line_that_switches_and_before_the_map_is_unbound() -> None:
    device = pix(ON_PIX)
    checked = device.call(state="absent", check_mode=True)
    assert not any(line.startswith("clear") for line in device.typed)
    done = device.call(state="absent")
    commands = done["commands"]
    assert commands == checked["commands"]
    entry = place(commands, "clear crypto ipsec sa peer 192.168.1.2")
    assert place(commands, "no nat (inside) 0") == entry - 1
    assert entry < place(commands, "no crypto map IPSEC interface outside")
    assert device.living.pairs == []
    assert done["cleared"] == checked["cleared"]
    assert done["cleared"] == [
        {
            "command": "clear crypto ipsec sa peer 192.168.1.2", "kind": "ipsec", "peer": "192.168.1.2",
            "tunnel": "osaka", "local": "10.1.1.0/24", "remote": "10.2.1.0/24", "also": [],
        }
    ]  # fmt: skip


def test_a_second_run_clears_nothing_and_asks_nothing() -> None:
    device = pix(ON_PIX)
    device.call(state="absent")
    again = device.call(state="absent")
    assert (again["changed"], again["commands"], again["cleared"]) == (False, [], [])
    assert not any("crypto" in line for line in device.typed)


def test_one_of_several_leaves_a_hub_and_the_others_sas_stay() -> None:
    device = hub(OF_OSAKA, OF_KOBE, STRANGER)
    done = device.call(OSAKA, GONE)
    commands = done["commands"]
    entry = place(commands, "do clear crypto sa peer 172.16.3.1")
    # Its ``deny``, its ACE in the list, its SAs (treatment.md §2): as long as the ACE stands it could come back.
    ace = max(index for index, command in enumerate(commands[:entry]) if command.startswith("no "))
    assert entry - ace <= 2
    assert place(commands, "do clear crypto isakmp 1003") == entry + 1
    assert device.living.pairs == [OF_OSAKA, STRANGER]
    assert sorted(device.living.ike) == ["172.16.1.1", "203.0.113.9"]
    assert device.call(OSAKA, GONE)["commands"] == []


def test_without_a_list_the_intent_says_whose_sas_go() -> None:
    device = hub(OF_OSAKA, OF_KOBE, STRANGER, made={"responders": [responder()]})
    done = device.call(OSAKA, GONE, responders=[responder()])
    assert [item["tunnel"] for item in done["cleared"]] == ["kobe", "kobe"]
    assert device.living.pairs == [OF_OSAKA, STRANGER]


def test_when_all_leave_a_hub_its_sas_go_once_the_map_is_unbound() -> None:
    device = hub(OF_OSAKA, OF_KOBE)
    done = device.call(OSAKA, KOBE, state="absent")
    first = place(done["commands"], "do clear crypto sa peer 172.16.1.1")
    assert done["commands"].index("no crypto map IPSEC") < first
    assert device.living.pairs == []


def test_a_network_that_is_taken_away_takes_its_sa_along() -> None:
    two = {**OSAKA, "networks": ["10.1.1.0/24", "10.1.7.0/24"]}
    more = Pair("10.2.1.0/24", "10.1.7.0/24", "172.16.1.1", 0x17777777, 0x27777777, "192.168.1.2")
    device = hub(OF_OSAKA, more, tunnels=(two,))
    done = device.call(OSAKA)
    # The peer keeps its other SA, and with it its IKE SA.
    assert [item["command"] for item in done["cleared"]] == ["clear crypto sa entry 192.168.1.2 esp 0x17777777"]
    assert device.living.pairs == [OF_OSAKA]
    assert "172.16.1.1" in device.living.ike


def test_a_peer_that_is_replaced_loses_its_sas() -> None:
    device = pix(ON_PIX)
    done = device.call(responders=[{**LISTED, "address": "192.168.9.2"}])
    assert [item["peer"] for item in done["cleared"]] == ["192.168.1.2"]


def test_a_narrower_sa_within_what_leaves_is_cleared_too() -> None:
    narrow = Pair("10.2.1.128/25", "10.1.3.0/25", "172.16.3.1", 0x14444444, 0x24444444, "192.168.1.2")
    device = hub(OF_OSAKA, narrow)
    device.call(OSAKA, GONE)
    assert device.living.pairs == [OF_OSAKA]


def test_callers_of_others_keep_theirs_and_do_not_keep_ours() -> None:
    # An entry of somebody else takes whatever is proposed, before and after.
    callers = Pair("10.2.1.0/24", "10.8.0.9/32", "203.0.113.9", 0x18888888, 0x28888888, "192.168.1.2")
    two = {**OSAKA, "networks": ["10.1.1.0/24", "10.1.7.0/24"]}
    more = Pair("10.2.1.0/24", "10.1.7.0/24", "172.16.1.1", 0x17777777, 0x27777777, "192.168.1.2")
    device = hub(OF_OSAKA, more, callers, tunnels=(two,))
    for line in (
        "crypto ipsec transform-set OTHER-TS esp-3des esp-sha-hmac",
        "crypto dynamic-map REMOTE 10",
        "set transform-set OTHER-TS",
        "exit",
        "crypto map IPSEC 65000 ipsec-isakmp dynamic REMOTE",
    ):
        device.model.type(line)
    done = device.call(OSAKA)
    assert [item["command"] for item in done["cleared"]] == ["clear crypto sa entry 192.168.1.2 esp 0x17777777"]
    assert device.living.pairs == [OF_OSAKA, callers]


def test_a_connection_that_breaks_at_the_second_look_does_not_keep_what_was_changed_from_being_saved() -> None:
    device = hub(OF_OSAKA, OF_KOBE)
    show = device.living.show
    asked: list[str] = []

    def breaking(command: str) -> str | None:
        if "crypto isakmp" in command:
            asked.append(command)
            if len(asked) > 2:
                raise TransportError("the device did not answer within ansible_command_timeout")
        return show(command)

    device.living.show = breaking  # type: ignore[method-assign]
    done = device.call(OSAKA, GONE)
    assert done["saved"] is True
    assert "association" in " ".join(finding["code"] for finding in done["findings"])


def test_adding_asks_for_no_sas() -> None:
    device = hub(OF_OSAKA, tunnels=(OSAKA,))
    done = device.call(OSAKA, KOBE)
    assert done["changed"] is True
    assert done["cleared"] == []
    assert not any("show crypto" in " ".join(line.split()) for line in device.typed)


def test_what_was_negotiated_anew_while_the_lines_were_typed_is_cleared_once_more() -> None:
    device = hub(OF_OSAKA, OF_KOBE)
    back = Pair("10.2.1.0/24", "10.1.3.0/24", "172.16.3.1", 0x15555555, 0x25555555, "192.168.1.2")

    def renewed(command: str) -> None:
        if command == "clear crypto isakmp 1003":
            device.living.pairs.append(back)

    device.living.watch = renewed
    done = device.call(OSAKA, GONE)
    assert device.living.pairs == [OF_OSAKA]
    assert [item["command"] for item in done["cleared"]][-1] == "clear crypto sa peer 172.16.3.1"
    assert device.living.cleared[-1] == "clear crypto sa peer 172.16.3.1"


def test_what_comes_back_beside_an_sa_that_stays_is_cleared_alone() -> None:
    two = {**OSAKA, "networks": ["10.1.1.0/24", "10.1.7.0/24"]}
    more = Pair("10.2.1.0/24", "10.1.7.0/24", "172.16.1.1", 0x17777777, 0x27777777, "192.168.1.2")
    device = hub(OF_OSAKA, more, tunnels=(two,))
    back = Pair("10.2.1.0/24", "10.1.7.0/24", "172.16.1.1", 0x18888888, 0x28888888, "192.168.1.2")

    def renewed(command: str) -> None:
        if "0x17777777" in command:
            device.living.pairs.append(back)

    device.living.watch = renewed
    device.call(OSAKA)
    assert device.living.cleared[-1] == "clear crypto sa entry 192.168.1.2 esp 0x18888888"
    assert device.living.pairs == [OF_OSAKA]


def test_an_sa_that_stays_in_spite_of_the_command_is_a_finding() -> None:
    device = hub(OF_OSAKA, OF_KOBE)
    device.living.refuses = {"clear crypto sa peer 172.16.3.1": "% Authorization failed."}
    done = device.call(OSAKA, GONE)
    (finding,) = [finding for finding in done["findings"] if finding["code"] == "association-remains"]
    assert finding["level"] == "warning"
    assert "172.16.3.1" in finding["message"]


def test_a_device_that_shows_no_sas_is_changed_all_the_same_and_it_is_said() -> None:
    device = hub(OF_KOBE)
    device.living.shows["show crypto isakmp sa"] = "% Invalid input detected at '^' marker."
    done = device.call(OSAKA, GONE)
    assert done["changed"] is True
    assert done["cleared"] == []
    assert [finding["code"] for finding in done["findings"] if finding["code"].startswith("association")] == [
        "associations-unknown"
    ]


def test_without_sas_nothing_is_typed() -> None:
    done = hub().call(OSAKA, GONE)
    assert done["cleared"] == []
    assert not any("clear" in command for command in done["commands"])


@pytest.mark.parametrize("platform", ["asa", "ios"])
def test_a_line_that_fails_after_a_clear_is_taken_back_and_the_clear_is_told(platform: str) -> None:
    device = pix(ON_PIX) if platform == "asa" else hub(OF_OSAKA, OF_KOBE)
    arguments: dict[str, Any] = {"state": "absent"}
    tunnels = (OSAKA,) if platform == "asa" else (OSAKA, KOBE)
    commands = device.call(*tunnels, check_mode=True, **arguments)["commands"]
    before = device.model.text()
    last = "no crypto map IPSEC 10 match address IPSec-traffic" if platform == "asa" else commands[-1]
    device.options = {"answer": lambda line: "% Something else" if line == last else None}
    with pytest.raises(DeviceError, match=r"What was cleared has no way back \('(do )?clear crypto ") as error:
        device.call(*tunnels, **arguments)
    assert error.value.rolled_back is True
    assert device.model.text() == before


# --- flows --------------------------------------------------------------------------------------------------------


def test_old_flows_are_counted_and_left_alone_by_default() -> None:
    device = pix(built=False, show_xlate=XLATE, show_conn=CONN)
    done = device.call()
    assert done["old_flows"] == {
        "before": {"connections": 1, "translations": 1},
        "after": {"connections": 1, "translations": 1},
        "unknown": "",
    }
    assert done["cleared"] == []
    assert device.living.cleared == []


def test_affected_flows_are_cleared_after_the_last_line_that_switches() -> None:
    device = pix(built=False, show_xlate=XLATE, show_conn=CONN)
    checked = device.call(clear_flows="affected", check_mode=True)
    assert checked["old_flows"]["after"] is None
    assert device.living.cleared == []

    def gone(_command: str) -> None:
        device.living.shows |= NO_FLOWS

    device.living.watch = gone
    done = device.call(clear_flows="affected")
    assert done["commands"] == checked["commands"]
    assert done["commands"][-1] == "clear xlate local 10.1.1.10"
    assert done["cleared"][0]["also"] == ["1 other connections of 10.1.1.10"]
    assert [finding["code"] for finding in done["findings"]].count("clear-hits-others") == 1
    assert done["old_flows"]["after"] == {"connections": 0, "translations": 0}


def test_a_router_clears_exactly_the_translations_that_switch() -> None:
    device = hub(tunnels=(), show_ip_nat_translations=HEAD + TO_OSAKA + TO_INTERNET)
    done = device.call(OSAKA, clear_flows="affected")
    assert done["commands"][-1] == "do clear ip nat translation tcp inside 192.168.1.2 1025 10.2.1.10 1025"
    assert done["old_flows"]["before"] == {"connections": 0, "translations": 1}
    assert device.living.cleared == ["clear ip nat translation tcp inside 192.168.1.2 1025 10.2.1.10 1025"]


def test_a_flow_that_began_after_the_table_was_read_is_cleared_at_the_end() -> None:
    device = hub(tunnels=())
    device.living.shows["show ip nat translations"] = ""
    late = "clear ip nat translation tcp inside 192.168.1.2 1025 10.2.1.10 1025"
    device.options = {
        "answer": lambda line: (
            device.living.shows.update({"show ip nat translations": HEAD + TO_OSAKA + TO_INTERNET})
            if "permit" in line
            else None
        )
    }

    done = device.call(OSAKA, clear_flows="affected")
    assert not any("clear" in command for command in done["commands"])
    assert [item["command"] for item in done["cleared"]] == device.living.cleared == [late]
    assert done["old_flows"]["after"] == {"connections": 0, "translations": 0}


def test_icmp_that_no_command_names_is_told() -> None:
    ping = PING.replace("198.51.100.1", "10.1.1.10").replace("10.1.1.10:6 ", "10.1.1.10:6 ")
    device = hub(tunnels=(), show_ip_nat_translations=HEAD + ping + TO_INTERNET)
    done = device.call(OSAKA, clear_flows="affected")
    assert device.living.cleared == []
    assert [finding["code"] for finding in done["findings"] if finding["code"].startswith("flow")] == [
        "flow-not-cleared"
    ]


def test_a_clear_that_the_device_does_not_take_is_a_finding() -> None:
    device = hub(tunnels=(), show_ip_nat_translations=HEAD + TO_OSAKA)
    device.living.refuses = {
        "clear ip nat translation tcp inside 192.168.1.2 1025 10.2.1.10 1025": "% Authorization failed."
    }
    done = device.call(OSAKA, clear_flows="affected")
    (finding,) = [finding for finding in done["findings"] if finding["code"] == "clear-refused"]
    assert "Authorization failed" in finding["message"]
    assert done["changed"] is True


def test_a_translation_that_ended_meanwhile_is_no_finding() -> None:
    device = hub(tunnels=(), show_ip_nat_translations=HEAD + TO_OSAKA)
    command = "clear ip nat translation tcp inside 192.168.1.2 1025 10.2.1.10 1025"
    device.living.refuses = {command: "%Translation not found"}
    done = device.call(OSAKA, clear_flows="affected")
    assert not any(finding["code"] == "clear-refused" for finding in done["findings"])


def test_a_plan_without_a_switch_reads_no_tables() -> None:
    device = hub()
    done = device.call(OSAKA, KOBE)
    assert done["old_flows"] == {"before": None, "after": None, "unknown": ""}
    assert not any("translations" in line or "statistics" in line for line in device.typed)


def test_a_table_that_is_too_long_is_not_read_and_it_is_said() -> None:
    many = "Total active translations: 40000 (0 static, 40000 dynamic; 40000 extended)"
    device = hub(tunnels=(), show_ip_nat_statistics=many)
    done = device.call(OSAKA)
    assert done["old_flows"]["before"] is None
    assert "40000" in done["old_flows"]["unknown"]
    assert not any("translations" in line for line in device.typed)


# --- a translation rule that is in use ----------------------------------------------------------------------------

ALL_GONE = {"state": "absent", "remove_shared": True}


def test_a_rule_in_use_stops_the_plan_before_the_first_write() -> None:
    device = hub(tunnels=(OSAKA,), made={"pat": "present"}, show_ip_nat_translations=HEAD + TO_INTERNET)
    before = device.model.text()
    for check_mode in (True, False):
        with pytest.raises(PlanError, match=r"in use by 1 translations.*clear_flows: affected") as error:
            device.call(OSAKA, check_mode=check_mode, pat="present", **ALL_GONE)
        assert "nothing was changed" in str(error.value)
        assert "configure terminal" not in device.typed
    assert device.model.text() == before


def test_with_affected_its_translations_go_right_before_it() -> None:
    device = hub(tunnels=(OSAKA,), made={"pat": "present"}, show_ip_nat_translations=HEAD + TO_INTERNET + PING)
    done = device.call(OSAKA, pat="present", clear_flows="affected", **ALL_GONE)
    at = place(done["commands"], "no ip nat inside source")
    assert done["commands"][at - 1] == "do clear ip nat translation *"
    # What began in between is the same traffic: the router may delete it.
    assert device.transports[0].replies == ["yes"]
    assert done["cleared"][0] == {
        "command": "clear ip nat translation *", "kind": "translation", "peer": "", "tunnel": "", "local": "",
        "remote": "", "also": [],
    }  # fmt: skip


def test_the_rule_of_a_list_that_is_replaced_goes_with_its_translations() -> None:
    hosts = {"responders": [responder(networks=["10.2.1.10/32"], match_address=True)], "clear_flows": "affected"}
    listed = (
        "ip nat inside source list 100 interface Ethernet0/0 overload\n"
        "access-list 100 permit tcp 10.2.1.0 0.0.0.255 any eq www\n"
        "access-list 100 deny   ip host 10.2.1.10 host 10.1.1.10\n"
        "access-list 100 permit ip 10.2.1.0 0.0.0.255 any\n"
    )
    device = Device(
        ios_start(listed, inside=True, outside=True), show_ip_nat_translations=HEAD + TO_OSAKA + TO_INTERNET
    )
    done = device.call(tunnel(networks=["10.1.1.10/32"]), **hosts)
    at = place(done["commands"], "no ip nat inside source")
    assert done["commands"][at - 1] == "do clear ip nat translation *"
    assert place(done["commands"], "ip nat inside source list L2L-NAT") < at
    assert device.transports[0].replies == ["yes"]
    assert device.call(tunnel(networks=["10.1.1.10/32"]), **hosts)["changed"] is False


def test_an_unused_rule_goes_as_before() -> None:
    device = hub(tunnels=(OSAKA,), made={"pat": "present"})
    done = device.call(OSAKA, pat="present", **ALL_GONE)
    assert "no ip nat inside source" in " ".join(done["commands"])
    assert device.transports[0].replies == ["no"]
    assert done["cleared"] == []
