"""Controls of links: one, or a list; a file may be chosen instead, and is uploaded when the request is sent."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path

import ipywidgets as widgets

from kling_widgets.core.values import JSON
from kling_widgets.errors import KlingError
from kling_widgets.notebook.controls.control import Control

# A widget's bytes are kept in the notebook, and an upload over about 10 MB drops the connection to the kernel.
LARGEST_CHOSEN = 8_000_000  # bytes


class LinkBox(Control):
    """One link or file."""

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
        self.said = widgets.HTML(layout=self.parts.plain)
        self.watch(self.box)
        row = widgets.HBox([self.box, self.chooser], layout=self.parts.wide)
        row.add_class("kling-row")
        return widgets.VBox([row, self.said], layout=self.parts.plain)

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
    """A list of links or files, one a line."""

    rows = 3

    def get(self) -> JSON:
        return [line.strip() for line in self.box.value.splitlines() if line.strip()] or None

    def put(self, value: JSON) -> None:
        self.box.value = "\n".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
