"""The page's side of the buttons under figures: one model for a kernel, which is never displayed.

A figure is plain output, so that it needs neither a kernel nor a widget. anywidget runs ``initialize`` when the model
opens, also in a page that was reloaded; that puts the buttons into the page, after each figure of this kernel. So the
notebook's file has no trace of them, and they are gone when the kernel is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import traitlets

from kling_widgets.notebook.widgets.page_widget import PageWidget
from kling_widgets.notebook.widgets.styles import script, sheet


class Companion(PageWidget):
    """Model of the buttons under the figures and other ends of one kernel.

    Attributes:
        labels: the label of each kind of step, by its name.
        steps: the names of the steps under each end, by the end's CSS class.
        opened: what is open below the buttons, by the end's CSS class: ``step`` and one of ``code`` (labels and texts),
            ``view`` (the id of a widget's model), ``ask`` (the name of a value that the user types), ``error``.
        me: the id of this model, by which its page finds out whether the kernel is there.
    """

    _esm = traitlets.Unicode(script(Path(__file__).parent, "dom", "code", "companion")).tag(sync=True)
    _css = traitlets.Unicode(sheet("colours", "next_steps")).tag(sync=True)
    _anywidget_id = traitlets.Unicode("kling_widgets.companion").tag(sync=True)

    labels = traitlets.Dict().tag(sync=True)
    steps = traitlets.Dict().tag(sync=True)
    opened = traitlets.Dict().tag(sync=True)
    me = traitlets.Unicode().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.me = self.model_id
