# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of `make test`: run those named, or all of them in two rows side by side, and count what they prove.

Called by the Makefile through scripts/env.sh. After a part that fails no other one begins. The last line is a count:
pytest's tests, ansible-test's tests, Molecule's playbooks, and one for each other command.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
OWN = Path("ansible_collections/netvpn/dynamic_l2l")
INSTALLED = BUILD / "root" / OWN
WORK = BUILD / "work" / OWN
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Command:
    """One command of a part. Without `count` it counts as one check."""

    argv: list[str]
    cwd: Path = ROOT
    env: dict[str, str] = field(default_factory=dict)
    count: Callable[[str, bool], tuple[int, int]] | None = None


def _one(_output: str, success: bool) -> tuple[int, int]:
    return (1, 0) if success else (0, 1)


def _lines(pattern: str) -> Callable[[str, bool], tuple[int, int]]:
    """Every matching line is a check; of a failed command at least one failed. No check at all is a failure."""
    regex = re.compile(pattern, re.MULTILINE)

    def count(output: str, success: bool) -> tuple[int, int]:
        found = len(regex.findall(output))
        return (found, 0) if success and found else (max(found - 1, 0), 1)

    return count


def _pytest(name: str, *arguments: str, env: dict[str, str] | None = None, whole: bool = False) -> Command:
    """`whole`: a test that was skipped has failed."""
    report = BUILD / "reports" / f"{name}.xml"

    def count(output: str, success: bool) -> tuple[int, int]:
        if not report.exists():
            return _one(output, success)
        tests = failures = 0
        for suite in ElementTree.parse(report).getroot().iter("testsuite"):
            skipped = int(suite.get("skipped", 0))
            tests += int(suite.get("tests", 0)) - (0 if whole else skipped)
            failures += int(suite.get("failures", 0)) + int(suite.get("errors", 0)) + (skipped if whole else 0)
        return tests - failures, failures

    report.unlink(missing_ok=True)
    return Command(
        ["python", "-m", "pytest", "-q", f"--junitxml={report}", "-o", f"junit_suite_name={name}", *arguments],
        env=env or {},
        count=count,
    )


def ruff() -> Iterator[Command]:
    yield Command(["ruff", "check", "--cache-dir", "build/ruff", "."])
    yield Command(["ruff", "format", "--check", "--cache-dir", "build/ruff", "."])


def reuse() -> Iterator[Command]:
    yield Command(["reuse", "lint", "--lines"])


def mypy() -> Iterator[Command]:
    strict = ["mypy", f"--cache-dir={BUILD / 'mypy'}"]
    plugins = "ansible_collections.netvpn.dynamic_l2l.plugins"
    yield Command([*strict, "-p", plugins], env={"MYPYPATH": str(BUILD / "root")})
    yield Command([*strict, "-p", "devices"], env={"MYPYPATH": "tests"})
    yield Command([*strict, *(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("scripts/*.py")))])


def artifact() -> Iterator[Command]:
    (tarball,) = (BUILD / "dist").glob("*.tar.gz")
    yield Command(["python", "scripts/artifact.py", str(tarball)])


def changelog() -> Iterator[Command]:
    yield Command(["antsibull-changelog", "lint"])


def core() -> Iterator[Command]:
    """The core's tests in a process where Ansible cannot be imported: they need none."""
    workers = ["-n", os.environ.get("WORKERS", "2")]
    yield _pytest("core", *workers, "-p", "without_ansible", "tests/unit/core", env={"PYTHONPATH": "scripts/pytest"})


def unit() -> Iterator[Command]:
    workers = ["-n", os.environ.get("WORKERS", "2")]
    yield _pytest("unit", *workers, "tests/unit", "--ignore=tests/unit/core", env={"PYTHONPATH": "scripts/pythonpath"})


def e2e() -> Iterator[Command]:
    # Each test has devices of its own; playbooks mostly start Pythons, so two at a time nearly halve it.
    workers = ["-n", os.environ.get("WORKERS", "2"), "--dist", "worksteal"]
    yield _pytest("e2e", *workers, "tests/e2e", env={"PYTHONPATH": "scripts/pythonpath"})


def wire() -> Iterator[Command]:
    """Real packets: needs programs of the system, and namespaces. WIRE=0 leaves it out, and the run is incomplete."""
    yield Command(["scripts/wire_packages.sh"], count=lambda _output, success: (0, 0 if success else 1))
    workers = ["-n", os.environ.get("WORKERS", "2"), "--dist", "worksteal"]
    yield _pytest("wire", *workers, "tests/wire", env={"PYTHONPATH": "scripts/pythonpath"}, whole=True)


def docs() -> Iterator[Command]:
    options = "--plugin-docs --validate-collection-refs=all --disallow-unknown-collection-refs --skip-rstcheck"
    yield Command(["antsibull-docs", "lint-collection-docs", ".", *options.split()], cwd=INSTALLED)
    # The pages themselves, as a documentation site would have them; a warning is a failure.
    pages = BUILD / "pages"
    (pages / "rst").mkdir(parents=True, exist_ok=True)
    options = "--use-current --squash-hierarchy --fail-on-error --cleanup everything"
    yield Command(
        ["antsibull-docs", "collection", *options.split(), "--dest-dir", str(pages / "rst"), "netvpn.dynamic_l2l"]
    )
    yield Command(["sphinx-build", "-q", "-W", "--keep-going", "-c", "scripts/pages", f"{pages}/rst", f"{pages}/html"])


def ansible_lint() -> Iterator[Command]:
    yield Command(
        ["ansible-lint", "--profile", "production", "--offline", "--strict"],
        cwd=WORK,
        env={"ANSIBLE_COLLECTIONS_PATH": str(BUILD / "work")},
    )


def sanity() -> Iterator[Command]:
    yield Command(["python", "scripts/bootstrap_pip.py"], count=lambda _output, success: (0, 0 if success else 1))
    yield Command(
        ["ansible-test", "sanity", "--color", "no", "--truncate", "0", "--python", PYTHON],
        cwd=INSTALLED,
        # else it asks the git repository around build/, which knows no file in there, and skips everything
        env={"ANSIBLE_TEST_CONTENT_ROOT": str(INSTALLED)},
        count=_lines(r"^Running sanity test"),
    )


def molecule() -> Iterator[Command]:
    yield Command(["python", "scripts/molecule_files.py"])
    yield Command(
        ["scripts/molecule.sh", "test", "--all", "--no-command-borders"],
        count=_lines(r"^(?:INFO +)?.*\[.* > .*\] Executed: \S*Successful"),
    )


PARTS: dict[str, Callable[[], Iterator[Command]]] = {
    "ruff": ruff,
    "reuse": reuse,
    "artifact": artifact,
    "changelog": changelog,
    "mypy": mypy,
    "docs": docs,
    "core": core,
    "ansible-lint": ansible_lint,
    "unit": unit,
    "sanity": sanity,
    "e2e": e2e,
    "wire": wire,
    "molecule": molecule,
}


#: Parts that keep one processor busy or wait; they run beside the others, whose tests use several.
BESIDE = ("mypy", "docs", "ansible-lint", "sanity", "molecule")


def _run(command: Command, show: Callable[[str], None]) -> tuple[bool, str]:
    """Run a command, show its output line by line, and keep it."""
    kept: list[str] = []
    try:
        process = subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            env=os.environ | command.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except FileNotFoundError as error:
        show(f"{command.argv[0]}: {error.strerror}: {error.filename}\n")
        return False, ""
    assert process.stdout is not None
    for line in process.stdout:
        kept.append(line)
        show(line)
    return process.wait() == 0, "".join(kept)


@dataclass
class Tally:
    """What the parts proved, in the order in which they ended."""

    rows: list[str] = field(default_factory=list)
    passed: int = 0
    failed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, names: Sequence[str], *, at_once: bool) -> None:
        """Run parts until one fails, here or beside. ``at_once``: shown as it comes, else when a part has ended."""
        for name in names:
            if self.failed:
                return
            kept = [f"\n==== {name}\n"]
            show: Callable[[str], None] = self._say if at_once else kept.append
            if at_once:
                self._say(kept[0])
            start = time.monotonic()
            passed, failed = self._part(name, show)
            if not at_once:
                self._say("".join(kept))
            with self._lock:
                self.rows.append(f"{name:<14}{time.monotonic() - start:>8.1f} s{passed:>7} passed{failed:>5} failed")
                self.passed, self.failed = self.passed + passed, self.failed + failed

    def _say(self, text: str) -> None:
        with self._lock:
            print(text, end="", flush=True)

    @staticmethod
    def _part(name: str, show: Callable[[str], None]) -> tuple[int, int]:
        passed = failed = 0
        for command in PARTS[name]():
            success, output = _run(command, show)
            good, bad = (command.count or _one)(output, success)
            passed, failed = passed + good, failed + bad
            if not success or bad:
                failed = max(failed, 1)
                break
        if not passed + failed:
            show(f"{name}: not one check was run\n")
            failed = 1
        return passed, failed


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in PARTS]:
        print(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    BUILD.joinpath("reports").mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    left_out = ["wire"] if os.environ.get("WIRE") == "0" else []
    parts = [name for name in names or PARTS if name not in left_out]
    beside = [] if names else [name for name in parts if name in BESIDE]
    tally = Tally()
    with ThreadPoolExecutor(1) as other:
        ended = other.submit(tally.run, beside, at_once=False)
        tally.run([name for name in parts if name not in beside], at_once=True)
    ended.result()
    print("\n==== times")
    print("\n".join(tally.rows))
    print(f"{'all':<14}{time.monotonic() - begin:>8.1f} s")
    if left_out:
        print("INCOMPLETE: WIRE=0 left out the tests over real packets")
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
