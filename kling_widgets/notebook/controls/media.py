"""Controls for pictures: one link or file, or a list of them. Files are uploaded when the request is sent."""

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
from kling_widgets.notebook.widgets.form_page import LARGEST_CHOSEN, Message, slot_class
from kling_widgets.request.request import VideoRequest

SHAPE = "The clip takes this picture's shape."
FIRST, SECOND = "First.", "Second: the service decides."  # captions of two pictures if the model has no last frame


class LinkBox(Control):
    """Text box for one link or file, with a thumbnail."""

    sheets = ("media",)
    rows = 1

    def build(self) -> widgets.Widget:
        self.widget = self.parts.box(self.build_input(), classes=(*self.classes, slot_class(f"{self.field.name}-file")))
        self.build_previews()
        return self.widget

    def build_previews(self) -> None:
        """Create the previews below the text box."""
        self.preview = Preview(picture, self.parts, self.field.label, self.widget)
        self.second = Preview(picture, self.parts, "Second picture", self.widget)

    def build_input(self) -> widgets.Widget:
        """Create the text box, with a button beside it that opens a file chooser."""
        many = self.rows > 1
        self.box = self.parts.make(
            widgets.Textarea if many else widgets.Text,
            slot_class(f"{self.field.name}-box"),
            description=self.field.label,
            placeholder="one link or file per line" if many else "https://… or a file",
            tooltip=self.field.help,
            **({"rows": self.rows} if many else {}),
        )
        self.watch(self.box)
        self._errors: list[str] = []  # of the files that were chosen last
        self._unusable = False
        self.parts.page.add_file_chooser(
            f"{self.field.name}-box",
            f"{self.field.label}: choose a picture on this computer",
            ("image/png", "image/jpeg", "image/webp", "image/gif"),
            self._choose,
            self._add_chosen,
            multiple=many,
        )
        return self.box

    def update_context(self, request: VideoRequest) -> None:
        # Only a Path is a local file: text from elsewhere never is, and the request knows the difference.
        value, more = request.get(self.field.name), []
        is_first = self.field.name == "image"
        if is_first and value is None and isinstance(request.get("images"), list):
            value, *more = request.get("images")
        shape = SHAPE if is_first and "aspect_ratio" in request.spec.by_name else ""
        self.preview.show(value, f"{FIRST} {shape}".strip() if more else shape)
        self.second.show(more[0] if len(more) == 1 else None, SECOND)
        self.offer_retry(request, [value, *more])

    def offer_retry(self, request: VideoRequest, values: list[JSON]) -> None:
        """Show a button that checks the files again if one of them cannot be used; it may be corrected meanwhile."""
        paths = [Path(value) for value in values if isinstance(value, PurePath)]
        found = (each for path in paths for each in self.parts.local.problems(self.field, request.spec, path))
        self._unusable = any(problem.severity == "error" for problem in found)
        self._show_messages()

    def close(self) -> None:
        super().close()
        self.parts.page.clear(f"{self.field.name}-box", f"{self.field.name}-file")

    def _choose(self) -> None:
        self._errors = []
        self._show_messages()

    def _add_chosen(self, name: str, content: bytes | None) -> None:
        """Save a chosen file and enter its path; None as the content means that it cannot be read or is too large."""
        if content is None:
            large = f"is over {format_size(LARGEST_CHOSEN)}, or cannot be read"
            self._errors.append(f"{name} {large}: save it beside the notebook, and give its path instead.")
            self._show_messages()
            return
        try:
            path = self.parts.local.keep(name, content).as_posix()
        except KlingError as error:
            self._errors.append(str(error))
            self._show_messages()
        else:
            before = self.box.value.strip().splitlines() if self.rows > 1 else []
            self.box.value = "\n".join((*before, path))

    def _show_messages(self) -> None:
        errors = [Message(f"Error: {error}", "kling-problem kling-error") for error in self._errors]
        question = "Is the file there now?" if self._unusable else ""
        retry = Message(question, "kling-problem kling-dim", (("Look again", self.notify_changed),))
        self.parts.page.set_messages(f"{self.field.name}-file", *errors, retry)

    def get(self) -> JSON:
        return pasted(self.box.value) or None

    def set_value(self, value: JSON) -> None:
        self.box.value = "" if value is None else str(value)


class LinksBox(LinkBox):
    """Text box for a list of pictures, with a row for each that shows a thumbnail and its buttons.

    Each line is a link, a file, or JSON of an object with a link.
    """

    rows = 3

    def build_previews(self) -> None:
        self._prompt = ""
        self.references = ReferenceRows(self.parts, self.widget, self._reorder, self._insert_name)

    def update_context(self, request: VideoRequest) -> None:
        value = request.get(self.field.name)
        items = (
            [link_of(item) for item in value] if isinstance(value, list) and len(value) == len(self._lines()) else []
        )
        self._prompt = str(request.get("prompt") or "")
        self.references.show(items, self._prompt)
        self.offer_retry(request, items)

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

    def _insert_name(self, name: str) -> None:
        self.assign({"prompt": f"{self._prompt} {name}".strip()})


def pasted(text: str) -> str:
    """Return a pasted link or path without quotes and ``file://``, which some programs add when they copy a path."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return url2pathname(urlsplit(text).path) if text.lower().startswith("file://") else text
