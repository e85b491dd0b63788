# SPDX-License-Identifier: GPL-3.0-or-later
"""Give ansible-test the script it puts pip into its own venvs with.

ansible-test downloads that script once into its cache. Where the download is impossible, a script of the same effect
takes its place: it installs the pip that comes with Python.
"""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

STAND_IN = """\
import ensurepip, glob, os, sys, sysconfig

folders = [os.path.join(os.path.dirname(ensurepip.__file__), "_bundled"), sysconfig.get_config_var("WHEEL_PKG_DIR")]
wheels = [wheel for folder in folders if folder for wheel in glob.glob(os.path.join(folder, "pip-*.whl"))]
sys.path.insert(0, wheels[0])
from pip._internal.cli.main import main

sys.exit(main(["install", *[a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]]))
"""


def _one(pattern: str, text: str, what: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"bootstrap_pip.py: this ansible-test does not say {what} where it did; see {pattern!r}")
    return match.group(1)


def main() -> None:
    spec = find_spec("ansible_test")
    if spec is None or spec.origin is None:
        raise SystemExit("bootstrap_pip.py: ansible_test is not installed")
    package = Path(spec.origin).parent
    packages = (package / "_internal/python_requirements.py").read_text(encoding="utf-8")
    setup = (package / "_util/target/setup/requirements.py").read_text(encoding="utf-8")
    version = _one(r"\bpip='([\d.]+)'", packages, "which pip it wants")
    url = _one(r"url = '(https://[^']*get-pip-%s\.py)'", setup, "where it has get-pip from")
    cached = Path.home() / ".ansible/test/cache" / f"get_pip_{version.replace('.', '_')}.py"
    if cached.exists():
        return
    cached.parent.mkdir(parents=True, exist_ok=True)
    try:
        with urllib.request.urlopen(url % version, timeout=5) as answer:
            text = answer.read().decode()
    except (OSError, urllib.error.URLError) as error:
        print(f"ansible-test's get-pip cannot be downloaded ({error}); using the pip that comes with Python")
        text = STAND_IN
    cached.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
