"""The motion brush's widget: its messages to the page, and its JavaScript module."""

from __future__ import annotations

import re
from pathlib import Path

from kling_widgets.notebook.controls.motion_brush import canvas
from kling_widgets.notebook.controls.motion_brush.canvas import COLOURS, BrushCanvas
from tests.notebook.controls.page import Page


def test_bytes_travel_as_messages() -> None:
    """Pictures are sent as messages, because traits are saved with the notebook."""
    page = Page(BrushCanvas())
    page.widget.send_bytes("a.png", b"picture")
    page.widget.send_bytes("b.png", None)
    assert page.wire.sent == [
        ({"kind": "bytes", "key": "a.png"}, [b"picture"]),
        ({"kind": "bytes", "key": "b.png"}, []),
    ]
    assert not any(isinstance(value, (bytes, memoryview)) for value in BrushCanvas().get_state().values())


def test_the_module_is_made_of_all_its_files() -> None:
    """The module has every function of its files exactly once, imports nothing, and has one export: the guarded
    ``render``, whose errors are shown in the form."""
    files = sorted((Path(canvas.__file__).parent / "js").iterdir())
    assert files
    module = BrushCanvas._esm
    for file in files:
        for name in re.findall(r"^(?:async )?function \w+", file.read_text("utf-8"), re.MULTILINE):
            assert len(re.findall(rf"{name}\b", module)) == 1, name
    assert not re.search(r"^\s*import\b|\bimport\(|\s//", module, re.MULTILINE)
    assert re.findall(r"^export .*", module, re.MULTILINE) == ["export default { render: guarded(render) };"]


def test_each_of_the_documented_regions_has_its_own_colour() -> None:
    """The six documented regions have six different colours."""
    assert len(set(COLOURS)) == 6
    assert BrushCanvas().colours == list(COLOURS)
