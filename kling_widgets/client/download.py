"""Download of a video into a file that is either complete or absent: a generator of steps, without I/O.

A media host is not the service, so it never gets the key, and its data is untrusted: the content must be a video by its
first bytes, must not exceed a size limit, and must be as long as announced.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urljoin, urlsplit

from kling_widgets.client import operations
from kling_widgets.client.error_replies import refusal, retry_after
from kling_widgets.client.links import clean_link
from kling_widgets.client.steps import ClientState, NoReply, Open, Pause, Protocol, Read, Response, Work
from kling_widgets.core.hosts import is_loopback
from kling_widgets.core.task import Task
from kling_widgets.core.text import format_size, one_line
from kling_widgets.errors import APIError, ConnectionFailedError, KlingError, ServerError, VideoMissingError
from kling_widgets.files.atomic_file import AtomicFile
from kling_widgets.media import probe
from kling_widgets.media.mp4_boxes import is_cut_off

OnProgress = Callable[[int, int | None], object]

LARGEST_VIDEO = 2 * 2**30  # bytes
_MAX_TRIES = 4  # without progress
_PROGRESS = 2**20  # bytes beyond the furthest point so far that count as progress: the connection is bad, but usable
_MAX_REDIRECTS = 5
_WINDOW = 60.0  # seconds
_LEAST_IN_WINDOW = 2**16  # bytes in each window: a very slow host would block a download slot for days
_SHORTEST_VIDEO = 12  # bytes; less is only the beginning of a file
_WRITE_SIZE = 2**20  # bytes a write: a thread for each received chunk would cost a third more time
_WRITE_INTERVAL = 0.5  # seconds at most between writes, so that progress shows on a slow connection, too
_TRANSIENT = frozenset({404, 408, 425, 429, *range(500, 600)})  # 404: archiving lags behind success


def download(
    state: ClientState,
    source: Task | str,
    file: AtomicFile,
    *,
    largest: int = LARGEST_VIDEO,
    on_progress: OnProgress | None = None,
) -> Protocol[Path]:
    """Download the video of a task, of a task's id, or behind a link, and return the path of the file.

    Raises:
        VideoMissingError: the task succeeded, but its video is not available.
        TaskFailedError: the task failed.
        ConnectionFailedError: the host cannot be reached, or the connection broke too often.
        APIError: the host refused.
        KlingError: the task has not ended; or the file cannot be written, exists already, or would be too large.
    """
    try:
        yield Work(file.check)  # opened only with its first bytes: a thousand waiting downloads hold no open files
        return (yield from _whole(state, source, file, largest, on_progress))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise KlingError(
            f"The video cannot be written to {file.path} ({reason}). It is still at the service: choose "
            "another folder, then download it again."
        ) from None


def _whole(
    state: ClientState, source: Task | str, file: AtomicFile, largest: int, on_progress: OnProgress | None
) -> Protocol[Path]:
    task = None if _is_link(source) else source
    if task is not None and not (isinstance(task, Task) and task.ended):
        task = yield from operations.query(state, task.id if isinstance(task, Task) else task)
    if isinstance(task, Task):
        if task.status == "failed":
            raise operations.failure(task)
        if not task.ended:
            raise KlingError(
                f"Task {task.id} has not ended yet ({task.word or task.status}): wait for it, then download."
            )
    candidates = _candidates(state, task if isinstance(task, Task) else None, source)
    errors: list[KlingError] = []
    for candidate in candidates:
        error = yield from _Fetch(state, candidate, file, largest, on_progress).run()
        if error is None:
            path: Path = yield Work(file.finish)
            return path
        errors.append(error)
        if candidate.with_key and _is_gone(error):
            raise _missing(task, error) from error
    first = errors[0]  # the error of the link itself, if there is one
    if isinstance(task, Task) and not isinstance(first, ConnectionFailedError | ServerError):
        raise _missing(task, first) from first
    raise first


def _is_gone(error: KlingError) -> bool:
    """Return whether the service itself reports that the video is gone for good."""
    return isinstance(error, APIError) and (error.status_code == 410 or error.code == "artifact_gone")


def _missing(task: Task | str | None, error: KlingError) -> KlingError:
    if not isinstance(task, Task):
        return error
    reason, action = f"is not available. {one_line(error, 400)}", "try again later, or send"
    if _is_gone(error):
        reason, action = "is gone for good: the service no longer keeps it.", "send"
    return VideoMissingError(
        f"Task {task.id} succeeded, but its video {reason} It is billed as any other: {action} the task id to the "
        "service's support; task.raw is its whole reply.",
        task,
    )


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An address at which the video may be."""

    url: str
    with_key: bool = False


def _is_link(source: Task | str) -> bool:
    return isinstance(source, str) and re.match(r"https?://", source, re.IGNORECASE) is not None


def _candidates(state: ClientState, task: Task | None, source: Task | str) -> list[_Candidate]:
    """Return the addresses to try: the video's link, then the service's own copy, at either of two paths."""
    if task is None:
        link = clean_link(source)
        if link is None:
            raise KlingError("This link is not followed: it needs a plain host name, without a user name or password.")
        return [_Candidate(link)]
    link = clean_link(task.url)
    links = [_Candidate(link)] if link and (is_loopback(state.base_url) or not is_loopback(link)) else []
    name = quote(task.id, safe="")
    copies = (f"/v1/videos/{name}/content", f"/v1/tasks/{name}/artifacts/video/content")
    return [*links, *(_Candidate(state.url(copy), with_key=True) for copy in copies)]


class _Fetch:
    """The download from one candidate, with retries that continue a partial file."""

    def __init__(
        self, state: ClientState, candidate: _Candidate, file: AtomicFile, largest: int, on_progress: OnProgress | None
    ) -> None:
        self.state, self.candidate, self.file = state, candidate, file
        self.largest, self.on_progress = largest, on_progress
        self.done = 0  # bytes in the file
        self.total: int | None = None
        self.retry_after = 0.0  # seconds
        self.etag = ""  # a strong ETag, so that all parts belong to the same version

    def run(self) -> Protocol[KlingError | None]:
        """Return None once the video is complete, else the error of this candidate."""
        attempt, most_done = 0, 0
        while True:
            error = yield from self._once()
            if self.done >= most_done + _PROGRESS:
                attempt, most_done = 0, self.done
            attempt += 1
            if error is None or attempt >= _MAX_TRIES or not self._is_transient(error):
                return error
            yield Pause(min(60.0, max(self.retry_after, self.state.pause(attempt - 1))))

    @staticmethod
    def _is_transient(error: KlingError) -> bool:
        if isinstance(error, APIError) and "Invalid URL" in str(error):
            return False  # the gateway has no such route
        return isinstance(error, ConnectionFailedError) or getattr(error, "status_code", None) in _TRANSIENT

    def _once(self) -> Protocol[KlingError | None]:
        headers = {"Accept-Encoding": "identity"}
        if self.done:
            headers |= {"Range": f"bytes={self.done}-"} | ({"If-Range": self.etag} if self.etag else {})
        url, with_key = self.candidate.url, self.candidate.with_key
        for _ in range(_MAX_REDIRECTS + 1):
            head: Response | NoReply = yield Open(url, headers, with_key)
            if isinstance(head, NoReply):
                return self._broken(head.text)
            target = head.headers.get("location")
            if head.status_code not in (301, 302, 303, 307, 308) or not target:
                break
            next_url = _redirect_target(url, target)
            if isinstance(next_url, KlingError):
                return next_url
            url, with_key = next_url, False
        else:
            return KlingError(f"The video's link redirects more than {_MAX_REDIRECTS} times.")
        if head.status_code not in (200, 206):
            if head.status_code == 416 and self.total is None and self._is_complete(head):
                return None
            start = yield Read()
            return self._refused(head, b"" if isinstance(start, NoReply) else start)
        if not (head.status_code == 206 and self.done and self._continues(head)):
            yield from self._restart()
            if head.status_code == 206:
                return self._broken("the host sent another part than requested")
            self.total = _length(head)
        self.etag = etag if (etag := head.headers.get("etag", "")).startswith('"') else ""
        return (yield from self._body())

    def _body(self) -> Protocol[KlingError | None]:
        buffer = bytearray()  # until there is enough to recognise the format, or to be worth a write
        since, before = self.state.clock(), self.done
        written, is_clip = since - _WRITE_INTERVAL, self.done > 0
        while True:
            if max(self.total or 0, self.done + len(buffer)) > self.largest:
                return KlingError(f"The video is larger than {self.largest / 2**20:.0f} MiB, so it is not downloaded.")
            chunk: bytes | NoReply = yield Read()
            if isinstance(chunk, NoReply):
                if is_clip:
                    yield from self._write(buffer)
                return self._broken(chunk.text)
            buffer += chunk
            now = self.state.clock()
            if chunk and now - since > _WINDOW:
                if self.done + len(buffer) - before < _LEAST_IN_WINDOW:
                    return self._broken("the host sent almost nothing for a minute")
                since, before = now, self.done + len(buffer)
            if not is_clip and (len(buffer) >= probe.ENOUGH or not chunk):
                start = bytes(buffer[: probe.ENOUGH])
                is_clip = probe.kind_of(probe.format_of(start)) == "clip"
                if not is_clip:
                    if len(buffer) < (_SHORTEST_VIDEO if self.total is None else min(self.total, probe.ENOUGH)):
                        return self._broken("the host closed the connection early")
                    return KlingError(f"The link does not lead to a video but to {_describe(start)}.")
            if is_clip and (len(buffer) >= _WRITE_SIZE or now - written >= _WRITE_INTERVAL or not chunk):
                yield from self._write(buffer)
                buffer, written = bytearray(), now
            if not chunk:
                break
        if self.total is not None and self.done != self.total:
            if self.done < self.total:
                return self._broken("the host closed the connection early")
            error = self._broken("the host sent more than it announced")
            yield from self._restart()
            return error
        if self.total is None and (yield Work(partial(self.file.inspect, self._is_cut_off))):
            return self._broken("the host closed the connection in the middle of a video without a length")
        return None

    def _is_cut_off(self, file: BinaryIO) -> bool:
        file.seek(0)
        return is_cut_off(probe.format_of(file.read(probe.ENOUGH)) or "", file, self.done)

    def _write(self, buffer: bytearray) -> Protocol[None]:
        if buffer:
            yield Work(partial(self.file.write, buffer))
            self.done += len(buffer)
            if self.on_progress is not None:
                self.on_progress(self.done, self.total)

    def _restart(self) -> Protocol[None]:
        yield Work(self.file.begin)
        self.done, self.total, self.etag = 0, None, ""

    def _continues(self, head: Response) -> bool:
        """Return whether a partial answer continues what is in the file; take the total length from it."""
        match = re.fullmatch(r"bytes (\d{1,15})-\d{1,15}/(\d{1,15}|\*)", head.headers.get("content-range", "").strip())
        if match is None or int(match[1]) != self.done:
            return False
        total = None if match[2] == "*" else int(match[2])
        if None not in (total, self.total) and total != self.total:
            return False
        self.total = total if self.total is None else self.total
        return True

    def _is_complete(self, head: Response) -> bool:
        """Return whether the host answers a request for the rest with: there is none."""
        return self.done > 0 and head.headers.get("content-range", "").strip() == f"bytes */{self.done}"

    def _broken(self, text: str) -> ConnectionFailedError:
        host = one_line(urlsplit(self.candidate.url).hostname or "", 100)
        of = f" of {format_size(self.total)}" if self.total else ""
        done = f"broke off after {format_size(self.done)}{of}" if self.done else "did not start"
        return ConnectionFailedError(
            f"The download from {host} {done} ({one_line(text, 300)}). The video is still there: download it again."
        )

    def _refused(self, head: Response, start: bytes) -> APIError:
        reply = Response(head.status_code, head.headers, start[:100_000])
        self.retry_after = retry_after(reply, self.state.wall()) or 0.0
        if self.candidate.with_key:
            return refusal(reply, "download", self.state.base_url).error
        kind = ServerError if head.status_code >= 500 else APIError
        return kind(
            f"The video's link answered HTTP {head.status_code}: it may have expired, or not be ready yet.",
            status_code=head.status_code,
            body=reply.content[:4000].decode("utf-8", "replace"),
        )


def _redirect_target(url: str, target: str) -> str | KlingError:
    """Return the target of a redirect, or an error if it is not followed: never from the internet to this machine."""
    try:
        after = clean_link(urljoin(url, target))
    except ValueError:
        after = None
    if after is not None and (not is_loopback(after) or is_loopback(url)):
        return after
    return KlingError(f"The video's link redirects to {one_line(target, 200)}, which is not followed.")


def _length(head: Response) -> int | None:
    """Return the announced length, or None if there is none or the content is compressed for the transfer."""
    text = head.headers.get("content-length", "")
    plain = head.headers.get("content-encoding", "identity").lower() in ("", "identity")
    return int(text) if plain and re.fullmatch(r"\d{1,15}", text, re.ASCII) else None


def _describe(start: bytes) -> str:
    if not start:
        return "an empty file"
    kind = probe.format_of(start)
    if kind:
        return f"a file of another kind ({kind})"
    return "an HTML page" if start.lstrip()[:1] == b"<" else "something else"
