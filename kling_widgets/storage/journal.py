"""The journal: the record of every submission, written before it is sent, with its request, service, task id and end.

Each change is on disk before the step that it announces. If no file can be written, the journal is in memory and
``trouble`` says so.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kling_widgets.client.credentials.endpoint import DEMO
from kling_widgets.client.polling import typical
from kling_widgets.core.json_values import to_json
from kling_widgets.errors import KlingError
from kling_widgets.request.estimate import Estimate
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.database import Answer, Database, Step
from kling_widgets.storage.processes import is_anonymous, process_registry
from kling_widgets.storage.requested import RequestIndex, RequestKey
from kling_widgets.storage.schema import SCRIPTS
from kling_widgets.storage.submission import COLUMNS, UNFINISHED, UNSENT, Submission, placeholders

SCHEMA = len(SCRIPTS)
_ALL = ", ".join(COLUMNS)
_CHANGEABLE = {*COLUMNS, "poster"}
_FINISHED = ("saved", "failed", "refused")
_ANSWERED = ("refused", "unknown")  # ends of a submission without a task, which only its sender knows
_NEXT = "(SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'submissions')"  # see ``Database``
_LONGEST_POST = 3600.0  # seconds; an upper bound
DAY = 24 * 3600.0  # seconds; the period of the environment's budget
INTERRUPTED = "The kernel ended before this was sent: nothing was sent, nothing is billed."
_MAYBE_ACCEPTED = (
    "The kernel ended while this was being sent, so it may have been accepted and billed, and is not sent again "
    "automatically. Before you send it again, look for it in the service's web console."
)

# The durations of the last tasks of a kind; the checks leave out rows that another program wrote.
_TOOK = """
    SELECT ended - accepted FROM submissions
    WHERE service = ? AND model = ? AND state IN ('succeeded', 'saved')
    AND typeof(accepted) = 'real' AND typeof(ended) = 'real' AND ended > accepted AND json_valid(body)
    AND CAST(json_extract(CASE WHEN json_valid(body) THEN body END, '$.seconds') AS TEXT) IS ?
    AND CAST(json_extract(CASE WHEN json_valid(body) THEN body END, '$.metadata.resolution') AS TEXT) IS ?
    ORDER BY key DESC LIMIT 20
"""


@dataclass(frozen=True, slots=True)
class Order:
    """An entry to write: a new submission, or a request that repeats an existing one.

    Attributes:
        request: the request.
        request_key: the key by which a repetition of it is recognised, or None.
        estimate: its estimate, or None if there is none.
        repeats: the number of the submission that it repeats, in which case only that is recorded; None for a new one.
    """

    request: VideoRequest
    request_key: RequestKey | None = None
    estimate: Estimate | None = None
    repeats: int | None = None


class Journal:
    """The journal in a file; safe to use from several threads and processes, and after a fork.

    No method raises because of the state of the file or the disk.

    Args:
        path: the file; its folder is created.
        clock: unix seconds.
        timeout: seconds to wait while another process writes.

    Attributes:
        request_index: finds the submissions that earlier requests have led to.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time, timeout: float = 10.0) -> None:
        self._database = Database(path, SCRIPTS, ("submissions", "wishes"), timeout=timeout, clock=clock)
        self._clock = clock
        self._processes = process_registry(path.absolute().parent / "kernels")
        self.request_index = RequestIndex(self._database, self._select)
        # The rows that this process works on, by the number that they had first.
        self._own: dict[int, dict[str, object]] = {}

    @property
    def path(self) -> Path:
        """The journal's file."""
        return self._database.path

    @property
    def trouble(self) -> str:
        """A sentence for the user about what is wrong with the file, such as "it is kept in memory only"; or ""."""
        return self._database.trouble

    @property
    def mode(self) -> str:
        """How the file is written: "wal" (a write-ahead log), "delete" (a rollback journal), or "memory"."""
        return self._database.mode

    def write(self, request: VideoRequest, service: str, request_key: RequestKey | None = None) -> int:
        """Write a submission down before it is sent, and return its number."""
        return self.write_all(lambda: [Order(request, request_key)], service)[0].key

    def write_all(
        self, decide: Callable[[], Sequence[Order]], service: str, allowed: Callable[[Estimate], str] | None = None
    ) -> list[Submission]:
        """Write submissions down before they are sent: all of them, or none.

        Deciding and writing are one transaction: no other kernel, thread or fork writes in between.

        Args:
            decide: returns the entries to write, in the order in which they are asked for; it may query this journal.
                If it raises, nothing is written. It is called a second time if the file turns out to be unusable.
            service: the name of the service that they are sent to.
            allowed: takes the estimate of the last 24 hours (see ``spent``), and returns why the new submissions are
                not allowed, or "". As it is part of the transaction, two kernels cannot both use what is left for one.

        Returns:
            The submission of each entry; for a repetition, the one that it repeats.

        Raises:
            KlingError: with the reason that ``allowed`` returned; nothing was written.
        """

        def work() -> tuple[list[int], dict[int, dict[str, object]], tuple[Submission, ...]]:
            orders = decide()
            if allowed and any(order.repeats is None for order in orders) and (why := allowed(self.spent())):
                raise KlingError(why)
            keys, rows = [], {}  # type: list[int], dict[int, dict[str, object]]
            for order in orders:
                key = order.repeats
                if key is None:
                    key, row = self._insert(order.request_key, **_columns(order, service))
                    rows[key] = row
                elif order.request_key:
                    self.request_index.record(order.request_key, key)
                keys.append(key)
            found = self._select("WHERE key IN (SELECT value FROM json_each(?))", json.dumps(keys))
            return keys, rows, found

        keys, rows, found = self._database.atomically(work)
        self._own |= rows
        entries = {entry.key: entry for entry in found}
        return [entries[key] for key in keys]

    def _insert(self, request_key: RequestKey | None = None, **columns: object) -> tuple[int, dict[str, object]]:
        row = {"created": self._clock(), "owner": self._processes.name} | columns
        statement = f"INSERT INTO submissions (key, {', '.join(row)}) VALUES ({_NEXT}, {placeholders(tuple(row))})"  # noqa: S608 - our own names
        steps = [(statement, tuple(row.values())), *(RequestIndex.record_inserted(request_key) if request_key else [])]
        key = self._database.do_all(steps)[0].number
        return key, {"key": key} | row

    def import_task(self, task_id: str, service: str) -> Submission:
        """Write down a task that was submitted elsewhere, whose request is not known."""
        key, self._own[key] = self._insert(service=service, model="", body="{}", state="accepted", task_id=task_id)
        return self._select("WHERE key = ?", key)[0]

    def spent(self, seconds: float = DAY) -> Estimate:
        """Return the sum of the submissions of the last 24 hours, or of so many seconds.

        The money is in the currency of the newest submission that has a price; one with a price in another currency
        counts as one without a price (see ``Estimate``). Refused submissions do not count, as they were not accepted;
        those that failed, are in progress or may have been accepted do. Submissions to the demo do not count, nor tasks
        that were submitted elsewhere and are only watched here.
        """
        rest = "WHERE created > ? AND service <> ? AND state <> 'refused' ORDER BY key"
        found = self._select(rest, self._clock() - seconds, DEMO)
        return sum((entry.estimate for entry in found if entry.body.keys() - {"model"}), Estimate())

    def update(self, key: int, **columns: object) -> bool | None:
        """Change columns of a submission; ``body`` is a dict, ``poster`` the bytes of a JPEG.

        If a row of this process is missing, as after damage, it is inserted again, so that its task's id is not lost.

        Before a submission is accepted, only the process that sends it knows its state: "written" and "sending" are
        only written over these two; they, "refused" and "unknown" are only written if no other process has taken the
        submission over.

        Returns:
            Whether the change is on disk: False if it is in memory only, or if there is no such row. None if another
            process owns the submission now, so that nothing was changed.
        """
        return self.update_all([(key, columns)])[0]

    def update_all(self, changes: Sequence[tuple[int, Mapping[str, object]]]) -> list[bool | None]:
        """Change several submissions as ``update`` does, in one transaction."""
        merged: dict[int, dict[str, object]] = {}
        for key, columns in changes:
            unknown = columns.keys() - _CHANGEABLE
            assert not unknown, unknown
            if columns.get("state") == "accepted":  # clears what was recorded while its end was not known
                columns = {"error": None, "ended": None, **columns}
            merged.setdefault(key, {}).update(columns)
        for columns in merged.values():
            if "body" in columns:
                columns["body"] = to_json(columns["body"])
        answers = self._database.do_all([self._change(key, columns) for key, columns in merged.items()])
        on_disk: dict[int, bool | None] = {}
        for (key, columns), done in zip(merged.items(), answers, strict=True):
            if not done.changed and self._exists(key):
                self._own.pop(key, None)
                on_disk[key] = None
                continue
            self._own.get(key, {}).update(columns)
            if not done.changed and key in self._own:
                done = self._restore(key, self._own[key])
            if columns.get("state") in _FINISHED:
                self._own.pop(key, None)
            on_disk[key] = done.on_disk and done.changed > 0
        return [on_disk[key] for key, _ in changes]

    def _change(self, key: int, columns: Mapping[str, object]) -> Step:
        row, state = self._own.get(key), columns.get("state")
        condition: tuple[str, Sequence[object]] = ("", ())
        if state in (*UNSENT, *_ANSWERED):
            names = self._processes.names
            condition = (f" AND (owner IN ({placeholders(names)}) OR owner IS NULL)", names)
        if state in UNSENT:
            condition = (
                f"{condition[0]} AND owner IS NOT NULL AND state IN ({placeholders(UNSENT)})",
                (*condition[1], *UNSENT),
            )
        assignments = ", ".join(f"{name} = ?" for name in columns)
        return (
            f"UPDATE submissions SET {assignments} WHERE key = ? AND created = coalesce(?, created){condition[0]}",  # noqa: S608 - our own names
            (*columns.values(), self._number(key), row and row["created"], *condition[1]),
        )

    def _exists(self, key: int) -> bool:
        """Return whether the submission's row is in the file, and its number is not that of another submission."""
        row = self._own.get(key)
        statement = "SELECT 1 FROM submissions WHERE key = ? AND created = coalesce(?, created)"
        return bool(self._database.do(statement, (self._number(key), row and row["created"])).rows)

    def _restore(self, key: int, row: dict[str, object]) -> Answer:
        statement = f"INSERT OR IGNORE INTO submissions ({', '.join(row)}) VALUES ({placeholders(tuple(row))})"  # noqa: S608 - our own names
        done = self._database.do(statement, tuple(row.values()))
        if not done.changed:  # another submission has this number now
            rest = {name: value for name, value in row.items() if name != "key"}
            statement = (
                f"INSERT INTO submissions (key, {', '.join(rest)}) VALUES ({_NEXT}, {placeholders(tuple(rest))})"  # noqa: S608 - our own names
            )
            done = self._database.do(statement, tuple(rest.values()))
            row["key"] = done.number
        return done

    def _number(self, key: int) -> object:
        """Return the present number of a submission of this process."""
        return self._own[key]["key"] if key in self._own else key

    def entries(self, limit: int | None = None) -> tuple[Submission, ...]:
        """Return the submissions, newest first."""
        return self._select("ORDER BY created DESC, key DESC LIMIT ?", -1 if limit is None else limit)

    def find(self, task_id: str) -> Submission | None:
        """Return the submission with this task id; ``#7`` is that of number 7, which may have no task id."""
        if number := re.fullmatch(r"#(\d{1,15})", task_id, re.ASCII):
            found = self._select("WHERE key = ?", int(number[1]))
        else:
            found = self._select("WHERE task_id = ? ORDER BY key DESC", task_id)
        return found[0] if found else None

    def unfinished(self) -> tuple[Submission, ...]:
        """Return the submissions that were accepted and whose video is not saved yet, oldest first."""
        return self._select(
            f"WHERE state IN ({placeholders(UNFINISHED)}) AND task_id IS NOT NULL ORDER BY key", *UNFINISHED
        )

    def unsent(self, since: float) -> tuple[Submission, ...]:
        """Return the submissions that a kernel wrote down but did not send before it ended, oldest first.

        Those whose request was repeated since are left out.

        Args:
            since: unix seconds; older submissions are left out.
        """
        return self._select(
            "WHERE state = 'refused' AND error = ? AND created > ? AND NOT EXISTS (SELECT 1 FROM wishes AS one JOIN "
            "wishes AS other ON other.same = one.same AND other.submission > one.submission "
            "WHERE one.submission = submissions.key) ORDER BY key",
            INTERRUPTED,
            since,
        )

    def in_state(self, *states: str) -> tuple[Submission, ...]:
        """Return the submissions in one of these states, oldest first."""
        return self._select(f"WHERE state IN ({placeholders(states)}) ORDER BY key", *states)

    def poster(self, key: int) -> bytes | None:
        """Return the small picture of a submission's video, a JPEG, or None."""
        rows = self._database.do("SELECT poster FROM submissions WHERE key = ?", (key,)).rows
        found = rows[0][0] if rows else None
        return found if isinstance(found, bytes) else None

    def forget(self, keys: Iterable[int]) -> int:
        """Delete submissions for good, but not their videos; return how many there were."""
        these = [self._number(key) for key in keys]
        chosen = (json.dumps(these),)
        gone, _ = self._database.do_all(
            [
                ("DELETE FROM submissions WHERE key IN (SELECT value FROM json_each(?)) RETURNING key", chosen),
                ("DELETE FROM wishes WHERE submission IN (SELECT value FROM json_each(?))", chosen),
            ]
        )
        self._own = {key: row for key, row in self._own.items() if row["key"] not in these}
        return len(gone.rows)

    # Which process works on a submission.

    def recover_orphans(self) -> tuple[Submission, ...]:
        """Record what is known of submissions whose process ended before they were accepted.

        One that was only written down was not sent ("refused"); one that was being sent may have been accepted
        ("unknown").

        Returns:
            The submissions whose state this call has changed, oldest first.
        """
        left = self.in_state("written", "sending")
        news: list[Submission] = []
        for entry in left:
            if self.owned(entry):
                continue
            state, error = ("refused", INTERRUPTED) if entry.state == "written" else ("unknown", _MAYBE_ACCEPTED)
            changed = self._database.do(
                "UPDATE submissions SET state = ?, error = ?, ended = ? WHERE key = ? AND state = ? RETURNING key",
                (state, error, self._clock(), entry.key, entry.state),
            ).rows
            if changed:  # else another kernel has done it
                news += self._select("WHERE key = ?", entry.key)
        return tuple(news)

    def owned(self, entry: Submission) -> bool:
        """Return whether a living process works on a submission, or may do so."""
        if (
            is_anonymous(entry.owner)
            and entry.state in ("written", "sending")
            and self._clock() - entry.created < _LONGEST_POST
        ):
            return True
        return self._processes.alive(entry.owner)

    def owned_elsewhere(self, entry: Submission) -> bool:
        """Return whether another process works on a submission."""
        return entry.owner not in self._processes.names and self.owned(entry)

    def owned_here(self, entry: Submission) -> bool:
        """Return whether this process works on a submission."""
        return entry.owner in self._processes.names

    def own(self, key: int) -> None:
        """Make this process the owner of a submission."""
        self.update(key, owner=self._processes.name)
        self._load_own(key)

    def claim(self, entry: Submission) -> bool:
        """Make this process the owner of an unfinished submission.

        Return False if the submission has ended, or has got another owner since it was read.
        """
        changed = self._database.do(
            "UPDATE submissions SET owner = ? WHERE key = ? AND (owner IS ? OR owner IS NULL) "  # noqa: S608 - our own names
            f"AND state IN ({placeholders(UNFINISHED)}) RETURNING key",
            (self._processes.name, entry.key, entry.owner, *UNFINISHED),
        ).rows
        if changed:
            self._load_own(entry.key)
        return bool(changed)

    def inherit(self, entry: Submission) -> bool:
        """Make this process the sender of a submission whose own process ended before it sent it.

        Return False if its process has not ended, or has sent it.
        """
        left = entry.state == "refused" and entry.error == INTERRUPTED
        if not left and (entry.state != "written" or self.owned(entry)):
            return False
        changed = self._database.do(
            "UPDATE submissions SET state = 'written', owner = ?, error = NULL, ended = NULL "
            "WHERE key = ? AND state = ? AND owner IS ? AND error IS ? RETURNING key",
            (self._processes.name, entry.key, entry.state, entry.owner, entry.error),
        ).rows
        if changed:
            self._load_own(entry.key)
        return bool(changed)

    def _load_own(self, key: int) -> None:
        rows = self._database.do(f"SELECT {_ALL} FROM submissions WHERE key = ?", (key,)).rows  # noqa: S608 - our own names
        if rows and key not in self._own:
            self._own[key] = dict(zip(COLUMNS, rows[0], strict=True))

    def release(self, key: int) -> None:
        """Give up the ownership of a submission, so that another process may continue with it.

        If another process owns it already, nothing is changed.
        """
        names = self._processes.names
        self._database.do(
            f"UPDATE submissions SET owner = NULL WHERE key = ? AND owner IN ({placeholders(names)})",  # noqa: S608 - our own names
            (self._number(key), *names),
        )
        self._own.pop(key, None)

    # How long tasks take.

    def typical_seconds(self, request: VideoRequest, service: str) -> float | None:
        """Return the seconds that tasks of this model, length and resolution usually take; None if not known."""
        kind = (None if part is None else str(part) for part in map(request.get, ("seconds", "resolution")))
        rows = self._database.do(_TOOK, (service, request.model, *kind)).rows
        return typical([took for (took,) in rows])

    def _select(self, rest: str, *values: object) -> tuple[Submission, ...]:
        rows = self._database.do(f"SELECT {_ALL} FROM submissions {rest}", values).rows  # noqa: S608 - our own names
        return tuple(entry for row in rows if (entry := Submission.of_row(row)))

    def posters(self, keys: Iterable[int]) -> dict[int, bytes]:
        """Return the small pictures, JPEGs, of those submissions that have one, by number."""
        statement = "SELECT key, poster FROM submissions WHERE key IN (SELECT value FROM json_each(?))"
        rows = self._database.do(statement, (json.dumps(list(keys)),)).rows
        return {key: poster for key, poster in rows if isinstance(poster, bytes)}

    def close(self) -> None:
        """Try a last time to write the changes in memory to the file, and drop them; a file is never left open."""
        self._database.close()


def _columns(order: Order, service: str) -> dict[str, object]:
    """Return the columns of a new submission."""
    request, estimate = order.request, order.estimate
    row = {"service": service, "model": request.model, "body": to_json(request.draft()), "state": "written"}
    return row | ({"cost": float(estimate.money), "currency": estimate.currency} if estimate and estimate.cost else {})
