"""Limits on submissions: videos, seconds, money."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from kling_widgets.core.json_values import shorten
from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.estimate import Estimate, Money, amount, videos

OFF = "off"
_EXAMPLE = (
    "A limit is, for example, 4 videos, 60 seconds or 5 USD, or several of these with commas; off means no limit."
)

# The units of a limit: which part of it a number sets, and the factor.
_UNITS = {
    **dict.fromkeys(("", "video", "videos", "clip", "clips"), ("videos", 1)),
    **dict.fromkeys(("s", "sec", "second", "seconds"), ("seconds", 1)),
    **dict.fromkeys(("min", "minute", "minutes"), ("seconds", 60)),
}


def number(text: str) -> Decimal:
    """Return a number of at most nine digits and six decimals; raise ValueError for anything else."""
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text):
        raise ValueError(text)
    return Decimal(text)


def currency(text: str) -> str:
    """Return a currency in its normal form: three upper-case letters, a sign such as €, or "credits".

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
    """A limit on videos, seconds and money; a part that is None is not limited.

    Attributes:
        videos: the number of videos.
        seconds: the total length.
        money: the total price by the user's own price table.
        currency: the currency of ``money``.
    """

    videos: int | None = None
    seconds: int | None = None
    money: Decimal | None = None
    currency: str = ""

    @classmethod
    def parse(cls, text: str) -> SpendLimit:
        """Parse a limit: "4 videos", "60 seconds", "5 USD", "20 videos, 5.00 USD"; a number alone counts videos.

        Returns:
            The limit; no limit at all for "" or "off".

        Raises:
            InvalidRequestError: the text is no limit, or sets the same part twice.
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
                raise InvalidRequestError(f"The limit {shorten(text)} sets {name} twice. {_EXAMPLE}")
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

    def breach(self, estimate: Estimate) -> str:
        """Return how an estimate exceeds the limit, or why that cannot be checked: "4 videos would be exceeded".

        Return "" if the limit is kept. A length or price that is not known in advance counts as too much.
        """
        if not estimate.count:
            return ""
        if self.videos is not None and estimate.count > self.videos:
            return f"{SpendLimit(videos=self.videos)} would be exceeded"
        if self.seconds is not None:
            limit = str(SpendLimit(seconds=self.seconds))
            if estimate.seconds > self.seconds:
                return f"{limit} would be exceeded"
            if estimate.open_ended:
                some = _some(estimate.open_ended, estimate.count)
                return f"{limit} cannot be checked: how long {some} will be is not known in advance"
        if self.money is not None:
            limit = str(SpendLimit(money=self.money, currency=self.currency))
            if estimate.currency and estimate.currency != self.currency:
                return f"{limit} cannot be checked: your price table is in {estimate.currency}"
            if estimate.money > self.money:
                return f"{limit} would be exceeded"
            if estimate.unpriced:
                some = _some(estimate.unpriced, estimate.count)
                return f"{limit} cannot be checked: your price table has no price for {some} (%kling_prices sets one)"
        return ""


def _part(text: str, *, alone: bool) -> tuple[str, Decimal, str]:
    """Return which part of a limit a text sets, its value, and its currency if it is money; raise ValueError."""
    match = re.fullmatch(r"([0-9.]+)\s*([^\W\d]*|[^\w\s])", text.strip())
    if match is None or not (match[2] or alone):  # the "1" of "1,000 USD" must not become a limit of one video
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
