"""The part of a form that lives in the page: messages, buttons and code beside the controls, in one model.

A message that was a widget would cost a model and a comm message of its own; here it is an entry of a dictionary. All
that one key press changes (a problem, the status line, the code) is sent to the page together. Messages are shown as
plain text, never as markup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import traitlets

from kling_widgets.notebook.widgets.pending_input import PendingInput
from kling_widgets.notebook.widgets.styles import script, sheet

LARGEST_CHOSEN = 8_000_000  # bytes of one file; one message of over about 10 MB drops the connection

_SCRIPTS = ("dom", "keys", "pending_input", "code", "messages", "files", "page")

Action = tuple[str, Callable[[], object]]  # the label of a button, and the function that it calls


class Message(NamedTuple):
    """A line of text in the form.

    Attributes:
        text: the text; a message without one is not shown.
        style: its CSS classes.
        actions: the buttons after it.
        role: its ARIA role, or "".
        mark: a short text before it, such as "✓ done".
    """

    text: str
    style: str = "kling-dim"
    actions: tuple[Action, ...] = ()
    role: str = ""
    mark: str = ""


def slot_class(slot: str) -> str:
    """Return the CSS class of the box that shows the messages of a slot."""
    return f"kling-at-{slot}"


class FormPage(PendingInput):
    """Model of the page's side of a form, which shows messages in slots and handles clicks and files from the page.

    A slot is a named location in the form, such as "status" or the name of a field: the end of each box that has its
    class (``slot_class``).

    Attributes:
        messages: messages that change as the user types, by slot.
        static: messages that do not, by slot.
        choosers: the buttons that choose files, by slot.
        code: the code in the code pane.
        media, shots, camera, motion: style sheets that only some controls need; "" until then.
    """

    _esm = traitlets.Unicode(script(Path(__file__).parent, *_SCRIPTS)).tag(sync=True)
    _css = traitlets.Unicode(sheet("colours", "base", "form")).tag(sync=True)

    _anywidget_id = traitlets.Unicode("kling_widgets.form").tag(sync=True)

    messages = traitlets.Dict().tag(sync=True)
    static = traitlets.Dict().tag(sync=True)
    media, shots, camera, motion = (traitlets.Unicode().tag(sync=True) for _ in range(4))
    choosers = traitlets.Dict().tag(sync=True)
    code = traitlets.Unicode().tag(sync=True)
    largest = traitlets.Int(LARGEST_CHOSEN).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._actions: dict[str, Sequence[Action]] = {}
        self._files: dict[str, tuple[Callable[[], object], Callable[[str, bytes | None], object]]] = {}
        title = ("New video", "kling-title", (), "", "")
        super().__init__(_dom_classes=(slot_class("page"),), static={"page": [title]}, **traits)

    def load_css(self, name: str) -> None:
        """Send a style sheet to the page, once."""
        if not getattr(self, name):
            setattr(self, name, sheet(name))

    def set_messages(self, slot: str, *messages: Message) -> None:
        """Replace the messages of a slot; those without a text are left out."""
        self._actions[slot] = [action for message in messages for action in message.actions]
        self._put("messages", slot, _to_json(messages))

    def set_static(self, slot: str, *messages: Message) -> None:
        """Replace the static messages of a slot; they are shown before the others."""
        self._put("static", slot, _to_json(messages))

    def clear(self, *slots: str) -> None:
        """Remove all messages, buttons and file choosers from these slots."""
        for slot in slots:
            for trait in ("messages", "static", "choosers"):
                self._put(trait, slot, None)
            self._actions.pop(slot, None)
            self._files.pop(slot, None)

    def _put(self, trait: str, slot: str, value: Any) -> None:
        before = getattr(self, trait)
        if before.get(slot) != (value or None):
            after = {**before, slot: value} if value else {each: before[each] for each in before if each != slot}
            setattr(self, trait, after)

    def press(self, slot: str, label: str) -> None:
        """Call the action of the button with this label, as a click on it does."""
        for known, action in self._actions.get(slot, ()):
            if known == label:
                action()
                return

    def add_file_chooser(
        self,
        slot: str,
        what: str,
        accept: Iterable[str],
        begin: Callable[[], object],
        take: Callable[[str, bytes | None], object],
        *,
        multiple: bool = False,
    ) -> None:
        """Show a button that chooses files on the computer of the browser.

        Their bytes are sent as custom messages. The value of ipywidgets' own FileUpload is saved with the notebook, and
        it sends files of any size, also those that drop the connection to the kernel.

        Args:
            slot: the slot that shows the button.
            what: what can be chosen, for the tooltip and the screen reader.
            accept: the types of file, as in HTML.
            begin: called when files have been chosen, before the first of them arrives.
            take: called with the name and bytes of each file; with None if it is too large or cannot be read.
            multiple: whether several can be chosen at once.
        """
        self._files[slot] = begin, take
        chooser = {"what": what, "accept": ",".join(accept), "multiple": "multiple" if multiple else ""}
        self._put("choosers", slot, chooser)

    def _on_message(self, widget: object, message: Any, buffers: Any) -> None:
        match message:
            case {"press": str(slot), "label": str(label)}:
                self.press(slot, label)
            case {"chosen": str(slot), "name": str(name)} if slot in self._files:
                content = bytes(buffers[0]) if buffers else None
                self._files[slot][1](name, content if content is None or len(content) <= self.largest else None)
            case {"chosen": str(slot), "count": int()} if slot in self._files:
                self._files[slot][0]()
            case {"answer": int()}:
                super()._on_message(widget, message, buffers)


def _to_json(messages: Iterable[Message]) -> list[tuple[Any, ...]]:
    """Return the messages as they are sent to the page."""
    return [
        (message.text, message.style, tuple(label for label, _ in message.actions), message.role, message.mark)
        for message in messages
        if message.text
    ]
