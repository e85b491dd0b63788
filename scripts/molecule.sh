#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# scripts/env.sh scripts/molecule.sh ARGUMENT...      for instance: test --all, or converge -s pair
#
# Runs molecule on the installed copy of the collection. Settings:
#   L2L_UPDATE_GOLDEN=1      write the golden files instead of comparing with them
#   L2L_SSH_TYPE=paramiko    the other SSH library (libssh by default)
#   L2L_IMPORT_MODULES=false run the modules in a process of their own
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)

export ANSIBLE_COLLECTIONS_PATH=$root/build/work
export L2L_STATE=$root/build/molecule/state HOME=$root/build/molecule/home
# libssh reads the same known hosts as paramiko
export PYTHONPATH=$root/scripts/pythonpath
mkdir -p -m 700 "$HOME/.ssh"

# After an interrupted run molecule would believe that its devices are still there, and not start them.
if [[ ${1:-} == test ]]; then rm -rf "$ANSIBLE_HOME"/tmp/molecule.*; fi

cd -- "$ANSIBLE_COLLECTIONS_PATH/ansible_collections/netvpn/dynamic_l2l"
exec molecule "$@"
