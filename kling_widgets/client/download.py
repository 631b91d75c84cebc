"""Fetching a video into a file that is whole or absent. No I/O; the file is ``AtomicFile``'s.

A media host is another machine than the service: it never gets the key. What it gives is data from a stranger, so it
has to be a video by its first bytes, not larger than a limit, and as long as was promised.
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
_TRIES = 4  # without getting further
_FURTHER = 2**20  # bytes more than ever before: the line is bad, but the video comes
_HOPS = 5
_WINDOW = 60.0  # seconds in which …
_LEAST = 2**16  # … so many bytes must come: a host that drips would hold the place of others for days
_SHORTEST = 12  # bytes of a video: less than these are the beginning of something
_BLOCK = 2**20  # bytes for which a thread is asked to write: with each piece that comes, it would cost a third more
_AT_LEAST_EVERY = 0.5  # seconds; over a slow line too, it is seen how far it is
_PASSING = frozenset({404, 408, 425, 429, *range(500, 600)})  # 404: archiving lags behind success


def download(
    session: ClientState,
    source: Task | str,
    part: AtomicFile,
    *,
    largest: int = LARGEST_VIDEO,
    on_progress: OnProgress | None = None,
) -> Protocol[Path]:
    """Fetches the video of a task, of a task's id, or behind a link.

    Raises:
        VideoMissingError: the task succeeded, but no video can be had.
        TaskFailedError, KlingError: the task failed, or has not ended; the file cannot be written, is there already,
            or would be too large.
        ConnectionFailedError, APIError: the host cannot be reached, broke off again and again, or refused.
    """
    try:
        yield Work(part.check)  # it is begun with its first bytes: a thousand that wait for a place are no open files
        return (yield from _whole(session, source, part, largest, on_progress))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise KlingError(
            f"The video cannot be written to {part.path} ({why}). It is still at the service: choose another place, "
            "then download it again."
        ) from None


def _whole(
    session: ClientState, source: Task | str, part: AtomicFile, largest: int, on_progress: OnProgress | None
) -> Protocol[Path]:
    task = None if _is_link(source) else source
    if task is not None and not (isinstance(task, Task) and task.ended):
        task = yield from operations.query(session, task.id if isinstance(task, Task) else task)
    if isinstance(task, Task):
        if task.status == "failed":
            raise operations.failure(task)
        if not task.ended:
            raise KlingError(
                f"Task {task.id} has not ended yet ({task.word or task.status}): wait for it, then download."
            )
    places = _places(session, task if isinstance(task, Task) else None, source)
    troubles: list[KlingError] = []
    for place in places:
        trouble = yield from _Fetch(session, place, part, largest, on_progress).run()
        if trouble is None:
            path: Path = yield Work(part.finish)
            return path
        troubles.append(trouble)
        if place.with_key and _is_gone(trouble):
            raise _missing(task, trouble) from trouble
    first = troubles[0]  # that of the link itself, if there is one
    if isinstance(task, Task) and not isinstance(first, ConnectionFailedError | ServerError):
        raise _missing(task, first) from first
    raise first


def _is_gone(trouble: KlingError) -> bool:
    """Whether the service itself says that it will never have the video again."""
    return isinstance(trouble, APIError) and (trouble.status_code == 410 or trouble.code == "artifact_gone")


def _missing(task: Task | str | None, trouble: KlingError) -> KlingError:
    if not isinstance(task, Task):
        return trouble
    why, do = f"cannot be had. {one_line(trouble, 400)}", "ask again later, or quote"
    if _is_gone(trouble):
        why, do = "is gone for good: the service does not keep it any longer.", "quote"
    return VideoMissingError(
        f"Task {task.id} succeeded, but its video {why} It is billed as any other: {do} the task id to the service's "
        "support; task.raw is its whole reply.",
        task,
    )


@dataclass(frozen=True, slots=True)
class _Place:
    url: str
    with_key: bool = False


def _is_link(source: Task | str) -> bool:
    return isinstance(source, str) and re.match(r"https?://", source, re.IGNORECASE) is not None


def _places(session: ClientState, task: Task | None, source: Task | str) -> list[_Place]:
    """Where to look for the video: its link, then the service's own copy of it, which the family's newer gateways keep
    at another address."""
    if task is None:
        link = clean_link(source)
        if link is None:
            raise KlingError("This link is not fetched: it needs a plain host, and no name or password in it.")
        return [_Place(link)]
    link = clean_link(task.url)
    links = [_Place(link)] if link and (is_loopback(session.base_url) or not is_loopback(link)) else []
    name = quote(task.id, safe="")
    copies = (f"/v1/videos/{name}/content", f"/v1/tasks/{name}/artifacts/video/content")
    return [*links, *(_Place(session.url(copy), with_key=True) for copy in copies)]


class _Fetch:
    """One place, until its video is whole in the part."""

    def __init__(
        self, session: ClientState, place: _Place, part: AtomicFile, largest: int, on_progress: OnProgress | None
    ) -> None:
        self.session, self.place, self.part, self.largest, self.on_progress = session, place, part, largest, on_progress
        self.done = 0  # bytes in the part
        self.total: int | None = None
        self.asked_to_wait = 0.0  # seconds
        self.tag = ""  # a strong ETag: two halves must be of one file

    def run(self) -> Protocol[KlingError | None]:
        """None when the video is whole, else why it cannot be had here."""
        attempt, furthest = 0, 0
        while True:
            trouble = yield from self._once()
            if self.done >= furthest + _FURTHER:
                attempt, furthest = 0, self.done
            attempt += 1
            if trouble is None or attempt >= _TRIES or not self._passes(trouble):
                return trouble
            yield Pause(min(60.0, max(self.asked_to_wait, self.session.pause(attempt - 1))))

    @staticmethod
    def _passes(trouble: KlingError) -> bool:
        if isinstance(trouble, APIError) and "Invalid URL" in str(trouble):
            return False  # the gateway has no such address, and will not have it soon
        return isinstance(trouble, ConnectionFailedError) or getattr(trouble, "status_code", None) in _PASSING

    def _once(self) -> Protocol[KlingError | None]:
        headers = {"Accept-Encoding": "identity"}
        if self.done:
            headers |= {"Range": f"bytes={self.done}-"} | ({"If-Range": self.tag} if self.tag else {})
        url, with_key = self.place.url, self.place.with_key
        for _ in range(_HOPS + 1):
            head: Response | NoReply = yield Open(url, headers, with_key)
            if isinstance(head, NoReply):
                return self._broke_off(head.text)
            target = head.headers.get("location")
            if head.status_code not in (301, 302, 303, 307, 308) or not target:
                break
            hop = _next_hop(url, target)
            if isinstance(hop, KlingError):
                return hop
            url, with_key = hop, False
        else:
            return KlingError(f"The video's link leads from redirect to redirect, more than {_HOPS} times.")
        if head.status_code not in (200, 206):
            if head.status_code == 416 and self.total is None and self._is_all(head):
                return None
            start = yield Read()
            return self._refused(head, b"" if isinstance(start, NoReply) else start)
        if not (head.status_code == 206 and self.done and self._continues(head)):
            yield from self._restart()
            if head.status_code == 206:
                return self._broke_off("the host sent another part than was asked for")
            self.total = _length(head)
        self.tag = tag if (tag := head.headers.get("etag", "")).startswith('"') else ""
        return (yield from self._body())

    def _body(self) -> Protocol[KlingError | None]:
        held = bytearray()  # until there is enough to see what it is, or to be worth a way to the file
        since, before = self.session.clock(), self.done
        written, is_clip = since - _AT_LEAST_EVERY, self.done > 0
        while True:
            if max(self.total or 0, self.done + len(held)) > self.largest:
                return KlingError(f"The video is larger than {self.largest / 2**20:.0f} MiB, so it is not fetched.")
            piece: bytes | NoReply = yield Read()
            if isinstance(piece, NoReply):
                if is_clip:
                    yield from self._write(held)
                return self._broke_off(piece.text)
            held += piece
            now = self.session.clock()
            if piece and now - since > _WINDOW:
                if self.done + len(held) - before < _LEAST:
                    return self._broke_off("the host sent next to nothing for a minute")
                since, before = now, self.done + len(held)
            if not is_clip and (len(held) >= probe.ENOUGH or not piece):
                start = bytes(held[: probe.ENOUGH])
                is_clip = probe.format_of(probe.kind_of(start)) == "clip"
                if not is_clip:
                    if len(held) < (_SHORTEST if self.total is None else min(self.total, probe.ENOUGH)):
                        return self._broke_off("the host closed the connection early")
                    return KlingError(f"The link gives no video but {_what(start)}.")
            if is_clip and (len(held) >= _BLOCK or now - written >= _AT_LEAST_EVERY or not piece):
                yield from self._write(held)
                held, written = bytearray(), now
            if not piece:
                break
        if self.total is not None and self.done != self.total:
            if self.done < self.total:
                return self._broke_off("the host closed the connection early")
            trouble = self._broke_off("the host sent more than it said")
            yield from self._restart()
            return trouble
        if self.total is None and (yield Work(partial(self.part.looked_at, self._is_cut_off))):
            return self._broke_off("the host closed the connection in the middle of it, and had told no length")
        return None

    def _is_cut_off(self, file: BinaryIO) -> bool:
        file.seek(0)
        return is_cut_off(probe.kind_of(file.read(probe.ENOUGH)) or "", file, self.done)

    def _write(self, held: bytearray) -> Protocol[None]:
        if held:
            yield Work(partial(self.part.write, held))
            self.done += len(held)
            if self.on_progress is not None:
                self.on_progress(self.done, self.total)

    def _restart(self) -> Protocol[None]:
        yield Work(self.part.begin)
        self.done, self.total, self.tag = 0, None, ""

    def _continues(self, head: Response) -> bool:
        """Whether a partial answer is the rest of what is there; then its whole length may be known by it."""
        match = re.fullmatch(r"bytes (\d{1,15})-\d{1,15}/(\d{1,15}|\*)", head.headers.get("content-range", "").strip())
        if match is None or int(match[1]) != self.done:
            return False
        told = None if match[2] == "*" else int(match[2])
        if None not in (told, self.total) and told != self.total:
            return False
        self.total = told if self.total is None else self.total
        return True

    def _is_all(self, head: Response) -> bool:
        """Whether the host says, to a question for the rest, that there is none."""
        return self.done > 0 and head.headers.get("content-range", "").strip() == f"bytes */{self.done}"

    def _broke_off(self, text: str) -> ConnectionFailedError:
        host = one_line(urlsplit(self.place.url).hostname or "", 100)
        of = f" of {format_size(self.total)}" if self.total else ""
        done = f"broke off after {format_size(self.done)}{of}" if self.done else "did not begin"
        return ConnectionFailedError(
            f"The download from {host} {done} ({one_line(text, 300)}). The video is still there: download it again."
        )

    def _refused(self, head: Response, start: bytes) -> APIError:
        reply = Response(head.status_code, head.headers, start[:100_000])
        self.asked_to_wait = retry_after(reply, self.session.wall()) or 0.0
        if self.place.with_key:
            return refusal(reply, "download", self.session.base_url).error
        kind = ServerError if head.status_code >= 500 else APIError
        return kind(
            f"The video's link answered HTTP {head.status_code}: it may have expired, or not be ready yet.",
            status_code=head.status_code,
            body=reply.content[:4000].decode("utf-8", "replace"),
        )


def _next_hop(url: str, target: str) -> str | KlingError:
    """Where a redirect leads. From the net never into this machine."""
    try:
        after = clean_link(urljoin(url, target))
    except ValueError:
        after = None
    if after is not None and (not is_loopback(after) or is_loopback(url)):
        return after
    return KlingError(f"The video's link leads on to {one_line(target, 200)}, which is not followed.")


def _length(head: Response) -> int | None:
    """The length that was promised, unless the bytes are coded on their way."""
    text = head.headers.get("content-length", "")
    plain = head.headers.get("content-encoding", "identity").lower() in ("", "identity")
    return int(text) if plain and re.fullmatch(r"\d{1,15}", text, re.ASCII) else None


def _what(start: bytes) -> str:
    if not start:
        return "an empty file"
    kind = probe.kind_of(start)
    if kind:
        return f"a file of another kind ({kind})"
    return "an HTML page" if start.lstrip()[:1] == b"<" else "something else"
