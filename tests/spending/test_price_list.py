"""A list of prices in a user's file."""

from __future__ import annotations

import contextlib
import json
import os
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kling_widgets.errors import InvalidRequestError
from kling_widgets.spending.price_list import read
from kling_widgets.spending.price_table import LARGEST, Price, PriceTable

MODEL = "aigc-video-kling-2.6"
FLAT = Price(MODEL, Decimal("0.05"))
FULL = Price(MODEL, Decimal("0.07"), "1080P", False, "image")
TABLE = "model,per_second,resolution,sound,input\n2.6,0.05,,,\n2.6,0.07,1080p,off,image\n"


def kept(folder: Path, content: str | bytes | Any, name: str = "prices.csv") -> Path:
    """Write this content into a file and return its path; values other than text and bytes are written as JSON."""
    path = folder / name
    text = content if isinstance(content, (str, bytes)) else json.dumps(content)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


GOOD: dict[str, Any] = {
    "plain": TABLE,
    "BOM": TABLE.encode("utf-8-sig"),
    "UTF-16": TABLE.encode("utf-16"),
    "CRLF": TABLE.replace("\n", "\r\n"),
    "CR": TABLE.replace("\n", "\r"),
    "no last line break": TABLE.rstrip(),
    "tabs": TABLE.replace(",", "\t"),
    "semicolons and decimal commas": TABLE.replace(",", ";").replace("0.", "0,"),
    "quoted decimal commas": TABLE.replace("0.05", '"0,05"').replace("0.07", '"0,07"'),
    "empty lines": TABLE.replace("\n", "\n\n , ,,,\n\n"),
    "empty columns": "".join(f"{line},,\n" for line in TABLE.splitlines()),
    "blanks": TABLE.replace(",", " , "),
    "other words": TABLE.replace("per_second", "Price per-second").replace("off", "FALSE").replace("image", "I2V"),
    "any": TABLE.replace(",,,", ",any,Any,any"),
    "gateway": "name,price\n2.6,0.05\naigc-video-kling-2.6:i2v:1080p:audio0,0.07\n",
    "gateway in another order": "name,price\n2.6,0.05\n2.6:AUDIO0:1080P:I2V,0.07\n",
    "gateway and columns": "name,price,sound\n2.6,0.05,\n2.6:i2v:1080p,0.07,no\n",
    "list": [
        {"model": "2.6", "per_second": 0.05},
        {"model": MODEL, "per_second": "0.07", "resolution": "1080P", "sound": False, "input": "i2v", "currency": None},
    ],
    "object": {"2.6": 0.05, "aigc-video-kling-2.6:i2v:1080p:audio0": 0.07},
}


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD)
def test_a_list_is_read_as_people_have_it(content: Any, tmp_path: Path) -> None:
    """As spreadsheets of any country write it, as JSON, and in the gateway's form, exact to the last digit."""
    assert read(kept(tmp_path, content)) == ((FLAT, FULL), "")


@pytest.mark.parametrize(
    "content",
    [
        TABLE.replace("model,", "currency,model,").replace("\n2.6", "\nusd,2.6"),
        {
            "currency": "usd",
            "prices": [{"model": "2.6", "price": 0.05}, {"name": "2.6:i2v:1080p:audio0", "price": 0.07}],
        },
        {"Currency": "USD", "2.6": 0.05, "aigc-video-kling-2.6:i2v:1080p:audio0": 0.07},
    ],
)
def test_a_list_may_name_its_currency(content: Any, tmp_path: Path) -> None:
    """In a column, or beside the prices."""
    assert read(kept(tmp_path, content)) == ((FLAT, FULL), "USD")


@pytest.mark.parametrize("version", [1, 2])
def test_a_price_table_is_a_list(version: int, tmp_path: Path) -> None:
    """A price table can be shared as a list; version 1 only knew whether a video is part of the input."""
    table = PriceTable(tmp_path / "prices.json")
    if version == 1:
        rows = [{"model": MODEL, "per_second": "1", "video": False}, {"model": MODEL, "per_second": "2", "sound": True}]
        kept(tmp_path, {"version": 1, "currency": "USD", "prices": rows}, "prices.json")
    else:
        table.set_all([FLAT, FULL], "USD")
    assert read(table.path) == (table.prices, "USD")


HEAD = "model,price\n"
SECOND = ", row 2, column per_second: a price is a number such as 0.05, not "
BAD: dict[str, tuple[Any, str]] = {
    "nothing": ("", ": it has no prices. The first row names the columns"),
    "no rows": (HEAD, ": it has no prices"),
    "no header": ("2.6,0.05\n2.6,0.07\n", ", row 1: it names no column model and no column per_second."),
    "no header, gateway": (f"{MODEL}:i2v:1080p:audio0,0.07\n", ", row 1: it names no column model"),
    "no price": ("model,sound\n2.6,on\n", ", row 1: it names no column per_second. The first row names"),
    "unknown column": (
        TABLE.replace("resolution", "resolutoin"),
        ", row 1, column 3: there is no column “resolutoin”. Did you mean resolution?",
    ),
    "two columns": ("model,price,per_second\n", ", row 1, column 3: there are two columns per_second."),
    "too many cells": (f"{HEAD}2.6,0.05\n\n2.6,0,07\n", ", row 4, column 3: “07” is in a column without a name."),
    "a comma too many": ("model,price,sound\n2.6,0,1\n", ", row 2, column sound: it is on, off or any, not “1”."),
    "unknown model": (f"{HEAD}2.6,0.05\n2.7,1\n", ", row 3, column model: “2.7” is not a model of this service."),
    "other line": (
        f"{HEAD}kling-v2-6,0.05\n",
        ", row 2, column model: “kling-v2-6” is a name of another line of models.",
    ),
    "Veo": (f"{HEAD}aigc-video-gv-3.1:t2v,0.05\n", ", row 2, column model: “aigc-video-gv-3.1” is not a Kling model."),
    "no model": (f"{HEAD},0.05\n", ", row 2, column model: No model is chosen."),
    "doubled": (f"{HEAD}2.6,0.05\n3.0,1\n2.6,0.05\n", ", row 4, column model: this is the same as row 2."),
    "doubled by other words": (
        "model,price,input\n2.6:i2v,0.05,\n2.6,0.06,first frame\n",
        ", row 3, column model: this is the same as row 2.",
    ),
    "negative": (f"{HEAD}2.6,-0.05\n", f"{SECOND}“-0.05”."),
    "NaN": (f"{HEAD}2.6,NaN\n", SECOND),
    "infinite": (f"{HEAD}2.6,inf\n", SECOND),
    "exponent": (f"{HEAD}2.6,1e999\n", SECOND),
    "no number": (f"{HEAD}2.6,\n", SECOND),
    "with a currency": (f"{HEAD}2.6,0.05 USD\n", SECOND),
    "other digits": (f"{HEAD}2.6,٠\n", SECOND),
    "a thousand, or one": ("model;price\n2.6;1,234\n", ", row 2, column per_second: “1,234” may be 1.234 or 1234"),
    "two currencies": (
        "model,price,currency\n2.6,1,USD\n3.0,1,EUR\n",
        ", row 3, column currency: a price table has one currency, and this is EUR after USD.",
    ),
    "no currency": ("model,price,currency\n2.6,1,<b>\n", ", row 2, column currency: A currency is three letters"),
    "resolution": (
        "model,price,resolution\n2.6,1,big\n",
        ", row 2, column resolution: it is like 720P or 4K, not “big”.",
    ),
    "input": (
        "model,price,input\n2.6,1,film\n",
        ", row 2, column input: it is text, image, references, video or any, not “film”.",
    ),
    "gateway mark": (f"{HEAD}{MODEL}:i2v:huge,1\n", ", row 2, column model: “huge” is not understood here."),
    "gateway, twice": (f"{HEAD}{MODEL}:i2v:t2v,1\n", ", row 2, column model: “t2v” is not understood here."),
    "contradiction": (f"model,price,sound\n{MODEL}:audio1,1,off\n", ", row 2, column sound: “off” contradicts “aigc"),
    "Latin 1": (
        "model,price,input\n2.6,1,\xe4\n".encode("latin-1"),
        ", row 2, column input: this is not UTF-8. Save the file",
    ),
    "Latin 1 header": ("model,pr\xe9is\n2.6,1\n".encode("latin-1"), ", row 1, column 2: this is not UTF-8"),
    "half a UTF-16": (TABLE.encode("utf-16")[:-1], "this is not UTF-8. Save the file as CSV"),
    "UTF-16 without BOM": (TABLE.encode("utf-16-le"), ": it is not text. Save it as CSV in UTF-8."),
    "workbook": (b"PK\x03\x04\x14\x00", ": it is not text. Save it as CSV in UTF-8."),
    "huge": (HEAD + "2.6,0.05\n" * (LARGEST // 9), ": it is larger than 1 MB, too large for a list of prices."),
    "huge cell": (f'{HEAD}2.6,"{"9" * 200_000}"\n', ", row 2: it is not a CSV ("),
    "open quote": (f'{HEAD}2.6,"0.05\n', ", row 2: it is not a CSV ("),
    "broken JSON": ('[{"model": "2.6",\n "price" 1}]', ", row 2, column 10: it is not JSON ("),
    "deep JSON": ("[" * 100_000, ": it is not a list of prices."),
    "JSON of something else": ([1, 2], ", row 1: “1” is not an object."),
    "JSON NaN": ([{"model": "2.6", "price": 1}, {"model": "3.0", "price": float("nan")}], f"{SECOND}“NaN”."),
    "JSON list as value": (
        [{"model": ["2.6"], "price": 1}],
        ", row 1, column model: “['2.6']” is not text or a number.",
    ),
    "JSON unknown name": (
        [{"model": "2.6", "prise": 1}],
        ", row 1, column “prise”: there is no column “prise”. Did you mean price?",
    ),
    "JSON name twice": (
        '[{"model": "2.6", "price": 1, "price": 2}]',
        ", row 1, column per_second: it is set twice.",
    ),
    "JSON model twice": ('{"2.6": 1, "2.6": 2}', ", row “2.6”, column model: this is the same as row “2.6”."),
    "JSON no price": ([{"model": "2.6"}], ", row 1, column per_second: a price is a number"),
    "JSON prices no list": ({"prices": {"2.6": 1}}, ": it is not a list of prices."),
    "JSON currency": ({"currency": "<b>", "prices": []}, ", currency: A currency is three letters"),
    "JSON in Latin 1": (
        '[{"model": "2.6", "price": "\xe9"}]'.encode("latin-1"),
        ", row 1, column per_second: this is not UTF-8",
    ),
    "JSON that is empty": ("{}", ": it has no prices."),
}


@pytest.mark.parametrize(("content", "why"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_said_by_row_and_column(content: Any, why: str, tmp_path: Path) -> None:
    """In one line, which ends by saying that nothing was changed."""
    with pytest.raises(InvalidRequestError) as raised:
        read(kept(tmp_path, content))
    said = str(raised.value)
    assert said.startswith("“prices.csv”")
    assert why in said
    assert said.endswith("Nothing was changed.")
    assert "\n" not in said


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "nobody's home"])
def test_a_file_that_cannot_be_read_is_said(kind: str, tmp_path: Path) -> None:
    """No file blocks the reader."""
    path = tmp_path / "prices.csv"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "nobody's home":
        path = Path("~nobody-of-this-name/prices.csv")
    with pytest.raises(InvalidRequestError, match=r"cannot be read: .*Nothing was changed\."):
        read(path)


def test_no_key_comes_into_a_message(tmp_path: Path) -> None:
    """A file may contain anything."""
    key = "sk-" + "Abc123xyz" * 4
    for content in (f"model,{key}\n", f"model,price\n{key},1\n", f"model,price\n2.6,{key}\n", f'{{"{key}": 1}}'):
        with pytest.raises(InvalidRequestError) as raised:
            read(kept(tmp_path, content))
        assert key not in str(raised.value)


def test_no_file_breaks_it(tmp_path: Path) -> None:
    """Any file is a list, or one line that says what is wrong."""
    chance = random.Random(7)
    seeds = [
        kept(tmp_path, content).read_bytes() for content in (*GOOD.values(), *(content for content, _ in BAD.values()))
    ]
    seeds = [seed for seed in seeds if len(seed) < 2000]
    marks = [
        b",",
        b";",
        b"\n",
        b'"',
        b"\t",
        b"\0",
        b"NaN",
        b"-",
        b"[",
        b"{",
        b"}",
        b"]",
        b":",
        b"\xff",
        b"1e9",
        b"null",
    ]
    for _ in range(500):
        content = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(len(content) + 1)
            content[place : place + chance.randint(0, 9)] = chance.choice([*marks, chance.randbytes(3), b""])
        with contextlib.suppress(InvalidRequestError):
            read(kept(tmp_path, bytes(content)))
