#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# make bench: how long things take, beside a peer in the same process. The peers are in an environment of their own.
# To be called through scripts/env.sh. SITES="100 1000" chooses the sizes.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

peers=build/bench
if [[ ! $peers/.stamp -nt tests/bench/requirements.txt ]]; then
    rm -rf "$peers"
    python -m venv "$peers"
    "$peers/bin/python" -m pip install -qq --disable-pip-version-check --no-input --require-hashes \
        -r tests/bench/requirements.txt </dev/null
    touch "$peers/.stamp"
fi
read -ra sites <<<"${SITES:-}"
"$peers/bin/python" tests/bench/hub.py "${sites[@]}"
"$peers/bin/python" tests/bench/sas.py
