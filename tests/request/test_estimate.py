"""Estimates: videos, seconds and money."""

from __future__ import annotations

from decimal import Decimal

import pytest

from kling_widgets.request.estimate import Estimate, Money, amount, seconds_of
from kling_widgets.request.request import VideoRequest

BOAT = VideoRequest("2.6", prompt="a boat")

AVATAR = VideoRequest("avatar", image="https://example.com/a.png", voice_list=["https://example.com/a.wav"])


def price(request: VideoRequest) -> Money | None:
    """Return 0.07 USD a second, if the length is known."""
    seconds = seconds_of(request)
    return (seconds * Decimal("0.07"), "USD") if seconds else None


def free(request: VideoRequest) -> Money | None:
    """Return no price."""
    return None


def test_bills_of_two_currencies_are_no_sum() -> None:
    """The sum has the right operand's currency; prices in another currency count as unknown."""
    dollars, euros = (Estimate.of_one(BOAT, (Decimal(2), unit)) for unit in ("USD", "EUR"))
    assert dollars + euros == Estimate(2, 10, 0, Decimal(2), "EUR", 1)
    assert dollars + Estimate.of_one(BOAT, None) == Estimate(2, 10, 0, Decimal(2), "USD", 1)


@pytest.mark.parametrize(
    ("request_", "seconds"),
    [
        (BOAT, 5),
        (BOAT.replace(seconds=10), 10),
        (BOAT.replace(seconds="soon"), None),
        (VideoRequest("aigc-video-kling-9", prompt="a boat"), 5),
        (AVATAR, None),
        (AVATAR.replace(seconds=5), None),
        (VideoRequest("3.0", multi_prompt=[{"index": 1, "prompt": "a", "duration": "8"}]), 8),
        (VideoRequest("3.0", seconds=12, multi_prompt=[{"index": 1, "prompt": "a", "duration": "8"}]), 12),
        (VideoRequest("3.0", multi_prompt="no list"), 5),
    ],
)
def test_how_long_a_clip_will_be(request_: VideoRequest, seconds: int | None) -> None:
    """The seconds of the request, the default of 5, or those of the shots; unknown if the length follows the media."""
    assert seconds_of(request_) == seconds


def test_a_bill_is_a_sum() -> None:
    """Sums are decimal: twenty times 0.35 is 7."""
    bill = Estimate.of([BOAT] * 20, price)
    assert bill == Estimate(20, 100, 0, Decimal(7), "USD", 0)
    assert str(bill) == "20 videos · 100 s · about 7.00 USD by your own price table"
    assert bill.cost == "7.00 USD"


@pytest.mark.parametrize(
    ("requests", "prices", "said"),
    [
        ([], price, "nothing"),
        ([BOAT], free, "1 video · 5 s"),
        ([BOAT], price, "1 video · 5 s · about 0.35 USD by your own price table"),
        ([AVATAR], price, "1 video · of unknown length"),
        (
            [BOAT, BOAT, AVATAR],
            price,
            "3 videos · 10 s and 1 of unknown length · about 0.70 USD by your own price table, 1 without a price",
        ),
    ],
)
def test_a_bill_in_words(requests: list[VideoRequest], prices: object, said: str) -> None:
    """The text has videos, seconds, the known part of the price, and the unknown part."""
    bill = Estimate.of(requests, price if prices is price else free)
    assert str(bill) == said
    assert bool(bill.cost) == (len(requests) == 1 and prices is price and requests == [BOAT])


@pytest.mark.parametrize(
    ("money", "said"), [("1.4", "1.40"), ("0.005", "0.005"), ("7", "7.00"), ("0.12345678", "0.1235"), ("0", "0.00")]
)
def test_an_amount_in_words(money: str, said: str) -> None:
    """Two decimals, or more if needed."""
    assert amount(Decimal(money)) == said
