#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# scripts/env.sh COMMAND [ARGUMENT...]
#
# Runs a command in the project's closed environment: the tools of .venv first, everything that Ansible, ansible-test
# and molecule write below build/, nothing of the user's own Ansible settings, no colours.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
build=$root/build

# The user's own settings must not change what the checks say.
while IFS='=' read -r name _; do
    case $name in
    ANSIBLE_* | MOLECULE_* | PYTHON* | PYTEST_* | MYPY*) unset "$name" ;;
    esac
done < <(env)

# pyenv's shims answer to python3.8 and fail: ansible-test would take them for interpreters.
path=$root/.venv/bin
IFS=: read -ra entries <<<"$PATH"
for entry in "${entries[@]}"; do
    case $entry in
    "$root/.venv/bin" | */shims | */shims/ | "") ;;
    *) path=$path:$entry ;;
    esac
done

# The persistent connections' sockets: a Unix socket's path must stay below 108 characters.
sockets=$build/ansible/pc
if ((${#sockets} > 80)); then
    sockets=${TMPDIR:-/tmp}/l2l-$(id -u)-$(printf %s "$root" | cksum | cut -d ' ' -f 1)
    mkdir -p -m 700 -- "$sockets"
    if [[ ! -O $sockets ]]; then
        echo "env.sh: $sockets belongs to somebody else; set TMPDIR to a folder of your own" >&2
        exit 1
    fi
fi

mkdir -p "$build/ansible/pc" "$build/home/.ssh" "$build/tmp"
chmod 700 "$build/ansible/pc" "$build/home/.ssh"
[[ -e $build/ansible.cfg ]] || : >"$build/ansible.cfg"

export PATH=$path HOME=$build/home TMPDIR=${TMPDIR:-/tmp} LC_ALL=C.UTF-8 NO_COLOR=1 ANSIBLE_NOCOLOR=1
unset FORCE_COLOR PY_COLORS CLICOLOR_FORCE
export XDG_CACHE_HOME=$build/cache PYTHONPYCACHEPREFIX=$build/pycache
# The copies below build/ are no part of this git repository: tools that ask git for their files would find none.
export GIT_CEILING_DIRECTORIES=$build
export ANSIBLE_CONFIG=$build/ansible.cfg ANSIBLE_HOME=$build/ansible
export ANSIBLE_PERSISTENT_CONTROL_PATH_DIR=$sockets
# The copy of the collection that is tested is the one that a user installs: see scripts/install.sh.
# The hundred collections of the `ansible` package stay out of sight.
export ANSIBLE_COLLECTIONS_PATH=$build/root ANSIBLE_COLLECTIONS_SCAN_SYS_PATH=false
# ansible-core calls its paramiko plugin deprecated at every connection; netcommon still offers it.
export ANSIBLE_DEPRECATION_WARNINGS=0

exec "$@"
