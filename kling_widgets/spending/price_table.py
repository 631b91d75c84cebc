"""The user's own prices in a small file: the price of a second of video by model and conditions.

A price depends on the model, the resolution, the sound and the kind of input (D). None are built in, as the service's
API reports none; amounts based on these prices are estimates.
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
from kling_widgets.files.data_dir import abbreviate_home, write_atomically
from kling_widgets.request.estimate import Money, seconds_of
from kling_widgets.request.request import VideoRequest
from kling_widgets.spending.spend_limit import currency, number

VERSION = 2  # version 1 only knew whether a video is part of the input
INPUTS = ("text", "image", "references", "video")  # kinds of input; "image" is a first frame
LARGEST = 1_000_000  # bytes; a typical table has a few hundred
TIMEOUT = 10.0  # seconds to wait while another process writes


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a second of video; a condition that is None fits every request.

    Attributes:
        model: the model's id.
        per_second: the price in the table's currency.
        resolution: such as "1080P".
        sound: whether the request asks for sound.
        input: the kind of input, one of ``INPUTS``.
    """

    model: str
    per_second: Decimal
    resolution: str | None = None
    sound: bool | None = None
    input: str | None = None

    @property
    def conditions(self) -> tuple[str | bool | None, ...]:
        """The resolution, the sound and the input."""
        return self.resolution, self.sound, self.input

    def fits(self, request: VideoRequest) -> bool:
        """Return whether this price applies to a request.

        A request that leaves resolution or sound to the service is priced as 720P and silent (D).
        """
        asked = request.get("resolution") or "720P", request.get("sound") is True, input_of(request)
        matches = (wanted in (None, given) for wanted, given in zip(self.conditions, asked, strict=True))
        return self.model == request.model and all(matches)

    def covers(self, other: Price) -> bool:
        """Return whether the other price is of the same model and has at least these conditions."""
        matches = (mine in (None, its) for mine, its in zip(self.conditions, other.conditions, strict=True))
        return self.model == other.model and all(matches)


# The fields that belong to each kind of input, the most expensive kind first.
_INPUT_FIELDS = {
    "video": ("video_list",),
    "references": ("image_list",),
    "image": ("image", "image_tail", "images", "image_urls"),
}


def input_of(request: VideoRequest) -> str:
    """Return the kind of a request's input, one of ``INPUTS``."""
    found = (kind for kind, names in _INPUT_FIELDS.items() if any(request.get(name) for name in names))
    return next(found, "text")


def inputs_of_video(video: bool | None) -> tuple[str | None, ...]:
    """Return the kinds of input of a price that only says whether a video is part of the input."""
    return (None,) if video is None else ("video",) if video else tuple(kind for kind in INPUTS if kind != "video")


@dataclass(frozen=True, slots=True)
class _Table:
    """The content of the file; one that could not be read has ``trouble`` and is not overwritten."""

    currency: str = ""
    prices: tuple[Price, ...] = ()
    trouble: str = ""
    damaged: bool = False


class PriceTable:
    """The price table in a file; safe to use from several threads and processes, whose changes are seen at once.

    Args:
        path: the file; it and its folder are created with the first price.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = forks.lock()
        self._seen: tuple[object, _Table] = (None, _Table())  # the file's signature, and its content

    @property
    def currency(self) -> str:
        """The currency of all prices; "" if there are none."""
        return self._read().currency

    @property
    def prices(self) -> tuple[Price, ...]:
        """The prices, in the order in which they were first set."""
        return self._read().prices

    @property
    def trouble(self) -> str:
        """A sentence about why the file could not be read, or ""."""
        return self._read().trouble

    def estimate(self, request: VideoRequest) -> Money | None:
        """Return the price of a request's video and its currency; None if it has no price or no known length.

        Of several prices that fit, the one with the most conditions is used; of several such, the highest.
        """
        table, seconds = self._read(), seconds_of(request)
        fitting = [price for price in table.prices if price.fits(request)]
        if seconds is None or not fitting:
            return None
        best = max(fitting, key=lambda price: (3 - price.conditions.count(None), price.per_second))
        return seconds * best.per_second, table.currency

    def set(self, price: Price, unit: str = "") -> None:
        """Set one price; see ``set_all``."""
        self.set_all([price], unit)

    def set_all(self, prices: Iterable[Price], unit: str = "") -> None:
        """Set prices, all of them or none; a price replaces one with the same model and conditions.

        Args:
            prices: the prices.
            unit: their currency; required for the first ones.

        Raises:
            InvalidRequestError: there is no currency, the table has another one, or the table would become too large.
            KlingError: the file cannot be written.
        """
        with self._locked() as table:
            unit = currency(unit) if unit else table.currency
            if not unit:
                raise InvalidRequestError("Set the currency of your prices once, for example --currency USD.")
            if table.prices and unit != table.currency:
                raise InvalidRequestError(
                    f"Your price table is in {table.currency} and can have only one currency. To change it, forget its "
                    "prices."
                )
            all_of_them = {(each.model, each.conditions): each for each in (*table.prices, *prices)}
            self._write(unit, tuple(all_of_them.values()))

    def forget(self, which: Price) -> int:
        """Remove the prices that ``which`` covers, and return their number.

        These are the prices of its model, or, if it has conditions, those with at least these conditions.

        Raises:
            KlingError: the file cannot be written.
        """
        with self._locked() as table:
            kept = tuple(price for price in table.prices if not which.covers(price))
            if len(kept) < len(table.prices):
                self._write(table.currency if kept else "", kept)
            return len(table.prices) - len(kept)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[_Table]:
        """Yield the present table; no other process changes it meanwhile."""
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
            row["per_second"] = f"{row['per_second']:f}"  # as text: a float would change the value
        content = to_json({"version": VERSION, "currency": unit, "prices": rows}, indent=1).encode()
        if len(content) > LARGEST:
            raise InvalidRequestError(f"{len(rows)} prices are too many for one table. Nothing was changed.")
        if self._read().damaged:
            self._set_aside()
        write_atomically(self.path, content)

    def _set_aside(self) -> None:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        names = (
            f"{self.path.stem}.damaged-{stamp}{end}{self.path.suffix}" for end in ("", *map("-{}".format, range(2, 99)))
        )
        aside = next(path for name in names if not (path := self.path.with_name(name)).exists())
        os.rename(self.path, aside)

    def _read(self) -> _Table:
        """Return the content of the file, read again if the file has changed."""
        with self._lock:
            signature = _signature(self.path)
            if signature != self._seen[0]:
                self._seen = signature, _load(self.path)
            return self._seen[1]


def _signature(path: Path) -> object:
    """Return a value that differs after every change of the file."""
    try:
        found = path.stat()
    except OSError as error:
        return error.errno
    return found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode


def read_bytes(path: Path) -> bytes:
    """Read a file, at most ``LARGEST`` + 1 bytes; raise OSError, and never block."""
    if path.exists() and not path.is_file():  # reading a pipe would block
        raise OSError("it is not a regular file")
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
        return _parse(content)
    except _Newer:
        return _Table(
            trouble=f"The prices in {abbreviate_home(path)} were written by a newer version of kling_widgets."
        )
    except (ValueError, RecursionError):
        where = abbreviate_home(path)
        trouble = f"The prices in {where} cannot be understood and are ignored. A new price sets the file aside."
        return _Table(trouble=trouble, damaged=True)


class _Newer(Exception):
    """The file was written by a newer version of this package."""


def _parse(content: bytes) -> _Table:
    """Return the table in a file's content; raise ValueError, RecursionError or _Newer if that is not possible."""
    if len(content) > LARGEST:
        raise ValueError("it is too large")
    # Numbers are kept as text: a float would change their value.
    match json.loads(content, parse_float=str, parse_int=str, parse_constant=str):
        case {"version": str(version)} if version.isdecimal() and int(version) > VERSION:
            raise _Newer
        case {"version": "1" | "2", "currency": "", "prices": []}:
            return _Table()
        case {"version": "1" | "2" as version, "currency": str(unit), "prices": list(rows)}:
            return _Table(currency(unit), tuple(price for row in rows for price in _prices(row, version)))
    raise ValueError("it is not a table of prices")


def _prices(row: Any, version: str) -> Iterator[Price]:
    """Yield the prices of a row; in version 1 a row may stand for several kinds of input.

    Raise ValueError for anything else. A row with an unknown condition is refused: without that condition its price
    would apply to requests that it is not meant for.
    """
    names = {"model", "per_second", "resolution", "sound", "video" if version == "1" else "input"}
    match row:
        case {"model": str(model), "per_second": str(per_second)} if row.keys() <= names:
            resolution, sound, video, kind = (row.get(name) for name in ("resolution", "sound", "video", "input"))
            if not (isinstance(resolution, str | None) and isinstance(sound, bool | None) and kind in (None, *INPUTS)):
                raise ValueError("it is no condition")
            if not isinstance(video, bool | None):
                raise ValueError("it is no condition")
            for each in (kind,) if kind else inputs_of_video(video):
                yield Price(model, number(per_second), resolution, sound, each)
        case _:
            raise ValueError("it is no price")
