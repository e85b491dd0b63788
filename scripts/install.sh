#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Builds the collection and installs it as a user would, with the collections it depends on:
#   build/root  what a user gets: sanity, mypy, the documentation and all tests read this copy
#   build/work  the same and what the artifact leaves out (extensions/, tests/): molecule and ansible-lint run here
# Does nothing while no file has changed. To be called through scripts/env.sh.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

own=ansible_collections/netvpn/dynamic_l2l
digest=$(find . \( -path ./.git -o -path ./.venv -o -path ./build -o -path ./tests -o -name '__pycache__' \
    -o -name '.*_cache' -o -name .hypothesis \) -prune -o -type f -print0 |
    sort -z | xargs -0 sha256sum | cat - requirements-dev.txt | sha256sum)
if [[ -d build/work/$own && $(cat build/installed 2>/dev/null) == "$digest" ]]; then
    exit 0
fi

exec 9>build/install.lock
flock 9

galaxy() { ansible-galaxy collection "$@" >build/galaxy.log 2>&1 || { cat build/galaxy.log >&2; exit 1; }; }

# The dependencies: from the `ansible` package where it is there, else from Galaxy.
if [[ ! build/dependencies -nt requirements-dev.txt || ! -d build/root/ansible_collections/ansible/netcommon ]]; then
    packaged=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/ansible_collections
    rm -rf build/root build/work
    mkdir -p build/root
    if [[ -d $packaged/ansible/netcommon && -d $packaged/ansible/utils && -d $packaged/cisco/ios ]]; then
        galaxy install "$packaged/ansible/utils" "$packaged/ansible/netcommon" "$packaged/cisco/ios" \
            -p build/root --no-deps --offline --force
    elif ! (galaxy install -r requirements.yml -p build/root); then
        cat >&2 <<'TEXT'

The collections ansible.netcommon, ansible.utils and cisco.ios cannot be had: the `ansible` package that holds them is
not installed, and ansible-galaxy could not fetch them (its words stand above). Either install the whole of
requirements-dev.txt (`make clean-venv all` does), or let this machine reach a Galaxy server and run
`ansible-galaxy collection install -r requirements.yml`.
TEXT
        exit 1
    fi
    touch build/dependencies
fi

rm -rf build/dist build/new
galaxy build --output-path build/dist --force
galaxy install build/dist/netvpn-dynamic_l2l-*.tar.gz -p build/new --no-deps --offline --force

mkdir -p build/root/ansible_collections/netvpn build/work/ansible_collections/netvpn
rm -rf "build/root/$own" "build/work/$own"
cp -a "build/new/$own" "build/work/$own"
mv "build/new/$own" "build/root/$own"
# molecule knows a collection by its galaxy.yml
cp -a extensions galaxy.yml .ansible-lint .yamllint "build/work/$own/"
ln -sfn ../../../../../tests "build/work/$own/tests"
for namespace in ansible cisco; do
    ln -sfn "../../root/ansible_collections/$namespace" "build/work/ansible_collections/$namespace"
done
rm -rf build/new
echo "$digest" >build/installed
