"""The record of every submission, from before it is sent: what is asked, where it went, under which id, how it ended.

Each change is on disk before the step that it announces; where no file can be kept, it is in memory, and says so.
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
_OVER = ("saved", "failed", "refused")
_ANSWERED = ("refused", "unknown")  # how a submission without a task ends: only its sender can say so
_NEXT = "(SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'submissions')"  # see ``Database``
_POST = 3600.0  # seconds; no POST lasts as long
DAY = 24 * 3600.0  # seconds; over which a budget of the environment counts
INTERRUPTED = "The kernel ended before this was sent: nothing was sent, nothing is billed."
_OPEN = (
    "The kernel ended while this was being sent, so it may have been accepted and billed, and is not sent again by "
    "itself. Look into the service's web console for it first."
)

# The seconds that the last tasks of a kind took; without rows that somebody else wrote and that cannot be read.
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
    """A submission that is about to be written down.

    Attributes:
        request: what is asked.
        wish: what tells a repetition of it, or None.
        bill: what it comes to; None where nobody has reckoned.
        met: the number of the submission that it is a repetition of: then only that is noted. None: a new one.
    """

    request: VideoRequest
    wish: RequestKey | None = None
    bill: Estimate | None = None
    met: int | None = None


class Journal:
    """The journal in a file; safe to use from several threads and processes, and after a fork. Nothing here raises for
    the state of the file or the disk.

    Args:
        path: the file; its folder is made.
        clock: unix seconds.
        timeout: seconds to wait while another process writes.

    Attributes:
        wishes: which submissions wishes have led to.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time, timeout: float = 10.0) -> None:
        self._database = Database(path, SCRIPTS, ("submissions", "wishes"), timeout=timeout, clock=clock)
        self._clock = clock
        self._presence = process_registry(path.absolute().parent / "kernels")
        self.wishes = RequestIndex(self._database, self._select)
        self._own: dict[int, dict[str, object]] = {}  # the rows that this process works on, by their first number

    @property
    def path(self) -> Path:
        """The file."""
        return self._database.path

    @property
    def trouble(self) -> str:
        """What is wrong with the file, such as that the journal is in memory only; or ""."""
        return self._database.trouble

    @property
    def mode(self) -> str:
        """How it is written: "wal" (a write-ahead log), "delete" (a rollback journal), or "memory"."""
        return self._database.mode

    def write(self, request: VideoRequest, service: str, wish: RequestKey | None = None) -> int:
        """Writes a wish down before anything is sent; gives its number."""
        return self.write_all(lambda: [Order(request, wish)], service)[0].key

    def write_all(
        self, decide: Callable[[], Sequence[Order]], service: str, allowed: Callable[[Estimate], str] | None = None
    ) -> list[Submission]:
        """Write submissions down before anything is sent: all of them, or none. To decide and to write is one
        transaction: no other kernel, thread or fork writes in between.

        Args:
            decide: gives the submissions, in the order in which they are asked for; it may look into this journal. What
                it raises leaves nothing written. It may be called twice, where the file turns out to be unusable.
            service: the service that they go to.
            allowed: says why the new ones may not be made, or "", when it is told what the last 24 hours come to (see
                ``spent``). So what is left for one is not given to two, whatever kernel, thread or process asks.

        Returns:
            The entry of each; of one that meets another, that one's.

        Raises:
            KlingError: with the words of ``allowed``; nothing was written.
        """

        def work() -> tuple[list[int], dict[int, dict[str, object]], tuple[Submission, ...]]:
            orders = decide()
            if allowed and any(order.met is None for order in orders) and (why := allowed(self.spent())):
                raise KlingError(why)
            keys, rows = [], {}  # type: list[int], dict[int, dict[str, object]]
            for order in orders:
                key = order.met
                if key is None:
                    key, row = self._insert(order.wish, **_columns(order, service))
                    rows[key] = row
                elif order.wish:
                    self.wishes.note(order.wish, key)
                keys.append(key)
            found = self._select("WHERE key IN (SELECT value FROM json_each(?))", json.dumps(keys))
            return keys, rows, found

        keys, rows, found = self._database.atomically(work)
        self._own |= rows
        entries = {entry.key: entry for entry in found}
        return [entries[key] for key in keys]

    def _insert(self, wish: RequestKey | None = None, **columns: object) -> tuple[int, dict[str, object]]:
        row = {"created": self._clock(), "owner": self._presence.name} | columns
        statement = f"INSERT INTO submissions (key, {', '.join(row)}) VALUES ({_NEXT}, {placeholders(tuple(row))})"  # noqa: S608 - our own names
        steps = [(statement, tuple(row.values())), *(RequestIndex.of_the_last(wish) if wish else [])]
        key = self._database.do_all(steps)[0].number
        return key, {"key": key} | row

    def import_task(self, task_id: str, service: str) -> Submission:
        """Writes down a task that was submitted elsewhere; what was asked of it is not known."""
        key, self._own[key] = self._insert(service=service, model="", body="{}", state="accepted", task_id=task_id)
        return self._select("WHERE key = ?", key)[0]

    def spent(self, seconds: float = DAY) -> Estimate:
        """Return what the submissions of the last 24 hours, or so many seconds, come to: their number, their seconds,
        and their money in the currency of the newest one that has a price; what has its price in another currency
        counts as one without (see ``Estimate``).

        What was refused does not count, as nothing was accepted; what failed, is under way or may have been accepted
        does. The demo does not count, nor what was submitted elsewhere and is only watched here.
        """
        rest = "WHERE created > ? AND service <> ? AND state <> 'refused' ORDER BY key"
        found = self._select(rest, self._clock() - seconds, DEMO)
        return sum((entry.bill for entry in found if entry.body.keys() - {"model"}), Estimate())

    def update(self, key: int, **columns: object) -> bool | None:
        """Changes columns of one entry; ``body`` is given as a dict, ``poster`` as the bytes of a JPEG. One of this
        process that is not there any more, as after a damage, is written down once more: its task's id is not lost.

        Before it is accepted only the process that sends it can say how it stands: "written" and "sending" are written
        only over these two, and they, "refused" and "unknown" only where no other process has taken the entry over.

        Returns:
            Whether the change is on disk: not where it is in memory alone, nor where no such entry is there. None where
            the entry is no longer this process's own, and so nothing was changed.
        """
        return self.update_all([(key, columns)])[0]

    def update_all(self, changes: Sequence[tuple[int, Mapping[str, object]]]) -> list[bool | None]:
        """Changes several entries, each as ``update`` does, and all at once; on disk are all changes, or none."""
        merged: dict[int, dict[str, object]] = {}
        for key, columns in changes:
            unknown = columns.keys() - _CHANGEABLE
            assert not unknown, unknown
            if columns.get("state") == "accepted":  # whatever was believed of it before
                columns = {"error": None, "ended": None, **columns}
            merged.setdefault(key, {}).update(columns)
        for columns in merged.values():
            if "body" in columns:
                columns["body"] = to_json(columns["body"])
        answers = self._database.do_all([self._change(key, columns) for key, columns in merged.items()])
        on_disk: dict[int, bool | None] = {}
        for (key, columns), done in zip(merged.items(), answers, strict=True):
            if not done.changed and self._there(key):
                self._own.pop(key, None)
                on_disk[key] = None
                continue
            self._own.get(key, {}).update(columns)
            if not done.changed and key in self._own:
                done = self._restore(key, self._own[key])
            if columns.get("state") in _OVER:
                self._own.pop(key, None)
            on_disk[key] = done.on_disk and done.changed > 0
        return [on_disk[key] for key, _ in changes]

    def _change(self, key: int, columns: Mapping[str, object]) -> Step:
        row, state = self._own.get(key), columns.get("state")
        condition: tuple[str, Sequence[object]] = ("", ())
        if state in (*UNSENT, *_ANSWERED):
            names = self._presence.names
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

    def _there(self, key: int) -> bool:
        """Whether the entry is in the file, and no other one has its number."""
        row = self._own.get(key)
        statement = "SELECT 1 FROM submissions WHERE key = ? AND created = coalesce(?, created)"
        return bool(self._database.do(statement, (self._number(key), row and row["created"])).rows)

    def _restore(self, key: int, row: dict[str, object]) -> Answer:
        statement = f"INSERT OR IGNORE INTO submissions ({', '.join(row)}) VALUES ({placeholders(tuple(row))})"  # noqa: S608 - our own names
        done = self._database.do(statement, tuple(row.values()))
        if not done.changed:  # the number is another one's by now
            rest = {name: value for name, value in row.items() if name != "key"}
            statement = (
                f"INSERT INTO submissions (key, {', '.join(rest)}) VALUES ({_NEXT}, {placeholders(tuple(rest))})"  # noqa: S608 - our own names
            )
            done = self._database.do(statement, tuple(rest.values()))
            row["key"] = done.number
        return done

    def _number(self, key: int) -> object:
        """The number that an entry of this process has now."""
        return self._own[key]["key"] if key in self._own else key

    def entries(self, limit: int | None = None) -> tuple[Submission, ...]:
        """The submissions, newest first."""
        return self._select("ORDER BY created DESC, key DESC LIMIT ?", -1 if limit is None else limit)

    def find(self, task_id: str) -> Submission | None:
        """The submission with this task id; ``#7`` is the one of number 7, which may have no id."""
        if number := re.fullmatch(r"#(\d{1,15})", task_id, re.ASCII):
            found = self._select("WHERE key = ?", int(number[1]))
        else:
            found = self._select("WHERE task_id = ? ORDER BY key DESC", task_id)
        return found[0] if found else None

    def unfinished(self) -> tuple[Submission, ...]:
        """The submissions that were accepted and whose video is not here yet, oldest first."""
        return self._select(
            f"WHERE state IN ({placeholders(UNFINISHED)}) AND task_id IS NOT NULL ORDER BY key", *UNFINISHED
        )

    def unsent(self, since: float) -> tuple[Submission, ...]:
        """The submissions that a kernel wrote down and did not send before it ended, oldest first, but for those whose
        wish was made again.

        Args:
            since: unix seconds; older ones are left out.
        """
        return self._select(
            "WHERE state = 'refused' AND error = ? AND created > ? AND NOT EXISTS (SELECT 1 FROM wishes AS one JOIN "
            "wishes AS other ON other.same = one.same AND other.submission > one.submission "
            "WHERE one.submission = submissions.key) ORDER BY key",
            INTERRUPTED,
            since,
        )

    def in_state(self, *states: str) -> tuple[Submission, ...]:
        """The submissions in one of these states, oldest first."""
        return self._select(f"WHERE state IN ({placeholders(states)}) ORDER BY key", *states)

    def poster(self, key: int) -> bytes | None:
        """A small picture of the video, a JPEG, if there is one."""
        rows = self._database.do("SELECT poster FROM submissions WHERE key = ?", (key,)).rows
        found = rows[0][0] if rows else None
        return found if isinstance(found, bytes) else None

    def forget(self, keys: Iterable[int]) -> int:
        """Removes entries for good; gives how many there were. Their videos stay."""
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

    # Whose is it?

    def recover_orphans(self) -> tuple[Submission, ...]:
        """Tells the truth about what was on its way when its process ended: what was only written down was not sent, of
        what was being sent nobody knows. Gives those for which that is news, oldest first."""
        left = self.in_state("written", "sending")
        news: list[Submission] = []
        for entry in left:
            if self.owned(entry):
                continue
            state, error = ("refused", INTERRUPTED) if entry.state == "written" else ("unknown", _OPEN)
            changed = self._database.do(
                "UPDATE submissions SET state = ?, error = ?, ended = ? WHERE key = ? AND state = ? RETURNING key",
                (state, error, self._clock(), entry.key, entry.state),
            ).rows
            if changed:  # else another kernel was first
                news += self._select("WHERE key = ?", entry.key)
        return tuple(news)

    def owned(self, entry: Submission) -> bool:
        """Whether a process that is alive works on it, or may."""
        if (
            is_anonymous(entry.owner)
            and entry.state in ("written", "sending")
            and self._clock() - entry.created < _POST
        ):
            return True
        return self._presence.alive(entry.owner)

    def owned_elsewhere(self, entry: Submission) -> bool:
        """Whether another process than this one works on it."""
        return entry.owner not in self._presence.names and self.owned(entry)

    def here(self, entry: Submission) -> bool:
        """Whether this process works on it."""
        return entry.owner in self._presence.names

    def own(self, key: int) -> None:
        """This process works on it from now on."""
        self.update(key, owner=self._presence.name)
        self._hold(key)

    def claim(self, entry: Submission) -> bool:
        """This process works on it from now on; False if it has ended, or somebody else has begun to work on it, since
        the entry was read."""
        changed = self._database.do(
            "UPDATE submissions SET owner = ? WHERE key = ? AND (owner IS ? OR owner IS NULL) "  # noqa: S608 - our own names
            f"AND state IN ({placeholders(UNFINISHED)}) RETURNING key",
            (self._presence.name, entry.key, entry.owner, *UNFINISHED),
        ).rows
        if changed:
            self._hold(entry.key)
        return bool(changed)

    def inherit(self, entry: Submission) -> bool:
        """This process sends it from now on: its own one ended before it sent it. False if that is not so."""
        left = entry.state == "refused" and entry.error == INTERRUPTED
        if not left and (entry.state != "written" or self.owned(entry)):
            return False
        changed = self._database.do(
            "UPDATE submissions SET state = 'written', owner = ?, error = NULL, ended = NULL "
            "WHERE key = ? AND state = ? AND owner IS ? AND error IS ? RETURNING key",
            (self._presence.name, entry.key, entry.state, entry.owner, entry.error),
        ).rows
        if changed:
            self._hold(entry.key)
        return bool(changed)

    def _hold(self, key: int) -> None:
        rows = self._database.do(f"SELECT {_ALL} FROM submissions WHERE key = ?", (key,)).rows  # noqa: S608 - our own names
        if rows and key not in self._own:
            self._own[key] = dict(zip(COLUMNS, rows[0], strict=True))

    def release(self, key: int) -> None:
        """This process works on it no more, and another one may; one that has begun already is left alone."""
        names = self._presence.names
        self._database.do(
            f"UPDATE submissions SET owner = NULL WHERE key = ? AND owner IN ({placeholders(names)})",  # noqa: S608 - our own names
            (self._number(key), *names),
        )
        self._own.pop(key, None)

    # How long does it take?

    def usual(self, request: VideoRequest, service: str) -> float | None:
        """The seconds that tasks of this model, length and resolution usually take; None where none is known."""
        kind = (None if part is None else str(part) for part in map(request.get, ("seconds", "resolution")))
        rows = self._database.do(_TOOK, (service, request.model, *kind)).rows
        return typical([took for (took,) in rows])

    def _select(self, rest: str, *values: object) -> tuple[Submission, ...]:
        rows = self._database.do(f"SELECT {_ALL} FROM submissions {rest}", values).rows  # noqa: S608 - our own names
        return tuple(entry for row in rows if (entry := Submission.of_row(row)))

    def posters(self, keys: Iterable[int]) -> dict[int, bytes]:
        """The small pictures, JPEGs, of those of these submissions that have one."""
        statement = "SELECT key, poster FROM submissions WHERE key IN (SELECT value FROM json_each(?))"
        rows = self._database.do(statement, (json.dumps(list(keys)),)).rows
        return {key: poster for key, poster in rows if isinstance(poster, bytes)}

    def close(self) -> None:
        """Tries a last time to bring over what is in memory, and forgets it; a file is never left open."""
        self._database.close()


def _columns(order: Order, service: str) -> dict[str, object]:
    """What is written down of a new submission."""
    request, bill = order.request, order.bill
    row = {"service": service, "model": request.model, "body": to_json(request.draft()), "state": "written"}
    return row | ({"cost": float(bill.money), "currency": bill.currency} if bill and bill.cost else {})
