"""Whatever happens to the bytes of our files, nothing raises, and what can be read of them is kept."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from kling_widgets.notebook.kernel.local_files import LocalMedia
from kling_widgets.request.request import VideoRequest
from kling_widgets.spending.price_table import Price, PriceTable
from kling_widgets.storage.damage import suggests_damage
from kling_widgets.storage.journal import Journal
from kling_widgets.storage.presets import PresetStore
from kling_widgets.storage.requested import RequestKey
from tests.conftest import tries

pytestmark = pytest.mark.slow

URL = "https://a.example"
REQUEST = VideoRequest("2.6", prompt="new", seconds=5)
KEY = RequestKey("same", "cell", "run")
COUNT = 40
PAGE = 4096


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A journal of forty tasks, some with long prompts and with pictures."""
    path = tmp_path_factory.mktemp("whole") / "journal.sqlite"
    journal = Journal(path)
    for number in range(COUNT):
        request = VideoRequest("2.6", prompt=f"boat {number} " + "é" * number * 40)
        key = journal.write(request, URL, RequestKey(f"same {number}", "cell", "run"))
        poster = bytes(3000) if number % 3 == 0 else None
        journal.update(key, state="accepted", task_id=f"t{number}", accepted=5.0, poster=poster)
    journal.close()
    return path.read_bytes()


def used(path: Path) -> set[str]:
    """Use every function of a journal; return the ids of the earlier tasks that it still has."""
    journal = Journal(path, timeout=0.5)
    journal.entries()
    journal.recover_orphans()
    journal.unfinished()
    journal.unsent(0.0)
    journal.typical_seconds(REQUEST, URL)
    journal.posters(range(9))
    journal.request_index.previous(KEY)
    journal.request_index.identical(KEY, ("accepted",))
    key = journal.write(REQUEST, URL, KEY)
    assert journal.update(key, state="accepted", task_id="new"), f"in memory only: {journal.trouble}"
    journal.close()
    again = Journal(path, timeout=0.5)
    assert again.find("new") and again.mode != "memory"
    return {entry.task_id or "" for entry in again.entries()} & {f"t{number}" for number in range(COUNT)}


def test_any_byte_of_the_first_page(whole: bytes, tmp_path: Path) -> None:
    """Whichever byte of the page with the table definitions changes, all tasks are found, and the next one is on disk.

    Other schema versions are left as they are (see ``test_journal``).
    """
    noise = random.Random(1)
    described = [at for at in range(PAGE) if whole[at]]
    for at in noise.sample([at for at in described if at not in range(60, 64)], tries(len(described)) - 4):
        path = tmp_path / f"{at}" / "journal.sqlite"
        path.parent.mkdir()
        other = whole[at] ^ noise.choice([1, 0x20, 0x80, noise.randrange(1, 256)])
        path.write_bytes(whole[:at] + bytes([other]) + whole[at + 1 :])
        assert len(used(path)) == COUNT, at


def test_any_byte_of_the_file(whole: bytes, tmp_path: Path) -> None:
    """A changed byte costs at most the tasks of its own page."""
    noise = random.Random(2)
    for number in range(tries(1000)):
        content = bytearray(whole)
        at = noise.choice([noise.randrange(60), noise.randrange(64, PAGE), noise.randrange(PAGE, len(whole))])
        content[at] ^= noise.randrange(1, 256)
        path = tmp_path / f"{number}" / "journal.sqlite"
        path.parent.mkdir()
        path.write_bytes(content)
        assert len(used(path)) >= COUNT - 12, at


def cut(content: bytes, noise: random.Random) -> bytes:
    return content[: noise.randrange(len(content))]


def longer(content: bytes, noise: random.Random) -> bytes:
    return content + noise.randbytes(noise.randrange(9000))


def block(content: bytes, noise: random.Random) -> bytes:
    at, size = noise.randrange(len(content)), noise.choice([16, 512, 4096, 20_000])
    fill = noise.choice([bytes(size), b"\xff" * size, noise.randbytes(size)])
    return (content[:at] + fill + content[at + size :])[: len(content)]


def scattered(content: bytes, noise: random.Random) -> bytes:
    made = bytearray(content)
    for _ in range(noise.choice([2, 20, 500])):
        made[noise.randrange(len(made))] = noise.randrange(256)
    return bytes(made)


def swapped(content: bytes, noise: random.Random) -> bytes:
    pages = [content[at : at + PAGE] for at in range(0, len(content), PAGE)]
    one, other = noise.randrange(len(pages)), noise.randrange(len(pages))
    pages[one], pages[other] = pages[other], pages[one]
    return b"".join(pages)


WAYS = (cut, longer, block, scattered, swapped)


@pytest.mark.parametrize("way", WAYS)
def test_damage_of_each_kind(whole: bytes, tmp_path: Path, way: Callable[[bytes, random.Random], bytes]) -> None:
    """Truncated, overwritten or exchanged: nothing raises, and work continues in the file or in memory."""
    noise = random.Random(way.__name__)
    for number in range(tries(200)):
        path = tmp_path / f"{number}" / "journal.sqlite"
        path.parent.mkdir()
        path.write_bytes(way(whole, noise))
        journal = Journal(path, timeout=0.5)
        journal.entries()
        key = journal.write(REQUEST, URL, KEY)
        journal.update(key, state="accepted", task_id="new")
        assert journal.find("new"), number
        journal.close()


@pytest.fixture
def busy(whole: bytes, tmp_path: Path) -> Iterator[Path]:
    """A journal that another process has open, with a log that is not in the file yet."""
    path = tmp_path / "busy" / "journal.sqlite"
    path.parent.mkdir()
    path.write_bytes(whole)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("PRAGMA journal_mode = WAL")
        reader.execute("PRAGMA wal_autocheckpoint = 0")
        reader.execute("UPDATE submissions SET error = 'in the log'")
        yield path


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_damage_of_what_is_beside_the_file(busy: Path, tmp_path: Path, end: str) -> None:
    """Nothing raises and no task is lost if the files beside the journal are damaged, as after a power failure.

    These are the log, the shared memory, and a rollback journal that is none. Without its log the file is as it was
    before.
    """
    noise = random.Random(end)
    found = {each: busy.with_name(busy.name + each).read_bytes() for each in ("", "-wal", "-shm")}
    found["-journal"] = noise.randbytes(5000)
    for number in range(tries(200)):
        path = tmp_path / f"{number}" / "journal.sqlite"
        path.parent.mkdir()
        for each in {"", "-wal", "-shm", end}:
            content = noise.choice(WAYS[:4])(found[each], noise) if each == end else found[each]
            path.with_name(path.name + each).write_bytes(content)
        assert len(used(path)) == COUNT, number


def test_shared_memory_that_breaks_under_our_hands(busy: Path) -> None:
    """Another kernel has the file open and keeps reading the shared memory. Nothing raises, whatever is read."""
    noise = random.Random(3)
    shared = busy.with_name(f"{busy.name}-shm")
    with shared.open("r+b", buffering=0) as file:
        for _ in range(tries(100)):
            file.seek(noise.randrange(PAGE * 7))
            file.write(noise.randbytes(64))
            journal = Journal(busy, timeout=0.5)
            key = journal.write(REQUEST, URL)
            journal.update(key, state="accepted", task_id=f"n{key}")
            journal.entries()
            journal.close()


def test_a_log_is_part_of_what_is_salvaged(busy: Path) -> None:
    """The newest changes are recovered from a file whose tables cannot be found."""
    with busy.open("r+b") as file:
        content = file.read(PAGE)
        file.seek(0)
        file.write(content[:200] + b"\xff" * (PAGE - 200))
    log = busy.with_name(f"{busy.name}-wal")
    assert log.stat().st_size > PAGE
    assert {entry.error for entry in Journal(busy).entries()} == {"in the log"}


@pytest.mark.parametrize(
    ("statement", "wrong"),
    [
        ("ALTER TABLE submissions RENAME COLUMN task_id TO task", "another column"),
        ("DROP TABLE wishes", "no table"),
        ("UPDATE sqlite_sequence SET seq = 'none'", "no number"),
        ("UPDATE sqlite_sequence SET seq = 3", "a number that was given"),
        ("UPDATE sqlite_sequence SET seq = 9223372036854775807", "no number left"),
        ("PRAGMA user_version = 2", "an older version"),
        ("PRAGMA user_version = 0", "no version"),
        ("PRAGMA user_version = -7", "no possible version"),
        ("PRAGMA user_version = 70000", "no version of ours"),
    ],
)
def test_what_is_whole_for_sqlite_and_is_not_for_us(whole: bytes, tmp_path: Path, statement: str, wrong: str) -> None:
    """If the tables are not those of the version, or the row numbers no numbers, it is treated as damage."""
    path = tmp_path / "journal.sqlite"
    path.write_bytes(whole)
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute(statement)
    assert len(used(path)) == COUNT
    assert len(list(tmp_path.glob("*.damaged-*"))) == 1, wrong


def flipped(content: bytes, noise: random.Random) -> bytes:
    at = noise.randrange(len(content))
    return content[:at] + bytes([content[at] ^ noise.randrange(1, 256)]) + content[at + 1 :]


def test_presets_and_prices(tmp_path: Path) -> None:
    """What is read of a damaged small file is valid, ``trouble`` names it, and the next preset or price is saved.

    A damaged price table is renamed for that, or left if it seems to be of a newer version.
    """
    noise = random.Random(5)
    presets, prices = PresetStore(tmp_path / "presets"), PriceTable(tmp_path / "prices.json")
    presets.save("boat", REQUEST.replace(camera_control={"type": "simple", "config": {"zoom": 3}}, metadata={"a": [1]}))
    prices.set(Price("aigc-video-kling-2.6", Decimal("0.07"), "1080P", True), "USD")
    (preset,) = (tmp_path / "presets").iterdir()
    whole = preset.read_bytes(), prices.path.read_bytes()
    for number in range(tries(3000)):
        way = noise.choice([*WAYS[:4], flipped, flipped])
        for path, content in zip((preset, prices.path), whole, strict=True):
            path.write_bytes(way(content, noise))
        for name in presets.names():
            request = presets.load(name)
            assert request.to_magic() and isinstance(request.problems(), tuple), number
        presets.save("boat", REQUEST)
        assert presets.load("boat") == REQUEST
        table = PriceTable(prices.path)
        table.estimate(REQUEST)
        if not table.trouble.endswith("newer version of kling_widgets."):
            price = Price("aigc-video-kling-3.0", Decimal(1))
            table.set(price, table.currency or "EUR")
            assert price in PriceTable(prices.path).prices
        for path in (*(tmp_path / "presets").glob("*"), *tmp_path.glob("prices.damaged*")):
            path.unlink()


def test_a_picture_that_was_kept(tmp_path: Path) -> None:
    """A picture that is chosen again has the chosen content, not the damaged copy on disk."""
    media = LocalMedia(tmp_path)
    kept = media.keep("a.png", b"picture")
    kept.write_bytes(b"damaged")
    assert media.keep("a.png", b"picture").read_bytes() == b"picture"


def test_a_message_that_is_no_text() -> None:
    """SQLite's own message may repeat damaged bytes."""
    assert suggests_damage(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"))
    assert not suggests_damage(PermissionError(13, "denied"))
    assert not suggests_damage(sqlite3.OperationalError("without a code"))
