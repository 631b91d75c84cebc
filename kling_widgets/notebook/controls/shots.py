"""The control of shots: a row each, and a bar that shows how their seconds add up to the clip."""

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

MOST_ROWS = 12  # twice what is documented: a few too many are shown, and said to be too many; a hundred are JSON
LONGEST_SHOT = 9999  # seconds; what a shot's duration is read up to
SWITCHES = {"multi_shots": True, "shot_type": "customize"}  # what shots of one's own want beside them (D)


class ShotTable(StructuredControl):
    """Rows of a prompt and its seconds."""

    sheets = ("shots",)

    def edit(self) -> Sequence[widgets.Widget]:
        self._rows = GrowingRows(self.parts, lambda number: _ShotRow(self, number))
        self._request: VideoRequest | None = None
        self._switched: set[str] = set()  # which of SWITCHES were set for the user here
        self._add = self.parts.button(
            "Add a shot", self._grow, "kling-indent", tooltip="One more shot, as long as what is left of the clip"
        )
        self._bar: widgets.HTML | None = None  # there with the first shot
        return [self._add]

    def fits(self, value: JSON) -> bool:
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
            self.change(*self._rows.widgets, self._add, *bar)  # the same ones are not sent again
        self._draw(shots)

    def update_context(self, request: VideoRequest) -> None:
        self._request = request
        self._draw(self.read() or [])

    def show(self, said: Sequence[tuple[Problem, tuple[QuickFix, ...]]]) -> None:
        # What the bar says with its own buttons is not said twice.
        super().show([each for each in said if self.as_json or "seconds" not in each[0].fix])

    # What the buttons do

    def move(self, index: int, by: int) -> None:
        """Changes a shot's place with its neighbour's."""
        shots = self.read()
        shots[index], shots[index + by] = shots[index + by], shots[index]
        self._change(shots)
        self._rows[index + by].tools.focus(by)  # the keyboard goes along with the shot

    def remove(self, index: int) -> None:
        """Takes a shot out; those behind it move up."""
        shots = self.read()
        del shots[index]
        if not shots and self._switched:
            self.assign({name: None for name in self._switched if self._given(name) == SWITCHES[name]})
            self._switched = set()
        self._change(shots)
        if index >= len(shots):  # its row is gone, and with it what had the focus
            self._add.focus()

    def _grow(self) -> None:
        shots = self.read() or []
        if not shots and (unset := {name: value for name, value in SWITCHES.items() if self._given(name) is None}):
            self._switched = set(unset)
            self.assign(unset)
        left = (self._clip() or DEFAULT_SECONDS) - _total(shots)
        self._change([*shots, {"prompt": "", "duration": str(max(1, left))}])
        self._rows[-1].prompt.focus()

    def _to_sum(self) -> None:
        self.assign({"seconds": _total(self.read())})

    def _to_clip(self) -> None:
        shots, clip = self.read() or [], self._clip()
        if clip is not None and len(shots) <= clip:
            lengths = spread(list(map(_seconds, shots)), clip)
            self._change([{**shot, "duration": str(new)} for shot, new in zip(shots, lengths, strict=True)])

    def _change(self, shots: list[JSON]) -> None:
        self.enter([{**shot, "index": number} for number, shot in enumerate(shots, 1)])

    # What they say

    def _given(self, name: str) -> JSON:
        return self._request.get(name) if self._request else None

    def _clip(self) -> int | None:
        """The clip's length in seconds; None when what is set is no length."""
        asked = self._given("seconds")
        seconds = DEFAULT_SECONDS if asked is None else asked
        return seconds if isinstance(seconds, int) and not isinstance(seconds, bool) and seconds > 0 else None

    def _draw(self, shots: list[JSON]) -> None:
        assert isinstance(self.field, Shots)
        total, clip = _total(shots), self._clip()
        limits = self._request.spec.field("seconds") if self._request else None
        possible = isinstance(limits, Number) and total <= limits.high
        spare = clip is not None and len(shots) <= clip
        offers = []
        if possible and total != clip:
            offers.append((f"Set the clip to {total} s", self._to_sum))
        if spare and total != clip:
            offers.append((f"Fit the shots to {clip} s", self._to_clip))
        self._add.disabled = full = len(shots) >= self.field.at_most
        joined = joined_prompt(shots) if self._request and self._given("prompt") is None else ""
        if self._bar is not None:
            self._bar.value = _bar([_seconds(shot) for shot in shots], clip)
        lines = [
            Message(f"{self.field.at_most} is the documented limit." if full else "", "kling-indent kling-dim"),
            Message(_sum(total, clip, self._given("seconds") is None), "kling-indent", tuple(offers)),
            Message(
                f"Without a prompt the joined shots are sent as the prompt: {shorten(joined, 90)}" if joined else "",
                "kling-indent kling-dim",
            ),
        ]
        self.say(*(lines if shots else ()))

    def close(self) -> None:
        super().close()
        if self._bar is not None:
            self.parts.close(self._bar)


class _ShotRow:
    """A place for one shot."""

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
        beside = parts.row(self.seconds, tools.up, tools.down, tools.drop, classes=("kling-tools",))
        self.widget = parts.row(self.prompt, beside, classes=("kling-shot",))


def _is_row(shot: JSON, number: int) -> bool:
    """Whether a row shows all there is of a shot."""
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
    """Whole lengths of at least 1 that add up to ``total`` and are to one another as the given ones, as nearly as that
    goes. There must not be more of them than ``total``."""
    weights = [length - 1 for length in lengths] if sum(lengths) > len(lengths) else [1] * len(lengths)
    rest, whole = total - len(lengths), sum(weights)
    ends = [0, *(round(rest * end / whole) for end in accumulate(weights))]
    return [1 + end - start for start, end in pairwise(ends)]


def _bar(lengths: Sequence[int], clip: int | None) -> Markup:
    """The shots in proportion, and what is left of the clip or too much for it."""
    if not lengths:
        return Markup()
    total = sum(lengths)
    full = max(total, clip or 0)
    part = Markup('<i style="width: {:.2f}%">{}</i>')
    parts = Markup().join(part.format(100 * length / full, number) for number, length in enumerate(lengths, 1))
    if clip is not None and clip < total:
        parts += Markup('<b style="left: {:.2f}%"></b>').format(100 * clip / total)
    said = ", ".join(f"shot {number}: {length} s" for number, length in enumerate(lengths, 1))
    return Markup('<div class="kling-lengths" role="img" aria-label="{}">{}</div>').format(said, parts)


def _sum(total: int, clip: int | None, default: bool) -> str:
    """The same in words."""
    if clip is None:
        return f"{total} s in all"
    difference = (
        f" · {clip - total} s left" if total < clip else f" · {total - clip} s too many" if total > clip else ""
    )
    return f"{total} of {clip} s{difference}" + (f" · {clip} s is the default length" if default else "")
