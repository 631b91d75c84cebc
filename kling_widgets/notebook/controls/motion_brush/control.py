"""The motion brush: masks painted on the first frame and the paths they take, or the same as numbers in a table."""

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
    "frame's size, white where it moves and black elsewhere; points are x,y in the order of the way."
)
NO_FRAME = "Give a first frame to paint and draw on it here."
NOT_SHOWN = "The first frame's link leads nowhere that a browser may be sent to: give a file or a public link."


class MotionBrush(StructuredControl):
    """``dynamic_masks``: a canvas on the first frame, and a table that says the same."""

    sheets = ("motion",)

    @property
    def about(self) -> tuple[Message, ...]:
        """How it is done, and what it needs; with a canvas that says it itself."""
        return (Message(ABOUT), Message(self._notice if self._canvas is None else ""))

    def edit(self) -> Sequence[widgets.Widget]:
        self._regions: list[Region] = []
        self._rows = GrowingRows(self.parts, lambda number: _PathRow(self.parts, number, self._change, self._remove))
        self._request: VideoRequest | None = None
        self._masks: dict[str, JSON] = {}  # by key, all that were ever here: the page may go back to them
        self._sizes: dict[str, Size] = {}  # of what the page shows, upright, by key
        self._trouble, self._notice = "", NO_FRAME
        self._canvas: BrushCanvas | None = None  # most people never need it, and its module is long
        self.add = self.parts.button("Add a region", lambda: self._edit([*self._regions, Region()]))
        self.clear: widgets.Button | None = None  # there with the first region
        return [self.add]

    @property
    def brush(self) -> BrushCanvas:
        """The canvas, made when there is a picture to paint on."""
        assert isinstance(self.field, Masks)
        if self._canvas is None:
            self._canvas = BrushCanvas(
                regions=self._drawing(),
                most_regions=self.field.at_most,
                most_points=self.field.most_points,
                layout=self.parts.layout,
            )
            self._canvas.observe(self._drawn, "regions")
            self._canvas.on_msg(self._heard)
            self._arrange()
        return self._canvas

    def _arrange(self) -> None:
        canvas = [self._canvas] if self._canvas is not None else []
        if self._rows and self.clear is None:
            self.clear = self.parts.button("Remove all regions", lambda: self._edit([]))
        clear = [self.clear] if self._rows else []
        self.change(*canvas, *self._rows.widgets, self.add, *clear)

    def close(self) -> None:
        super().close()
        for hidden in (self._canvas, self.clear):
            if hidden is not None:
                self.parts.close(hidden)

    # The value

    def fits(self, value: JSON) -> bool:
        return regions_of(value) is not None

    def read(self) -> JSON:
        items = [region.value() for region in self._regions]
        while items and not items[-1]:  # a row that was added, and not filled in
            items.pop()
        return items or None

    def write(self, value: JSON) -> None:
        if value != self.read():
            self._put(regions_of(value) or [])

    def update_context(self, request: VideoRequest) -> None:
        self._request = request
        image = request.get("image")
        shown = str(image) if isinstance(image, PurePath) else public_link(image) if isinstance(image, str) else None
        self._notice = NO_FRAME if image is None else "" if shown else NOT_SHOWN
        if shown or self._canvas is not None:
            with self.brush.hold_sync():
                self.brush.notice, self.brush.picture = self._notice, shown or ""
        self._say()

    # From the page

    def _drawn(self, change: object = None) -> None:
        if self._quiet:
            return
        drawn = []
        for number, item in enumerate(self.brush.regions):
            points: JSON = [{"x": x, "y": y} for x, y in item["points"]]
            before = self._regions[number].points if number < len(self._regions) else ()
            if not points and isinstance(before, str):
                points = before  # what is no path yet the page has not seen, and cannot have removed
            mask = self._masks.get(item["mask"])
            drawn.append(Region(mask, points, waits=item["mask"] if mask is None else ""))
        self._regions = drawn
        self._show()
        self.notify_changed()

    def _heard(self, widget: object, content: Any, buffers: Any) -> None:
        match content:
            case {"kind": "want", "key": str(key)}:
                self._answer(key)
            case {"kind": "mask", "key": str(key), "number": int(number)} if buffers:
                self._keep(key, number, bytes(buffers[0]))
            case {"kind": "size", "key": str(key), "size": [int(width), int(height)]}:
                self._sizes[key] = (width, height)
                self._say()

    def _answer(self, key: str) -> None:
        image = self._request.get("image") if self._request else None
        # The page gets what the value and the request have named, and nothing else.
        path = _file(image) if str(image) == key else _file(self._masks.get(key))
        self.brush.send_bytes(key, self.parts.local.read(path) if path else None)

    def _keep(self, key: str, number: int, content: bytes) -> None:
        if format_of(content) != "png":
            return
        try:
            self._masks[key] = self.parts.local.keep(f"mask-{number}.png", content)
            self._trouble = ""
        except KlingError as error:
            self._trouble = str(error)
        if any(item["mask"] == key for item in self.brush.regions):  # it took long, and is waited for
            self._drawn()
        else:
            self._say()

    # To the page and the table

    def _edit(self, regions: list[Region]) -> None:
        self._put(regions)
        self.notify_changed()

    def _put(self, regions: list[Region]) -> None:
        self._regions = regions
        quiet, self._quiet = self._quiet, True
        try:
            if self._canvas is not None:
                self._canvas.regions = self._drawing()
        finally:
            self._quiet = quiet
        self._show()

    def _drawing(self) -> list[dict[str, Any]]:
        """The regions as the page draws them."""
        return [
            {
                "mask": region.waits or self._key(region.mask),
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
            self._arrange()
        self.add.disabled = len(self._regions) >= MOST_SHOWN
        self._say()

    def _change(self, number: int, made: Mapping[str, JSON]) -> None:
        regions = list(self._regions)
        regions[number - 1] = dataclasses.replace(regions[number - 1], **made)
        self._edit(regions)

    def _remove(self, number: int) -> None:
        self._edit([region for each, region in enumerate(self._regions, 1) if each != number])

    # What does not fit

    def _say(self) -> None:
        said = [("note", "Note", note) for note in self._notes()] + [("error", "Error", self._trouble)]
        lines = [Message(f"{word}: {text}", f"kling-problem kling-{look}") for look, word, text in said if text]
        self.say(*lines)

    def _notes(self) -> Iterator[str]:
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
        """The size of a file, before it is turned upright."""
        path = _file(media)
        facts = self.parts.local.facts(path) if path else None
        return (facts.width, facts.height) if facts and facts.width and facts.height else None


def _file(media: JSON) -> Path | None:
    """The file that a value names: text in the table is its user's own; text from elsewhere never names a file."""
    local = isinstance(media, PurePath) or (isinstance(media, str) and is_local(media))
    return Path(media) if local else None


class _PathRow:
    """One region in the table."""

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
        # Told when they are finished: half a link is no picture, and half a point no path.
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
            tooltip=f"The path of region {number}: points as x,y from the bottom left, a blank between them",
            continuous_update=False,
            rows=2,
        )
        drop = parts.button("Remove", lambda: remove(number), tooltip=f"Remove region {number}")
        self.mask.observe(lambda change: self._change({"mask": change["new"].strip() or None, "waits": ""}), "value")
        self.path.observe(lambda change: self._change({"points": from_text(change["new"])}), "value")
        self.widget = parts.row(
            parts.make(widgets.HTML, value=dot), self.mask, self.path, drop, classes=("kling-row", "kling-region")
        )

    def show(self, region: Region) -> None:
        """Shows the region; what its user has written in other words stays."""
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
