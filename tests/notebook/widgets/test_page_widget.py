"""Base class of widgets that are written for anywidget."""

from __future__ import annotations

import traitlets

from kling_widgets.notebook.widgets.page_widget import PageWidget


class Counter(PageWidget):
    """A widget that declares all traits."""

    _esm = traitlets.Unicode("export default {}").tag(sync=True)
    _css = traitlets.Unicode("").tag(sync=True)
    _anywidget_id = traitlets.Unicode("tests.counter").tag(sync=True)
    count = traitlets.Int().tag(sync=True)


def test_instances_share_one_class() -> None:
    """No class is created for an instance, and what anywidget needs is in its state."""
    first, second = Counter(count=1), Counter(count=2)
    assert type(first) is type(second) is Counter
    assert second.get_state() | {"count": 2, "_esm": "export default {}", "_css": ""} == second.get_state()


def test_an_undeclared_trait_is_added() -> None:
    """As with every widget."""
    widget = Counter()
    widget.add_traits(count=traitlets.Int(7), more=traitlets.Int(3))
    assert (widget.count, widget.more) == (0, 3)  # type: ignore[attr-defined]
