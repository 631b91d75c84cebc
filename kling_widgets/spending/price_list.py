"""Reads a list of prices from a user's file: CSV as spreadsheets write it, or JSON. All of it is read, or nothing."""

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

# The names that a column may have.
_TITLES = {
    **{name: name for name in ("model", "per_second", "currency", "resolution", "sound", "input", "video")},
    **dict.fromkeys(("name", "model_name"), "model"),
    **dict.fromkeys(("price", "price_per_second"), "per_second"),
    **dict.fromkeys(("audio",), "sound"),
    **dict.fromkeys(("kind",), "input"),
}


class PriceList(NamedTuple):
    """The prices of a file and their currency; "" if the file names none."""

    prices: tuple[Price, ...]
    currency: str


class _Row(NamedTuple):
    """The cells of a row by column name, and the row's position for messages."""

    position: str
    cells: Mapping[str, str]


def read(path: Path) -> PriceList:
    """Read the prices in a file.

    Args:
        path: a CSV with commas, semicolons or tabs whose first row names its columns; or JSON: a list of objects with
            these names, an object of models and prices, or a price table such as ours. UTF-8 or UTF-16.

    Returns:
        The prices and their currency.

    Raises:
        InvalidRequestError: the file cannot be read or understood; the message names the row and the column.
    """
    try:
        text = _text(read_bytes(path.expanduser()))
        rows, unit = _json(text) if text.lstrip()[:1] in ("[", "{") else (_csv(text), "")
        return _parse(rows, unit)
    except (OSError, RuntimeError) as error:  # RuntimeError: ~name of an unknown user
        why = getattr(error, "strerror", None) or str(error)
        raise InvalidRequestError(f"{shorten(str(path))} cannot be read: {why}. Nothing was changed.") from None
    except ValueError as error:  # our own message
        raise InvalidRequestError(f"{shorten(path.name)}{masked(str(error))} Nothing was changed.") from None


def _parse(rows: Iterable[_Row], unit: str) -> PriceList:
    found: dict[object, tuple[Price, str]] = {}
    position = ""
    try:
        for position, cells in rows:
            for price in prices(cells):
                known = found.setdefault((price.model, price.conditions), (price, position))
                if known[0] is not price:
                    raise WrongCell("model", f"this is the same as {known[1]}.")
            unit = _common_currency(unit, cells.get("currency", ""))
    except WrongCell as wrong:
        raise ValueError(f", {position}, column {wrong.column}: {wrong.why}") from None
    if not found:
        raise ValueError(f": it has no prices. {_EXAMPLE}")
    return PriceList(tuple(price for price, _ in found.values()), unit)


def _common_currency(unit: str, text: str) -> str:
    """Return the currency of the rows so far and this one."""
    if not text:
        return unit
    found: str = checked("currency", currency, text)
    if unit and unit != found:
        raise WrongCell("currency", f"a price table has one currency, and this is {found} after {unit}.")
    return found


def _text(content: bytes) -> str:
    """Decode a file; bytes that are not valid text stay recognisable, so that their row and column can be named."""
    if len(content) > LARGEST:
        raise ValueError(f": it is larger than {format_size(LARGEST)}, too large for a list of prices.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", "replace")
    else:
        text = content.decode("utf-8-sig", "surrogateescape")
    if "\0" in text or content.startswith(b"PK\x03\x04"):
        raise ValueError(": it is not text. Save it as CSV in UTF-8.")
    return text


def _require_text(position: str, column: object, text: str) -> None:
    """Raise ValueError if a cell has bytes that were not text."""
    if re.search("[\ufffd\ud800-\udfff]", text):
        raise ValueError(f", {position}, column {column}: this is not UTF-8. Save the file as CSV in UTF-8.")


def _csv(text: str) -> Iterator[_Row]:
    """Yield the rows of a CSV that are not empty, each with its number in the file."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    titles: list[str] = []
    last_line = 0
    try:
        for row in reader:
            line, last_line = last_line + 1, reader.line_num
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            for column, cell in enumerate(cells, 1):
                _require_text(f"row {line}", titles[column - 1] if column <= len(titles) else column, cell)
            if not titles:
                titles = _titles(cells, line)
                continue
            found = dict(zip(titles, cells, strict=False))
            for column, cell in enumerate(cells, 1):
                if cell and (column > len(titles) or not titles[column - 1]):
                    why = f"{shorten(cell)} is in a column without a name."
                    raise ValueError(f", row {line}, column {column}: {why}")
            yield _Row(f"row {line}", {title: cell for title, cell in found.items() if title})
    except csv.Error as error:
        raise ValueError(f", row {last_line + 1}: it is not a CSV ({error}).") from None


def _titles(cells: Sequence[str], line: int) -> list[str]:
    """Return the column names of a first row; raise ValueError if they are not understood."""
    titles = [_TITLES.get(_normalized(cell), "") for cell in cells]
    if not {"model", "per_second"} <= set(titles):
        raise ValueError(f", row {line}: it names no column {_missing_columns(titles)}. {_EXAMPLE}")
    for column, (cell, title) in enumerate(zip(cells, titles, strict=True), 1):
        if cell and not title:
            raise ValueError(f", row {line}, column {column}: {_unknown_column(cell)}")
        if title and title in titles[: column - 1]:
            raise ValueError(f", row {line}, column {column}: there are two columns {title}.")
    return titles


def _missing_columns(titles: Iterable[str]) -> str:
    return " and no column ".join(name for name in ("model", "per_second") if name not in titles)


def _unknown_column(name: str) -> str:
    near = nearest(_normalized(name), _TITLES, 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"there is no column {shorten(name)}.{hint}"


def _normalized(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().lower())


def _json(text: str) -> tuple[Iterator[_Row], str]:
    """Return the rows of a JSON text, and the currency beside them."""
    try:
        # Numbers are kept as text: a float would change their value.
        found = json.loads(text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_Pairs)
    except json.JSONDecodeError as error:
        raise ValueError(f", row {error.lineno}, column {error.colno}: it is not JSON ({error.msg}).") from None
    except RecursionError:
        raise ValueError(": it is not a list of prices.") from None
    unit = ""
    if isinstance(found, _Pairs):
        outer = dict(found)
        if "prices" not in outer:  # an object of models and prices
            own = [(name, value) for name, value in found if _normalized(name) != "currency"]
            rows = (_row(f"row {shorten(name)}", [("model", name), ("per_second", value)]) for name, value in own)
            return rows, _currency_of(outer)
        unit, found = _currency_of(outer), outer["prices"]
    if not isinstance(found, list) or isinstance(found, _Pairs):
        raise ValueError(": it is not a list of prices.")
    return (_row(f"row {index}", row) for index, row in enumerate(found, 1)), unit


def _currency_of(outer: Mapping[str, Any]) -> str:
    text = next((value for name, value in outer.items() if _normalized(name) == "currency"), "")
    try:
        return currency(str(text)) if text else ""
    except InvalidRequestError as error:
        raise ValueError(f", currency: {error}") from None


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as pairs, so that a duplicate name is noticed."""


def _row(position: str, row: Any) -> _Row:
    if not isinstance(row, list) or not all(isinstance(pair, tuple) for pair in row):
        raise ValueError(f", {position}: {shorten(str(row))} is not an object.")
    cells: dict[str, str] = {}
    for name, value in row:
        title = _TITLES.get(_normalized(name))
        if title is None:
            raise ValueError(f", {position}, column {shorten(name)}: {_unknown_column(name)}")
        if title in cells:
            raise ValueError(f", {position}, column {title}: it is set twice.")
        if isinstance(value, bool):
            value = "on" if value else "off"
        if not isinstance(value, str | None):
            raise ValueError(f", {position}, column {title}: {shorten(str(value))} is not text or a number.")
        cells[title] = (value or "").strip()
        _require_text(position, title, cells[title])
    return _Row(position, cells)
