"""Controls of pictures: one link or file, or a list; a file may be chosen instead, and is uploaded when the request is
sent."""

from __future__ import annotations

from pathlib import Path, PurePath
from urllib.parse import urlsplit
from urllib.request import url2pathname

import ipywidgets as widgets

from kling_widgets.catalog.reference_fields import link_of
from kling_widgets.core.json_values import JSON, to_json
from kling_widgets.core.text import format_size
from kling_widgets.errors import KlingError
from kling_widgets.notebook.controls.base import Control
from kling_widgets.notebook.controls.preview import Preview, picture
from kling_widgets.notebook.controls.references import ReferenceRows
from kling_widgets.notebook.widgets.form_page import LARGEST_CHOSEN, Message, at
from kling_widgets.request.request import VideoRequest

SHAPE = "The clip takes this picture's shape."
FIRST, SECOND = "First.", "Second: the service decides."  # of two, where the model has no last frame


class LinkBox(Control):
    """One link or file, and a small picture of it."""

    sheets = ("media",)
    rows = 1

    def build(self) -> widgets.Widget:
        self.widget = self.parts.box(self.input(), classes=(*self.classes, at(f"{self.field.name}-file")))
        self.look()
        return self.widget

    def look(self) -> None:
        """Makes what shows below the box."""
        self.preview = Preview(picture, self.parts, self.field.label, self.widget)
        self.second = Preview(picture, self.parts, "Second picture", self.widget)

    def input(self) -> widgets.Widget:
        """Makes the box, with a button behind it that chooses files."""
        many = self.rows > 1
        self.box = self.parts.make(
            widgets.Textarea if many else widgets.Text,
            at(f"{self.field.name}-box"),
            description=self.field.label,
            placeholder="one link or file a line" if many else "https://… or a file",
            tooltip=self.field.help,
            **({"rows": self.rows} if many else {}),
        )
        self.watch(self.box)
        self._trouble: list[str] = []  # with the files that were chosen last
        self._wrong = False
        self.parts.page.add_file_chooser(
            f"{self.field.name}-box",
            f"{self.field.label}: choose a picture of this computer",
            ("image/png", "image/jpeg", "image/webp", "image/gif"),
            self._choose,
            self._take,
            multiple=many,
        )
        return self.box

    def update_context(self, request: VideoRequest) -> None:
        # A path counts as one only where the user wrote it, which the request knows.
        value, more = request.get(self.field.name), []
        is_first = self.field.name == "image"
        if is_first and value is None and isinstance(request.get("images"), list):
            value, *more = request.get("images")
        shape = SHAPE if is_first and "aspect_ratio" in request.spec.by_name else ""
        self.preview.show(value, f"{FIRST} {shape}".strip() if more else shape)
        self.second.show(more[0] if len(more) == 1 else None, SECOND)
        self.offer_again(request, [value, *more])

    def offer_again(self, request: VideoRequest, values: list[JSON]) -> None:
        """A button to look again, as long as a file cannot be used: it may be put right behind our back."""
        paths = [Path(value) for value in values if isinstance(value, PurePath)]
        found = (each for path in paths for each in self.parts.local.problems(self.field, request.spec, path))
        self._wrong = any(problem.severity == "error" for problem in found)
        self._say()

    def close(self) -> None:
        super().close()
        self.parts.page.clear(f"{self.field.name}-box", f"{self.field.name}-file")

    def _choose(self) -> None:
        self._trouble = []
        self._say()

    def _take(self, name: str, content: bytes | None) -> None:
        """Puts a chosen file's path into the box."""
        if content is None:
            large = f"is over {format_size(LARGEST_CHOSEN)}, or cannot be read"
            self._trouble.append(f"{name} {large}: save it beside the notebook, and give its path instead.")
            self._say()
            return
        try:
            path = str(self.parts.local.keep(name, content))
        except KlingError as error:
            self._trouble.append(str(error))
            self._say()
        else:
            before = self.box.value.strip().splitlines() if self.rows > 1 else []
            self.box.value = "\n".join((*before, path))

    def _say(self) -> None:
        trouble = [Message(f"Error: {said}", "kling-problem kling-error") for said in self._trouble]
        asked = "Is the file there now?" if self._wrong else ""
        again = Message(asked, "kling-problem kling-dim", (("Look again", self.notify_changed),))
        self.parts.page.set_messages(f"{self.field.name}-file", *trouble, again)

    def get(self) -> JSON:
        return pasted(self.box.value) or None

    def set_value(self, value: JSON) -> None:
        self.box.value = "" if value is None else str(value)


class LinksBox(LinkBox):
    """A list of links or files, or of objects with a link as JSON, one a line; below it a row for each with a small
    picture and its tools."""

    rows = 3

    def look(self) -> None:
        self._prompt = ""
        self.references = ReferenceRows(self.parts, self.widget, self._reorder, self._name_it)

    def update_context(self, request: VideoRequest) -> None:
        value = request.get(self.field.name)
        items = (
            [link_of(item) for item in value] if isinstance(value, list) and len(value) == len(self._lines()) else []
        )
        self._prompt = str(request.get("prompt") or "")
        self.references.show(items, self._prompt)
        self.offer_again(request, items)

    def close(self) -> None:
        self.references.close()
        super().close()

    def get(self) -> JSON:
        return self._lines() or None

    def set_value(self, value: JSON) -> None:
        items = value if isinstance(value, list) else [] if value is None else [value]
        self.box.value = "\n".join(to_json(item) if isinstance(item, dict) else str(item) for item in items)

    def _lines(self) -> list[str]:
        return [line for line in map(pasted, self.box.value.splitlines()) if line]

    def _reorder(self, order: list[int]) -> None:
        lines = self._lines()
        self.box.value = "\n".join(lines[index] for index in order)

    def _name_it(self, name: str) -> None:
        self.assign({"prompt": f"{self._prompt} {name}".strip()})


def pasted(text: str) -> str:
    """A link or a path as people paste it: some programs copy a path in quotes, or as a file:// address."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return url2pathname(urlsplit(text).path) if text.lower().startswith("file://") else text
