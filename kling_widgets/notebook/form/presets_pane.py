"""Presets of the form: a list of saved requests to apply or delete, and a name to save the current one under."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import ipywidgets as widgets
from markupsafe import Markup

from kling_widgets.core.json_values import shorten
from kling_widgets.core.key_patterns import looks_like_key
from kling_widgets.errors import KlingError
from kling_widgets.notebook.widgets.factory import WidgetFactory
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.presets import PresetStore, tidy

NONE = "none saved yet"
SAVE, REPLACE, DELETE, SURELY = "Save", "Replace", "Delete", "Really delete"
APPLY, OVER = "Apply", "Apply over this form"
_EMPTY = ((NONE, ""),)  # "", as a Dropdown treats the value None as no selection


class Presets:
    """List of presets with buttons to apply, delete and save.

    Args:
        parts: shared with the form.
        store: the saved presets.
        current: returns the current request.
        apply: called with the request of the preset that the user applies.

    Attributes:
        widget: the list, the name and the buttons.
    """

    def __init__(
        self,
        parts: WidgetFactory,
        store: PresetStore,
        current: Callable[[], VideoRequest],
        apply: Callable[[VideoRequest], None],
    ) -> None:
        self._store, self._current, self._apply = store, current, apply
        self._list = parts.make(
            widgets.Dropdown, description="Preset", tooltip="Saved presets by name", options=_EMPTY, value=""
        )
        self._name = parts.make(
            widgets.Text,
            description="Name",
            placeholder="paper boat, 10 s",
            tooltip="The name to save the current values under",
            # Sent when the box loses the focus: single letters are held back while the kernel is busy but a click is
            # not, so it would save under an incomplete name.
            continuous_update=False,
        )
        hints = {
            self._apply_chosen: "Replaces the values of the form, after a second click if there are any",
            self._delete_chosen: "Deletes the preset, after a second click",
            self._save_current: "Saves the current values under this name",
        }
        self._use, self._delete, self._save = (
            parts.button("", partial(self._do, work), tooltip=hint) for work, hint in hints.items()
        )
        self._status = parts.make(widgets.HTML)
        self.widget = parts.box(
            parts.row(self._list, self._use, self._delete), parts.row(self._name, self._save), self._status
        )
        self._list.observe(lambda _: self._reset_buttons(), "value")
        self._name.observe(self._named, "value")
        self.refresh()

    def refresh(self) -> None:
        """List the saved presets again, as other kernels may have changed them."""
        self._update_list(self._list.value)
        self._set_status("")

    def _do(self, work: Callable[[], str]) -> None:
        """Call the function of a button and show the text that it returns, or its error."""
        try:
            text = work()
        except KlingError as error:
            self._update_list(self._list.value)
            self._set_status(f"Error: {error}", "kling-error")
        else:
            self._set_status(text)

    def _named(self, change: object) -> None:
        self._reset_buttons()
        if looks_like_key(self._name.value):  # the value of a box is saved with the notebook
            self._name.value = ""
            self._set_status("Error: This looks like an API key, not like a name. It was removed.", "kling-error")

    def _apply_chosen(self) -> str:
        name = self._list.value
        request, now = self._store.load(name), self._current()
        if self._use.description == APPLY and now.values and now != request:
            self._reset_buttons()
            self._use.description = OVER
            return f"A second click replaces all values of the form by {shorten(name)}."
        self._apply(request)
        self._reset_buttons()
        self._name.value = name
        return f"Applied {shorten(name)}."

    def _delete_chosen(self) -> str:
        name = self._list.value
        if self._delete.description == DELETE:
            self._reset_buttons()
            self._delete.description = SURELY
            return f"A second click deletes {shorten(name)}."
        self._store.delete(name)
        self._update_list("")
        return f"Deleted {shorten(name)}."

    def _save_current(self) -> str:
        name = tidy(self._name.value)
        if self._save.description == SAVE and name in self._store.names():
            self._update_list(self._list.value)
            self._save.description = REPLACE
            return f"There is already a preset {shorten(name)}: a second click replaces it."
        omitted = self._store.save(name, self._current())
        self._update_list(name)
        why = f" Not saved, as presets contain links but no files: {', '.join(omitted)}." if omitted else ""
        return f"Saved {shorten(name)}.{why}"

    def _update_list(self, chosen: str) -> None:
        """Update the list and the buttons, and select this preset if it exists."""
        names = self._store.names()
        if self._list.options != (names or _EMPTY):
            self._list.options = names or _EMPTY
        if chosen in names:
            self._list.value = chosen
        for control in (self._list, self._use, self._delete):
            control.disabled = not names
        self._reset_buttons()

    def _reset_buttons(self) -> None:
        """Cancel a pending confirmation, as it was about another preset: the next click is a first click."""
        self._use.description, self._delete.description, self._save.description = APPLY, DELETE, SAVE

    def _set_status(self, text: str, style: str = "kling-dim") -> None:
        trouble = f" Note: {self._store.trouble}" if self._store.trouble else ""
        status = Markup('<div role="status" class="{}">{}</div>').format(style, text + trouble)
        self._status.value = status if text or trouble else ""
