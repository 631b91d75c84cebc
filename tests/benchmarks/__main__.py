"""``python -m tests.benchmarks [--quick] [NAME …]``, and ``setup``, which installs the peers."""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib import import_module

from tests.benchmarks import BENCHMARKS, peers, report
from tests.benchmarks.table import markdown


def main() -> str | None:
    """Run the benchmarks that the command line names; return a message about those that failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measures, and writes RESULTS.md.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"setup, or some of {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="a short run to see that it works; nothing is written")
    line = parser.parse_args()
    names = line.names or list(BENCHMARKS)
    if unknown := [name for name in names if name not in (*BENCHMARKS, "setup")]:
        parser.error(f"{unknown[0]} is none of setup, {', '.join(BENCHMARKS)}")
    if len(names) > 1:
        return _each(names, line.quick)
    if names == ["setup"]:
        return peers.setup()
    _run(names[0], line.quick)
    return None


def _run(name: str, quick: bool) -> None:
    module = import_module(f"tests.benchmarks.{name}")
    tables = []
    for table in module.measure(quick):
        sys.stdout.write(f"{markdown(table)}\n\n")
        sys.stdout.flush()
        tables.append(table)
    if not quick:
        report.write(name, report.section(name, module, tables))


def _each(names: list[str], quick: bool) -> str | None:
    """Run each benchmark in a process of its own, so that leftovers of one do not slow down the next."""
    failed = []
    for name in names:
        sys.stdout.write(f"# {name}\n\n")
        sys.stdout.flush()
        command = [sys.executable, "-m", "tests.benchmarks", name, *(["--quick"] if quick else [])]
        if subprocess.run(command, cwd=peers.ROOT).returncode:
            failed.append(name)
    return f"failed: {', '.join(failed)}" if failed else None


if __name__ == "__main__":
    sys.exit(main())
