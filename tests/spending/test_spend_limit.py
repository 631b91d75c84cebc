"""Limits on spending."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.estimate import Estimate
from kling_widgets.request.request import VideoRequest
from kling_widgets.spending.spend_limit import SpendLimit, currency, number
from tests.request.test_estimate import AVATAR, BOAT, price


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("4 videos", SpendLimit(videos=4)),
        ("4", SpendLimit(videos=4)),
        (" 1 Video ", SpendLimit(videos=1)),
        ("0 videos", SpendLimit(videos=0)),
        ("60 seconds", SpendLimit(seconds=60)),
        ("60s", SpendLimit(seconds=60)),
        ("2 minutes", SpendLimit(seconds=120)),
        ("5 USD", SpendLimit(money=Decimal(5), currency="USD")),
        ("5.50 usd", SpendLimit(money=Decimal("5.5"), currency="USD")),
        ("5 €", SpendLimit(money=Decimal(5), currency="€")),
        ("100 Credits", SpendLimit(money=Decimal(100), currency="credits")),
        ("20 videos, 5.00 USD", SpendLimit(videos=20, money=Decimal(5), currency="USD")),
        ("5 USD,60 s,4 clips", SpendLimit(4, 60, Decimal(5), "USD")),
        ("", SpendLimit()),
        (" OFF ", SpendLimit()),
    ],
)
def test_a_limit_is_read(text: str, limit: SpendLimit) -> None:
    """In the forms that people write; its text is read as the same limit."""
    assert SpendLimit.parse(text) == limit
    assert SpendLimit.parse(str(limit)) == limit


@pytest.mark.parametrize(
    "text",
    [
        "many",
        "-4",
        "-5 USD",
        "nan",
        "inf USD",
        "1e999",
        "1e3 videos",
        f"{10**30}",
        f"{10**30} USD",
        "4.5 videos",
        "0.5 s",
        "4 vidoes",
        "5 <b>USD</b>",
        "5 <",
        "1,000 USD",
        "0,50 USD",
        "4 videos, 5 videos",
        "5 USD, 5 EUR",
        "4 videos,",
        "4 videos 60 s",
        "٤ videos",
        "1.2.3 USD",
        "5 \x1b[31mUSD",
        "5 x\nUSD",
    ],
)
def test_what_is_no_limit_is_refused(text: str) -> None:
    """Nothing is guessed, as a misread limit would not hold."""
    with pytest.raises(
        InvalidRequestError, match=r"limit .*A limit is, for example, 4 videos, 60 seconds or 5 USD"
    ) as raised:
        SpendLimit.parse(text)
    assert "\x1b" not in str(raised.value)


@given(st.text())
def test_any_text_is_a_limit_or_an_error_of_ours(text: str) -> None:
    """There are no other errors, and none is long."""
    try:
        limit = SpendLimit.parse(text)
    except InvalidRequestError as error:
        assert len(str(error)) < 300
    else:
        assert SpendLimit.parse(str(limit)) == limit


@pytest.mark.parametrize("text", ["", "US", "<b>", "U$D", "euros", "$$", "USD EUR", "１２３", "\x00"])
def test_what_is_no_currency_is_refused(text: str) -> None:
    """A currency is three letters, a sign, or credits."""
    with pytest.raises(InvalidRequestError, match="A currency is"):
        currency(text)


def test_a_number_is_a_plain_one() -> None:
    """No exponents, no signs, and a limited number of digits."""
    assert number("0.000001") == Decimal("0.000001")
    for text in ("", ".", "1.", ".5", "+1", "1e5", "0.0000001", "1234567890", "NaN", "1_0"):
        with pytest.raises(ValueError):
            number(text)


@pytest.mark.parametrize(
    ("limit", "requests", "breach"),
    [
        ("off", [BOAT] * 99, ""),
        ("0 videos", [], ""),
        ("0 videos", [BOAT], "0 videos would be exceeded"),
        ("4 videos", [BOAT] * 4, ""),
        ("4 videos", [BOAT] * 5, "4 videos would be exceeded"),
        ("4 videos", [AVATAR] * 4, ""),
        ("10 s", [BOAT] * 2, ""),
        ("10 s", [BOAT] * 3, "10 s would be exceeded"),
        ("10 s", [BOAT, AVATAR], "10 s cannot be checked: how long 1 of 2 videos will be is not known in advance"),
        ("10 s", [AVATAR], "10 s cannot be checked: how long 1 video will be is not known in advance"),
        ("1 s", [BOAT, AVATAR], "1 s would be exceeded"),
        ("0.70 USD", [BOAT] * 2, ""),
        ("0.699999 USD", [BOAT] * 2, "0.699999 USD would be exceeded"),
        ("5 USD", [BOAT, AVATAR], "5.00 USD cannot be checked: your price table has no price for 1 of 2 videos"),
        ("5 EUR", [BOAT], "5.00 EUR cannot be checked: your price table is in USD"),
        ("4 videos, 1 USD", [BOAT] * 3, "1.00 USD would be exceeded"),
        ("20 videos, 100 s, 7 USD", [BOAT] * 20, ""),
    ],
)
def test_what_does_not_keep_a_limit(limit: str, requests: list[VideoRequest], breach: str) -> None:
    """It names the part that is exceeded; what is not known in advance counts as too much."""
    said = SpendLimit.parse(limit).breach(Estimate.of(requests, price))
    assert said.startswith(breach)
    assert bool(said) == bool(breach)


def test_bills_of_two_currencies_keep_no_limit() -> None:
    """An amount in another currency than the limit's counts as unknown."""
    both = Estimate.of_one(BOAT, (Decimal(2), "USD")) + Estimate.of_one(BOAT, (Decimal(2), "EUR"))
    assert "no price for 1 of 2 videos" in SpendLimit.parse("9 EUR").breach(both)
