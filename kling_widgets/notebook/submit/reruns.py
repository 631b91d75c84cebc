"""Matching of requests with earlier submissions, so that a cell that is run again does not pay again.

The n-th identical request of a cell's run matches the n-th one of the previous run, if that has not ended. So a loop
that submits four times makes four videos, and the same loop run again watches those four. A click on a button has no
previous run: it matches submissions that are under way in this kernel.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kling_widgets.catalog.all_fields import DEFAULT_SECONDS
from kling_widgets.core.json_values import to_json, with_links
from kling_widgets.errors import SubmissionUnknownError
from kling_widgets.media.clip import find
from kling_widgets.notebook.kernel.cell import Cell
from kling_widgets.notebook.kernel.local_files import LocalMedia
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.journal import Journal
from kling_widgets.storage.requested import RequestKey
from kling_widgets.storage.submission import OPEN, UNDER_WAY, UNFINISHED, UNSENT, Submission, after_lost_answer

AGAIN = "To make another one: --new (Python: new=True)."
_DEFAULT_SECONDS = str(DEFAULT_SECONDS)  # as it is written in a body
_FIRST = ("model", "prompt", "image", "images", "size", "seconds")  # the first keys of bodies in earlier versions
_NOT_DONE = (*OPEN, "refused", "failed")  # a user runs the cell again for these, not for finished ones
_LARGEST_HASHED = 64 * 2**20  # bytes, more than any picture that can be uploaded; larger files count by size and time


@dataclass(frozen=True, slots=True)
class Match:
    """A request, and the earlier submission that it matches.

    Attributes:
        request: the request.
        key: identifies the request.
        entry: the submission that it matches, or None for a new one.
        note: the reason, for the user, or "".
    """

    request: VideoRequest
    key: RequestKey
    entry: Submission | None = None
    note: str = ""


class MatchesChanged(Exception):
    """Raised if the journal has changed since the matches were computed."""


class RerunMatcher:
    """Matcher of the requests of one call with earlier submissions. Files are read once.

    Args:
        requests: in the order in which they are submitted.
        service: the name of the service that they would be sent to.
        cell: the cell or click that submits them; None in a script or a form, where only ``reuse`` matches anything.
        journal: the record of earlier submissions.
        new: match nothing.
        reuse: also match finished submissions.
        local: finds the files that the requests name; None: in the current folder.
    """

    def __init__(
        self,
        requests: Sequence[VideoRequest],
        service: str,
        cell: Cell | None,
        journal: Journal,
        *,
        new: bool,
        reuse: bool,
        local: LocalMedia | None = None,
    ) -> None:
        files = RequestFiles(local)
        self._requests = [(request, request_key(request, service, cell, files)) for request in requests]
        self._cell, self._journal, self._new, self._reuse = cell, journal, new, reuse
        self._exists = cache(lambda path: find(Path(path)) is not None)

    @property
    def repeatable(self) -> bool:
        """Return whether the requests are of a cell, which matches them again if it is run again."""
        return self._cell is not None and not self._cell.click

    def matches(self) -> list[Match]:
        """Return the current match of each request.

        Raises:
            SubmissionUnknownError: The same request was sent before, and its answer was lost.
        """
        matches: list[Match] = []
        so_far: Counter[str] = Counter()
        for request, key in self._requests:
            found = None
            if not self._new:
                taken = [each.entry.key for each in matches if each.entry]
                found = self._from_previous_run(key, so_far[key.fingerprint], taken)
                if found is None and self._reuse:
                    found = self._identical(key, taken)
            so_far[key.fingerprint] += 1
            matches.append(Match(request, key, *(found or ())))
        return matches

    def _from_previous_run(self, key: RequestKey, skip: int, taken: Sequence[int]) -> tuple[Submission, str] | None:
        """Return the submission of this request in the cell's previous run, and the note, if it still counts; for a
        click, one that is under way in this kernel."""
        if self._cell is not None and self._cell.click:
            return self._under_way(key, taken, here=True)
        entry = self._journal.request_index.previous(key, skip)
        if entry is None:
            return None
        if self._is_running(entry):
            note = f"This cell already submitted this request: showing the running job, not billed again. {AGAIN}"
            return entry, self._note(entry, note)
        # A run that was interrupted, failed, or is still under way, is continued as a whole.
        if self._saved(entry) and self._journal.request_index.in_unfinished_run(key, entry.key, _NOT_DONE):
            note = "This cell already made this video, and its other requests are not done: not billed again."
            return entry, f"{note} {AGAIN}"
        return None

    def _identical(self, key: RequestKey, taken: Sequence[int]) -> tuple[Submission, str] | None:
        """Return an identical submission of any cell or script: one whose video is on disk, else one under way, else
        one whose file is gone, as that is paid for too."""
        made = self._journal.request_index.identical(key, ("saved", *UNFINISHED), taken)
        if saved := next(filter(self._saved, made), None):
            return saved, f"This video exists already. {AGAIN}"
        if found := self._under_way(key, taken):
            return found
        gone = next((entry for entry in made if entry.task_id), None)
        note = f"This video was made already, but its file is gone: downloading it again, not billed again. {AGAIN}"
        return (gone, note) if gone else None

    def _under_way(self, key: RequestKey, taken: Sequence[int], *, here: bool = False) -> tuple[Submission, str] | None:
        found = self._journal.request_index.identical(key, OPEN, taken)
        if here:
            found = tuple(entry for entry in found if entry.state == "unknown" or self._journal.owned_here(entry))
        entry = next(filter(self._is_running, found), None)
        note = f"This video is being made already: showing the running job, not billed again. {AGAIN}"
        return (entry, self._note(entry, note)) if entry else None

    def _saved(self, entry: Submission) -> bool:
        return entry.state == "saved" and bool(entry.path and self._exists(entry.path))

    def _note(self, entry: Submission, note: str) -> str:
        if entry.state in UNSENT and self._journal.owned_elsewhere(entry):
            return f"Another kernel is submitting the same request: watching that one, not billed again. {AGAIN}"
        return note

    def _is_running(self, entry: Submission) -> bool:
        """Return whether a submission is under way and can be watched from here.

        Raises:
            SubmissionUnknownError: Its answer was lost, so nobody knows.
        """
        if entry.state == "unknown":
            raise SubmissionUnknownError(lost_answer(entry))
        return entry.state in UNDER_WAY and not entry.error  # a task that vanished from the service has an error


def lost_answer(entry: Submission) -> str:
    """Return the message for a request that was sent before and whose answer was lost."""
    sent = f"The same was sent before, as #{entry.key}, and the answer was lost, so it is not sent again automatically."
    billed = "" if entry.demo else " It may have been accepted and billed: check the service's web console first."
    return f"{sent}{billed} {after_lost_answer(entry.key, demo=entry.demo)}, then run this again."


class RequestFiles:
    """The files that requests name, for their fingerprints. Each is read once.

    Args:
        local: finds them; None: relative paths start in the current folder.
    """

    def __init__(self, local: LocalMedia | None = None) -> None:
        self._resolve = local.resolve if local else Path.expanduser
        self.former_path = local.former_path if local else Path
        self.content = cache(self._content)

    def _content(self, path: Path) -> str:
        """Return a text that identifies the content of a file."""
        try:
            with self._resolve(path).open("rb") as file:
                stat = os.fstat(file.fileno())
                if stat.st_size > _LARGEST_HASHED:
                    return f"{stat.st_size} {stat.st_mtime_ns}"
                return hashlib.file_digest(file, "sha256").hexdigest()
        except (OSError, ValueError, RuntimeError):  # RuntimeError: ~name of an unknown user
            return secrets.token_hex(8)  # an unreadable file equals no other


def request_key(
    request: VideoRequest, service: str, cell: Cell | None = None, files: RequestFiles | None = None
) -> RequestKey:
    """Return the key that identifies a request.

    Args:
        request: the request.
        service: the name of the service that it would be sent to.
        cell: the cell or click that submits it, or None.
        files: the files that it names.
    """
    files = files or RequestFiles()
    own = fingerprint(request, service, files)
    former = _former_fingerprints(request, service, files)
    if cell is None:
        return RequestKey(own, former_fingerprints=former)
    return RequestKey(own, cell.name, cell.run, former, cell.former_name)


def fingerprint(request: VideoRequest, service: str, files: RequestFiles | None = None) -> str:
    """Return a text that is equal for equal requests to one service.

    A file counts by its content, not its path. The default length counts like no length, as it makes the same video.
    """
    body = request.body((files or RequestFiles()).content)
    if body.get("seconds") == _DEFAULT_SECONDS:
        del body["seconds"]
    return _digest(json.dumps([service, body], sort_keys=True, default=str))


def _former_fingerprints(request: VideoRequest, service: str, files: RequestFiles) -> tuple[str, ...]:
    """Return the fingerprints of earlier versions, in which the path of a file counted too, and so did whether the
    default length was set. They kept pictures at other paths."""
    versions = [(request, {path: path for path in request.files()})]
    former = {files.former_path(path): path for path in request.files()}
    if former.keys() != versions[0][1].keys():
        values = with_links(dict(request.values), files.former_path)
        versions.append((VideoRequest.from_given(request.spec, values, untrusted=values), former))
    found = []
    for version, own in versions:
        named = [(str(path), files.content(own[path])) for path in version.files()]
        found += [_digest(to_json([service, request.model, draft, named])) for draft in _former_drafts(version)]
    return tuple(found)


def _former_drafts(request: VideoRequest) -> list[dict[str, Any]]:
    """Return the draft, with the default length set, and without it."""
    drafts = [draft := request.draft()]
    if draft.get("seconds", _DEFAULT_SECONDS) == _DEFAULT_SECONDS:
        rest = {name: value for name, value in draft.items() if name != "seconds"}
        full = rest | {"seconds": _DEFAULT_SECONDS}
        drafts = [{name: full[name] for name in _FIRST if name in full} | rest, rest]
    return drafts


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
