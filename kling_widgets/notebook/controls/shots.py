"""Control for shots: a row for each, and a bar that shows how their seconds add up to the clip's."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, count, pairwise

import ipywidgets as widgets
from markupsafe import Markup

from kling_widgets.catalog.all_fields import DEFAULT_SECONDS
from kling_widgets.catalog.fields import Number
from kling_widgets.catalog.shot_fields import Shots, duration_of, joined_prompt
from kling_widgets.core.json_values import JSON, shorten
from kling_widgets.core.problem import Problem
from kling_widgets.notebook.controls.quick_fixes import QuickFix
from kling_widgets.notebook.controls.structured import StructuredControl
from kling_widgets.notebook.widgets.form_page import Message
from kling_widgets.notebook.widgets.rows import GrowingRows, RowTools
from kling_widgets.request.request import VideoRequest

MOST_ROWS = 12  # twice the documented limit: a few too many are shown and reported, more are shown as JSON
LONGEST_SHOT = 9999  # seconds; a longer duration cannot be shown in a row
SWITCHES = {"multi_shots": True, "shot_type": "customize"}  # fields that custom shots require (D)


class ShotTable(StructuredControl):
    """Rows of a prompt and a length in seconds."""

    sheets = ("shots",)

    def build_editor(self) -> Sequence[widgets.Widget]:
        self._rows = GrowingRows(self.parts, lambda number: _ShotRow(self, number))
        self._request: VideoRequest | None = None
        self._switched: set[str] = set()  # the SWITCHES that this control has set for the user
        self._add = self.parts.button(
            "Add a shot", self._add_row, "kling-indent", tooltip="Add a shot with the remaining length of the clip"
        )
        self._bar: widgets.HTML | None = None  # created with the first shot
        return [self._add]

    def can_edit(self, value: JSON) -> bool:
        return isinstance(value, list) and 0 < len(value) <= MOST_ROWS and all(map(_is_row, value, count(1)))

    def read(self) -> JSON:
        return [
            {"index": number, "prompt": row.prompt.value, "duration": str(row.seconds.value)}
            for number, row in enumerate(self._rows, 1)
        ] or None

    def write(self, value: JSON) -> None:
        shots = value or []
        if shots and self._bar is None:
            self._bar = self.parts.make(widgets.HTML, "kling-indent")
        with self._rows.resized(len(shots)):
            for row, shot in zip(self._rows, shots, strict=True):
                row.prompt.value, row.seconds.value = shot["prompt"], duration_of(shot)
                row.tools.down.disabled = row is self._rows[-1]
            bar = [self._bar] if shots else []
            self.set_editor(*self._rows.widgets, self._add, *bar)  # only a changed list is sent to the browser
        self._draw(shots)

    def update_context(self, request: VideoRequest) -> None:
        self._request = request
        self._draw(self.read() or [])

    def show(self, problems: Sequence[tuple[Problem, tuple[QuickFix, ...]]]) -> None:
        # The bar already shows problems of the total length, with its own buttons.
        super().show([each for each in problems if self.as_json or "seconds" not in each[0].fix])

    # Actions of the buttons

    def move(self, index: int, by: int) -> None:
        """Swap a shot with its neighbour."""
        shots = self.read()
        shots[index], shots[index + by] = shots[index + by], shots[index]
        self._change(shots)
        self._rows[index + by].tools.focus(by)  # the keyboard focus moves with the shot

    def remove(self, index: int) -> None:
        """Remove a shot; those behind it move up."""
        shots = self.read()
        del shots[index]
        if not shots and self._switched:
            self.assign({name: None for name in self._switched if self._value_of(name) == SWITCHES[name]})
            self._switched = set()
        self._change(shots)
        if index >= len(shots):  # the row that had the focus has been removed
            self._add.focus()

    def _add_row(self) -> None:
        shots = self.read() or []
        if not shots and (unset := {name: value for name, value in SWITCHES.items() if self._value_of(name) is None}):
            self._switched = set(unset)
            self.assign(unset)
        left = (self._clip_seconds() or DEFAULT_SECONDS) - _total(shots)
        self._change([*shots, {"prompt": "", "duration": str(max(1, left))}])
        self._rows[-1].prompt.focus()

    def _set_clip_to_total(self) -> None:
        self.assign({"seconds": _total(self.read())})

    def _fit_to_clip(self) -> None:
        shots, clip = self.read() or [], self._clip_seconds()
        if clip is not None and len(shots) <= clip:
            lengths = spread(list(map(_seconds, shots)), clip)
            self._change([{**shot, "duration": str(new)} for shot, new in zip(shots, lengths, strict=True)])

    def _change(self, shots: list[JSON]) -> None:
        self.enter([{**shot, "index": number} for number, shot in enumerate(shots, 1)])

    # Messages and the bar

    def _value_of(self, name: str) -> JSON:
        return self._request.get(name) if self._request else None

    def _clip_seconds(self) -> int | None:
        """Return the clip's length in seconds, or None if the value of ``seconds`` is not a length."""
        value = self._value_of("seconds")
        seconds = DEFAULT_SECONDS if value is None else value
        return seconds if isinstance(seconds, int) and not isinstance(seconds, bool) and seconds > 0 else None

    def _draw(self, shots: list[JSON]) -> None:
        assert isinstance(self.field, Shots)
        total, clip = _total(shots), self._clip_seconds()
        limits = self._request.spec.field("seconds") if self._request else None
        can_set_clip = isinstance(limits, Number) and total <= limits.high
        can_fit = clip is not None and len(shots) <= clip
        offers = []
        if can_set_clip and total != clip:
            offers.append((f"Set the clip to {total} s", self._set_clip_to_total))
        if can_fit and total != clip:
            offers.append((f"Fit the shots to {clip} s", self._fit_to_clip))
        self._add.disabled = full = len(shots) >= self.field.at_most
        joined = joined_prompt(shots) if self._request and self._value_of("prompt") is None else ""
        if self._bar is not None:
            self._bar.value = _bar([_seconds(shot) for shot in shots], clip)
        lines = [
            Message(f"{self.field.at_most} is the documented limit." if full else "", "kling-indent kling-dim"),
            Message(_sum(total, clip, self._value_of("seconds") is None), "kling-indent", tuple(offers)),
            Message(
                f"Without a prompt the joined shots are sent as the prompt: {shorten(joined, 90)}" if joined else "",
                "kling-indent kling-dim",
            ),
        ]
        self.set_messages(*(lines if shots else ()))

    def close(self) -> None:
        super().close()
        if self._bar is not None:
            self.parts.close(self._bar)


class _ShotRow:
    """Widgets for one shot."""

    def __init__(self, table: ShotTable, number: int) -> None:
        parts = table.parts
        self.prompt = parts.make(
            widgets.Textarea,
            description=f"Shot {number}",
            placeholder=f"What happens in shot {number}?",
            rows=2,
        )
        self.seconds = parts.make(
            widgets.BoundedIntText,
            "kling-seconds",
            value=1,
            description="seconds",
            tooltip=f"How long shot {number} is, in seconds",
            min=1,
            max=LONGEST_SHOT,
        )
        self.tools = tools = RowTools(parts, number, "shot", table.move, table.remove)
        for box in (self.prompt, self.seconds):
            table.watch(box)
        buttons = parts.row(self.seconds, tools.up, tools.down, tools.drop, classes=("kling-tools",))
        self.widget = parts.row(self.prompt, buttons, classes=("kling-shot",))


def _is_row(shot: JSON, number: int) -> bool:
    """Return whether a row can show the shot without loss."""
    return (
        isinstance(shot, dict)
        and shot.keys() == {"index", "prompt", "duration"}
        and type(shot["index"]) is int
        and shot["index"] == number
        and isinstance(shot["prompt"], str)
        and isinstance(shot["duration"], str)
        and duration_of(shot) is not None
    )


def _seconds(shot: JSON) -> int:
    return duration_of(shot) or 0


def _total(shots: JSON) -> int:
    return sum(map(_seconds, shots or []))


def spread(lengths: Sequence[int], total: int) -> list[int]:
    """Scale lengths to whole numbers of at least 1 that add up to ``total``, keeping their proportions.

    Args:
        lengths: The lengths; at most ``total`` of them.
        total: The sum of the result.
    """
    weights = [length - 1 for length in lengths] if sum(lengths) > len(lengths) else [1] * len(lengths)
    rest, whole = total - len(lengths), sum(weights)
    ends = [0, *(round(rest * end / whole) for end in accumulate(weights))]
    return [1 + end - start for start, end in pairwise(ends)]


def _bar(lengths: Sequence[int], clip: int | None) -> Markup:
    """Return a bar with the shots in proportion, and the part of the clip that is left or exceeded."""
    if not lengths:
        return Markup()
    total = sum(lengths)
    full = max(total, clip or 0)
    part = Markup('<i style="width: {:.2f}%">{}</i>')
    parts = Markup().join(part.format(100 * length / full, number) for number, length in enumerate(lengths, 1))
    if clip is not None and clip < total:
        parts += Markup('<b style="left: {:.2f}%"></b>').format(100 * clip / total)
    label = ", ".join(f"shot {number}: {length} s" for number, length in enumerate(lengths, 1))
    return Markup('<div class="kling-lengths" role="img" aria-label="{}">{}</div>').format(label, parts)


def _sum(total: int, clip: int | None, default: bool) -> str:
    """Return the same information as text."""
    if clip is None:
        return f"{total} s in all"
    difference = (
        f" · {clip - total} s left" if total < clip else f" · {total - clip} s too many" if total > clip else ""
    )
    return f"{total} of {clip} s{difference}" + (f" · {clip} s is the default length" if default else "")
