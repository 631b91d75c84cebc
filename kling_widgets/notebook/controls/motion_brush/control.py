"""Motion brush control: masks painted on the first frame and their paths, or the same as text in a table."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import ipywidgets as widgets
from markupsafe import Markup

from kling_widgets.catalog.structured_fields import Masks
from kling_widgets.client.links import public_link
from kling_widgets.core.json_values import JSON, is_local
from kling_widgets.errors import KlingError
from kling_widgets.media.probe import format_of
from kling_widgets.notebook.controls.motion_brush.canvas import COLOURS, BrushCanvas
from kling_widgets.notebook.controls.motion_brush.regions import (
    MOST_SHOWN,
    Region,
    Size,
    from_text,
    misfits,
    regions_of,
    to_text,
)
from kling_widgets.notebook.controls.structured import StructuredControl
from kling_widgets.notebook.widgets.factory import WidgetFactory
from kling_widgets.notebook.widgets.form_page import Message
from kling_widgets.notebook.widgets.rows import GrowingRows
from kling_widgets.request.request import VideoRequest

ABOUT = (
    "Paint what should move and draw where it goes, or fill in the table below: a mask is a picture of the first "
    "frame's size, white where it moves and black elsewhere; points are x,y in the order of the path."
)
NO_FRAME = "Set a first frame to paint and draw on it here."
NOT_SHOWN = "The first frame's link cannot be opened in the browser: use a file or a public link."


class MotionBrush(StructuredControl):
    """Control for ``dynamic_masks``: a canvas on the first frame, and a table with the same regions."""

    sheets = ("motion",)

    @property
    def introduction(self) -> tuple[Message, ...]:
        """The instructions and, without a canvas, which shows it itself, the notice."""
        return (Message(ABOUT), Message(self._notice if self._canvas is None else ""))

    def build_editor(self) -> Sequence[widgets.Widget]:
        self._regions: list[Region] = []
        self._rows = GrowingRows(self.parts, lambda number: _PathRow(self.parts, number, self._change, self._remove))
        self._request: VideoRequest | None = None
        self._masks: dict[str, JSON] = {}  # by key; never removed, as undo in the page may bring a mask back
        self._sizes: dict[str, Size] = {}  # sizes reported by the page, upright, by key
        self._error, self._notice = "", NO_FRAME
        self._canvas: BrushCanvas | None = None  # created when needed, as its JavaScript is long
        self.add = self.parts.button("Add a region", lambda: self._edit([*self._regions, Region()]))
        self.clear: widgets.Button | None = None  # created with the first region
        return [self.add]

    @property
    def brush(self) -> BrushCanvas:
        """The canvas, created on first use."""
        assert isinstance(self.field, Masks)
        if self._canvas is None:
            self._canvas = BrushCanvas(
                regions=self._page_regions(),
                most_regions=self.field.at_most,
                most_points=self.field.most_points,
                layout=self.parts.layout,
            )
            self._canvas.observe(self._on_drawn, "regions")
            self._canvas.on_msg(self._on_message)
            self._update_editor()
        return self._canvas

    def _update_editor(self) -> None:
        canvas = [self._canvas] if self._canvas is not None else []
        if self._rows and self.clear is None:
            self.clear = self.parts.button("Remove all regions", lambda: self._edit([]))
        clear = [self.clear] if self._rows else []
        self.set_editor(*canvas, *self._rows.widgets, self.add, *clear)

    def close(self) -> None:
        super().close()
        for hidden in (self._canvas, self.clear):
            if hidden is not None:
                self.parts.close(hidden)

    # The value

    def can_edit(self, value: JSON) -> bool:
        return regions_of(value) is not None

    def read(self) -> JSON:
        items = [region.value() for region in self._regions]
        while items and not items[-1]:  # rows that were added but not filled in
            items.pop()
        return items or None

    def write(self, value: JSON) -> None:
        if value != self.read():
            self._set_regions(regions_of(value) or [])

    def update_context(self, request: VideoRequest) -> None:
        self._request = request
        image = request.get("image")
        shown = str(image) if isinstance(image, PurePath) else public_link(image) if isinstance(image, str) else None
        self._notice = NO_FRAME if image is None else "" if shown else NOT_SHOWN
        if shown or self._canvas is not None:
            with self.brush.hold_sync():
                self.brush.notice, self.brush.picture = self._notice, shown or ""
        self._show_messages()

    # From the page

    def _on_drawn(self, change: object = None) -> None:
        if self._quiet:
            return
        drawn = []
        for number, item in enumerate(self.brush.regions):
            points: JSON = [{"x": x, "y": y} for x, y in item["points"]]
            before = self._regions[number].points if number < len(self._regions) else ()
            if not points and isinstance(before, str):
                points = before  # invalid text in the table: the page does not know it, so it did not remove it
            mask = self._masks.get(item["mask"])
            drawn.append(Region(mask, points, pending=item["mask"] if mask is None else ""))
        self._regions = drawn
        self._show()
        self.notify_changed()

    def _on_message(self, widget: object, content: Any, buffers: Any) -> None:
        match content:
            case {"kind": "want", "key": str(key)}:
                self._send_image(key)
            case {"kind": "mask", "key": str(key), "number": int(number)} if buffers:
                self._store_mask(key, number, bytes(buffers[0]))
            case {"kind": "size", "key": str(key), "size": [int(width), int(height)]}:
                self._sizes[key] = (width, height)
                self._show_messages()

    def _send_image(self, key: str) -> None:
        image = self._request.get("image") if self._request else None
        # The page may only read files that the value or the request names.
        path = _file(image) if str(image) == key else _file(self._masks.get(key))
        self.brush.send_bytes(key, self.parts.local.read(path) if path else None)

    def _store_mask(self, key: str, number: int, content: bytes) -> None:
        if format_of(content) != "png":
            return
        try:
            self._masks[key] = self.parts.local.keep(f"mask-{number}.png", content)
            self._error = ""
        except KlingError as error:
            self._error = str(error)
        if any(item["mask"] == key for item in self.brush.regions):  # the region arrived before its mask
            self._on_drawn()
        else:
            self._show_messages()

    # To the page and the table

    def _edit(self, regions: list[Region]) -> None:
        self._set_regions(regions)
        self.notify_changed()

    def _set_regions(self, regions: list[Region]) -> None:
        self._regions = regions
        quiet, self._quiet = self._quiet, True
        try:
            if self._canvas is not None:
                self._canvas.regions = self._page_regions()
        finally:
            self._quiet = quiet
        self._show()

    def _page_regions(self) -> list[dict[str, Any]]:
        """Return the regions in the page's format."""
        return [
            {
                "mask": region.pending or self._key(region.mask),
                "points": [[point["x"], point["y"]] for point in region.path],
            }
            for region in self._regions
        ]

    def _key(self, mask: JSON) -> str:
        if not mask:
            return ""
        key = next((key for key, known in self._masks.items() if known == mask), str(mask))
        self._masks[key] = mask
        return key

    def _show(self) -> None:
        with self._rows.resized(len(self._regions)):
            for row, region in zip(self._rows, self._regions, strict=True):
                row.show(region)
            self._update_editor()
        self.add.disabled = len(self._regions) >= MOST_SHOWN
        self._show_messages()

    def _change(self, number: int, made: Mapping[str, JSON]) -> None:
        regions = list(self._regions)
        regions[number - 1] = dataclasses.replace(regions[number - 1], **made)
        self._edit(regions)

    def _remove(self, number: int) -> None:
        self._edit([region for each, region in enumerate(self._regions, 1) if each != number])

    # Messages

    def _show_messages(self) -> None:
        messages = [("note", "Note", note) for note in self._warnings()] + [("error", "Error", self._error)]
        lines = [Message(f"{word}: {text}", f"kling-problem kling-{kind}") for kind, word, text in messages if text]
        self.set_messages(*lines)

    def _warnings(self) -> Iterator[str]:
        image = self._request.get("image") if self._request else None
        picture, stored = self._size(image), self._stored(image)
        yield from misfits(self._regions, picture, [self._size(region.mask) for region in self._regions])
        if picture and stored and picture != stored:
            yield (
                f"The first frame is stored as {stored[0]} × {stored[1]} pixels and turned upright by its EXIF "
                "orientation; masks and points are of the upright picture. Save it upright, so that the service sees "
                "the same."
            )

    def _size(self, media: JSON) -> Size | None:
        return self._sizes.get(str(media)) or self._stored(media)

    def _stored(self, media: JSON) -> Size | None:
        """Return the size of a file as stored, without its EXIF orientation applied."""
        path = _file(media)
        facts = self.parts.local.facts(path) if path else None
        return (facts.width, facts.height) if facts and facts.width and facts.height else None


def _file(media: JSON) -> Path | None:
    """Return the local file that a value names, or None.

    Text counts as a file because it comes from the table, where the user entered it.
    """
    local = isinstance(media, PurePath) or (isinstance(media, str) and is_local(media))
    return Path(media) if local else None


class _PathRow:
    """Row of the table for one region."""

    def __init__(
        self,
        parts: WidgetFactory,
        number: int,
        change: Callable[[int, Mapping[str, JSON]], None],
        remove: Callable[[int], None],
    ) -> None:
        self._number, self._changed, self._showing = number, change, False
        colour = COLOURS[(number - 1) % len(COLOURS)]
        dot = Markup('<span class="kling-brush-dot" aria-hidden="true" style="background: {}"></span>').format(colour)
        # Changes are reported when editing ends: half a link is not a picture, and half a point is not a path.
        self.mask = parts.make(
            widgets.Text,
            description=f"Mask {number}",
            placeholder="https://… or a file",
            tooltip=f"The mask of region {number}: a link or a file",
            continuous_update=False,
        )
        self.path = parts.make(
            widgets.Textarea,
            description=f"Path {number}",
            placeholder="220,380 620,380",
            tooltip=f"The path of region {number}: points as x,y from the bottom left, separated by spaces",
            continuous_update=False,
            rows=2,
        )
        button = parts.button("Remove", lambda: remove(number), tooltip=f"Remove region {number}")
        self.mask.observe(lambda change: self._change({"mask": change["new"].strip() or None, "pending": ""}), "value")
        self.path.observe(lambda change: self._change({"points": from_text(change["new"])}), "value")
        self.widget = parts.row(
            parts.make(widgets.HTML, value=dot), self.mask, self.path, button, classes=("kling-row", "kling-region")
        )

    def show(self, region: Region) -> None:
        """Show the region; a path that the user has written differently but with the same points stays."""
        self._showing = True
        try:
            self.mask.value = str(region.mask or "")
            if from_text(self.path.value) != from_text(to_text(region.points)):
                self.path.value = to_text(region.points)
        finally:
            self._showing = False

    def _change(self, made: Mapping[str, JSON]) -> None:
        if not self._showing:
            self._changed(self._number, made)
