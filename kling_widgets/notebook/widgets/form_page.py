"""The page's side of a form: all that the form says beside its controls, in one model.

As a widget a line would cost a model and a message of its own; here it is an entry of a dictionary. What changes by one
key that is pressed (a problem, what stands beside the button, the code) goes to the page as one message. It is text:
no markup is made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import traitlets

from kling_widgets.notebook.widgets.pending_input import PendingInput
from kling_widgets.notebook.widgets.styles import script, sheet

LARGEST_CHOSEN = 8_000_000  # bytes of one file; one message of over about 10 MB drops the connection

_PARTS = ("keys", "pending_input", "code", "words", "files", "page")

Press = tuple[str, Callable[[], object]]  # the words of a button, and what it does


class Message(NamedTuple):
    """Something that is said: a text, its class, the buttons behind it, what it is to a screen reader, and the mark
    before it."""

    text: str
    look: str = "kling-dim"
    presses: tuple[Press, ...] = ()
    role: str = ""
    mark: str = ""


def at(place: str) -> str:
    """The class of the box in which the lines of this place stand."""
    return f"kling-at-{place}"


class FormPage(PendingInput):
    """What is said in a form, and what is heard from it.

    Attributes:
        said: what changes as the user types: lines, by the place where they stand.
        kept: what does not, in the same way.
        choosers: the buttons that choose files, in the same way.
        code: the code that shows in the pane.
        media, shots, camera, motion: the style sheets that only some controls need, "" until then.
    """

    _esm = traitlets.Unicode(script(Path(__file__).parent, *_PARTS)).tag(sync=True)
    _css = traitlets.Unicode(sheet("colours", "base", "form")).tag(sync=True)

    _anywidget_id = traitlets.Unicode("kling_widgets.form").tag(sync=True)

    said = traitlets.Dict().tag(sync=True)
    kept = traitlets.Dict().tag(sync=True)
    media, shots, camera, motion = (traitlets.Unicode().tag(sync=True) for _ in range(4))
    choosers = traitlets.Dict().tag(sync=True)
    code = traitlets.Unicode().tag(sync=True)
    largest = traitlets.Int(LARGEST_CHOSEN).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._presses: dict[str, Sequence[Press]] = {}
        self._files: dict[str, tuple[Callable[[], object], Callable[[str, bytes | None], object]]] = {}
        super().__init__(
            _dom_classes=(at("page"),), kept={"page": [("New video", "kling-title", (), "", "")]}, **traits
        )

    def add_traits(self, **traits: Any) -> None:
        """Adds those that the class has not: anywidget would give each form a class of its own, which takes as long as
        five widgets."""
        if new := {name: trait for name, trait in traits.items() if not self.has_trait(name)}:
            super().add_traits(**new)

    def load_css(self, name: str) -> None:
        """Brings a style sheet into the page."""
        if not getattr(self, name):
            setattr(self, name, sheet(name))

    def set_messages(self, place: str, *lines: Message) -> None:
        """Says these lines in a place, in the place of those before; those without a text are left out."""
        self._presses[place] = [press for line in lines for press in line.presses]
        self._put("said", place, _told(lines))

    def set_static(self, place: str, *lines: Message) -> None:
        """Says these lines in a place until others are kept there."""
        self._put("kept", place, _told(lines))

    def clear(self, *places: str) -> None:
        """Takes back what was said in these places."""
        for place in places:
            for trait in ("said", "kept", "choosers"):
                self._put(trait, place, None)
            self._presses.pop(place, None)
            self._files.pop(place, None)

    def _put(self, trait: str, place: str, value: Any) -> None:
        before = getattr(self, trait)
        if before.get(place) != (value or None):
            after = {**before, place: value} if value else {each: before[each] for each in before if each != place}
            setattr(self, trait, after)

    def press(self, place: str, words: str) -> None:
        """Does what the button with these words does, as a click on it."""
        for known, work in self._presses.get(place, ()):
            if known == words:
                work()
                return

    def add_file_chooser(
        self,
        place: str,
        what: str,
        accept: Iterable[str],
        begin: Callable[[], object],
        take: Callable[[str, bytes | None], object],
        *,
        multiple: bool = False,
    ) -> None:
        """Keeps a button there that chooses files of the computer that the page runs on. Their bytes travel as
        messages: the value of ipywidgets' own upload is saved with the notebook, and it sends a file of any size, also
        one that drops the connection to the kernel.

        Args:
            place: where it stands.
            what: what is chosen, for the tooltip and for who does not see the button.
            accept: the types of file, as in HTML.
            begin: called when files have been chosen, before the first of them comes.
            take: called with each file's name and bytes; None in place of bytes that are too many or cannot be read.
            multiple: whether several can be chosen at once.
        """
        self._files[place] = begin, take
        chooser = {"what": what, "accept": ",".join(accept), "multiple": "multiple" if multiple else ""}
        self._put("choosers", place, chooser)

    def _heard(self, widget: object, message: Any, buffers: Any) -> None:
        match message:
            case {"press": str(place), "words": str(words)}:
                self.press(place, words)
            case {"chosen": str(place), "name": str(name)} if place in self._files:
                content = bytes(buffers[0]) if buffers else None
                self._files[place][1](name, content if content is None or len(content) <= self.largest else None)
            case {"chosen": str(place), "count": int()} if place in self._files:
                self._files[place][0]()
            case {"answer": int()}:
                super()._heard(widget, message, buffers)


def _told(lines: Iterable[Message]) -> list[tuple[Any, ...]]:
    """Lines as they are sent."""
    return [
        (line.text, line.look, tuple(words for words, _ in line.presses), line.role, line.mark)
        for line in lines
        if line.text
    ]
