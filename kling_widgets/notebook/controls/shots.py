"""The control of shots: a row each, and a bar that shows how their seconds add up to the clip."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from itertools import accumulate, count, pairwise

import ipywidgets as widgets

from kling_widgets.core.fields import Number, Problem
from kling_widgets.core.request import VideoRequest
from kling_widgets.core.structured import Shots, duration_of, joined_prompt
from kling_widgets.core.values import JSON, shorten
from kling_widgets.notebook.controls.shaped import Shaped
from kling_widgets.notebook.ways import Way

MOST_ROWS = 12  # twice what is documented: a few too many are shown, and said to be too many; a hundred are JSON
DEFAULT_SECONDS = 5  # of the clip (S)
LONGEST_SHOT = 9999  # seconds; what a shot's duration is read up to
SWITCHES = {"multi_shots": True, "shot_type": "customize"}  # what shots of one's own want beside them (D)


class ShotTable(Shaped):
    """Rows of a prompt and its seconds. A row keeps its place and its widgets, the shots move through the rows: nothing
    that is typed in is made anew, and the focus stays."""

    def edit(self) -> widgets.Widget:
        parts = self.parts
        self._rows: list[_Row] = []
        self._request: VideoRequest | None = None
        self._switched: set[str] = set()  # which of SWITCHES were set for the user here
        self._style = widgets.ButtonStyle()  # one for all buttons
        self._list = widgets.VBox(layout=parts.plain)
        self._add = self.button("Add a shot", "One more shot, as long as what is left of the clip", self._grow)
        self._full = widgets.HTML(layout=parts.plain)
        self._bar = widgets.HTML(layout=parts.plain)
        self._sum = widgets.HTML(layout=parts.plain)
        self._set_clip = self.button("", "Makes the clip as long as its shots together", self._to_sum)
        self._set_shots = self.button("", "Makes the shots together as long as the clip", self._to_clip)
        self._joined = widgets.HTML(layout=parts.plain)
        more = widgets.HBox([self._add, self._full], layout=parts.plain)
        total = widgets.HBox([self._sum, self._set_clip, self._set_shots], layout=parts.plain)
        for row in (more, total):
            row.add_class("kling-row")
        total.add_class("kling-sum")
        below = widgets.VBox([more, self._bar, total, self._joined], layout=parts.plain)
        below.add_class("kling-indent")
        editor = widgets.VBox([self._list, below], layout=parts.plain)
        editor.add_class("kling-shots")
        self._draw([])
        return editor

    def button(self, words: str, tooltip: str, pressed: Callable[[], None]) -> widgets.Button:
        """Makes a button."""
        button = widgets.Button(description=words, tooltip=tooltip, layout=self.parts.narrow, style=self._style)
        button.on_click(lambda _: pressed())
        return button

    def fits(self, value: JSON) -> bool:
        return isinstance(value, list) and 0 < len(value) <= MOST_ROWS and all(map(_is_row, value, count(1)))

    def read(self) -> JSON:
        return [
            {"index": number, "prompt": row.prompt.value, "duration": str(row.seconds.value)}
            for number, row in enumerate(self._rows, 1)
        ] or None

    def write(self, value: JSON) -> None:
        shots = value or []
        rows, gone = self._rows[: len(shots)], self._rows[len(shots) :]
        rows += [_Row(self, index) for index in range(len(rows), len(shots))]
        for row, shot in zip(rows, shots, strict=True):
            row.prompt.value, row.seconds.value = shot["prompt"], duration_of(shot)
        self._rows = rows
        self._list.children = tuple(row.widget for row in rows)  # the same ones are not sent again
        for row in rows:
            row.down.disabled = row is rows[-1]
        for row in gone:
            row.close()
        self._draw(shots)

    def know(self, request: VideoRequest) -> None:
        self._request = request
        self._draw(self.read() or [])

    def show(self, said: Sequence[tuple[Problem, tuple[Way, ...]]]) -> None:
        # What the bar says with its own buttons is not said twice.
        super().show([each for each in said if self.as_json or "seconds" not in each[0].fix])

    # What the buttons do

    def move(self, index: int, by: int) -> None:
        """Changes a shot's place with its neighbour's."""
        shots = self.read()
        shots[index], shots[index + by] = shots[index + by], shots[index]
        self._change(shots)
        row = self._rows[index + by]  # the keyboard goes along with the shot; at either end there is only the way back
        on, back = (row.up, row.down) if by < 0 else (row.down, row.up)
        (back if on.disabled else on).focus()

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
        self._bar.value = _bar([_seconds(shot) for shot in shots], clip)
        self._sum.value = _sum(total, clip, self._given("seconds") is None) if shots else ""
        limits = self._request.spec.field("seconds") if self._request else None
        possible = isinstance(limits, Number) and total <= limits.high
        _offer(self._set_clip, f"Set the clip to {total} s" if shots and possible and total != clip else "")
        spare = clip is not None and len(shots) <= clip and total != clip
        _offer(self._set_shots, f"Fit the shots to {clip} s" if shots and spare else "")
        full = len(shots) >= self.field.at_most
        self._add.disabled = full
        self._full.value = (
            f'<span class="kling-dim">{self.field.at_most} is the documented limit.</span>' if full else ""
        )
        joined = joined_prompt(shots) if self._request and self._given("prompt") is None else ""
        self._joined.value = (
            f'<div class="kling-dim">Without a prompt the joined shots are sent as the prompt: '
            f"{html.escape(shorten(joined, 90))}</div>"
            if joined
            else ""
        )


class _Row:
    """A place for one shot."""

    def __init__(self, table: ShotTable, index: int) -> None:
        parts = table.parts
        number = index + 1
        self.prompt = widgets.Textarea(
            description=f"Shot {number}",
            placeholder=f"What happens in shot {number}?",
            layout=parts.grow,
            style=parts.text,
            rows=2,
        )
        self.seconds = widgets.BoundedIntText(
            1,
            description="seconds",
            tooltip=f"How long shot {number} is, in seconds",
            min=1,
            max=LONGEST_SHOT,
            layout=parts.narrow,
            style=parts.list,
        )
        self.seconds.add_class("kling-seconds")
        self.up = table.button("↑", f"Move shot {number} up", lambda: table.move(index, -1))
        self.down = table.button("↓", f"Move shot {number} down", lambda: table.move(index, 1))
        self.drop = table.button("✕", f"Remove shot {number}", lambda: table.remove(index))
        self.up.disabled = index == 0
        for box in (self.prompt, self.seconds):
            table.watch(box)
        tools = widgets.HBox([self.seconds, self.up, self.down, self.drop], layout=parts.plain)
        self.widget = widgets.HBox([self.prompt, tools], layout=parts.plain)
        for box, name in ((self.widget, "kling-shot"), (tools, "kling-tools")):
            box.add_class(name)
        self._tools = tools

    def close(self) -> None:
        """Closes what is its own; layouts and styles are shared."""
        for each in (self.widget, self._tools, self.prompt, self.seconds, self.up, self.down, self.drop):
            each.close()


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


def _offer(button: widgets.Button, words: str) -> None:
    """Shows a button with these words, or hides it when there are none."""
    button.description = words
    (button.remove_class if words else button.add_class)("kling-gone")


def _bar(lengths: Sequence[int], clip: int | None) -> str:
    """The shots in proportion, and what is left of the clip or too much for it."""
    if not lengths:
        return ""
    total = sum(lengths)
    full = max(total, clip or 0)
    parts = "".join(
        f'<i style="width: {100 * length / full:.2f}%">{number}</i>' for number, length in enumerate(lengths, 1)
    )
    if clip is not None and clip < total:
        parts += f'<b style="left: {100 * clip / total:.2f}%"></b>'
    said = ", ".join(f"shot {number}: {length} s" for number, length in enumerate(lengths, 1))
    return f'<div class="kling-lengths" role="img" aria-label="{said}">{parts}</div>'


def _sum(total: int, clip: int | None, default: bool) -> str:
    """The same in words."""
    if clip is None:
        return f"{total} s in all"
    difference = (
        f" · {clip - total} s left" if total < clip else f" · {total - clip} s too many" if total > clip else ""
    )
    return f"{total} of {clip} s{difference}" + (f" · {clip} s is the default length" if default else "")
