"""The model of the buttons in the page."""

from __future__ import annotations

import re

from ipywidgets.widgets.widget import _instances as alive

from kling_widgets.notebook.next_steps.companion import Companion


def test_it_costs_two_models() -> None:
    """It is a model with its layout, and knows its own id, by which its page asks whether the kernel is there."""
    before = len(alive)
    companion = Companion()
    assert len(alive) - before == 2
    assert companion.me == companion.model_id
    companion.close()


def test_its_module_has_no_view() -> None:
    """The module has each of its functions once, and exports ``initialize`` alone, as it is never displayed."""
    module = Companion._esm.default_value
    names = re.findall(r"^(?:async )?function (\w+)", module, re.MULTILINE)
    assert len(names) == len(set(names)) > 4
    assert re.findall(r"^export .*", module, re.MULTILINE) == ["export default { initialize };"]
