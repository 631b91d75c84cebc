"""Limits on what may be made: videos, seconds, money."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from kling_widgets.core.json_values import shorten
from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.estimate import Estimate, Money, amount, videos

OFF = "off"
_EXAMPLE = "Give it like 4 videos, 60 seconds, 5 USD, or several of these with commas between; off is none."

# What a number in a limit may count: whose part it is, and how many of it.
_UNITS = {
    **dict.fromkeys(("", "video", "videos", "clip", "clips"), ("videos", 1)),
    **dict.fromkeys(("s", "sec", "second", "seconds"), ("seconds", 1)),
    **dict.fromkeys(("min", "minute", "minutes"), ("seconds", 60)),
}


def number(text: str) -> Decimal:
    """An amount of at most nine digits and six behind the point; raises ValueError for anything else."""
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text):
        raise ValueError(text)
    return Decimal(text)


def currency(text: str) -> str:
    """A currency in its one form: three letters, a sign such as €, or credits.

    Raises:
        InvalidRequestError: it is none of these.
    """
    word = text.strip()
    if re.fullmatch("[A-Za-z]{3}", word):
        return word.upper()
    if word.lower() == "credits" or (len(word) == 1 and unicodedata.category(word) == "Sc"):
        return word.lower()
    raise InvalidRequestError(
        f"A currency is three letters such as USD, a sign such as €, or credits, not {shorten(text)}."
    )


@dataclass(frozen=True, slots=True)
class SpendLimit:
    """How much is allowed; what is None is not limited.

    Attributes:
        videos: their number.
        seconds: of all of them together.
        money: by the user's own price table.
        currency: of that money.
    """

    videos: int | None = None
    seconds: int | None = None
    money: Decimal | None = None
    currency: str = ""

    @classmethod
    def parse(cls, text: str) -> SpendLimit:
        """The limit that a text says: "4 videos", "60 seconds", "5 USD", "20 videos, 5.00 USD"; a number alone is one
        of videos; "" or "off" is none.

        Raises:
            InvalidRequestError: it says no limit, or the same one twice.
        """
        if text.strip().lower() in ("", OFF):
            return cls()
        parts = text.split(",")
        found: dict[str, Money] = {}
        for part in parts:
            try:
                name, value, unit = _part(part, alone=len(parts) == 1)
            except ValueError:  # InvalidRequestError is one
                raise InvalidRequestError(f"The limit {shorten(text)} cannot be read. {_EXAMPLE}") from None
            if name in found:
                raise InvalidRequestError(f"The limit {shorten(text)} gives {name} twice. {_EXAMPLE}")
            found[name] = value, unit
        whole = {name: int(value) for name, (value, _) in found.items() if name != "money"}
        money, unit = found.get("money", (None, ""))
        return cls(whole.get("videos"), whole.get("seconds"), money, unit)

    def __str__(self) -> str:
        parts = (
            "" if self.videos is None else videos(self.videos),
            "" if self.seconds is None else f"{self.seconds} s",
            "" if self.money is None else f"{amount(self.money, 6)} {self.currency}",
        )
        return ", ".join(filter(None, parts)) or OFF

    def breach(self, bill: Estimate) -> str:
        """The part of the limit that a bill does not keep, or that cannot be checked, in words: "4 videos would be
        passed"; "" when it is kept. What is not known before counts as too much."""
        if not bill.count:
            return ""
        if self.videos is not None and bill.count > self.videos:
            return f"{SpendLimit(videos=self.videos)} would be passed"
        if self.seconds is not None:
            said = str(SpendLimit(seconds=self.seconds))
            if bill.seconds > self.seconds:
                return f"{said} would be passed"
            if bill.open_ended:
                some = _some(bill.open_ended, bill.count)
                return f"{said} cannot be checked: how long {some} will be is not known before"
        if self.money is not None:
            said = str(SpendLimit(money=self.money, currency=self.currency))
            if bill.currency and bill.currency != self.currency:
                return f"{said} cannot be checked: your price table is in {bill.currency}"
            if bill.money > self.money:
                return f"{said} would be passed"
            if bill.unpriced:
                some = _some(bill.unpriced, bill.count)
                return f"{said} cannot be checked: your price table has no price for {some} (%kling_prices sets one)"
        return ""


def _part(text: str, *, alone: bool) -> tuple[str, Decimal, str]:
    """What one part of a limit is about, its value, and its currency if it is money; raises ValueError."""
    match = re.fullmatch(r"([0-9.]+)\s*([^\W\d]*|[^\w\s])", text.strip())
    if match is None or not (match[2] or alone):  # "1,000 USD" is no limit of one video
        raise ValueError(text)
    value = number(match[1])
    if match[2].lower() not in _UNITS:
        return "money", value, currency(match[2])
    name, times = _UNITS[match[2].lower()]
    if value != int(value):
        raise ValueError(text)
    return name, value * times, ""


def _some(count: int, of: int) -> str:
    return videos(count) if count == of else f"{count} of {videos(of)}"
