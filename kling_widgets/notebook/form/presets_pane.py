"""The form's presets: a list of saved requests to apply or delete, and a name to save the present one by."""

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
_EMPTY = ((NONE, ""),)  # with None for a value it would count as nothing chosen, also when there are some


class Presets:
    """What is asked of the store, by buttons.

    Args:
        parts: shared with the form.
        store: where they are kept.
        current: gives the present request.
        apply: takes the request of the preset that the user chose.

    Attributes:
        widget: the whole of it.
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
            widgets.Dropdown, description="Preset", tooltip="What was saved, by its name", options=_EMPTY, value=""
        )
        self._name = parts.make(
            widgets.Text,
            description="Name",
            placeholder="paper boat, 10 s",
            tooltip="The name to save the present values by",
            # Whole, when the box is left: what is sent letter by letter is held back while the kernel works, and a
            # click is not, so that it would save by half a name.
            continuous_update=False,
        )
        hints = {
            self._used: "Puts its values into the form; after a second click where others are",
            self._deleted: "Deletes it, after a second click",
            self._saved: "Saves the present values by this name",
        }
        self._use, self._delete, self._save = (
            parts.button("", partial(self._do, work), tooltip=hint) for work, hint in hints.items()
        )
        self._said = parts.make(widgets.HTML)
        self.widget = parts.box(
            parts.row(self._list, self._use, self._delete), parts.row(self._name, self._save), self._said
        )
        self._list.observe(lambda _: self._ask_anew(), "value")
        self._name.observe(self._named, "value")
        self.refresh()

    def refresh(self) -> None:
        """Lists what is saved now, also by other kernels."""
        self._show(self._list.value)
        self._say("")

    def _do(self, work: Callable[[], str]) -> None:
        """Does what a click asks, and says what came of it."""
        try:
            said = work()
        except KlingError as error:
            self._show(self._list.value)
            self._say(f"Error: {error}", "kling-error")
        else:
            self._say(said)

    def _named(self, change: object) -> None:
        self._ask_anew()
        if looks_like_key(self._name.value):  # what a box holds is saved with the notebook
            self._name.value = ""
            self._say("Error: What looks like an API key is no name; it was taken out.", "kling-error")

    def _used(self) -> str:
        name = self._list.value
        request, now = self._store.load(name), self._current()
        if self._use.description == APPLY and now.values and now != request:
            self._ask_anew()
            self._use.description = OVER
            return f"A second click puts {shorten(name)} in the place of all that the form holds."
        self._apply(request)
        self._ask_anew()
        self._name.value = name
        return f"Applied {shorten(name)}."

    def _deleted(self) -> str:
        name = self._list.value
        if self._delete.description == DELETE:
            self._ask_anew()
            self._delete.description = SURELY
            return f"A second click deletes {shorten(name)}."
        self._store.delete(name)
        self._show("")
        return f"Deleted {shorten(name)}."

    def _saved(self) -> str:
        name = tidy(self._name.value)
        if self._save.description == SAVE and name in self._store.names():
            self._show(self._list.value)
            self._save.description = REPLACE
            return f"There is a {shorten(name)} already: a second click saves in its place."
        left = self._store.save(name, self._current())
        self._show(name)
        why = f" Not kept, as presets hold links and no files: {', '.join(left)}." if left else ""
        return f"Saved {shorten(name)}.{why}"

    def _show(self, chosen: str) -> None:
        """Brings list and buttons up to date; this one is chosen, if it is there."""
        names = self._store.names()
        if self._list.options != (names or _EMPTY):
            self._list.options = names or _EMPTY
        if chosen in names:
            self._list.value = chosen
        for control in (self._list, self._use, self._delete):
            control.disabled = not names
        self._ask_anew()

    def _ask_anew(self) -> None:
        """What was asked was asked about something else: the next click is a first one."""
        self._use.description, self._delete.description, self._save.description = APPLY, DELETE, SAVE

    def _say(self, text: str, style: str = "kling-dim") -> None:
        trouble = f" Note: {self._store.trouble}" if self._store.trouble else ""
        said = Markup('<div role="status" class="{}">{}</div>').format(style, text + trouble)
        self._said.value = said if text or trouble else ""
