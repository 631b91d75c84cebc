"""Controls of pictures: one link or file, or a list; a file may be chosen instead, and is uploaded when the request is
sent."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path, PurePath

import ipywidgets as widgets

from kling_widgets.core.request import VideoRequest
from kling_widgets.core.values import JSON
from kling_widgets.errors import KlingError
from kling_widgets.notebook.controls.control import Control
from kling_widgets.notebook.controls.preview import Preview, picture
from kling_widgets.notebook.controls.references import References

# A widget's bytes are kept in the notebook, and an upload over about 10 MB drops the connection to the kernel.
LARGEST_CHOSEN = 8_000_000  # bytes
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
        self.chooser = widgets.FileUpload(
            accept="image/png,image/jpeg,image/webp,image/gif",
            multiple=many,
            description="Choose…",
            tooltip=f"{self.field.label}: choose a picture of this computer",
            layout=self.parts.narrow,
        )
        self.chooser.observe(self._chosen, "value")
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

    def _chosen(self, change: object) -> None:
        files = self.chooser.value
        if not files:
            return
        paths = list(self._kept(files))
        self.chooser.value = ()  # its bytes would be saved with the notebook
        if paths:
            before = self.box.value.strip().splitlines() if self.rows > 1 else []
            self.box.value = "\n".join((*before, *map(str, paths)))

    def _kept(self, files: object) -> Iterator[Path]:
        said = ""
        for file in files if isinstance(files, (tuple, list)) else ():
            content = bytes(file["content"])
            if len(content) > LARGEST_CHOSEN:
                said = f"{file['name']} is over 8 MB: save it beside the notebook, and give its path instead."
                continue
            try:
                yield self.parts.local.keep(str(file["name"]), content)
            except KlingError as error:
                said = str(error)
        self.said.value = f'<div class="kling-problem kling-error">Error: {html.escape(said)}</div>' if said else ""

    def get(self) -> JSON:
        return self.box.value.strip() or None

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
        return [line.strip() for line in self.box.value.splitlines() if line.strip()]

    def _reorder(self, order: list[int]) -> None:
        lines = self._lines()
        self.box.value = "\n".join(lines[index] for index in order)

    def _name_it(self, name: str) -> None:
        self.assign({"prompt": f"{self._prompt} {name}".strip()})
