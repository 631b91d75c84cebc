"""Controls of pictures: one link or file, or a list; a file may be chosen instead, and is uploaded when the request is
sent."""

from __future__ import annotations

import html
from pathlib import Path, PurePath
from urllib.parse import urlsplit
from urllib.request import url2pathname

import ipywidgets as widgets

from kling_widgets.core.request import VideoRequest
from kling_widgets.core.values import JSON
from kling_widgets.errors import KlingError
from kling_widgets.notebook.controls.chooser import Chooser
from kling_widgets.notebook.controls.control import Control
from kling_widgets.notebook.controls.preview import Preview, picture
from kling_widgets.notebook.controls.references import References

SHAPE = "The clip takes this picture's shape."


class LinkBox(Control):
    """One link or file, and a small picture of it."""

    rows = 1

    def build(self) -> widgets.Widget:
        many = self.rows > 1
        self.box = (widgets.Textarea if many else widgets.Text)(
            description=self.field.label,
            placeholder="one link or file a line" if many else "https://… or a file",
            tooltip=self.field.help,
            layout=self.parts.grow,
            style=self.parts.text,
        )
        if many:
            self.box.rows = self.rows
        self.chooser = Chooser(
            self._choose,
            self._take,
            what=f"{self.field.label}: choose a picture of this computer",
            accept="image/png,image/jpeg,image/webp,image/gif",
            multiple=many,
            layout=self.parts.narrow,
        )
        self.again: widgets.Button | None = None  # most files are where they should be
        self.said = widgets.HTML(layout=self.parts.plain)
        self.watch(self.box)
        self.row = widgets.HBox([self.box, self.chooser], layout=self.parts.wide)
        self.row.add_class("kling-row")
        return widgets.VBox([self.row, self.said, self.look()], layout=self.parts.plain)

    def look(self) -> widgets.Widget:
        """Makes the place where the picture shows."""
        self.preview = Preview(picture, self.parts.local, self.field.label, self.parts.plain)
        return self.preview.widget

    def know(self, request: VideoRequest) -> None:
        # A path counts as one only where the user wrote it, which the request knows.
        value = request.get(self.field.name)
        shapes = self.field.name == "image" and "aspect_ratio" in request.spec.by_name
        self.preview.show(value, SHAPE if shapes else "")
        self.offer_again(request, [value])

    def offer_again(self, request: VideoRequest, values: list[JSON]) -> None:
        """A button to look again, as long as a file cannot be used: it may be put right behind our back."""
        paths = [Path(value) for value in values if isinstance(value, PurePath)]
        found = (each for path in paths for each in self.parts.local.problems(self.field, request.spec, path))
        wrong = any(problem.severity == "error" for problem in found)
        if wrong and self.again is None:
            self.again = widgets.Button(
                description="Look again",
                tooltip=f"{self.field.label}: see whether the file is there now",
                layout=self.parts.narrow,
            )
            self.again.on_click(lambda _: self.tell())
        shown = (self.box, self.chooser, *([self.again] if wrong else []))
        if shown != self.row.children:
            self.row.children = shown

    def close(self) -> None:
        super().close()
        if self.again is not None:
            self.parts.close(self.again)

    def _choose(self) -> None:
        self.said.value = ""

    def _take(self, name: str, content: bytes | None) -> None:
        """Puts a chosen file's path into the box."""
        if content is None:
            said = "is over 8 MB, or cannot be read: save it beside the notebook, and give its path instead."
            self._say(f"{name} {said}")
            return
        try:
            path = str(self.parts.local.keep(name, content))
        except KlingError as error:
            self._say(str(error))
        else:
            before = self.box.value.strip().splitlines() if self.rows > 1 else []
            self.box.value = "\n".join((*before, path))

    def _say(self, said: str) -> None:
        self.said.value += f'<div class="kling-problem kling-error">Error: {html.escape(said)}</div>'

    def get(self) -> JSON:
        return pasted(self.box.value) or None

    def put(self, value: JSON) -> None:
        self.box.value = "" if value is None else str(value)


class LinksBox(LinkBox):
    """A list of links or files, one a line, and below it a row for each with a small picture and its tools."""

    rows = 3

    def look(self) -> widgets.Widget:
        self.references = References(self.parts, self.field.label, self._reorder, self._name_it)
        self._prompt = ""
        return self.references.widget

    def know(self, request: VideoRequest) -> None:
        value = request.get(self.field.name)
        items = value if isinstance(value, list) and len(value) == len(self._lines()) else []
        self._prompt = str(request.get("prompt") or "")
        self.references.show(items, self._prompt)
        self.offer_again(request, items)

    def close(self) -> None:
        super().close()
        self.references.close()

    def get(self) -> JSON:
        return self._lines() or None

    def put(self, value: JSON) -> None:
        self.box.value = "\n".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)

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
