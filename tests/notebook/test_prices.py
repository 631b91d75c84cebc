"""``%kling_prices``: the line, and the table that it shows."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from kling_widgets.core.catalog import PRICING, models
from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.jobs.prices import Price, PriceTable
from kling_widgets.notebook.prices import prices

MODEL = "aigc-video-kling-2.6"


@pytest.fixture
def table(tmp_path: Path) -> PriceTable:
    """A table without prices."""
    return PriceTable(tmp_path / "prices.json")


@pytest.mark.parametrize("line", ["", "  "])
def test_alone_it_shows_whose_prices_these_are(line: str, table: PriceTable) -> None:
    """None are built in; the pointer to the service's own; how to set one. No file is made."""
    shown = prices(table, line)
    assert shown.rows == ()
    for said in (repr(shown), shown._repr_html_()):
        assert "You have set no prices, and none are built in." in said
        assert PRICING.partition("'")[0] in said
        assert "%kling_prices MODEL PRICE --currency USD" in said
    assert not table.path.exists()


@pytest.mark.parametrize(
    ("line", "price"),
    [
        ("2.6 0.05 --currency USD", Price(MODEL, Decimal("0.05"))),
        ("--currency usd aigc-video-kling-2.6 0.05", Price(MODEL, Decimal("0.05"))),
        ("2.6 0 --currency=credits", Price(MODEL, Decimal(0))),
        ("2.6 0.05 --currency € --resolution 1080p", Price(MODEL, Decimal("0.05"), "1080P")),
        ("2.6 0.05 --currency USD --sound off --VIDEO=On", Price(MODEL, Decimal("0.05"), None, False, True)),
        ("aigc-video-kling-9 1 --currency USD", Price("aigc-video-kling-9", Decimal(1))),
    ],
)
def test_a_line_sets_a_price(line: str, price: Price, table: PriceTable) -> None:
    """Of a model, and of what is asked of it; a model newer than the catalog has one too."""
    shown = prices(table, line)
    assert table.prices == (price,)
    assert len(shown.rows) == 1
    assert "Your own prices, kept in" in shown.note


@pytest.mark.parametrize("model", [model.name for model in models()])
def test_every_model_can_have_a_price(model: str, table: PriceTable) -> None:
    """By the name that people type."""
    assert prices(table, f"{model} 0.5 --currency USD").rows[0] == (model, "any", "any", "any", "0.50 USD")


def test_the_table_says_what_each_price_is_for(table: PriceTable) -> None:
    """Conditions as the options are written; a second one needs no currency, and the same one is replaced."""
    prices(table, "2.6 0.05 --currency USD")
    prices(table, "2.6 0.004 --resolution 4K --sound on --video off")
    shown = prices(table, "2.6 0.06")
    assert shown.rows == (("2.6", "any", "any", "any", "0.06 USD"), ("2.6", "4K", "on", "off", "0.004 USD"))


def test_forget_removes(table: PriceTable) -> None:
    """All of a model, or those with these conditions."""
    for line in ("2.6 1 --currency USD", "2.6 2 --sound on", "2.6 3 --sound on --resolution 4K", "3.0 4"):
        prices(table, line)
    assert [row[-1] for row in prices(table, "2.6 forget --sound on").rows] == ["1.00 USD", "4.00 USD"]
    assert [row[-1] for row in prices(table, "2.6 FORGET").rows] == ["4.00 USD"]
    with pytest.raises(InvalidRequestError, match=r"no such price of “2.6”"):
        prices(table, "2.6 forget")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("2.6", "is not understood. To set the price"),
        ("2.6 1 2", "is not understood"),
        ("--sound on", "Which model"),
        ("2.6 -1 --currency USD", "a number such as 0.05, not “-1”"),
        ("2.6 nan --currency USD", "a number such as"),
        ("2.6 inf --currency USD", "a number such as"),
        ("2.6 1e999 --currency USD", "a number such as"),
        (f"2.6 {10**30} --currency USD", "a number such as"),
        ("2.6 0,05 --currency USD", "a number such as"),
        ("2.6 0.05", "--currency USD"),
        ("2.6 0.05 --currency <b>USD</b>", "A currency is three letters"),
        ("2.6 0.05 --currency USD --currency EUR", "takes one value"),
        ("2.6 0.05 --currency", "takes one value"),
        ("2.6 0.05 --sound --currency USD", "takes one value"),
        ("2.6 0.05 --sound maybe --currency USD", "--sound is on or off, not “maybe”"),
        ("2.6 0.05 --resolution big --currency USD", "like 720P or 4K"),
        ("2.6 0.05 --curency USD", "Did you mean --currency"),
        ("2.6 0.05 --fps 60 --currency USD", "There is no option “--fps”"),
        ("9 0.05 --currency USD", "not a model of this service"),
        ("kling-v2-6 0.05 --currency USD", "name of another line"),
        ("2.6 forget --currency USD", "A table has one currency"),
        ("2.6 forget --sound maybe", "on or off"),
        ("nothere forget", "not a model of this service"),
    ],
)
def test_what_is_not_understood_changes_nothing(line: str, why: str, table: PriceTable) -> None:
    """It says what is wrong, and what to type."""
    with pytest.raises(InvalidRequestError) as raised:
        prices(table, line)
    assert why in str(raised.value)
    assert not table.path.exists()


def test_a_table_that_cannot_be_read_is_said(table: PriceTable) -> None:
    """Damaged: it does not count, and is set aside by the next price. Newer: it stays."""
    table.path.write_text("<script>")
    shown = prices(table, "")
    assert "cannot be understood, and do not count" in shown.note
    assert "<script>" not in shown._repr_html_().replace("<style", "")
    assert "cannot be understood" not in prices(table, "2.6 1 --currency USD").note
    table.path.write_text('{"version": 7}')
    assert "newer version" in prices(table, "").note
    with pytest.raises(KlingError, match="newer version"):
        prices(table, "2.6 1 --currency USD")
    assert table.path.read_text() == '{"version": 7}'
