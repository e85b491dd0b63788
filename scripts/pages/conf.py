# SPDX-License-Identifier: GPL-3.0-or-later
"""How the pages of modules, filters and roles are built from what antsibull-docs writes (part `docs` of `make test`).

Nothing is fetched: the few labels of other projects that our pages refer to stand in elsewhere.rst, so that a label
which exists nowhere is still a warning, and a warning is a failure.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from sphinx.application import Sphinx

project = "netvpn.dynamic_l2l"
extensions = ["sphinx_antsibull_ext"]
html_theme = "alabaster"


def setup(app: Sphinx) -> None:
    """Called by Sphinx before it reads the pages."""
    shutil.copy(Path(__file__).with_name("elsewhere.rst"), app.srcdir)
