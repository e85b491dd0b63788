# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""The crypto stage of a device: its crypto namespace, strongSwan in it, and the trap, kept equal to the configuration."""

from __future__ import annotations

import collections
import contextlib
import ipaddress
import threading
import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .crypto import Crypto, Entry
from .cryptochanges import Ended, changes, ended
from .cryptomarks import FRESH, FRESH_TRAP, LIVE, TRAP, Live, Pair, compile_marks
from .cryptorules import Plan, acceptable, compile_crypto, helper, proxies_of, starters
from .ike import TABLE, Attempt, Attempts, Charon, missing_route, refused
from .names import Joint, interface_name
from .narration import Narration
from .nft import Addresses
from .reading import Rule, protocol_number
from .sa import ChildSa, Errors, Identity, IkeSa, Snapshot
from .trap import Packet, Trap
from .world import Node, World

if TYPE_CHECKING:
    from ..device import Device

_IKE_SECONDS = 10.0
# How long the traces of a failed or ended main mode are shown. IOS deletes them after a minute, PIX tries for 32 s
# (recall); a test asks at once.
_TRACE = {"pix": 30.0, "ios": 60.0}
_CIPHERS = {"DES_CBC": "des", "3DES_CBC": "3des"}
_HASHES = {"HMAC_MD5_96": "md5", "HMAC_SHA1_96": "sha"}
_GROUPS = {"MODP_768": 1, "MODP_1024": 2, "MODP_1536": 5}


@dataclass(frozen=True)
class Terms:
    """What one end of an SA allows: the peer learns it from the responder's notify, which strongSwan does not know.

    (`Responder forcing change of IPSec rekeying duration from 28800 to 3600 seconds`: seed.) Emulated devices leave it
    for each other here; with other peers each end counts by its own.
    """

    lifetime: int
    kilobytes: int
    ike_lifetime: int
    nat_t: bool


_terms: dict[int, Terms] = {}


class CryptoStage:
    """IKE and IPsec of a device.

    `pace`: by what the seconds of dead peer detection are multiplied; nobody waits in tests.
    """

    pace = 0.1

    def __init__(self, cry: Node, world: World, device: Device, joints: Iterable[Joint] | None = None) -> None:
        self.cry, self.world, self.device = cry, world, device
        self.joints = list(_joints_in(cry) if joints is None else joints)
        self.crypto = Crypto("pix" if device.platform.name.startswith("pix") else "ios")
        self.log: collections.deque[str] = collections.deque(maxlen=2000)
        self.faults: list[str] = []
        self._addresses: dict[str, tuple[str, int]] = {}
        self._plan = self._loaded = Plan()
        self._charon: Charon | None = None
        self._trap: Trap | None = None
        self._attempts = Attempts()
        self.narration = Narration(device, lambda: (self.crypto, self._addresses))
        self._entries: dict[str, Entry] = {}
        self._live = Live()
        self._marks = ""
        self._helpers: dict[str, str] = {}
        self._seen = len(device.events)
        # What the pairs had counted when their counters were cleared, by strongSwan's number
        self._counted: dict[str, dict[str, int]] = {}
        self._drops: collections.Counter[tuple[str, str]] = collections.Counter()
        self._busy: set[tuple[str, tuple[str, int, str, int], str]] = set()
        self._heard = threading.Condition()
        self._lock = threading.RLock()
        self._closed = False

    # -- following the configuration

    def apply(self, crypto: Crypto, addresses: Addresses) -> None:
        """The configuration or an address has changed."""
        with self._lock:
            before, old = self.crypto, self._addresses
            self.crypto, self._addresses = crypto, dict(addresses)
            joints = self._ports()
            plan = compile_crypto(crypto, addresses, joints, self.pace)
            for peer in plan.peers:
                self._entries |= {child.name: child.entry for child in peer.children if child.entry}
            if crypto.bound and self._trap is None:
                self._set_trap()
            if plan.connections and self._charon is None:
                self._start()
            self._help(plan.helpers)
            if self._charon is not None:
                self._load(self._charon, plan)
                self._end(self._ended(before, old))
            self._plan = plan
            self._refresh()

    def _ports(self) -> dict[str, Joint]:
        by_port = {joint.port: joint for joint in self.joints}
        found = {name: by_port.get(interface_name(hardware)) for name, hardware in self.crypto.ports.items()}
        return {name: joint for name, joint in found.items() if joint is not None}

    def _set_trap(self) -> None:
        """What traffic meets that must be encrypted; needs no IKE."""
        self._trap = Trap(self.cry, "trap0", self._trapped)
        self.cry.ip(
            "route add default dev trap0 table 901",
            f"rule add pref 31 fwmark {TRAP} lookup 901",
            f"rule add pref 32 fwmark {FRESH} lookup {TABLE}",
            f"rule add pref 33 fwmark {FRESH_TRAP} lookup {TABLE}",
            f"rule add pref 34 fwmark {FRESH_TRAP} lookup 901",
        )

    def _start(self) -> None:
        self._charon = Charon(self.cry, self.world.directory / f"charon-{self.cry.name}")
        self._charon.narrate(self._narrate)
        self._charon.listen(self._told)
        commands = ["route add default dev ipsec0 table 900", f"rule add pref 30 fwmark {LIVE} lookup 900"]
        if self.joints:
            # What was decrypted is routed by the device, that is in the NAT namespace.
            joint = self.joints[0]
            commands += [
                f"route add default via {joint.nat_address} dev {joint.cry} table 902",
                "rule add pref 20 iif ipsec0 lookup 902",
            ]
        self.cry.ip(*commands)

    def _help(self, wanted: dict[str, str]) -> None:
        """Addresses that strongSwan needs, and that nobody else must take for the namespace's own."""
        if self._charon is None:
            return
        gone = {own for net, own in self._helpers.items() if wanted.get(net) != own} - set(wanted.values())
        come = set(wanted.values()) - set(self._helpers.values())
        for address in gone:
            self.cry.run("ip", "address", "del", f"{address}/32", "dev", "lo", check=False)
            self.cry.run("ip", "rule", "del", "pref", "21", "to", f"{address}/32", check=False)
        commands = []
        for address in sorted(come):
            if self.joints:
                commands.append(f"rule add pref 21 to {address}/32 lookup 902")
            commands.append(f"address replace {address}/32 dev lo")
        self.cry.ip(*commands)
        self._helpers = dict(wanted)

    def _load(self, charon: Charon, plan: Plan) -> None:
        before = self._loaded
        for name in before.connections.keys() - plan.connections.keys():
            charon.unload_connection(name)
        for name in before.keys.keys() - plan.keys.keys():
            charon.unload_key(name)
        for name, (owners, secret) in plan.keys.items():
            if before.keys.get(name) != (owners, secret):
                charon.load_key(name, owners, secret)
        for name, values in plan.connections.items():
            old = before.connections.get(name)
            if old == values:
                continue
            if old is not None:
                # strongSwan keeps the order of children that stay and puts new ones behind them: so first none, then
                # all. IKE SAs that exist see the change as long as the rest of their connection is the same.
                charon.load_connection(name, {**old, "children": {}})
                charon.load_connection(name, {**old, "children": values["children"]})
            charon.load_connection(name, values)
        self._loaded = plan

    # -- what a change ends

    def _ended(self, before: Crypto, addresses: dict[str, tuple[str, int]]) -> Ended:
        self._seen = min(self._seen, len(self.device.events))
        events = [each.detail for each in self.device.events[self._seen :] if each.name == "tunnels-torn-down"]
        self._seen = len(self.device.events)
        own = {address for address, _ in self._addresses.values()}
        return ended(
            changes(before, self.crypto, events), {address for address, _ in addresses.values() if address not in own}
        )

    def notice(self) -> None:
        """A line was typed that may have changed nothing but SAs (PIX: `crypto map ... interface` again)."""
        with self._lock:
            if self._charon is not None and len(self.device.events) != self._seen:
                self._end(self._ended(self.crypto, self._addresses))

    def _end(self, what: Ended) -> None:
        charon = self._charon
        if charon is None or not what:
            return
        for sa in charon.sas():
            if sa["name"].rpartition(":")[0] in what.ports or sa["local-host"] in what.addresses:
                charon.terminate(force=True, ike_id=sa["uniqueid"])
                continue
            for child in sa.get("child-sas", {}).values():
                entry = self._entries.get(child["name"])
                if entry is not None and entry.place in what.places:
                    charon.terminate(force=True, child_id=child["uniqueid"])
        self._refresh()

    # -- following strongSwan

    def _told(self, name: str, event: dict[str, Any]) -> None:
        try:
            self._hear(name, event)
        except Exception:
            self._fault()
        with self._heard:
            self._heard.notify_all()

    def _narrate(self, thread: str, group: str, number: str, text: str) -> None:
        """A line of the daemon's log: what the device's own log is made of."""
        if self._closed:
            return
        try:
            self.narration.journal.line(thread, group, number, text)
        except Exception:
            self._fault()

    def _hear(self, name: str, event: dict[str, Any]) -> None:
        if self._closed:
            return
        if name == "log":
            message = str(event.get("msg", ""))
            self.log.append(f"{event.get('group', '')} {event.get('ikesa-uniqueid', '-')} {message}")
            if number := event.get("ikesa-uniqueid"):
                self._attempts.line(int(number), message)
            if network := missing_route(message):
                self._lacking(network)
            if number and self.crypto.platform == "pix" and refused(message):
                self._tear_down(number)
            return
        if name == "ended":
            raise RuntimeError(f"charon of {self.cry.name} has ended")
        if name == "ike-updown" and "up" not in event:
            for sa in event.values():
                if isinstance(sa, dict) and "uniqueid" in sa:
                    self._attempts.ended(int(sa["uniqueid"]))
        self._refresh()

    def _lacking(self, network: str) -> None:
        """A peer proposed a network of ours that nothing in the configuration names: the next try succeeds."""
        with self._lock:
            if network not in self._helpers:
                self._help({**self._helpers, network: helper(ipaddress.IPv4Network(network))})

    def _tear_down(self, number: str) -> None:
        """A PIX that refuses a proposal ends the session, unless there are other tunnels in it.

        (`Session is being torn down. Reason: crypto map policy not found`: failures.md, captured of an ASA 9.2.)
        """
        charon = self._charon
        for sa in charon.sas() if charon else ():
            if sa["uniqueid"] == number and sa["state"] == "ESTABLISHED" and not sa.get("child-sas"):
                assert charon
                charon.terminate(force=True, ike_id=number)

    def _refresh(self) -> None:
        """Make the marks equal to the SAs and the configuration."""
        with self._lock:
            if self._closed or (self._charon is None and not self.crypto.bound and not self._marks):
                pass
            if self._closed:
                return
            self._live = self._read_live()
            marks = compile_marks(self.crypto, self._addresses, self._ports(), self._live)
            if marks != self._marks:
                self.cry.nft(marks)
                self._marks = marks

    def _read_live(self) -> Live:
        pairs, mute = set[Pair](), set[str]()
        for sa in self._charon.sas() if self._charon else ():
            port = sa["name"].rpartition(":")[0]
            if _translated(sa) and not self.crypto.nat_t:
                mute.add(sa["remote-host"])
            for child in sa.get("child-sas", {}).values():
                entry = self._entries.get(child["name"])
                if entry is not None and child["state"] in ("INSTALLED", "REKEYING", "UPDATING", "REKEYED"):
                    local, remote = _network(child["local-ts"]), _network(child["remote-ts"])
                    pairs.add(Pair(port, entry.place, local, remote))
                    _terms[int(child["spi-in"], 16)] = self._own_terms(sa, entry)
        return Live(frozenset(pairs), frozenset(mute))

    def _own_terms(self, sa: dict[str, Any], entry: Entry) -> Terms:
        return Terms(entry.lifetime, entry.kilobytes, self._ike_lifetime(sa), self.crypto.nat_t)

    def _ike_lifetime(self, sa: dict[str, Any]) -> int:
        chosen = _cipher(sa), _HASHES.get(sa.get("integ-alg", ""), ""), _GROUPS.get(sa.get("dh-group", ""), 0)
        for policy in acceptable(self.crypto):
            if (policy.encryption, policy.hash, policy.group) == chosen:
                return policy.lifetime
        return 86400

    # -- packets that want to be encrypted

    def _trapped(self, packet: Packet) -> None:
        """The packet is lost; an entry that may start a negotiation does so, one at a time."""
        try:
            found = self._entry_for(packet)
            if found is None:
                return
            port, entry, rule = found
            proxies = proxies_of(rule, self._addresses)
            if proxies is None:
                return
            self._drops[str(proxies.local.network), str(proxies.remote.network)] += 1
            if entry.dynamic or entry.role == "answer" or port not in self.crypto.listens:
                return
            key = port, entry.place, rule.text or str(proxies)
            with self._lock:
                if key in self._busy or self._closed:
                    return
                self._busy.add(key)
            threading.Thread(
                target=self._negotiate, args=(key, port, entry, rule), name="negotiation", daemon=True
            ).start()
        except Exception:
            self._fault()

    def _entry_for(self, packet: Packet) -> tuple[str, Entry, Rule] | None:
        """The first entry whose list permits it."""
        with self._lock:
            crypto, addresses = self.crypto, self._addresses
        for port in crypto.bound:
            for entry in crypto.entries(port):
                if not entry.complete:
                    continue
                for rule in entry.rules or ():
                    if _applies(rule, packet, addresses):
                        if rule.action == "permit":
                            return port, entry, rule
                        break
        return None

    def _negotiate(self, key: tuple[str, tuple[str, int, str, int], str], port: str, entry: Entry, rule: Rule) -> None:
        try:
            proxies = proxies_of(rule, self._addresses)
            self._refresh()
            with self._lock:
                charon = self._charon
                known = any(
                    (pair.port, pair.place) == (port, entry.place)
                    and proxies is not None
                    and (pair.local, pair.remote) == (str(proxies.local.network), str(proxies.remote.network))
                    for pair in self._live.pairs
                )
                tries = starters(self._plan, port, entry, rule, self._addresses)
            if known:
                return
            if proxies is not None:
                self.narration.wanted(port, entry, proxies, bool(tries))
            if charon is None:
                return
            for connection, child in tries:
                if self._closed or charon.initiate(connection, child, _IKE_SECONDS):
                    break
            self._refresh()
        except Exception:
            self._fault()
        finally:
            with self._lock:
                self._busy.discard(key)

    def initiate(self, peer: str | None = None, seconds: float = _IKE_SECONDS) -> bool:
        """Start what the static entries (of a peer) protect, as traffic would; True: all of it is there."""
        with self._lock:
            charon = self._charon
            wanted = [
                starters(self._plan, port, entry, rule, self._addresses)
                for port in self.crypto.bound
                for entry in self.crypto.entries(port)
                if entry.complete and not entry.dynamic and peer in (None, *entry.peers)
                for rule in entry.rules or ()
                if rule.action == "permit"
            ]
        if charon is None or not wanted:
            return False
        done = [any(charon.initiate(*each, seconds) for each in tries) for tries in wanted]
        self._refresh()
        return all(done)

    # -- what there is

    def sas(self) -> Snapshot:
        """All SAs, and the traces of those that failed or ended."""
        with self._lock:
            listed = self._charon.sas() if self._charon and self._charon.alive else []
            crypto, addresses, drops = self.crypto, self._addresses, dict(self._drops)
        ike = [self._ike(sa, listed) for sa in listed if sa["state"] not in ("DELETING", "DESTROYING")]
        children = [
            found
            for sa in listed
            for child in sa.get("child-sas", {}).values()
            if (found := self._child(sa, child)) is not None
        ]
        there = {sa.number for sa in ike}
        ike += self._traces(there, {(sa.local, sa.remote) for sa in ike if sa.state == "established"})
        return Snapshot(
            tuple(sorted(ike, key=lambda sa: sa.number)),
            tuple(sorted(children, key=lambda child: child.number)),
            {idents: Errors(send=count) for idents, count in drops.items()},
            tuple(_identities(crypto, addresses)),
        )

    def _traces(self, there: set[int], known: set[tuple[str, str]]) -> list[IkeSa]:
        last: dict[tuple[str, str, bool, str], Attempt] = {}
        for attempt in self._attempts:
            if attempt.number in there or time.monotonic() - attempt.when > _TRACE[self.crypto.platform]:
                continue
            if attempt.state != "deleted" and (attempt.local, attempt.remote) in known:
                continue
            last[attempt.local, attempt.remote, attempt.initiator, attempt.state] = attempt
        return [
            IkeSa(
                attempt.number,
                attempt.local,
                attempt.remote,
                attempt.initiator,
                # An IOS that gave up shows it as deleted; a PIX would still be trying
                "deleted" if self.crypto.platform == "ios" or attempt.state == "deleted" else "connecting",
                step=attempt.step,
                interface=self._port_of(attempt.local),
            )
            for attempt in last.values()
        ]

    def _port_of(self, address: str) -> str:
        return next((name for name, (own, _) in self._addresses.items() if own == address), "")

    def _ike(self, sa: dict[str, Any], listed: list[dict[str, Any]]) -> IkeSa:
        number = int(sa["uniqueid"])
        attempt = self._attempts.get(number)
        lifetime = self._ike_lifetime(sa)
        terms = [found for c in sa.get("child-sas", {}).values() if (found := _terms.get(int(c["spi-out"], 16)))]
        if terms:
            lifetime = min([lifetime, *(each.ike_lifetime for each in terms)])
        nat = _translated(sa) and self.crypto.nat_t and all(each.nat_t for each in terms)
        up = sa["state"] in ("ESTABLISHED", "REKEYING", "REKEYED")
        newer = any(
            other["remote-host"] == sa["remote-host"] and int(other["uniqueid"]) > number
            for other in listed
            if other["state"] == "ESTABLISHED"
        )
        return IkeSa(
            number,
            sa["local-host"],
            sa["remote-host"],
            sa.get("initiator") == "yes",
            "established" if up else "connecting",
            _cipher(sa),
            _HASHES.get(sa.get("integ-alg", ""), ""),
            _GROUPS.get(sa.get("dh-group", ""), 0),
            lifetime,
            max(0, lifetime - int(sa.get("established", 0))) if up else 0,
            nat,
            4500 if nat else 500,
            int(sa["remote-port"]) if nat else 500,
            (sa.get("initiator-spi", ""), sa.get("responder-spi", "")),
            sa["name"].rpartition(":")[0],
            sa["state"] in ("REKEYING", "REKEYED") or (up and newer and not sa.get("child-sas")),
            bool(self._plan.connections.get(sa["name"], {}).get("dpd_delay")),
            6 if up else attempt.step if attempt else 0,
        )

    def _child(self, sa: dict[str, Any], child: dict[str, Any]) -> ChildSa | None:
        entry = self._entries.get(child["name"])
        if entry is None or child["state"] in ("CREATED", "INSTALLING", "DELETED", "DESTROYING"):
            return None
        port = sa["name"].rpartition(":")[0]
        spi_in, spi_out = int(child["spi-in"], 16), int(child["spi-out"], 16)
        peer = _terms.get(spi_out)
        lifetime = min(entry.lifetime, peer.lifetime) if peer else entry.lifetime
        kilobytes = min(entry.kilobytes, peer.kilobytes) if peer else entry.kilobytes
        nat = _translated(sa) and self.crypto.nat_t and (peer is None or peer.nat_t)
        total, before = _counters(child), self._counted.get(child["uniqueid"], {})
        count = {name: value - before.get(name, 0) for name, value in total.items()}
        return ChildSa(
            sa["remote-host"],
            sa["local-host"],
            entry.map,
            entry.sequence,
            entry.acl,
            port,
            _network(child["local-ts"]),
            _network(child["remote-ts"]),
            spi_in,
            spi_out,
            _cipher(child),
            _HASHES.get(child.get("integ-alg", ""), ""),
            _GROUPS.get(child.get("dh-group", "")),
            count["packets-in"],
            count["packets-out"],
            count["bytes-in"],
            count["bytes-out"],
            lifetime,
            max(0, lifetime - int(child.get("install-time", 0))),
            kilobytes - (total["bytes-in"] + total["bytes-out"]) // 1024,
            nat,
            sa.get("initiator") == "yes",
            entry.dynamic,
            entry.dynamic_sequence,
            int(child["uniqueid"]),
            4500 if nat else 500,
            int(sa["remote-port"]) if nat else 500,
        )

    # -- what ends and renews it

    def clear_ike(self, peer: str | None = None) -> None:
        """End phase 1 SAs. strongSwan keeps no phase 2 without phase 1: it goes along (a router's would stay)."""
        charon = self._charon
        self._attempts.forget(peer)
        for sa in charon.sas() if charon else ():
            if peer in (None, sa["remote-host"]):
                assert charon
                charon.terminate(force=True, ike_id=sa["uniqueid"])
        self._attempts.forget(peer)
        self._refresh()

    def clear_ipsec(self, peer: str | None = None, name: str | None = None) -> None:
        """End phase 2 SAs (with a peer, of the crypto map of a name); the peer is told."""
        charon = self._charon
        for sa in charon.sas() if charon else ():
            for child in sa.get("child-sas", {}).values():
                entry = self._entries.get(child["name"])
                if peer in (None, sa["remote-host"]) and (name is None or (entry and entry.map == name)):
                    assert charon
                    charon.terminate(force=True, child_id=child["uniqueid"])
        self._drops.clear()
        self._refresh()

    def clear_spi(self, spis: set[int]) -> None:
        """End the pairs that one of these SPIs belongs to; the peer is told. (A device ends the one SA alone.)"""
        charon = self._charon
        for sa in charon.sas() if charon else ():
            for child in sa.get("child-sas", {}).values():
                if {int(child.get(name, "0"), 16) for name in ("spi-in", "spi-out")} & spis:
                    assert charon
                    charon.terminate(force=True, child_id=child["uniqueid"])
        self._refresh()

    def clear_counters(self, peer: str | None = None) -> None:
        """Count packets and bytes (of a peer) from now on."""
        with self._lock:
            listed = self._charon.sas() if self._charon and self._charon.alive else []
            for sa in listed:
                for child in sa.get("child-sas", {}).values():
                    if peer in (None, sa["remote-host"]):
                        self._counted[child["uniqueid"]] = _counters(child)
            self._drops.clear()

    def rekey(self, what: str = "child", peer: str | None = None) -> int:
        """Renew SAs as if their time had come: `child` (phase 2) or `ike` (phase 1). Returns how many."""
        charon, count = self._charon, 0
        for sa in charon.sas() if charon else ():
            assert charon
            if sa["state"] != "ESTABLISHED" or peer not in (None, sa["remote-host"]):
                continue
            children = sa.get("child-sas", {}).values()
            if what == "ike" and children:
                count += charon.rekey(ike_id=sa["uniqueid"])
            elif what == "child":
                ids = [child["uniqueid"] for child in children if child["state"] == "INSTALLED"]
                count += sum(charon.rekey(child_id=number) for number in ids)
        return count

    def dpd(self, peer: str | None = None, seconds: float = 15) -> int:
        """Wait until each phase 1 SA with keepalives has been asked and has answered or is gone; returns how many went.

        strongSwan asks by itself, `pace` times as often as configured: it cannot be told to ask.
        """
        charon = self._charon
        if charon is None:
            return 0
        asked = {
            sa["uniqueid"]
            for sa in charon.sas()
            if peer in (None, sa["remote-host"])
            and sa["state"] == "ESTABLISHED"
            and self._plan.connections.get(sa["name"], {}).get("dpd_delay")
        }
        waiting, gone, deadline = set(asked), 0, time.monotonic() + seconds
        start = f"--- dpd {time.monotonic()}"
        self.log.append(start)
        while waiting and time.monotonic() < deadline:
            there = {sa["uniqueid"] for sa in charon.sas()}
            lines = list(self.log)
            fresh = lines[lines.index(start) :] if start in lines else lines
            for number in sorted(waiting):
                if number not in there:
                    gone += 1
                    waiting.discard(number)
                elif any(
                    line.startswith(f"ENC {number} ") and "N(DPD_ACK)" in line and "parsed" in line for line in fresh
                ):
                    waiting.discard(number)
            with self._heard:
                self._heard.wait(0.1)
        return gone

    def _fault(self) -> None:
        text = traceback.format_exc()
        if self._closed:
            return
        self.faults.append(text)
        plant: Any = getattr(self.device, "plant", None)
        if plant is not None:
            plant.fault(text)

    def close(self) -> None:
        """End strongSwan and the trap."""
        with self._lock:
            self._closed = True
            self.narration.close()
            charon, trap = self._charon, self._trap
            self._charon = self._trap = None
        if trap:
            trap.close()
        if charon:
            charon.close()


# -- strongSwan's words


def _counters(child: dict[str, Any]) -> dict[str, int]:
    return {name: int(child.get(name, 0)) for name in ("packets-in", "packets-out", "bytes-in", "bytes-out")}


def _cipher(sa: dict[str, Any]) -> str:
    name = sa.get("encr-alg", "")
    return f"aes{sa.get('encr-keysize', '128')}" if name == "AES_CBC" else _CIPHERS.get(name, "")


def _network(selectors: list[str]) -> str:
    """The network of a selector: `10.1.1.0/24`, also of `10.1.1.0/24[tcp/80]`."""
    return str(ipaddress.IPv4Network(selectors[0].partition("[")[0], strict=False))


def _translated(sa: dict[str, Any]) -> bool:
    """Is there a translation between the ends?

    strongSwan's userspace ESP lies to the peer about its own address, so that both take to UDP: what it says of *its*
    own end is true, of the peer's we know by the identity that the peer has.
    """
    if sa.get("nat-local") == "yes":
        return True
    with contextlib.suppress(ValueError):
        return str(ipaddress.IPv4Address(sa.get("remote-id", ""))) != sa.get("remote-host")
    return False


def _applies(rule: Rule, packet: Packet, addresses: Addresses) -> bool:
    for address, own in ((rule.source, packet.source), (rule.destination, packet.destination)):
        if address.startswith("interface:"):
            found = addresses.get(address.partition(":")[2])
            address = f"{found[0]}/32" if found else "255.255.255.255/32"
        value, holes, mask = address.partition("&")
        if holes:
            if int(own) & int(ipaddress.IPv4Address(mask)) != int(ipaddress.IPv4Address(value)):
                return False
        elif own not in ipaddress.IPv4Network(address):
            return False
    if rule.protocol != "ip" and protocol_number(rule.protocol) != packet.protocol:
        return False
    if rule.icmp and (rule.icmp[0] != packet.icmp[0] or rule.icmp[1] not in (None, packet.icmp[1])):
        return False
    for ports, port in ((rule.source_ports, packet.source_port), (rule.destination_ports, packet.destination_port)):
        if ports and not ports[0] <= port <= ports[1]:
            return False
    return True


def _identities(crypto: Crypto, addresses: Addresses) -> Iterable[Identity]:
    for port in crypto.bound:
        if port not in addresses:
            continue
        for entry in crypto.entries(port):
            if entry.dynamic or not entry.complete:
                continue
            for rule in entry.rules or ():
                proxies = proxies_of(rule, addresses) if rule.action == "permit" else None
                if proxies is not None:
                    yield Identity(
                        entry.map,
                        entry.sequence,
                        port,
                        entry.acl or "",
                        entry.peers[0],
                        addresses[port][0],
                        str(proxies.local.network),
                        str(proxies.remote.network),
                    )


def _joints_in(cry: Node) -> list[Joint]:
    """The joints of a device, from what its crypto namespace has."""
    found = []
    for line in cry.run("ip", "-o", "-4", "address", "show").stdout.splitlines():
        _number, name, _family, address, *_rest = line.split()
        if name.startswith("n-") and address.startswith("169.254."):
            found.append(Joint(name[2:], int(address.split(".")[2])))
    return found
