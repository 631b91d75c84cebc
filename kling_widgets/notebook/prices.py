"""``%kling_prices``: the user's own price table, shown and changed by a line."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kling_widgets.core.catalog import FIELDS, PREFIX, PRICING
from kling_widgets.core.fields import SWITCH_WORDS
from kling_widgets.core.names import model, nearest
from kling_widgets.core.spend import amount, number
from kling_widgets.core.values import shorten
from kling_widgets.errors import InvalidRequestError
from kling_widgets.jobs.home import tilde
from kling_widgets.jobs.prices import Price, PriceTable
from kling_widgets.notebook.table import Table

_SWITCH = ("on", "off")
# What may stand behind an option, where that is known.
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "--resolution": getattr(FIELDS["resolution"], "choices", ()),
    "--sound": _SWITCH,
    "--video": _SWITCH,
    "--currency": (),
}
FORGET = "forget"
USAGE = (
    "To set the price of a second: %kling_prices MODEL PRICE --currency USD, for some clips alone with --resolution "
    "1080P, --sound on, --video off (whether a video goes in). To remove: %kling_prices MODEL forget."
)


def prices(table: PriceTable, line: str) -> Table:
    """Does what the line asks, and shows the table.

    Raises:
        InvalidRequestError: the line cannot be understood; nothing was changed.
        KlingError: the table cannot be written.
    """
    words, options = _read(line)
    match words:
        case []:
            if options:
                raise InvalidRequestError(f"Which model? {USAGE}")
        case [name, word] if word.lower() == FORGET:
            if "--currency" in options:
                raise InvalidRequestError(
                    "A table has one currency: to forget takes --resolution, --sound and --video."
                )
            if not table.forget(_price(name, "0", options)):
                raise InvalidRequestError(
                    f"There is no such price of {shorten(name)}; %kling_prices shows what there is."
                )
        case [name, per_second]:
            table.set(_price(name, per_second, options), options.get("--currency", ""))
        case _:
            raise InvalidRequestError(f"{shorten(line)} is not understood. {USAGE}")
    return show(table)


def show(table: PriceTable) -> Table:
    """The table, and whose word it is."""
    rows = [
        [
            price.model.removeprefix(PREFIX),
            price.resolution or "any",
            _switch(price.sound),
            _switch(price.video),
            f"{amount(price.per_second, 6)} {table.currency}",
        ]
        for price in table.prices
    ]
    whose = (
        f"Your own prices, kept in {tilde(table.path)}." if rows else "You have set no prices, and none are built in."
    )
    titles = ("--model", "--resolution", "--sound", "--video", "a second")
    return Table(titles, rows, " ".join(filter(None, (table.trouble, whose, PRICING, USAGE))))


def _read(line: str) -> tuple[list[str], dict[str, str]]:
    """The words of a line, and its options."""
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


def _price(name: str, per_second: str, options: Mapping[str, str]) -> Price:
    try:
        money = number(per_second)
    except ValueError:
        raise InvalidRequestError(f"A price is a number such as 0.05, not {shorten(per_second)}.") from None
    field, text = FIELDS["resolution"], options.get("--resolution")
    resolution = field.clean(text, paths=False) if text else None
    if resolution:
        for problem in field.check(resolution):
            if problem.severity == "error":
                raise InvalidRequestError.of([problem])
    return Price(model(name).id, money, resolution, _flag("--sound", options), _flag("--video", options))


def _flag(option: str, options: Mapping[str, str]) -> bool | None:
    word = options.get(option)
    if word is None:
        return None
    try:
        return SWITCH_WORDS[word.lower()]
    except KeyError:
        raise InvalidRequestError(f"{option} is on or off, not {shorten(word)}.") from None


def _switch(value: bool | None) -> str:
    return "any" if value is None else "on" if value else "off"
