"""The submissions that the requests of cells and scripts have led to, by which a repeated request is recognised."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from kling_widgets.storage.database import Database, Step
from kling_widgets.storage.submission import Submission, placeholders

_REFUSED = 0  # in place of a submission's number: the run requested more here, and was refused
# How many identical requests this run of the cell has recorded.
_COUNT = "(SELECT count(*) FROM wishes WHERE run = ? AND cell = ? AND same = ? AND submission <> 0)"


@dataclass(frozen=True, slots=True)
class RequestKey:
    """The key by which a repeated request is told from a new one.

    With the request's number among the identical ones of its run, ``cell`` and ``fingerprint`` are an idempotency key.

    Attributes:
        fingerprint: equal for the same request to the same service.
        cell: the notebook's cell that made the request, or "".
        run: the run of that cell, or "".
        former_fingerprints: the fingerprints of this request by earlier versions, which the journal may still have.
        former_cell: the cell's name by an earlier version, if that was another one; else "".
    """

    fingerprint: str
    cell: str = ""
    run: str = ""
    former_fingerprints: tuple[str, ...] = ()
    former_cell: str = ""

    @property
    def fingerprints(self) -> str:
        """All present and former fingerprints, as a JSON list."""
        return json.dumps([self.fingerprint, *self.former_fingerprints])

    @property
    def cells(self) -> str:
        """The present and the former name of the cell, as a JSON list."""
        return json.dumps([name for name in (self.cell, self.former_cell) if name])


class RequestIndex:
    """The requests of a journal, and the submission that each of them has led to.

    Args:
        database: the journal's database.
        select: returns the submissions for the rest of a SELECT statement and its values.
    """

    def __init__(self, database: Database, select: Callable[..., tuple[Submission, ...]]) -> None:
        self._database, self._select = database, select

    def record(self, key: RequestKey, submission: int) -> None:
        """Record that a request led to a submission that was there before."""
        self._database.do_all(self._steps(key, "?", submission))

    @classmethod
    def record_inserted(cls, key: RequestKey) -> list[Step]:
        """Return the steps that record a request for the submission that the step before them inserts.

        In one transaction, so that neither is on disk without the other if the kernel is killed.
        """
        return cls._steps(key, "last_insert_rowid()")

    @staticmethod
    def _steps(key: RequestKey, submission: str, *number: int) -> list[Step]:
        """Return the steps that record a request; it takes the idempotency key from the request that had it before."""
        insert = "INSERT INTO wishes (same, cell, run, submission, nth)"
        if not key.cell:
            return [(f"{insert} VALUES (?, '', '', {submission}, NULL)", (key.fingerprint, *number))]
        identical = (key.run, key.cell, key.fingerprint)
        return [
            (
                f"UPDATE wishes SET nth = NULL WHERE cell = ? AND same = ? AND nth = {_COUNT} + 1",  # noqa: S608 - our own names
                (key.cell, key.fingerprint, *identical),
            ),
            (
                f"{insert} VALUES (?, ?, ?, {submission}, {_COUNT} + 1)",
                (key.fingerprint, key.cell, key.run, *number, *identical),
            ),
        ]

    def record_refused_run(self, key: RequestKey) -> None:
        """Record that a cell's run was refused at this request, so that the cell's next run completes that run.

        The submission that has the idempotency key keeps it.
        """
        statement = "INSERT INTO wishes (same, cell, run, submission, nth) VALUES (?, ?, ?, ?, NULL)"
        self._database.do(statement, (key.fingerprint, key.cell, key.run, _REFUSED))

    def begun_in_refused_run(self, key: RequestKey) -> AbstractSet[int]:
        """Return the numbers of the submissions that this cell began, if its run before this one was refused midway.

        Return an empty set if that run was not refused, or if the request has no cell.
        """
        if not key.cell:
            return frozenset()
        rows = self._database.do(
            "SELECT submission FROM (SELECT submission, cell, min(key) FROM wishes WHERE submission IN "
            "(SELECT submission FROM wishes WHERE cell = ?) GROUP BY submission) WHERE cell = ? AND EXISTS ("
            "SELECT 1 FROM wishes WHERE cell = ? AND submission = ? AND run = "
            "(SELECT run FROM wishes WHERE cell = ? AND run <> ? ORDER BY key DESC LIMIT 1))",
            (key.cell, key.cell, key.cell, _REFUSED, key.cell, key.run),
        ).rows
        return {number for (number,) in rows} - {_REFUSED}

    def previous(self, key: RequestKey, skip: int = 0) -> Submission | None:
        """Return the submission that the same request of the cell's previous run led to, or None.

        The n-th identical request of a run corresponds to the n-th one of the last run that had so many, as the run
        before may have been killed midway.

        Args:
            key: the request's key; without a cell there is no previous run.
            skip: the number of identical requests of this run that are not recorded yet.
        """
        if not key.cell:
            return None
        ((count,),) = self._database.do(f"SELECT {_COUNT}", (key.run, key.cell, key.fingerprint)).rows
        rows = self._database.do(
            "SELECT submission FROM wishes WHERE cell IN (SELECT value FROM json_each(?)) "
            "AND same IN (SELECT value FROM json_each(?)) AND nth = ? AND run <> ? ORDER BY key DESC LIMIT 1",
            (key.cells, key.fingerprints, count + skip + 1, key.run),
        ).rows
        found = self._select("WHERE key = ?", rows[0][0]) if rows else ()
        return found[0] if found else None

    def identical(self, key: RequestKey, states: Sequence[str], skip: Sequence[int] = ()) -> tuple[Submission, ...]:
        """Return the submissions of identical requests of any cell, newest first, without those that this run has used.

        Args:
            key: the request's key.
            states: the states that count, of ``Submission.state``.
            skip: numbers of submissions that this run has used, but that are not recorded yet.
        """
        found = self._select(
            f"WHERE state IN ({placeholders(states)}) AND key IN (SELECT submission FROM wishes "  # noqa: S608 - our own names
            "WHERE same IN (SELECT value FROM json_each(?))) "
            "AND key NOT IN (SELECT submission FROM wishes WHERE same = ? AND cell = ? AND run = ? AND cell <> '') "
            "ORDER BY key DESC",
            *states,
            key.fingerprints,
            key.fingerprint,
            key.cell,
            key.run,
        )
        return tuple(entry for entry in found if entry.key not in skip)

    def in_unfinished_run(self, key: RequestKey, submission: int, states: Sequence[str]) -> bool:
        """Return whether the cell's last other run that used a submission is unfinished.

        It is if one of its submissions is in one of these states, or if it was refused midway.
        """
        cells = "cell IN (SELECT value FROM json_each(?))"
        found = self._database.do(
            f"SELECT 1 FROM wishes LEFT JOIN submissions ON submissions.key = wishes.submission WHERE wishes.{cells} "  # noqa: S608 - our own names
            f"AND wishes.run = (SELECT run FROM wishes WHERE submission = ? AND {cells} AND run <> ? ORDER BY key DESC "
            f"LIMIT 1) AND (submissions.state IN ({placeholders(states)}) OR wishes.submission = ?) LIMIT 1",
            (key.cells, submission, key.cells, key.run, *states, _REFUSED),
        )
        return bool(found.rows)
