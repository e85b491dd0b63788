#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# make demo: the first tunnel on two emulated devices. Plan, apply, apply again, verify, show, and use it.
# To be called through scripts/env.sh. The devices take free ports. Where the machine allows it they are plugged into a
# network of their own (level wire), else they only take commands (level cli); WIRE=0 chooses the latter.
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
cd -- "$root"

state=$root/build/demo
devices=(python -m devices --state-dir "$state/devices")
stop() {
    if [[ -e $state/devices/pid ]]; then PYTHONPATH=tests "${devices[@]}" --stop || :; fi
    rm -rf "$state"
}
say() { printf '\n#### %s\n' "$*"; }

stop
trap stop EXIT
mkdir -p -m 700 "$state" "$state/home/.ssh"

# Passwords and the key are made anew for each run and seen by nobody.
(umask 077; python - "$state" <<'PYTHON'
import secrets
import string
import sys
from pathlib import Path

state = Path(sys.argv[1])
password, enable, key = ("".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(20)) for _ in "123")
port = f"(lookup('ansible.builtin.file', '{state}/devices/ready') | from_json)[inventory_hostname]"
(state / "password").write_text(f"{password}\n")
(state / "enable").write_text(f"{enable}\n")
(state / "vault.yml").write_text(f"""---
all:
  vars: {{vault_password: "{password}", vault_enable: "{enable}", vault_hub_psk: "{key}"}}
  hosts:
    hub: {{ansible_host: 127.0.0.1, ansible_port: "{{{{ {port} }}}}"}}
    pix515e: {{ansible_host: 127.0.0.1, ansible_port: "{{{{ {port} }}}}"}}
""")
PYTHON
)

wire=()
if [[ ${WIRE:-} != 0 ]] && scripts/wire_packages.sh; then
    wire=(--wire examples/demo/topology.yml)
    say "Level wire: real packets, in network namespaces that are gone with the demo"
else
    say "Level cli: the devices take commands and carry no traffic (why: see above, or WIRE=0)"
fi

say "Start an IOS 12.4 router and a PIX 7.2, emulated, without any VPN or NAT line"
PYTHONPATH=tests "${devices[@]}" "${wire[@]}" \
    --device hub platform=ios-12.4 port=0 config=tests/golden/seed/ios-12.4-start.cfg \
    --device pix515e platform=pix-7.2 port=0 config=tests/golden/seed/pix-7.2-start.cfg \
    --user admin --password-file "$state/password" --enable-file "$state/enable" --daemon
cp "$state/devices/known_hosts" "$state/home/.ssh/known_hosts"

# libssh reads the same known hosts as paramiko: scripts/pythonpath
export HOME=$state/home PYTHONPATH=$root/scripts/pythonpath ANSIBLE_CALLBACK_RESULT_FORMAT=yaml
export ANSIBLE_PERSISTENT_CONNECT_TIMEOUT=60
play() {
    local name=$1
    shift
    printf '$ ansible-playbook -i examples/demo/inventory.yml -i vault.yml %s\n' "$name"
    ansible-playbook -i examples/demo/inventory.yml -i "$state/vault.yml" "$name" "$@" </dev/null | tee "$state/log"
}

say "What would be sent"
play netvpn.dynamic_l2l.plan

say "Apply"
play netvpn.dynamic_l2l.site

say "Apply again: nothing may change"
play netvpn.dynamic_l2l.site
if grep -Eq 'changed=[1-9]' "$state/log"; then
    echo "demo: the second run changed something" >&2
    exit 1
fi

say "Verify: each device holds the intent, no less and no more"
play netvpn.dynamic_l2l.verify

say "What the devices hold now"
play examples/demo/show.yml

if ((${#wire[@]})); then
    world() { PYTHONPATH=tests "${devices[@]}" "$@"; }
    packets=$state/isp-pix.pcap
    coproc CAPTURE { world --capture isp-pix --to "$packets"; }
    capture=$CAPTURE_PID
    read -r -u "${CAPTURE[0]}"

    say "10.1.1.10 pings 10.2.1.10: the first packet asks for the tunnel and is lost, the rest goes through it"
    world --exec lan-pix -- ping -n -c 5 -i 0.5 -W 2 10.2.1.10 || :

    say "Three datagrams to a host on the Internet, and the address that it saw: the outside address of the PIX"
    world --exec lan-pix -- python3 "$root/tests/devices/wire/flow.py" udp 198.51.100.10 3 0
    kill "$capture"
    wait "$capture" 2>/dev/null || :

    say "Seen on the ISP's link to the PIX: IKE, ESP (in UDP) between the two outside addresses, the Internet in clear"
    tshark -n -r "$packets" -t r -c 30 2>/dev/null | cut -c 1-120
    if tshark -n -r "$packets" -Y 'ip.addr == 10.0.0.0/8' 2>/dev/null | grep -q .; then
        echo "demo: a private address was seen on the ISP's link" >&2
        exit 1
    fi
    echo "No packet there shows a private address."

    say "The tunnel, as both ends see it"
    play examples/demo/associations.yml
fi

say "Stop the devices. Nothing of the demo is left."
