"""Changes that many jobs make at once are written together, in order, whatever happens to one of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from kling_widgets.storage.batch_writer import JournalWriter, in_thread
from kling_widgets.storage.journal import Journal
from tests.jobs.conftest import LONG, REQUEST

pytestmark = pytest.mark.slow

Changes = Sequence[tuple[int, Mapping[str, object]]]


class Slow(Journal):
    """A journal that reports each write, waits for permission, and refuses the state "refused"."""

    def __init__(self, path: Path) -> None:
        self.written: list[list[int]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()
        super().__init__(path)

    def update_all(self, changes: Changes) -> list[bool]:
        self.written.append([key for key, _ in changes])
        self.begun.set()
        assert self.go_on.wait(LONG)
        if any(columns.get("state") == "refused" for _, columns in changes):
            raise RuntimeError("not this one")
        return super().update_all(changes)


@pytest.fixture
def journal(tmp_path: Path) -> Slow:
    """An empty journal."""
    return Slow(tmp_path / "journal.sqlite")


def test_what_comes_meanwhile_is_written_at_once(journal: Slow) -> None:
    """A thousand tasks that end together cost two transactions, and not a thousand."""

    async def main() -> list[bool]:
        writer = JournalWriter(journal)
        first = writer.update(keys[0], state="sending")
        await asyncio.to_thread(journal.begun.wait, LONG)
        rest = [writer.update(key, state="accepted", task_id=f"t{key}") for key in keys]
        journal.go_on.set()
        return await asyncio.gather(first, *rest)

    keys = [journal.write(REQUEST, "a") for _ in range(1000)]
    assert asyncio.run(main()) == [True] * 1001
    assert journal.written == [keys[:1], keys]
    assert {(entry.key, entry.task_id) for entry in journal.unfinished()} == {(key, f"t{key}") for key in keys}


def test_the_last_note_of_a_submission_counts(journal: Slow) -> None:
    """Changes are written in the order in which they were made."""

    async def main() -> None:
        writer = JournalWriter(journal)
        await asyncio.gather(*(writer.update(key, state=state) for state in ("sending", "written", "sending")))
        await asyncio.gather(
            writer.update(key, state="accepted", task_id="t"), writer.update(key, url="https://a.example/v")
        )

    key = journal.write(REQUEST, "a")
    journal.go_on.set()
    asyncio.run(main())
    (entry,) = journal.entries()
    assert (entry.state, entry.task_id, entry.url) == ("accepted", "t", "https://a.example/v")


def test_one_that_cannot_be_written_does_not_keep_others_from_being(journal: Slow) -> None:
    """Only its own future has the error; the ids of the others are on disk."""

    async def main() -> list[bool | BaseException]:
        writer = JournalWriter(journal)
        notes = [
            writer.update(key, state="refused" if key == keys[1] else "accepted", task_id=f"t{key}") for key in keys
        ]
        return await asyncio.gather(*notes, return_exceptions=True)

    keys = [journal.write(REQUEST, "a") for _ in range(3)]
    journal.go_on.set()
    first, second, third = asyncio.run(main())
    assert (first, third) == (True, True)
    assert isinstance(second, RuntimeError)
    assert {entry.task_id for entry in journal.unfinished()} == {f"t{keys[0]}", f"t{keys[2]}"}


def test_a_note_is_written_though_nobody_waits_for_it_any_more(journal: Slow) -> None:
    """The futures of the other changes are set too."""

    async def main() -> bool:
        writer = JournalWriter(journal)
        given_up, other = writer.update(keys[0], state="accepted", task_id="t"), writer.update(keys[1], state="sending")
        given_up.cancel()
        journal.go_on.set()
        return await other

    keys = [journal.write(REQUEST, "a") for _ in range(2)]
    assert asyncio.run(main())
    assert [entry.key for entry in journal.unfinished()] == keys[:1]


def test_work_that_fails_in_a_thread_is_done_here() -> None:
    """If no thread can be started the work is done in the calling one."""

    def work() -> str:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("can't start new thread")
        return "done"

    assert asyncio.run(in_thread(work)) == "done"
