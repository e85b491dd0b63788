#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes .venv from requirements-dev.txt: pinned, hashed. PYTHON chooses the interpreter.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

fail() { printf '\n'; printf '%s\n' "$@"; exit 1; } >&2

# 3.11 to 3.13: what ansible-core 2.19 runs on. An interpreter that does not start (a version manager's stub) is none.
suits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; }

if [[ -n ${PYTHON:-} ]]; then
    suits "$PYTHON" || fail "PYTHON=$PYTHON: $("$PYTHON" --version 2>&1 | head -1)" \
        "The tools need Python 3.11, 3.12 or 3.13."
    python=$PYTHON
else
    python=
    for candidate in python3 python3.13 python3.12 python3.11; do
        if suits "$candidate"; then python=$candidate && break; fi
    done
    [[ -n $python ]] || fail "Python 3.11, 3.12 or 3.13 is needed, and none was found" \
        "(python3 is: $(python3 --version 2>&1 | head -1))." \
        "Install one, or name it: make PYTHON=/path/to/python3.12 ..."
fi

"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$("$python" --version) has no venv module or no ensurepip: on Debian and Ubuntu install the package python3-venv."

rm -rf .venv
"$python" -m venv .venv || fail "python -m venv failed: see above. On Debian and Ubuntu install the package python3-venv."
echo "filling .venv from requirements-dev.txt (some 400 MB on first use)"
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-input --no-compile --require-hashes \
    -r requirements-dev.txt </dev/null ||
    fail "The packages of requirements-dev.txt could not be installed: pip's words stand above." \
        "pip needs a package index that it can reach (its ordinary settings apply: PIP_INDEX_URL, pip.conf, a proxy)." \
        "A hash that does not match means that what was fetched is not what was locked: do not go on."
touch .venv/.stamp
