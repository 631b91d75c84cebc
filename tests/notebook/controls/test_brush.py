"""The motion brush's widget: what it says to the page, and that its module is whole."""

from __future__ import annotations

import re
from pathlib import Path

from kling_widgets.notebook.controls import brush
from kling_widgets.notebook.controls.brush import COLOURS, Brush
from tests.notebook.controls.page import Page


def test_bytes_travel_as_messages() -> None:
    """Traits are saved with the notebook: a picture is none."""
    page = Page(Brush())
    page.widget.send_bytes("a.png", b"picture")
    page.widget.send_bytes("b.png", None)
    assert page.wire.sent == [
        ({"kind": "bytes", "key": "a.png"}, [b"picture"]),
        ({"kind": "bytes", "key": "b.png"}, []),
    ]
    assert not any(isinstance(value, (bytes, memoryview)) for value in Brush().get_state().values())


def test_the_module_is_made_of_all_its_files() -> None:
    """Every file beside it is in it, once; none needs another address to be loaded, and one thing is exported."""
    files = sorted((Path(brush.__file__).parent / "brush_js").iterdir())
    assert files
    assert all(file.read_text("utf-8") in Brush._esm for file in files)
    assert len(Brush._esm) == sum(len(file.read_text("utf-8")) for file in files)
    assert not re.search(r"^\s*import\b|\bimport\(", Brush._esm, re.MULTILINE)
    assert re.findall(r"^export .*", Brush._esm, re.MULTILINE) == ["export default { render };"]


def test_each_of_the_documented_regions_has_its_own_colour() -> None:
    """Six."""
    assert len(set(COLOURS)) == 6
    assert Brush().colours == list(COLOURS)
