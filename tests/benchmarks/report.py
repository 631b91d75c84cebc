"""RESULTS.md: each benchmark that runs rewrites its section; the other sections stay."""

from __future__ import annotations

import inspect
import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import kling_widgets
from tests.benchmarks import BENCHMARKS, peers
from tests.benchmarks.table import Table, markdown

RESULTS = Path(__file__).with_name("RESULTS.md")
TITLE = """# Measured

Written by `python -m tests.benchmarks`, never by hand. Ratios are measured side by side in one run; absolute figures
are for orientation, as machines are noisy.
"""


def section(name: str, module: ModuleType, tables: list[Table]) -> str:
    """Return the section of a benchmark: its docstring, how it was run, its tables."""
    about = inspect.getdoc(module) or name
    title, _, explanation = about.partition("\n")
    run = (
        f"`python -m tests.benchmarks {name}` on {datetime.now(UTC):%Y-%m-%d}; {setting(getattr(module, 'PEERS', ()))}"
    )
    return "\n\n".join([f"## {title.rstrip('.')}", explanation.strip(), run, *map(markdown, tables)])


def setting(names: tuple[str, ...] = ()) -> str:
    """Return the versions and the machine: ours, those of these peers' environments, cores and platform."""
    here = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in ("ipywidgets", "httpx"))]
    there = [f"{name} {found}" for name in names for found in [peers.version(name)] if found]
    return f"{', '.join([_ours(), *here, *there])}; {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def write(name: str, text: str, path: Path = RESULTS) -> None:
    """Write a section to its place in the file."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    found = {block[1]: block[2] for block in re.finditer(_SECTION, old)} | {name: text.strip()}
    blocks = (f"<!-- begin {one} -->\n{found[one]}\n<!-- end {one} -->\n" for one in BENCHMARKS if one in found)
    path.write_text("\n".join([TITLE, *blocks]), encoding="utf-8")


_SECTION = re.compile(r"<!-- begin ([\w-]+) -->\n(.*?)\n<!-- end \1 -->", re.DOTALL)


def _ours() -> str:
    """Return our version and commit, and whether the package has been changed since."""
    commit = _git("log", "-1", "--format=%h", "--", "kling_widgets").stdout.strip()
    changed = bool(commit) and _git("diff", "--quiet", "HEAD", "--", "kling_widgets").returncode != 0
    place = f" ({commit}{', with changes' if changed else ''})" if commit else ""
    return f"kling_widgets {kling_widgets.__version__}{place}"


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=peers.ROOT, capture_output=True, text=True)
