# SPDX-License-Identifier: GPL-3.0-or-later
"""Does the built artifact hold what a user needs, and nothing else?

galaxy.yml says what is left out; this says what may be in. A new file at the top belongs to one of the two.
"""

from __future__ import annotations

import re
import sys
import tarfile

ALLOWED = re.compile(
    r"""
    MANIFEST\.json | FILES\.json | README\.md | CHANGELOG\.(?:md|rst) | LICENSES/[^/]+\.txt
    | requirements\.(?:txt|yml)
    | changelogs/(?:config|changelog)\.yaml | changelogs/fragments/[^/]+\.ya?ml
    | docs/.+\.(?:md|rst|yml|svg|png) | examples/.+\.(?:md|yml|txt) | meta/(?:runtime|execution-environment)\.yml
    | playbooks/.+\.yml
    | plugins/(?:action|cliconf|connection|doc_fragments|filter|modules|terminal)/[^/]+\.(?:py|yml)
    | plugins/(?:module_utils|plugin_utils)/.+\.py
    | roles/[^/]+/(?:defaults|handlers|meta|tasks|templates|vars)/.+ | roles/[^/]+/README\.md
    """,
    re.VERBOSE,
)
REQUIRED = ("MANIFEST.json", "README.md", "LICENSES/GPL-3.0-or-later.txt", "meta/runtime.yml", "requirements.txt")
LARGEST = 2_000_000


def faults(path: str) -> list[str]:
    with tarfile.open(path) as tar:
        members = tar.getmembers()
    names = {member.name for member in members if not member.isdir()}
    found = [f"must not be in the artifact: {name}" for name in sorted(names) if not ALLOWED.fullmatch(name)]
    found += [f"missing from the artifact: {name}" for name in REQUIRED if name not in names]
    folders = {member.name.rstrip("/") for member in members if member.isdir()}
    found += [
        f"an empty folder in the artifact: {folder}"
        for folder in sorted(folders)
        if folder not in ("", ".") and not any(name.startswith(f"{folder}/") for name in names)
    ]
    found += [f"a link in the artifact: {member.name}" for member in members if member.issym() or member.islnk()]
    if (size := sum(member.size for member in members)) > LARGEST:
        found.append(f"the artifact's files have {size} bytes, more than {LARGEST}")
    return found


def main(path: str) -> int:
    found = faults(path)
    print("\n".join(found) or "artifact: only what a user needs")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
