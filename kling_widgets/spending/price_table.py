"""The user's own prices, in a small file: what a second of video costs, by model and by what is asked of it.

A price depends on the model, the resolution, the sound and the kind of input (D).

None are built in, as the service tells none. What is reckoned from these is an estimate, by the user's own word.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from kling_widgets.core import forks
from kling_widgets.core.json_values import to_json
from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.files.data_dir import abbreviate_home, write_whole
from kling_widgets.request.estimate import Money, seconds_of
from kling_widgets.request.request import VideoRequest
from kling_widgets.spending.spend_limit import currency, number

VERSION = 2  # 1 knew of the input only whether a video goes in
INPUTS = ("text", "image", "references", "video")  # kinds of input; "image" is a first frame
LARGEST = 1_000_000  # bytes; a table has some hundred
TIMEOUT = 10.0  # seconds to wait while another process writes


@dataclass(frozen=True, slots=True)
class Price:
    """What a second of video costs. A condition that is None fits every request.

    Attributes:
        model: its id.
        per_second: in the table's currency.
        resolution: such as "1080P".
        sound: whether sound is asked for.
        input: the kind of what goes in, one of ``INPUTS``.
    """

    model: str
    per_second: Decimal
    resolution: str | None = None
    sound: bool | None = None
    input: str | None = None

    @property
    def conditions(self) -> tuple[str | bool | None, ...]:
        """Resolution, sound, input."""
        return self.resolution, self.sound, self.input

    def fits(self, request: VideoRequest) -> bool:
        """Whether it is the price of this. A request that leaves resolution or sound to the service is priced as 720P
        and silent (D)."""
        asked = request.get("resolution") or "720P", request.get("sound") is True, input_of(request)
        met = (wanted in (None, given) for wanted, given in zip(self.conditions, asked, strict=True))
        return self.model == request.model and all(met)

    def covers(self, other: Price) -> bool:
        """Whether the other one is of the same model, under all of these conditions and perhaps more."""
        met = (mine in (None, its) for mine, its in zip(self.conditions, other.conditions, strict=True))
        return self.model == other.model and all(met)


# The fields that make an input of each kind, the dearest kind first.
_INPUT_FIELDS = {
    "video": ("video_list",),
    "references": ("image_list",),
    "image": ("image", "image_tail", "images", "image_urls"),
}


def input_of(request: VideoRequest) -> str:
    """The kind of what goes into a request, one of ``INPUTS``."""
    found = (kind for kind, names in _INPUT_FIELDS.items() if any(request.get(name) for name in names))
    return next(found, "text")


def of_video(video: bool | None) -> tuple[str | None, ...]:
    """The kinds of input that a price was for when all that it knew of them was whether a video goes in."""
    return (None,) if video is None else ("video",) if video else tuple(kind for kind in INPUTS if kind != "video")


@dataclass(frozen=True, slots=True)
class _Table:
    """A file as it was read. What was not read has trouble, and is kept from being written over."""

    currency: str = ""
    prices: tuple[Price, ...] = ()
    trouble: str = ""
    damaged: bool = False


class PriceTable:
    """The table in a file; safe to use from several threads and processes. A change by another one is seen at once.

    Args:
        path: the file; it and its folder are made when the first price is set.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = forks.lock()
        self._seen: tuple[object, _Table] = (None, _Table())  # what the file looked like, and what was in it

    @property
    def currency(self) -> str:
        """Of all prices; "" when there are none."""
        return self._read().currency

    @property
    def prices(self) -> tuple[Price, ...]:
        """In the order in which they were first set."""
        return self._read().prices

    @property
    def trouble(self) -> str:
        """Why the file could not be read, or ""."""
        return self._read().trouble

    def estimate(self, request: VideoRequest) -> Money | None:
        """What the clip costs by the price with the most conditions that fits it, and the currency; of several such the
        highest. None without a price, or where the length is not known before."""
        table, seconds = self._read(), seconds_of(request)
        fitting = [price for price in table.prices if price.fits(request)]
        if seconds is None or not fitting:
            return None
        best = max(fitting, key=lambda price: (3 - price.conditions.count(None), price.per_second))
        return seconds * best.per_second, table.currency

    def set(self, price: Price, unit: str = "") -> None:
        """Sets one price; see ``set_all``."""
        self.set_all([price], unit)

    def set_all(self, prices: Iterable[Price], unit: str = "") -> None:
        """Sets prices, all of them or none; one of the same model and conditions is replaced.

        Args:
            prices: the prices.
            unit: their currency; needed for the first ones.

        Raises:
            InvalidRequestError: there is no currency, the table has another one, or it would become too large.
            KlingError: the file cannot be written.
        """
        with self._changing() as table:
            unit = currency(unit) if unit else table.currency
            if not unit:
                raise InvalidRequestError("Say once which currency your prices are in, for example --currency USD.")
            if table.prices and unit != table.currency:
                raise InvalidRequestError(
                    f"Your price table is in {table.currency}, and has one currency. To change it, forget its prices."
                )
            all_of_them = {(each.model, each.conditions): each for each in (*table.prices, *prices)}
            self._write(unit, tuple(all_of_them.values()))

    def forget(self, which: Price) -> int:
        """Removes the prices of its model, of those with conditions such as these alone; says how many they were.

        Raises:
            KlingError: the file cannot be written.
        """
        with self._changing() as table:
            kept = tuple(price for price in table.prices if not which.covers(price))
            if len(kept) < len(table.prices):
                self._write(table.currency if kept else "", kept)
            return len(table.prices) - len(kept)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[_Table]:
        """The table as it is now; no other process changes it meanwhile."""
        from filelock import FileLock

        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=TIMEOUT, mode=0o600):
                table = self._read()
                if table.trouble and not table.damaged:
                    raise KlingError(f"{table.trouble} Nothing was changed.")
                yield table
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise KlingError(f"The prices cannot be kept in {abbreviate_home(self.path)} ({why}).") from None

    def _write(self, unit: str, prices: tuple[Price, ...]) -> None:
        names = Price.__slots__
        rows = [{name: value for name in names if (value := getattr(price, name)) is not None} for price in prices]
        for row in rows:
            row["per_second"] = f"{row['per_second']:f}"  # as text: a float would not be the same number
        content = to_json({"version": VERSION, "currency": unit, "prices": rows}, indent=1).encode()
        if len(content) > LARGEST:
            raise InvalidRequestError(f"{len(rows)} prices are too many for one table. Nothing was changed.")
        if self._read().damaged:
            self._set_aside()
        write_whole(self.path, content)

    def _set_aside(self) -> None:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        names = (
            f"{self.path.stem}.damaged-{stamp}{end}{self.path.suffix}" for end in ("", *map("-{}".format, range(2, 99)))
        )
        aside = next(path for name in names if not (path := self.path.with_name(name)).exists())
        os.rename(self.path, aside)

    def _read(self) -> _Table:
        """What is in the file; read again when it has changed."""
        with self._lock:
            looks = _looks(self.path)
            if looks != self._seen[0]:
                self._seen = looks, _load(self.path)
            return self._seen[1]


def _looks(path: Path) -> object:
    """What is another one for every change."""
    try:
        found = path.stat()
    except OSError as error:
        return error.errno
    return found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode


def read_bytes(path: Path) -> bytes:
    """What is in a file, at most one byte more than ``LARGEST``; raises OSError, and waits for nothing."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise OSError("it is no file")
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


def _load(path: Path) -> _Table:
    try:
        content = read_bytes(path)
    except FileNotFoundError:
        return _Table()
    except OSError as error:
        return _Table(trouble=f"The prices in {abbreviate_home(path)} cannot be read ({error.strerror or error}).")
    try:
        return _understood(content)
    except _Newer:
        return _Table(
            trouble=f"The prices in {abbreviate_home(path)} were written by a newer version of kling_widgets."
        )
    except (ValueError, RecursionError):
        said = f"The prices in {abbreviate_home(path)} cannot be understood, and do not count."
        said += " A new price sets the file aside."
        return _Table(trouble=said, damaged=True)


class _Newer(Exception):
    """The file was written by a version that knows more than this one."""


def _understood(content: bytes) -> _Table:
    """The table in a file; raises ValueError or RecursionError for what is none, _Newer for one of a newer version."""
    if len(content) > LARGEST:
        raise ValueError("it is too large")
    # Numbers as they are written: a float would be another one.
    match json.loads(content, parse_float=str, parse_int=str, parse_constant=str):
        case {"version": str(version)} if version.isdecimal() and int(version) > VERSION:
            raise _Newer
        case {"version": "1" | "2", "currency": "", "prices": []}:
            return _Table()
        case {"version": "1" | "2" as version, "currency": str(unit), "prices": list(rows)}:
            return _Table(currency(unit), tuple(price for row in rows for price in _prices(row, version)))
    raise ValueError("it is no table of prices")


def _prices(row: Any, version: str) -> Iterator[Price]:
    """The price of a row, or those that it was before the kinds of input were told apart; raises ValueError for what is
    none. A row with a condition that is not known here is none: it would be a price where there is none."""
    names = {"model", "per_second", "resolution", "sound", "video" if version == "1" else "input"}
    match row:
        case {"model": str(model), "per_second": str(per_second)} if row.keys() <= names:
            resolution, sound, video, kind = (row.get(name) for name in ("resolution", "sound", "video", "input"))
            if not (isinstance(resolution, str | None) and isinstance(sound, bool | None) and kind in (None, *INPUTS)):
                raise ValueError("it is no condition")
            if not isinstance(video, bool | None):
                raise ValueError("it is no condition")
            for each in (kind,) if kind else of_video(video):
                yield Price(model, number(per_second), resolution, sound, each)
        case _:
            raise ValueError("it is no price")
