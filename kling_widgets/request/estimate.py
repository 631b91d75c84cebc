"""Estimates for requests: videos, seconds, and money by the user's own price table.

The service does not report prices. Money is decimal, so that twenty times 0.05 is exactly 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from kling_widgets.catalog.all_fields import DEFAULT_SECONDS
from kling_widgets.catalog.shot_fields import duration_of
from kling_widgets.request.request import VideoRequest

Money: TypeAlias = tuple[Decimal, str]  # an amount and its currency


def seconds_of(request: VideoRequest) -> int | None:
    """Return the length of the clip in seconds, or None if it follows the media.

    If the shots add up to another length, the longer one is returned.
    """
    seconds = request.get("seconds", DEFAULT_SECONDS)
    if request.spec.length or not isinstance(seconds, int):
        return None
    shots = request.get("multi_prompt")
    return max(seconds, sum(duration_of(shot) or 0 for shot in shots) if isinstance(shots, list) else 0)


def amount(money: Decimal, digits: int = 4) -> str:
    """Return an amount as text, with two decimals, or more if needed, up to ``digits``: "1.40", "0.005"."""
    cents, fine = f"{money:.2f}", f"{money:.{digits}f}"
    return cents if Decimal(cents) == Decimal(fine) else fine.rstrip("0")


def videos(count: int) -> str:
    """Return a number of videos in words: "1 video", "3 videos"."""
    return "1 video" if count == 1 else f"{count} videos"


@dataclass(frozen=True, slots=True)
class Estimate:
    """Number, length and cost of some videos, before they are made. Estimates can be added.

    The service does not report prices: the money is by the user's own price table (``%kling_prices``).

    Attributes:
        count: the number of videos.
        seconds: the length of those whose length is known, in all.
        open_ended: the number of those whose length follows their media and is not known.
        money: the cost of those that have a price, in all.
        currency: the currency of ``money``; "" if none has a price.
        unpriced: the number of those that have no price.
        demo: whether the demo makes them, free of charge; ``money`` is what the service would cost.

    Example:
        >>> from decimal import Decimal
        >>> from kling_widgets.request.estimate import Estimate
        >>> str(Estimate(count=2, seconds=10, money=Decimal("0.70"), currency="USD"))
        '2 videos · 10 s · about 0.70 USD by your own price table'
    """

    count: int = 0
    seconds: int = 0
    open_ended: int = 0
    money: Decimal = Decimal()
    currency: str = ""
    unpriced: int = 0
    demo: bool = False

    @classmethod
    def of_one(cls, request: VideoRequest, price: Money | None, *, demo: bool = False) -> Estimate:
        """Return the estimate of one request.

        Args:
            request: the request.
            price: the cost of its video as (amount, currency), or None if there is no price.
            demo: whether the demo makes it.

        Example:
            >>> from decimal import Decimal
            >>> from kling_widgets.request.estimate import Estimate
            >>> request = kw.VideoRequest("2.6", prompt="a paper boat", seconds=5)
            >>> Estimate.of_one(request, (Decimal("0.35"), "USD")).cost
            '0.35 USD'
        """
        seconds = seconds_of(request)
        money, unit = price or (Decimal(), "")
        return cls(1, seconds or 0, int(seconds is None), money, unit, int(price is None), demo)

    @classmethod
    def of(cls, requests: Iterable[VideoRequest], price: Callable[[VideoRequest], Money | None]) -> Estimate:
        """Return the estimate of several requests.

        Args:
            requests: one request for each video.
            price: a function that returns the cost of a request as (amount, currency), or None; in one currency.

        Example:
            >>> from decimal import Decimal
            >>> from kling_widgets.request.estimate import Estimate
            >>> requests = [kw.VideoRequest("2.6", prompt="a paper boat", seconds=each) for each in (5, 10)]
            >>> Estimate.of(requests, lambda request: (Decimal("0.07") * request.seconds, "USD")).cost
            '1.05 USD'
        """
        return sum((cls.of_one(each, price(each)) for each in requests), cls())

    def __add__(self, other: Estimate) -> Estimate:
        """Return the sum in the right operand's currency; prices in another currency count as unknown."""
        unit = other.currency or self.currency
        known = [each for each in (self, other) if each.currency in ("", unit)]
        return Estimate(
            count=self.count + other.count,
            seconds=self.seconds + other.seconds,
            open_ended=self.open_ended + other.open_ended,
            money=sum((each.money for each in known), Decimal()),
            currency=unit,
            unpriced=self.count + other.count - sum(each.count - each.unpriced for each in known),
            demo=self.demo or other.demo,
        )

    @property
    def cost(self) -> str:
        """The cost, such as "1.40 USD"; "" if a price is missing, and in the demo."""
        return f"{amount(self.money)} {self.currency}" if self.count and not (self.unpriced or self.demo) else ""

    @property
    def estimate(self) -> str:
        """The cost as far as it is known, as a phrase that names its source; "" if nothing has a price."""
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
