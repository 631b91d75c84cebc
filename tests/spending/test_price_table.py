"""The user's own price table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.request.request import VideoRequest
from kling_widgets.spending.price_table import INPUTS, LARGEST, Price, PriceTable, input_of

MODEL = "aigc-video-kling-2.6"
BOAT = VideoRequest("2.6", prompt="a boat", seconds=10)
CLIP = "https://example.com/v.mp4"
PICTURE = "https://example.com/a.png"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the table; its folder does not exist yet."""
    return tmp_path / "home" / "prices.json"


@pytest.fixture
def table(path: Path) -> PriceTable:
    """A table without prices."""
    return PriceTable(path)


def price(text: str, *conditions: Any, model: str = MODEL) -> Price:
    return Price(model, Decimal(text), *conditions)


def written(path: Path, content: object) -> bytes:
    """Write this into the file."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path.read_bytes()


def test_nothing_is_built_in(table: PriceTable, path: Path) -> None:
    """There is no price and no estimate, and a query creates no file."""
    assert (table.prices, table.currency, table.trouble) == ((), "", "")
    assert table.estimate(BOAT) is None
    assert not path.parent.exists()


def test_a_price_is_kept_for_its_owner_alone(table: PriceTable, path: Path) -> None:
    """Exactly as it was set, for the next kernel too, and readable for its owner only."""
    table.set(price("0.1"), "usd")
    assert PriceTable(path).prices == (price("0.1"),)
    assert PriceTable(path).currency == "USD"
    assert table.estimate(BOAT) == (Decimal("1.0"), "USD")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir() if not each.name.startswith(".")] == ["prices.json"]


def test_the_price_with_the_most_conditions_counts(table: PriceTable) -> None:
    """A price without a condition fits all; of two with as many conditions the higher price is used."""
    for each in (
        price("0.01"),
        price("0.02", "1080P"),
        price("0.03", "1080P", True),
        price("0.04", "1080P", True, "video"),
        price("0.05", None, False, "image"),
        price("9", model="aigc-video-kling-3.0"),
    ):
        table.set(each, "USD")

    def second(**fields: Any) -> str:
        found = table.estimate(BOAT.replace(**fields))
        assert found is not None
        return f"{found[0] / 10:.2f}"

    assert second() == second(resolution="720P") == second(sound=True) == second(video_list=[CLIP]) == "0.01"
    assert second(resolution="1080P") == second(resolution="1080P", video_list=[CLIP]) == "0.02"
    assert second(resolution="1080P", sound=True) == "0.03"
    assert second(resolution="1080P", sound=True, video_list=[CLIP]) == "0.04"
    assert second(image=PICTURE) == second(image=PICTURE, resolution="1080P") == "0.05"
    assert table.estimate(VideoRequest("2.5-turbo", prompt="a boat")) is None


def test_what_is_unset_is_priced_as_720p_and_silent(table: PriceTable) -> None:
    """As the service bills it (D), so that a list with a row for every case fits a request that sets nothing."""
    for resolution, dear in (("720P", 1), ("1080P", 2)):
        for sound in (False, True):
            table.set(price(f"0.{dear}{int(sound)}", resolution, sound, "text"), "USD")
    cheap = Decimal("1.00"), "USD"
    assert table.estimate(BOAT) == table.estimate(BOAT.replace(resolution="720P", sound=False)) == cheap
    assert table.estimate(BOAT.replace(sound=True)) == (Decimal("1.10"), "USD")
    assert table.estimate(BOAT.replace(resolution="1080P")) == (Decimal("2.00"), "USD")
    assert table.estimate(BOAT.replace(resolution="4K")) is None


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, "text"),
        ({"image": PICTURE}, "image"),
        ({"image": PICTURE, "image_tail": PICTURE}, "image"),
        ({"image": Path("first.png")}, "image"),
        ({"image_list": [PICTURE]}, "references"),
        ({"image": PICTURE, "image_list": [PICTURE]}, "references"),
        ({"video_list": [CLIP]}, "video"),
        ({"image": PICTURE, "image_list": [PICTURE], "video_list": [CLIP]}, "video"),
    ],
)
def test_a_price_knows_the_kind_of_input(fields: dict[str, Any], kind: str, table: PriceTable) -> None:
    """Text, a first frame, references or a video; the most expensive kind of the request is used."""
    for number, each in enumerate(INPUTS, 1):
        table.set(price(f"{number}", None, None, each), "USD")
    request = VideoRequest("2.6", prompt="a boat", seconds=1, **fields)
    assert table.estimate(request) == (Decimal(INPUTS.index(kind) + 1), "USD")
    assert input_of(request) == kind


def test_a_table_of_before_is_still_read(table: PriceTable, path: Path) -> None:
    """It only knew whether a video is part of the input; the next change writes it in the present form."""
    rows = [
        {"model": MODEL, "per_second": "1"},
        {"model": MODEL, "per_second": "2", "resolution": "1080P", "sound": True},
        {"model": MODEL, "per_second": "3", "video": True},
        {"model": MODEL, "per_second": "4", "video": False},
    ]
    written(path, {"version": 1, "currency": "USD", "prices": rows})
    kinds = [price("4", None, None, each) for each in ("text", "image", "references")]
    now = (price("1"), price("2", "1080P", True), price("3", None, None, "video"), *kinds)
    assert (table.prices, table.currency, table.trouble) == (now, "USD", "")
    assert table.estimate(BOAT.replace(image=PICTURE)) == (Decimal(40), "USD")
    assert table.estimate(BOAT.replace(video_list=[CLIP])) == (Decimal(30), "USD")
    table.set(price("5"))
    assert json.loads(path.read_text())["version"] == 2
    assert PriceTable(path).prices == (price("5"), *now[1:])


def test_many_prices_are_set_at_once_or_not_at_all(table: PriceTable, path: Path) -> None:
    """Prices that would make the file too large to be read again are refused."""
    table.set_all([price("1"), price("2", "1080P"), price("3")], "USD")
    assert table.prices == (price("3"), price("2", "1080P"))
    before = path.read_bytes()
    with pytest.raises(InvalidRequestError, match=r"too many for one table\. Nothing was changed"):
        table.set_all(price("1", f"{number}P") for number in range(20_000))
    assert path.read_bytes() == before


def test_without_a_length_there_is_no_estimate(table: PriceTable) -> None:
    """An avatar is as long as its sound."""
    table.set(price("1", model="aigc-video-kling-avatar"), "USD")
    assert table.estimate(VideoRequest("avatar", image="https://example.com/a.png")) is None
    table.set(price("1"), "USD")
    assert table.estimate(BOAT.replace(seconds="soon")) is None
    assert table.estimate(BOAT.replace(seconds=None)) == (Decimal(5), "USD")


def test_a_price_is_replaced_and_forgotten(table: PriceTable) -> None:
    """By its model and conditions; a model without conditions removes all of its prices."""
    table.set(price("1"), "USD")
    table.set(price("2", "1080P"))
    table.set(price("3"))
    table.set(price("4", None, True))
    assert table.prices == (price("3"), price("2", "1080P"), price("4", None, True))
    assert table.forget(price("0", "720P")) == 0
    assert table.forget(price("0", "1080P")) == 1
    assert table.forget(price("0")) == 2
    assert (table.prices, table.currency) == ((), "")


def test_a_table_has_one_currency(table: PriceTable) -> None:
    """The first price sets it; once all prices are removed it may be another one."""
    with pytest.raises(InvalidRequestError, match="--currency USD"):
        table.set(price("1"))
    table.set(price("1"), "EUR")
    with pytest.raises(InvalidRequestError, match="is in EUR and can have only one currency"):
        table.set(price("2"), "USD")
    with pytest.raises(InvalidRequestError, match="A currency is"):
        table.set(price("2"), "<img src=x>")
    assert table.prices == (price("1"),)
    table.forget(price("0"))
    table.set(price("2"), "USD")
    assert table.currency == "USD"


def test_another_kernel_sees_a_change_at_once(table: PriceTable, path: Path) -> None:
    """The table is read again if its file has changed, and is empty if the file is gone."""
    other = PriceTable(path)
    assert other.estimate(BOAT) is None
    table.set(price("1"), "USD")
    assert other.estimate(BOAT) == (Decimal(10), "USD")
    table.set(price("2"))
    assert other.estimate(BOAT) == (Decimal(20), "USD")
    path.unlink()
    assert other.estimate(BOAT) is None


def test_numbers_written_by_hand_are_taken_as_they_stand(table: PriceTable, path: Path) -> None:
    """0.07 is not the float next to it."""
    written(path, {"version": 1, "currency": "USD", "prices": [{"model": MODEL, "per_second": 0.07, "sound": False}]})
    assert table.prices == (price("0.07", None, False),)


ROW = {"model": MODEL, "per_second": "1"}
DAMAGED = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[" * 100_000,
    b" " * (LARGEST + 1),
    [],
    {"currency": "USD", "prices": []},
    {"version": 1, "currency": "USD"},
    {"version": 0, "currency": "USD", "prices": []},
    {"version": True, "currency": "USD", "prices": []},
    {"version": 1, "currency": "<b>", "prices": [ROW]},
    {"version": 1, "currency": "", "prices": [ROW]},
    {"version": 1, "currency": 7, "prices": [ROW]},
    *(
        {"version": 1, "currency": "USD", "prices": [{**ROW, **change}]}
        for change in (
            {"per_second": -1},
            {"per_second": float("nan")},
            {"per_second": float("inf")},
            {"per_second": "1e999"},
            {"per_second": 10**30},
            {"per_second": True},
            {"model": None},
            {"sound": "on"},
            {"sound": 1},
            {"resolution": True},
            {"fps": 60},
            {"input": "text"},
        )
    ),
    *(
        {"version": 2, "currency": "USD", "prices": [{**ROW, **change}]}
        for change in ({"input": "sound"}, {"input": True}, {"input": []}, {"video": True}, {"sound": "on"})
    ),
]


@pytest.mark.parametrize("content", DAMAGED, ids=lambda content: str(content)[:60])
def test_a_damaged_table_does_not_count_and_is_never_written_over(
    content: object, table: PriceTable, path: Path
) -> None:
    """It stays until a price is set; then it is renamed, with all its content."""
    before = written(path, content)
    assert table.estimate(BOAT) is None
    assert "cannot be understood" in table.trouble
    assert table.forget(price("0")) == 0
    assert path.read_bytes() == before
    table.set(price("1"), "USD")
    assert (table.prices, table.trouble) == ((price("1"),), "")
    (aside,) = path.parent.glob("prices.damaged-*.json")
    assert aside.read_bytes() == before


def test_several_damaged_tables_are_all_kept(table: PriceTable, path: Path) -> None:
    """Even two within one second."""
    for content in (b"one", b"two", b"three"):
        written(path, content)
        table.set(price("1"), "USD")
    assert {each.read_bytes() for each in path.parent.glob("prices.damaged-*.json")} == {b"one", b"two", b"three"}


def test_a_newer_table_is_left_alone(table: PriceTable, path: Path) -> None:
    """It is ignored, and neither changed nor renamed."""
    before = written(path, {"version": 3, "who": "knows"})
    assert table.estimate(BOAT) is None
    for change in (lambda: table.set(price("1"), "USD"), lambda: table.forget(price("1"))):
        with pytest.raises(KlingError, match="newer version"):
            change()
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", ["folder", "pipe", "no folder"])
def test_where_no_file_can_be_kept(kind: str, tmp_path: Path) -> None:
    """There are no prices, nothing blocks, and setting one raises an error with the reason."""
    path = tmp_path / "prices.json"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        (tmp_path / "file").write_text("")
        path = tmp_path / "file" / "prices.json"
    table = PriceTable(path)
    assert table.estimate(BOAT) is None
    assert "cannot be read" in table.trouble
    with pytest.raises(KlingError, match="cannot be"):
        table.set(price("1"), "USD")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_home_keeps_the_table(table: PriceTable, path: Path) -> None:
    """Its prices are used; a change is refused in one line."""
    table.set(price("1"), "USD")
    path.parent.chmod(0o500)
    try:
        assert PriceTable(path).estimate(BOAT) == (Decimal(10), "USD")
        with pytest.raises(KlingError, match="cannot be kept"):
            table.set(price("2"))
    finally:
        path.parent.chmod(0o700)
    assert table.prices == (price("1"),)


def test_threads_and_processes_lose_no_price(table: PriceTable, path: Path) -> None:
    """Each change is made to the result of the one before."""
    program = (
        "from decimal import Decimal\nfrom pathlib import Path\n"
        "from kling_widgets.spending.price_table import Price, PriceTable\n"
        f"for i in range(20): PriceTable(Path({str(path)!r})).set(Price('other', Decimal(1), f'{{i}}P'), 'USD')"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as process:

        def work(number: int) -> None:
            for i in range(10):
                table.set(price("1", f"{number}{i}P"), "USD")

        threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert process.wait(60) == 0
    assert len(table.prices) == 40
