"""``%kling_prices``: the line, and the table that it shows."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from kling_widgets.catalog.all_fields import PRICING
from kling_widgets.catalog.models import models
from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.notebook.magics.prices import prices
from kling_widgets.spending.price_table import Price, PriceTable

MODEL = "aigc-video-kling-2.6"
GATEWAY = ("1080P", False, "image")


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
        ("2.6 0.05 --currency USD --sound off --VIDEO=On", Price(MODEL, Decimal("0.05"), None, False, "video")),
        ("2.6 0.05 --currency USD --input image", Price(MODEL, Decimal("0.05"), None, None, "image")),
        ("2.6 0.05 --currency USD --input I2V", Price(MODEL, Decimal("0.05"), None, None, "image")),
        ("2.6 0,05 --currency USD --sound any", Price(MODEL, Decimal("0.05"))),
        ("aigc-video-kling-2.6:i2v:1080p:audio0 0.07 --currency USD", Price(MODEL, Decimal("0.07"), *GATEWAY)),
        ("aigc-video-kling-9 1 --currency USD", Price("aigc-video-kling-9", Decimal(1))),
    ],
)
def test_a_line_sets_a_price(line: str, price: Price, table: PriceTable) -> None:
    """For a model and some of its options; a model newer than the catalog can have one too."""
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
    prices(table, "2.6 0.004 --resolution 4K --sound on --input references")
    shown = prices(table, "2.6 0.06")
    assert shown.rows == (("2.6", "any", "any", "any", "0.06 USD"), ("2.6", "4K", "on", "references", "0.004 USD"))


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
        ("2.6 -1 --currency USD", "a price is a number such as 0.05, not “-1”"),
        ("2.6 nan --currency USD", "a number such as"),
        ("2.6 inf --currency USD", "a number such as"),
        ("2.6 1e999 --currency USD", "a number such as"),
        (f"2.6 {10**30} --currency USD", "a number such as"),
        ("2.6 1,234 --currency USD", "“1,234” may be 1.234 or 1234"),
        ("2.6 0.05 --input film --currency USD", "--input: it is text, image, references, video or any, not “film”"),
        ("2.6 0.05 --input text --video on --currency USD", "--video: “on” contradicts the input text"),
        ("2.6:i2v 0.05 --input text --currency USD", "--input: “text” contradicts “2.6:i2v”"),
        ("2.6:i2v:t2v 0.05 --currency USD", "“t2v” is not understood here. A row of the gateway is like"),
        ("2.6: 0.05 --currency USD", "is not understood here"),
        ("from", "is not understood. To set the price"),
        ("from a.csv b.csv", "“b.csv” is not understood. To import a list: %kling_prices from FILE"),
        ("from a.csv --sound on", "To import a list: %kling_prices from FILE"),
        ("from a.csv", "“a.csv” cannot be read: No such file or directory. Nothing was changed."),
        ("2.6 0.05", "--currency USD"),
        ("2.6 0.05 --currency <b>USD</b>", "A currency is three letters"),
        ("2.6 0.05 --currency USD --currency EUR", "takes one value"),
        ("2.6 0.05 --currency", "takes one value"),
        ("2.6 0.05 --sound --currency USD", "takes one value"),
        ("2.6 0.05 --sound maybe --currency USD", "--sound: it is on, off or any, not “maybe”"),
        ("2.6 0.05 --resolution big --currency USD", "like 720P or 4K"),
        ("2.6 0.05 --curency USD", "Did you mean --currency"),
        ("2.6 0.05 --fps 60 --currency USD", "There is no option “--fps”"),
        ("9 0.05 --currency USD", "not a model of this service"),
        ("kling-v2-6 0.05 --currency USD", "name of another line"),
        ("2.6 forget --currency USD", "A table has one currency"),
        ("2.6 forget --sound maybe", "on, off or any"),
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
    assert "cannot be understood and are ignored" in shown.note
    assert "<script>" not in shown._repr_html_().replace("<style", "")
    assert "cannot be understood" not in prices(table, "2.6 1 --currency USD").note
    table.path.write_text('{"version": 7}')
    assert "newer version" in prices(table, "").note
    with pytest.raises(KlingError, match="newer version"):
        prices(table, "2.6 1 --currency USD")
    assert table.path.read_text() == '{"version": 7}'


def test_a_line_of_before_still_says_whether_a_video_goes_in(table: PriceTable) -> None:
    """Without one it is text, a first frame or references, each with its price."""
    shown = prices(table, "2.6 0.05 --currency USD --video off")
    assert [row[3] for row in shown.rows] == ["text", "image", "references"]
    assert prices(table, "2.6 forget --video off").rows == ()


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_whole_list_comes_from_a_file(quote: str, table: PriceTable, tmp_path: Path) -> None:
    """All its prices in one step, beside those that are there; what they are, and from where."""
    prices(table, "3.0 1 --currency USD")
    prices(table, "2.6 9 --resolution 720P")
    path = tmp_path / ("my prices.csv" if quote else "prices.csv")
    path.write_text("model,price,resolution\n2.6,0.05,720P\naigc-video-kling-2.6:i2v:1080p:audio0,0.07,\n")
    shown = prices(table, f"from {quote}{path}{quote}")
    assert shown.note.startswith("2 prices were set from ")
    assert [row[-1] for row in shown.rows] == ["1.00 USD", "0.05 USD", "0.07 USD"]


def test_a_list_with_one_bad_row_changes_nothing(table: PriceTable, tmp_path: Path) -> None:
    """All or nothing: the good rows before and after it neither."""
    prices(table, "2.6 1 --currency USD")
    before = table.path.read_bytes()
    path = tmp_path / "prices.csv"
    path.write_text("model,price\n2.6,2\n3.0,-3\n2.1,4\n")
    with pytest.raises(InvalidRequestError, match="row 3, column per_second"):
        prices(table, f"from {path}")
    assert table.path.read_bytes() == before


def test_the_currency_of_a_list_is_in_it_or_in_the_line(table: PriceTable, tmp_path: Path) -> None:
    """Without a currency in line, file and table the error says what to add; two different ones are refused."""
    path = tmp_path / "prices.csv"
    path.write_text("model,price\n2.6,0.05\n")
    with pytest.raises(InvalidRequestError, match="--currency USD"):
        prices(table, f"from {path}")
    assert not table.path.exists()
    assert prices(table, f"from {path} --currency eur").rows[0][-1] == "0.05 EUR"
    path.write_text("model,price,currency\n2.6,0.06,USD\n")
    with pytest.raises(InvalidRequestError, match="is in USD, not “EUR”"):
        prices(table, f"from {path} --currency EUR")
    with pytest.raises(InvalidRequestError, match="is in EUR and can have only one currency"):
        prices(table, f"from {path}")
    assert table.prices[0].per_second == Decimal("0.05")
