"""RESULTS.md: each benchmark rewrites its own section and leaves the others alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.report import write
from tests.benchmarks.table import Table, markdown, reach

pytestmark = pytest.mark.slow


def test_a_section_is_put_in_its_place(tmp_path: Path) -> None:
    """Sections are in the order of the benchmarks, whichever runs first; a new run replaces its own section."""
    path = tmp_path / "RESULTS.md"
    for name, text in (("lag", "old lag"), ("polling", r"polling \1"), ("forms", "forms"), ("lag", "new lag")):
        write(name, text, path)
    text = path.read_text(encoding="utf-8")
    assert "old" not in text
    assert text.index(r"polling \1") < text.index("new lag") < text.index("forms")


def test_a_table_in_markdown() -> None:
    """Figures have three digits, missing values are a dash, a bar does not end a cell, notes are a list."""
    table = Table("Forms", ("form", "s"), [("a|b", 0.12345), ("c", None), ("d", 1234.5)], ("a note",))
    rows = markdown(table).splitlines()
    assert rows[0] == "### Forms"
    assert rows[4:7] == ["| a\\|b | 0.123 |", "| c | – |", "| d | 1,234 |"]
    assert rows[-1] == "- a note"


def test_whether_it_is_reached() -> None:
    """A note shows the figure, the goal, and whether it is reached."""
    assert reach("lag", 0.45, 0.6, " s") == "lag: 0.45 s, to reach: ≤ 0.6 s – reached"
    assert "**not reached**" in reach("lag", 0.7, 0.6)
