#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# make demo: the first tunnel on two emulated devices. Plan, apply, apply again, verify, show.
# To be called through scripts/env.sh. The devices take free ports.
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

say "Start an IOS 12.4 router and a PIX 7.2, emulated, without any VPN or NAT line"
PYTHONPATH=tests "${devices[@]}" \
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

say "Stop the devices. Nothing of the demo is left."
