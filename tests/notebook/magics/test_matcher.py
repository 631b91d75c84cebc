"""The completion matcher in IPython."""

from __future__ import annotations

from typing import Any

import pytest
from IPython.core.completer import CompletionContext

from kling_widgets.notebook.magics.matcher import matcher


def nobody() -> Any:
    raise AssertionError("somebody was asked")


def offered(line: str, **asked: Any) -> list[str]:
    """Return the completions at the end of the line."""
    context = CompletionContext(token="", full_text=line, cursor_position=len(line), cursor_line=0, limit=None)
    kling = matcher(*(asked.get(name, nobody) for name in ("ids", "presets", "default")))
    return [each.text for each in kling(context)["completions"]]


@pytest.mark.parametrize("line", ["", "import js", "%load_ext kl", "boat.kling"])
def test_in_other_lines_nobody_is_asked(line: str) -> None:
    """Each Tab comes by: neither journal nor settings are read for it."""
    assert offered(line) == []


def test_in_a_line_of_ours_what_is_needed_is_asked() -> None:
    """The model is that of the settings if the line names none; ids come from the journal."""
    assert offered("%kling --seconds 1", default=lambda: "2.6") == ["10"]
    assert offered("job = %kling_show t", default=lambda: "2.6", ids=lambda: ["task_1", "#2"]) == ["task_1"]
