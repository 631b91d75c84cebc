"""The copy button: what it holds; whether it copies is tried in a browser."""

from __future__ import annotations

import re
from pathlib import Path

from kling_widgets.notebook import copy
from kling_widgets.notebook.copy import CopyButton


def test_the_module_is_the_file_beside_it() -> None:
    """Whole, loading nothing else, and with one export."""
    source = Path(copy.__file__).with_name("copy.js").read_text("utf-8")
    assert str(CopyButton._esm) == source
    assert not re.search(r"^\s*import\b|\bimport\(", source, re.MULTILINE)
    assert re.findall(r"^export .*", source, re.MULTILINE) == ["export default { render };"]


def test_there_is_nothing_to_copy_at_first() -> None:
    """The page hides the button then."""
    assert CopyButton().text == ""
