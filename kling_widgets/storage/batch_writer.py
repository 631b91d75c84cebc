"""Writing the changes of many jobs together, as one transaction costs the same for one change as for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from kling_widgets.storage.journal import Journal

T = TypeVar("T")


class _Change(NamedTuple):
    key: int
    columns: dict[str, object]
    written: asyncio.Future[bool | None]


class JournalWriter:
    """Writes changes into a journal, in a thread beside the event loop that it belongs to.

    Changes that arrive during a write are collected and written next, all at once, in the order of their arrival.

    Args:
        journal: the journal.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._changes: list[_Change] = []
        self._writing: asyncio.Task[None] | None = None

    def update(self, key: int, **columns: object) -> asyncio.Future[bool | None]:
        """Change columns of a submission; return a future of what ``Journal.update`` returns."""
        written = asyncio.get_running_loop().create_future()
        self._changes.append(_Change(key, columns, written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return written

    async def _write(self) -> None:
        while self._changes:
            changes, self._changes = self._changes, []
            try:
                await self._write_together(changes)
            except Exception:  # noqa: BLE001 - one change that cannot be written must not hold back the others
                for each in changes:
                    await self._write_alone(each)
        self._writing = None

    async def _write_together(self, changes: Sequence[_Change]) -> None:
        columns = [(each.key, each.columns) for each in changes]
        results = await in_thread(partial(self._journal.update_all, columns))
        for each, on_disk in zip(changes, results, strict=True):
            if not each.written.done():  # the coroutine that waits may have been cancelled
                each.written.set_result(on_disk)

    async def _write_alone(self, change: _Change) -> None:
        try:
            await self._write_together([change])
        except Exception as error:  # noqa: BLE001 - raised again where the future is awaited
            if not change.written.done():
                change.written.set_exception(error)


async def in_thread(work: Callable[[], T]) -> T:
    """Run work in a thread; if that raises, as when no thread can be started, run it once more, here.

    A record of what is paid for must not be lost because of that.
    """
    try:
        return await asyncio.to_thread(work)
    except Exception:  # noqa: BLE001
        return work()
