"""What videos come to, and how much is allowed: a bill sums requests up, a limit says when that is too much.

Money is the user's own reckoning, as the service tells no prices; in decimals, so that twenty times 0.05 is 1.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from kling_widgets.core.request import VideoRequest
from kling_widgets.core.structured import duration_of
from kling_widgets.core.values import shorten
from kling_widgets.errors import InvalidRequestError

DEFAULT_SECONDS = 5  # what the service makes when nothing is said (S)
OFF = "off"
_EXAMPLE = "Give it like 4 videos, 60 seconds, 5 USD, or several of these with commas between; off is none."

Money: TypeAlias = tuple[Decimal, str]  # an amount and its currency

# What a number in a limit may count: whose part it is, and how many of it.
_UNITS = {
    **dict.fromkeys(("", "video", "videos", "clip", "clips"), ("videos", 1)),
    **dict.fromkeys(("s", "sec", "second", "seconds"), ("seconds", 1)),
    **dict.fromkeys(("min", "minute", "minutes"), ("seconds", 60)),
}


def seconds_of(request: VideoRequest) -> int | None:
    """How long the clip will be, at the most where shots say otherwise; None where it follows its media."""
    seconds = request.get("seconds", DEFAULT_SECONDS)
    if request.spec.length or not isinstance(seconds, int):
        return None
    shots = request.get("multi_prompt")
    return max(seconds, sum(duration_of(shot) or 0 for shot in shots) if isinstance(shots, list) else 0)


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


def amount(money: Decimal, digits: int = 4) -> str:
    """An amount for people: "1.40", "0.005"; with at most so many digits behind the point."""
    cents, fine = f"{money:.2f}", f"{money:.{digits}f}"
    return cents if Decimal(cents) == Decimal(fine) else fine.rstrip("0")


def videos(count: int) -> str:
    """So many videos, in words."""
    return "1 video" if count == 1 else f"{count} videos"


@dataclass(frozen=True, slots=True)
class Bill:
    """What several videos come to.

    Attributes:
        count: how many there are.
        seconds: of those whose length is known before.
        open_ended: how many there are whose length is not known before, as it follows their media.
        money: what those with a price come to, by the user's own price table.
        currency: of that; "" where nothing has a price.
        unpriced: how many have none.
        demo: whether the demo makes them, for nothing: then the money is what the service would take.
    """

    count: int = 0
    seconds: int = 0
    open_ended: int = 0
    money: Decimal = Decimal()
    currency: str = ""
    unpriced: int = 0
    demo: bool = False

    @classmethod
    def of_one(cls, request: VideoRequest, price: Money | None, *, demo: bool = False) -> Bill:
        """That of one request at a price."""
        seconds = seconds_of(request)
        money, unit = price or (Decimal(), "")
        return cls(1, seconds or 0, int(seconds is None), money, unit, int(price is None), demo)

    @classmethod
    def of(cls, requests: Iterable[VideoRequest], price: Callable[[VideoRequest], Money | None]) -> Bill:
        """The sum of the requests.

        Args:
            requests: one for each video.
            price: what one comes to, or None; all in one currency.
        """
        return sum((cls.of_one(each, price(each)) for each in requests), cls())

    def __add__(self, other: Bill) -> Bill:
        """Both together, in the later one's currency: what has its price in another one has none in this."""
        unit = other.currency or self.currency
        known = [bill for bill in (self, other) if bill.currency in ("", unit)]
        return Bill(
            count=self.count + other.count,
            seconds=self.seconds + other.seconds,
            open_ended=self.open_ended + other.open_ended,
            money=sum((bill.money for bill in known), Decimal()),
            currency=unit,
            unpriced=self.count + other.count - sum(bill.count - bill.unpriced for bill in known),
            demo=self.demo or other.demo,
        )

    @property
    def cost(self) -> str:
        """The money alone, "1.40 USD", where all of it is known; else "", and in the demo."""
        return f"{amount(self.money)} {self.currency}" if self.count and not (self.unpriced or self.demo) else ""

    @property
    def estimate(self) -> str:
        """The money as far as it is known, and whose word that is; "" where nothing has a price."""
        if self.unpriced == self.count:
            return ""
        rest = f", {self.unpriced} without a price" if self.unpriced else ""
        free = ", free in the demo" if self.demo else ""
        return f"about {amount(self.money)} {self.currency} by your own price table{rest}{free}"

    def __str__(self) -> str:
        if not self.count:
            return "nothing"
        known = f"{self.seconds} s" if self.open_ended < self.count else ""
        unknown = "of unknown length" if self.open_ended else ""
        unknown = f"{self.open_ended} {unknown}" if known and unknown else unknown
        return " · ".join(
            filter(None, (videos(self.count), " and ".join(filter(None, (known, unknown))), self.estimate))
        )


@dataclass(frozen=True, slots=True)
class Limit:
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
    def parse(cls, text: str) -> Limit:
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

    def breach(self, bill: Bill) -> str:
        """The part of the limit that a bill does not keep, or that cannot be checked, in words: "4 videos would be
        passed"; "" when it is kept. What is not known before counts as too much."""
        if not bill.count:
            return ""
        if self.videos is not None and bill.count > self.videos:
            return f"{Limit(videos=self.videos)} would be passed"
        if self.seconds is not None:
            said = str(Limit(seconds=self.seconds))
            if bill.seconds > self.seconds:
                return f"{said} would be passed"
            if bill.open_ended:
                some = _some(bill.open_ended, bill.count)
                return f"{said} cannot be checked: how long {some} will be is not known before"
        if self.money is not None:
            said = str(Limit(money=self.money, currency=self.currency))
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
