"""What many jobs note at once is written together: a change of the file costs the same for one of them and for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from kling_widgets.storage.journal import Journal

T = TypeVar("T")


class JournalWriter:
    """Writes into a journal, in a thread beside the loop that it belongs to. What is noted while it writes is written
    next: all of it at once, in the order in which it was noted.

    Args:
        journal: takes the notes.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._notes: list[tuple[int, dict[str, object], asyncio.Future[bool | None]]] = []
        self._writing: asyncio.Task[None] | None = None

    def note(self, key: int, **columns: object) -> asyncio.Future[bool | None]:
        """Notes what has changed of a submission; the future is done when it is written, and says whether that is on
        disk. See ``Journal.update``."""
        written = asyncio.get_running_loop().create_future()
        self._notes.append((key, columns, written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return written

    async def _write(self) -> None:
        while self._notes:
            notes, self._notes = self._notes, []
            try:
                await self._all(notes)
            except Exception:  # noqa: BLE001 - one that cannot be written must not keep the others from being written
                for each in notes:
                    await self._one(each)
        self._writing = None

    async def _all(self, notes: Sequence[tuple[int, dict[str, object], asyncio.Future[bool | None]]]) -> None:
        columns = [(key, columns) for key, columns, _ in notes]
        on_disk = await in_thread(partial(self._journal.update_all, columns))
        for (_, _, written), told in zip(notes, on_disk, strict=True):
            if not written.done():  # whoever waited for it may have been cancelled
                written.set_result(told)

    async def _one(self, note: tuple[int, dict[str, object], asyncio.Future[bool | None]]) -> None:
        try:
            await self._all([note])
        except Exception as error:  # noqa: BLE001 - it is raised again where it is waited for
            if not note[2].done():
                note[2].set_exception(error)


async def in_thread(work: Callable[[], T]) -> T:
    """In a thread; where that fails, as where no thread can be had, once more and here: what is paid for must not be
    lost for it."""
    try:
        return await asyncio.to_thread(work)
    except Exception:  # noqa: BLE001
        return work()
