"""``%kling_prices``: the user's own price table, shown and changed by a line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from kling_widgets.catalog.all_fields import FIELDS, PREFIX, PRICING
from kling_widgets.catalog.model_names import nearest
from kling_widgets.core.json_values import shorten
from kling_widgets.errors import InvalidRequestError
from kling_widgets.files.data_dir import abbreviate_home
from kling_widgets.notebook.output.table import Table
from kling_widgets.request.estimate import amount
from kling_widgets.spending import price_list, price_row
from kling_widgets.spending.price_table import INPUTS, Price, PriceTable

_SWITCH = ("on", "off")
# The options, with their values if these are known.
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "--resolution": getattr(FIELDS["resolution"], "choices", ()),
    "--sound": _SWITCH,
    "--input": INPUTS,
    "--video": _SWITCH,
    "--currency": (),
}
FORGET, FROM = "forget", "from"
USAGE = (
    "To set the price of a second: %kling_prices MODEL PRICE --currency USD, for some clips only with --resolution "
    "1080P, --sound on, --input image (text, image, references or video; image is a first frame). To import a list: "
    "%kling_prices from prices.csv. To remove: %kling_prices MODEL forget."
)
_LIST = re.compile(r'\s*from\s+(?:"(?P<quoted>[^"]+)"|(?P<bare>[^"\s]+))(?P<rest>(?:\s.*)?)', re.DOTALL | re.IGNORECASE)


def prices(table: PriceTable, line: str) -> Table:
    """Run ``%kling_prices line``, and return the price table.

    Raises:
        InvalidRequestError: The line cannot be parsed. Nothing was changed.
        KlingError: The table cannot be written.
    """
    if found := _LIST.fullmatch(line):
        return _import(table, Path(found["quoted"] or found["bare"]), found["rest"])
    words, options = _read(line)
    match words:
        case []:
            if options:
                raise InvalidRequestError(f"Which model? {USAGE}")
        case [name, word] if word.lower() == FORGET:
            if "--currency" in options:
                raise InvalidRequestError(
                    "A table has one currency: forget takes only --resolution, --sound and --input."
                )
            if not sum(table.forget(price) for price in _prices(name, "0", options)):
                raise InvalidRequestError(
                    f"There is no such price of {shorten(name)}; %kling_prices shows what there is."
                )
        case [name, per_second]:
            table.set_all(_prices(name, per_second, options), options.get("--currency", ""))
        case _:
            raise InvalidRequestError(f"{shorten(line)} is not understood. {USAGE}")
    return show(table)


def _import(table: PriceTable, path: Path, rest: str) -> Table:
    """Set all prices of a file, or none if one is invalid."""
    words, options = _read(rest)
    if words or options.keys() - {"--currency"}:
        raise InvalidRequestError(
            f"{shorten(rest)} is not understood. To import a list: %kling_prices from FILE, with --currency USD if the "
            'file has no currency, and a path with spaces in double quotes, as in from "my prices.csv".'
        )
    found, unit = price_list.read(path)
    given = options.get("--currency", "")
    if unit and given and given.upper() != unit.upper():
        raise InvalidRequestError(f"{shorten(path.name)} is in {unit}, not {shorten(given)}. Nothing was changed.")
    table.set_all(found, unit or given)
    count = "1 price was" if len(found) == 1 else f"{len(found)} prices were"
    return show(table, f"{count} set from {abbreviate_home(path)}.")


def show(table: PriceTable, done: str = "") -> Table:
    """Return the price table with notes: the text ``done``, the source of the prices, and the usage."""
    rows = [
        [
            price.model.removeprefix(PREFIX),
            price.resolution or "any",
            _switch(price.sound),
            price.input or "any",
            f"{amount(price.per_second, 6)} {table.currency}",
        ]
        for price in table.prices
    ]
    whose = (
        f"Your own prices, kept in {abbreviate_home(table.path)}."
        if rows
        else "You have set no prices, and none are built in."
    )
    titles = ("--model", "--resolution", "--sound", "--input", "a second")
    return Table(titles, rows, " ".join(filter(None, (done, table.trouble, whose, PRICING, USAGE))))


def _read(line: str) -> tuple[list[str], dict[str, str]]:
    """Return the words of a line, and its options."""
    words: list[str] = []
    options: dict[str, str] = {}
    left = iter(re.sub(r"(?<!\S)(--\w+)=", r"\1 ", line).split())
    for word in left:
        if not word.startswith("--"):
            words.append(word)
            continue
        option, value = word.lower(), next(left, "")
        if option not in OPTIONS:
            near = nearest(option, OPTIONS, 1)
            hint = f"Did you mean {near[0]}?" if near else f"The options are {', '.join(OPTIONS)}."
            raise InvalidRequestError(f"There is no option {shorten(word)}. {hint}")
        if option in options or not value or value.startswith("--"):
            raise InvalidRequestError(f"{option} takes one value. {USAGE}")
        options[option] = value
    return words, options


def _prices(name: str, per_second: str, options: Mapping[str, str]) -> list[Price]:
    """Return the prices that a line sets, parsed like a row of a list with the options as columns."""
    cells = {option.removeprefix("--"): text for option, text in options.items()}
    try:
        return list(price_row.prices({**cells, "model": name, "per_second": per_second}))
    except price_row.WrongCell as wrong:
        option = f"--{wrong.column}: " if f"--{wrong.column}" in options else ""
        raise InvalidRequestError(f"{option}{wrong.why}") from None


def _switch(value: bool | None) -> str:
    return "any" if value is None else "on" if value else "off"
