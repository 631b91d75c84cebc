"""Which submissions the wishes of cells and scripts have led to: what tells a repetition from a new wish."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from kling_widgets.storage.database import Database, Step
from kling_widgets.storage.submission import Submission, placeholders

_HELD_UP = 0  # in place of a submission's number: the run asked for more, and was refused
# How many identical wishes this run of the cell has noted.
_COUNT = "(SELECT count(*) FROM wishes WHERE run = ? AND cell = ? AND same = ? AND submission <> 0)"


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What tells a wish that is repeated from a new one. With its number among the identical ones of its run, ``cell``
    and ``same`` are its idempotency key.

    Attributes:
        same: equal for the same request to the same service.
        cell: the notebook's cell that it was made in, or "".
        run: that run of the cell, or "".
        former: what ``same`` was for it in versions before, which the journal may still hold.
        former_cell: what ``cell`` was, if that was another name; else "".
    """

    same: str
    cell: str = ""
    run: str = ""
    former: tuple[str, ...] = ()
    former_cell: str = ""

    @property
    def sames(self) -> str:
        """A JSON list of all that ``same`` is and was."""
        return json.dumps([self.same, *self.former])

    @property
    def cells(self) -> str:
        """A JSON list of all that ``cell`` is and was."""
        return json.dumps([name for name in (self.cell, self.former_cell) if name])


class RequestIndex:
    """The wishes of a journal.

    Args:
        database: of the journal.
        select: gives the submissions for the rest of a SELECT and its values.
    """

    def __init__(self, database: Database, select: Callable[..., tuple[Submission, ...]]) -> None:
        self._database, self._select = database, select

    def note(self, wish: RequestKey, key: int) -> None:
        """Notes that a wish led to a submission of before."""
        self._database.do_all(self._steps(wish, "?", key))

    @classmethod
    def of_the_last(cls, wish: RequestKey) -> list[Step]:
        """Notes that a wish led to the submission that the step before inserts: one is never there without the other,
        however the kernel ends."""
        return cls._steps(wish, "last_insert_rowid()")

    @staticmethod
    def _steps(wish: RequestKey, submission: str, *key: int) -> list[Step]:
        """The wish takes its key over from the one that had it."""
        insert = "INSERT INTO wishes (same, cell, run, submission, nth)"
        if not wish.cell:
            return [(f"{insert} VALUES (?, '', '', {submission}, NULL)", (wish.same, *key))]
        this, count = (wish.cell, wish.same), (wish.run, wish.cell, wish.same)
        return [
            (f"UPDATE wishes SET nth = NULL WHERE cell = ? AND same = ? AND nth = {_COUNT} + 1", (*this, *count)),  # noqa: S608 - our own names
            (f"{insert} VALUES (?, ?, ?, {submission}, {_COUNT} + 1)", (wish.same, *this[:1], wish.run, *key, *count)),
        ]

    def hold_up(self, wish: RequestKey) -> None:
        """Notes that a cell's run was refused at this wish: the next run of the cell goes on with that run as a whole.
        The key of the wish stays with the submission that has it."""
        statement = "INSERT INTO wishes (same, cell, run, submission, nth) VALUES (?, ?, ?, ?, NULL)"
        self._database.do(statement, (wish.same, wish.cell, wish.run, _HELD_UP))

    def begun_before_hold_up(self, wish: RequestKey) -> AbstractSet[int]:
        """The numbers of the submissions that the cell of this wish has begun itself, if its run before this one was
        refused in the middle; else none."""
        if not wish.cell:
            return frozenset()
        rows = self._database.do(
            "SELECT submission FROM (SELECT submission, cell, min(key) FROM wishes WHERE submission IN "
            "(SELECT submission FROM wishes WHERE cell = ?) GROUP BY submission) WHERE cell = ? AND EXISTS ("
            "SELECT 1 FROM wishes WHERE cell = ? AND submission = ? AND run = "
            "(SELECT run FROM wishes WHERE cell = ? AND run <> ? ORDER BY key DESC LIMIT 1))",
            (wish.cell, wish.cell, wish.cell, _HELD_UP, wish.cell, wish.run),
        ).rows
        return {number for (number,) in rows} - {_HELD_UP}

    def before(self, wish: RequestKey, skip: int = 0) -> Submission | None:
        """The submission of the run before: the n-th identical wish of a cell's run meets the n-th of the last run that
        came so far. The run before may have been killed in the middle of its wishes.

        Args:
            wish: the wish; one without a cell has no run before.
            skip: how many identical ones of this run are not noted yet.
        """
        if not wish.cell:
            return None
        ((count,),) = self._database.do(f"SELECT {_COUNT}", (wish.run, wish.cell, wish.same)).rows
        rows = self._database.do(
            "SELECT submission FROM wishes WHERE cell IN (SELECT value FROM json_each(?)) "
            "AND same IN (SELECT value FROM json_each(?)) AND nth = ? AND run <> ? ORDER BY key DESC LIMIT 1",
            (wish.cells, wish.sames, count + skip + 1, wish.run),
        ).rows
        found = self._select("WHERE key = ?", rows[0][0]) if rows else ()
        return found[0] if found else None

    def alike(self, wish: RequestKey, states: Sequence[str], skip: Sequence[int] = ()) -> tuple[Submission, ...]:
        """The submissions of identical wishes in one of these states, newest first, of any cell, but for those that
        this run has met.

        Args:
            wish: the wish.
            states: of ``Submission.state``.
            skip: numbers of those that it has met, and that are not noted yet.
        """
        found = self._select(
            f"WHERE state IN ({placeholders(states)}) AND key IN (SELECT submission FROM wishes "  # noqa: S608 - our own names
            "WHERE same IN (SELECT value FROM json_each(?))) "
            "AND key NOT IN (SELECT submission FROM wishes WHERE same = ? AND cell = ? AND run = ? AND cell <> '') "
            "ORDER BY key DESC",
            *states,
            wish.sames,
            wish.same,
            wish.cell,
            wish.run,
        )
        return tuple(entry for entry in found if entry.key not in skip)

    def in_open_run(self, wish: RequestKey, key: int, states: Sequence[str]) -> bool:
        """Whether the last run of the cell that met this submission has another one in one of these states, or was
        refused in the middle."""
        cells = "cell IN (SELECT value FROM json_each(?))"
        found = self._database.do(
            f"SELECT 1 FROM wishes LEFT JOIN submissions ON submissions.key = wishes.submission WHERE wishes.{cells} "  # noqa: S608 - our own names
            f"AND wishes.run = (SELECT run FROM wishes WHERE submission = ? AND {cells} AND run <> ? ORDER BY key DESC "
            f"LIMIT 1) AND (submissions.state IN ({placeholders(states)}) OR wishes.submission = ?) LIMIT 1",
            (wish.cells, key, wish.cells, wish.run, *states, _HELD_UP),
        )
        return bool(found.rows)
