"""A list of prices in a file of the user's: CSV as spreadsheets write it, or JSON. All of it is understood, or none."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kling_widgets.catalog.model_names import nearest
from kling_widgets.core.json_values import masked, shorten
from kling_widgets.core.text import format_size
from kling_widgets.errors import InvalidRequestError
from kling_widgets.spending.price_row import WrongCell, checked, prices
from kling_widgets.spending.price_table import LARGEST, Price, read_bytes
from kling_widgets.spending.spend_limit import currency

_EXAMPLE = "The first row names the columns, such as model,per_second,currency,resolution,sound,input."

# What a column may be called besides its own name.
_TITLES = {
    **{name: name for name in ("model", "per_second", "currency", "resolution", "sound", "input", "video")},
    **dict.fromkeys(("name", "model_name"), "model"),
    **dict.fromkeys(("price", "price_per_second"), "per_second"),
    **dict.fromkeys(("audio",), "sound"),
    **dict.fromkeys(("kind",), "input"),
}


class PriceList(NamedTuple):
    """Prices, and their currency; "" where the file names none."""

    prices: tuple[Price, ...]
    currency: str


class _Row(NamedTuple):
    """The cells of a row by the names of the columns, and which row it is."""

    place: str
    cells: Mapping[str, str]


def read(path: Path) -> PriceList:
    """The prices in a file.

    Args:
        path: a CSV with commas, semicolons or tabs and a first row that names its columns; or JSON: a list of objects
            with these names, an object of models and prices, or a price table such as ours. UTF-8 or UTF-16.

    Raises:
        InvalidRequestError: it cannot be read or understood; row and column are in the message.
    """
    try:
        text = _text(read_bytes(path.expanduser()))
        rows, unit = _json(text) if text.lstrip()[:1] in ("[", "{") else (_csv(text), "")
        return _understood(rows, unit)
    except (OSError, RuntimeError) as error:  # RuntimeError: ~ of a user who is not known
        why = getattr(error, "strerror", None) or str(error)
        raise InvalidRequestError(f"{shorten(str(path))} cannot be read: {why}. Nothing was changed.") from None
    except ValueError as error:  # our own sentence
        raise InvalidRequestError(f"{shorten(path.name)}{masked(str(error))} Nothing was changed.") from None


def _understood(rows: Iterable[_Row], unit: str) -> PriceList:
    found: dict[object, tuple[Price, str]] = {}
    place = ""
    try:
        for place, cells in rows:
            for price in prices(cells):
                known = found.setdefault((price.model, price.conditions), (price, place))
                if known[0] is not price:
                    raise WrongCell("model", f"this is the same as {known[1]}.")
            unit = _same(unit, cells.get("currency", ""))
    except WrongCell as wrong:
        raise ValueError(f", {place}, column {wrong.column}: {wrong.why}") from None
    if not found:
        raise ValueError(f": there is no price in it. {_EXAMPLE}")
    return PriceList(tuple(price for price, _ in found.values()), unit)


def _same(unit: str, text: str) -> str:
    """The currency of all rows."""
    if not text:
        return unit
    found: str = checked("currency", currency, text)
    if unit and unit != found:
        raise WrongCell("currency", f"a price table has one currency, and this is {found} after {unit}.")
    return found


def _text(content: bytes) -> str:
    """The text of a file; what is no UTF-8 in it stays recognisable, so that its row and column can be named."""
    if len(content) > LARGEST:
        raise ValueError(f": it is larger than {format_size(LARGEST)}, and no list of prices.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", "replace")
    else:
        text = content.decode("utf-8-sig", "surrogateescape")
    if "\0" in text or content.startswith(b"PK\x03\x04"):
        raise ValueError(": it is no text. Save it as CSV in UTF-8.")
    return text


def _whole(place: str, column: object, text: str) -> None:
    """Raises ValueError for a cell in which something is no text."""
    if re.search("[\ufffd\ud800-\udfff]", text):
        raise ValueError(f", {place}, column {column}: this is no UTF-8. Save the file as CSV in UTF-8.")


def _csv(text: str) -> Iterator[_Row]:
    """The rows of a CSV, each of them named by its number in the file; empty ones are left out."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    titles: list[str] = []
    begun = 0
    try:
        for row in reader:
            line, begun = begun + 1, reader.line_num
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            for column, cell in enumerate(cells, 1):
                _whole(f"row {line}", titles[column - 1] if column <= len(titles) else column, cell)
            if not titles:
                titles = _titles(cells, line)
                continue
            found = dict(zip(titles, cells, strict=False))
            for column, cell in enumerate(cells, 1):
                if cell and (column > len(titles) or not titles[column - 1]):
                    said = f"{shorten(cell)} stands in a column without a name."
                    raise ValueError(f", row {line}, column {column}: {said}")
            yield _Row(f"row {line}", {title: cell for title, cell in found.items() if title})
    except csv.Error as error:
        raise ValueError(f", row {begun + 1}: it is no CSV ({error}).") from None


def _titles(cells: Sequence[str], line: int) -> list[str]:
    """The columns of a first row."""
    titles = [_TITLES.get(_bare(cell), "") for cell in cells]
    if not {"model", "per_second"} <= set(titles):
        raise ValueError(f", row {line}: it names no column {_lacking(titles)}. {_EXAMPLE}")
    for column, (cell, title) in enumerate(zip(cells, titles, strict=True), 1):
        if cell and not title:
            raise ValueError(f", row {line}, column {column}: {_unknown(cell)}")
        if title and title in titles[: column - 1]:
            raise ValueError(f", row {line}, column {column}: there are two columns {title}.")
    return titles


def _lacking(titles: Iterable[str]) -> str:
    return " and no column ".join(name for name in ("model", "per_second") if name not in titles)


def _unknown(name: str) -> str:
    near = nearest(_bare(name), _TITLES, 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"there is no column {shorten(name)}.{hint}"


def _bare(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().lower())


def _json(text: str) -> tuple[Iterator[_Row], str]:
    """The rows of a JSON text, and the currency that stands beside them."""
    try:
        # Numbers as they are written: a float would be another one.
        found = json.loads(text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_Pairs)
    except json.JSONDecodeError as error:
        raise ValueError(f", row {error.lineno}, column {error.colno}: it is no JSON ({error.msg}).") from None
    except RecursionError:
        raise ValueError(": it is no list of prices.") from None
    unit = ""
    if isinstance(found, _Pairs):
        outer = dict(found)
        if "prices" not in outer:  # models and prices
            own = [(name, value) for name, value in found if _bare(name) != "currency"]
            rows = (_row(f"row {shorten(name)}", [("model", name), ("per_second", value)]) for name, value in own)
            return rows, _unit(outer)
        unit, found = _unit(outer), outer["prices"]
    if not isinstance(found, list) or isinstance(found, _Pairs):
        raise ValueError(": it is no list of prices.")
    return (_row(f"row {index}", row) for index, row in enumerate(found, 1)), unit


def _unit(outer: Mapping[str, Any]) -> str:
    text = next((value for name, value in outer.items() if _bare(name) == "currency"), "")
    try:
        return currency(str(text)) if text else ""
    except InvalidRequestError as error:
        raise ValueError(f", currency: {error}") from None


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON, in which a name may stand twice."""


def _row(place: str, row: Any) -> _Row:
    if not isinstance(row, list) or not all(isinstance(pair, tuple) for pair in row):
        raise ValueError(f", {place}: {shorten(str(row))} is no object.")
    cells: dict[str, str] = {}
    for name, value in row:
        title = _TITLES.get(_bare(name))
        if title is None:
            raise ValueError(f", {place}, column {shorten(name)}: {_unknown(name)}")
        if title in cells:
            raise ValueError(f", {place}, column {title}: it stands there twice.")
        if isinstance(value, bool):
            value = "on" if value else "off"
        if not isinstance(value, str | None):
            raise ValueError(f", {place}, column {title}: {shorten(str(value))} is no text or number.")
        cells[title] = (value or "").strip()
        _whole(place, title, cells[title])
    return _Row(place, cells)
