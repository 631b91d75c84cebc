"""Tasks, uploads and clips on disk."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from kling_widgets.demo.store import OWNER_TIMEOUT, Row, Store
from tests.conftest import tries
from tests.demo.conftest import make_request

pytestmark = pytest.mark.slow


class Clock:
    """Clock that a test sets."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Store:
    return Store(tmp_path / "demo", clock)


def create(store: Store, prompt: str = "a calm sea", **fields: Any) -> Row:
    return store.create(make_request(prompt, **fields).payload(), prompt, 10.0)


def status(store: Store, row: Row) -> tuple[str, int]:
    """Return the current status and progress, as a query does."""
    found = store.get(row.id)
    assert found
    state = found.state(store.now())
    return state.status, state.progress


def test_a_task_goes_from_queue_to_success(store: Store, clock: Clock) -> None:
    """A task is queued until it is claimed and a moment longer, runs with growing progress, and succeeds only after
    its minimum time and with a complete clip."""
    row = create(store)
    assert status(store, row) == ("queued", 0)
    taken = store.claim("me")
    assert taken and taken.id == row.id
    clock.time += 0.5
    assert status(store, row) == ("queued", 0)
    clock.time += 1.5
    store.heartbeat(taken, "me", 0.5)
    assert status(store, row) == ("running", 21)
    clock.time += 4
    assert status(store, row) == ("running", 53)
    clock.time += 10
    store.heartbeat(taken, "me", 1.0)
    assert status(store, row) == ("running", 99)
    store.clip(row).write_bytes(b"a clip")
    store.finish(taken)
    assert status(store, row) == ("succeeded", 100)


def test_a_clip_that_is_ready_soon_waits_for_its_time(store: Store, clock: Clock) -> None:
    """A task takes its minimum time even if its clip is finished earlier."""
    row = create(store)
    taken = store.claim("me")
    assert taken
    store.clip(row).write_bytes(b"a clip")
    store.finish(taken)
    clock.time += 9.9
    assert status(store, row) == ("running", 99)
    clock.time += 0.2
    assert status(store, row) == ("succeeded", 100)


def test_progress_never_looks_like_a_stage(store: Store, clock: Clock) -> None:
    """Real progress is never 10, 20 or 30, the stock gateway's stage marks."""
    row = create(store)
    taken = store.claim("me")
    assert taken
    store.heartbeat(taken, "me", 1.0)
    seen = set()
    for _ in range(110):
        clock.time += 0.1
        seen.add(status(store, row)[1])
    assert len(seen) > 20 and not seen & {10, 20, 30, 100}


def test_a_task_that_is_to_fail_fails_in_the_middle(store: Store, clock: Clock) -> None:
    """A task with demo:moderation runs first, and is not drawn."""
    row = create(store, "demo:moderation")
    assert store.claim("me") is None
    clock.time += 3
    assert status(store, row)[0] == "running"
    clock.time += 3
    assert status(store, row)[0] == "failed"
    found = store.get(row.id)
    assert found and found.state(clock.time).error == (
        "content moderation failed (asked for by demo:moderation)",
        "task_failed",
    )


def test_an_error_of_the_drawing_is_the_tasks(store: Store) -> None:
    """A clip that cannot be drawn makes its task fail with the reason."""
    row = create(store)
    taken = store.claim("me")
    assert taken
    store.finish(taken, "no space left")
    found = store.get(row.id)
    assert found and found.state(store.now()).error == ("no space left", "task_failed")


def test_one_task_is_taken_once(store: Store) -> None:
    """Concurrent claims get each task once, the oldest first."""
    rows = [create(store, f"sea {number}") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda number: store.claim(f"worker {number}"), range(12)))
    assert sorted(row.id for row in taken if row) == sorted(row.id for row in rows)


def test_work_of_one_who_is_gone_is_taken_over(store: Store, clock: Clock) -> None:
    """A task without a heartbeat of its owner can be claimed by another; one with a heartbeat cannot."""
    row = create(store)
    taken = store.claim("first")
    assert taken
    clock.time += OWNER_TIMEOUT - 1
    store.heartbeat(taken, "first", 0.3)
    clock.time += OWNER_TIMEOUT - 1
    assert store.claim("second") is None
    clock.time += 2
    again = store.claim("second")
    assert again and again.id == row.id


def test_one_who_ends_gives_its_work_back(store: Store) -> None:
    """Released tasks can be claimed at once."""
    create(store)
    store.claim("first")
    store.release("first")
    assert store.claim("second")


def test_a_clock_set_back_blocks_nobody(store: Store, clock: Clock) -> None:
    """A heartbeat from the future does not count."""
    create(store)
    store.claim("first")
    clock.time -= 3600
    assert store.claim("second")


def test_a_deleted_clip_is_drawn_again(store: Store) -> None:
    """A task whose clip has been deleted is open again."""
    row = create(store)
    taken = store.claim("me")
    assert taken
    store.clip(row).write_bytes(b"a clip")
    store.finish(taken)
    store.clip(row).unlink()
    assert status(store, row)[0] == "queued"
    assert store.claim("me")


def test_another_process_finds_everything(store: Store, tmp_path: Path) -> None:
    """A second store of the folder finds task, clip and upload of the first."""
    row, name = create(store), store.save_upload(b"a picture", ".png")
    other = Store(tmp_path / "demo")
    assert other.get(row.id) == row
    path = other.upload(name)
    assert path and path.read_bytes() == b"a picture"


def test_equal_requests_share_a_clip(store: Store) -> None:
    """Equal requests share a clip, also if a picture's link has another port, and are drawn once."""
    name = store.save_upload(b"a picture", ".png")
    one, two, other = (
        create(store, image=f"http://{host}/media/uploads/{name}", image_tail=f"https://example.com/{tail}")
        for host, tail in (("127.0.0.1:1000", "a"), ("127.0.0.1:2000", "a"), ("127.0.0.1:1000", "b"))
    )
    assert one.clip == two.clip != other.clip
    store.clip(one).write_bytes(b"a clip")
    assert create(store, image=f"http://localhost:3/media/uploads/{name}", image_tail="https://example.com/a").finished


def test_only_own_names_are_looked_up(store: Store) -> None:
    """Only ids and names in the demo's own form are looked up, so that none leads out of its folder."""
    assert store.get("demo_' OR 1=1 --") is None
    assert store.get("demo_" + "0" * 20) is None
    assert store.upload("../tasks.sqlite") is None
    assert store.upload("0" * 32 + ".png") is None


def test_whatever_happens_to_the_file_the_demo_goes_on(tmp_path: Path, clock: Clock) -> None:
    """With a damaged file the demo continues: damaged tasks fail, and an unreadable file is replaced by a new one."""
    noise = random.Random(1)
    whole = Store(tmp_path / "whole", clock)
    rows = [create(whole, f"boat {number}") for number in range(9)]
    content = (whole.folder / "tasks.sqlite").read_bytes()
    for number in range(tries(1000)):
        damaged = bytearray(content)
        for _ in range(noise.choice([1, 1, 50])):
            damaged[noise.choice([noise.randrange(len(content)), noise.randrange(1500)])] = noise.randrange(256)
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "tasks.sqlite").write_bytes(damaged)
        store = Store(folder, clock)
        new = create(store)
        for row in rows:
            if found := store.get(row.id):
                assert found.state(clock()).status in ("queued", "running", "failed", "succeeded")
        drawn = set()
        while taken := store.claim("me"):
            store.heartbeat(taken, "me", 0.5)
            store.finish(taken, taken.error)
            assert taken.id not in drawn, number
            drawn.add(taken.id)
        assert new.id in drawn, number
