"""A downloaded video is a complete file, or no file at all."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from kling_widgets.client.download import download
from kling_widgets.client.steps import ClientState, NoReply
from kling_widgets.core.task import Task
from kling_widgets.errors import APIError, ConnectionFailedError, KlingError, TaskFailedError, VideoMissingError
from kling_widgets.files.atomic_file import AtomicFile
from tests.client.conftest import KEY, MP4, Either, Maker, Time
from tests.client.play import play, response
from tests.servers import Answer, Asked, FaultServer

PAGE = "<!doctype html><title>Sign in</title>"


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def fetch(make: Maker, tmp_path: Path, answer: Callable[[Asked], Answer], **options: Any) -> tuple[Path, list[Asked]]:
    """Download /a.mp4 from a server with these answers, and return the path and the requests."""
    folder = tmp_path / "videos"
    with FaultServer(answer) as server:
        path: Path = make(server.url).download(f"{server.url}/a.mp4", folder / "a.mp4", **options)
        assert left_over(folder) == ["a.mp4"]
        return path, server.asked


def refuse(
    make: Maker, tmp_path: Path, answer: Callable[[Asked], Answer], patience: float | None = None, **options: Any
) -> KlingError:
    """Return the error of such a download, after checking that no file is left."""
    folder = tmp_path / "videos"
    with FaultServer(answer) as server, pytest.raises(KlingError) as caught:
        make(server.url, timeout=patience).download(f"{server.url}/a.mp4", folder / "a.mp4", **options)
    assert left_over(folder) == []
    return caught.value


@pytest.mark.parametrize("coded", ["length", "chunks", "close"])
def test_a_video_with_any_framing_is_complete(make: Maker, tmp_path: Path, coded: Any) -> None:
    """A video arrives with a length, in chunks, or until the connection closes."""
    path, asked = fetch(make, tmp_path, lambda asked: Answer(body=MP4, coded=coded))
    assert path.read_bytes() == MP4
    assert "authorization" not in asked[0].headers


@pytest.mark.parametrize("coded", ["length", "chunks"])
def test_a_broken_download_continues(make: Maker, tmp_path: Path, coded: Any) -> None:
    """If the host supports ranges, a broken download continues, and nothing is fetched twice."""

    def answer(asked: Asked) -> Answer:
        at = int(asked.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        rest = MP4[at:]
        headers = {"ETag": '"v1"'} | ({"Content-Range": f"bytes {at}-{len(MP4) - 1}/{len(MP4)}"} if at else {})
        return Answer(206 if at else 200, rest, headers, cut=None if at > 6000 else 4000, coded=coded)

    path, asked = fetch(make, tmp_path, answer)
    assert path.read_bytes() == MP4
    assert [each.headers.get("range") for each in asked] == [None, "bytes=4000-", "bytes=8000-"]
    assert asked[1].headers["if-range"] == '"v1"'


@pytest.mark.parametrize("knows_ranges", [True, False])
@pytest.mark.parametrize("length_sent", ["all", "*", ""])
@pytest.mark.parametrize("coded", ["close", "chunks", "HTTP/1.0"])
def test_without_a_length_a_truncated_video_is_detected(
    make: Maker, tmp_path: Path, coded: Any, length_sent: str, knows_ranges: bool
) -> None:
    """Without a length, a video cut at any point is recognised as incomplete, and the rest is fetched."""
    cuts = iter([5000, 9000, 9] if knows_ranges else [5000, 32, 9])

    def answer(asked: Asked) -> Answer:
        at = int(asked.headers.get("range", "bytes=0-")[6:-1]) if knows_ranges else 0
        body = MP4[at : next(cuts, len(MP4))]
        all_of_it = str(len(MP4)) if length_sent == "all" else "*"
        headers = {"Content-Range": f"bytes {at}-{len(MP4) - 1}/{all_of_it}"} if at and length_sent else {}
        if coded == "HTTP/1.0":
            lines = [f"HTTP/1.0 {206 if headers else 200} OK", *(f"{name}: {value}" for name, value in headers.items())]
            return Answer(raw="\r\n".join([*lines, "", ""]).encode() + (body if headers or not at else MP4))
        return Answer(206 if headers else 200, body if headers or not at else MP4, headers, coded=coded)

    path, _ = fetch(make, tmp_path, answer)
    assert path.read_bytes() == MP4


@pytest.mark.parametrize("cut", [9, 20, 30, 34, 40, 5000, len(MP4) - 1])
def test_a_truncated_video_is_never_saved(make: Maker, tmp_path: Path, cut: int) -> None:
    """A truncated video is never saved, even if the host always ends it at the same point."""
    for answer in (Answer(body=MP4[:cut], coded="close"), Answer(body=MP4[:cut], coded="chunks")):
        error = refuse(make, tmp_path, lambda asked, answer=answer: answer)
        assert isinstance(error, ConnectionFailedError) and "still there" in str(error)


def test_a_video_is_complete_if_the_host_has_no_more(make: Maker, tmp_path: Path) -> None:
    """If the host answers a request for the rest with: there is none, the video is complete."""
    strange = MP4[:24] + MP4[32:]

    def answer(asked: Asked) -> Answer:
        if "range" in asked.headers:
            return Answer(416, headers={"Content-Range": f"bytes */{len(strange)}"})
        return Answer(body=strange, coded="close")

    path, asked = fetch(make, tmp_path, answer)
    assert path.read_bytes() == strange and len(asked) == 2


def test_a_host_without_ranges_is_asked_from_the_start(make: Maker, tmp_path: Path) -> None:
    """Without ranges the download starts again, and the file contains the video once."""
    answers = iter([Answer(body=MP4, cut=5000)])
    path, asked = fetch(make, tmp_path, lambda asked: next(answers, Answer(body=MP4)))
    assert path.read_bytes() == MP4 and len(asked) == 2


@pytest.mark.parametrize("wrong", ["bytes 0-99/100", f"bytes 5000-10267/{len(MP4) + 1}", "nonsense"])
def test_a_range_that_does_not_continue_the_file_restarts_it(make: Maker, tmp_path: Path, wrong: str) -> None:
    """A range that does not continue the file restarts the download."""
    answers = iter([Answer(body=MP4, cut=5000), Answer(206, MP4[5000:], {"Content-Range": wrong})])
    path, _ = fetch(make, tmp_path, lambda asked: next(answers, Answer(body=MP4)))
    assert path.read_bytes() == MP4


@pytest.mark.parametrize(
    "answer",
    [
        Answer(fault="reset"),
        Answer(fault="close"),
        Answer(fault="stall"),
        Answer(body=MP4, cut=5000),
        Answer(body=MP4, cut=5),
        Answer(body=MP4, cut=5000, coded="chunks"),
    ],
)
def test_an_incomplete_download_leaves_nothing(make: Maker, tmp_path: Path, answer: Answer) -> None:
    """After some attempts the error says that the video is still there, and no file is left."""
    error = refuse(make, tmp_path, lambda asked: answer, 0.2 if answer.fault == "stall" else None)
    assert isinstance(error, ConnectionFailedError)
    assert "still there" in str(error)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (PAGE, "an HTML page"),
        (b"", "an empty file"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 90, "png"),
        (b"z" * 99, "something else"),
    ],
)
def test_an_answer_that_is_not_a_video_is_refused(make: Maker, tmp_path: Path, body: Any, says: str) -> None:
    """An answer with HTTP 200 that is not a video is an error, without another attempt."""
    error = refuse(make, tmp_path, lambda asked: Answer(body=body, headers={"Content-Type": "video/mp4"}))
    assert says in str(error)


@pytest.mark.parametrize("coded", ["length", "chunks"])
def test_a_video_above_the_limit_is_not_fetched(make: Maker, tmp_path: Path, coded: Any) -> None:
    """A video over the size limit is refused by its length, or once it exceeds the limit."""
    error = refuse(make, tmp_path, lambda asked: Answer(body=MP4, coded=coded), largest=2000)
    assert "larger" in str(error)


@pytest.mark.parametrize("status", [403, 410, 404, 500])
def test_a_refused_link_is_an_error(make: Maker, tmp_path: Path, status: int) -> None:
    """The error names the status, and that a link may have expired."""
    error = refuse(make, tmp_path, lambda asked: Answer(status, PAGE))
    assert isinstance(error, APIError) and error.status_code == status


def test_a_link_that_comes_late_is_waited_for(make: Maker, tmp_path: Path) -> None:
    """Archiving lags behind success: after a 404 the download is tried again."""
    answers = iter([Answer(404), Answer(503, headers={"Retry-After": "1"})])
    path, _ = fetch(make, tmp_path, lambda asked: next(answers, Answer(body=MP4)))
    assert path.read_bytes() == MP4


def test_redirects_on_this_machine_are_followed_without_the_key(make: Maker, tmp_path: Path) -> None:
    """The target of a redirect never gets the key, even if the service's own copy redirects."""
    with (
        FaultServer(lambda asked: Answer(body=MP4)) as media,
        FaultServer(lambda asked: Answer(302, headers={"Location": f"{media.url}/b.mp4"})) as server,
    ):
        task = Task("t1", status="succeeded")
        path = make(server.url).download(task, tmp_path / "a.mp4")
        assert path.read_bytes() == MP4
        assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
        assert "authorization" not in media.asked[0].headers


@pytest.mark.parametrize(
    "target",
    [
        "https://user:pass@media.example/b.mp4",
        "javascript:alert(1)",
        "ftp://media.example/b",
        "file:///etc/passwd",
        "http://127.0.0.1/b",
        "https://[",
    ],
)
def test_an_unsafe_redirect_is_refused(make: Maker, tmp_path: Path, target: str) -> None:
    """Redirects to other schemes, with a password, or from the internet to this machine are refused."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "media.example" and request.url.path == "/a.mp4"
        return httpx.Response(302, headers={"Location": target})

    with pytest.raises(KlingError, match=r"not followed|did not start"):
        make(answer=answer).download("https://media.example/a.mp4", tmp_path / "a.mp4")
    assert list(tmp_path.glob("*.mp4")) == []


@pytest.mark.parametrize("start", ["http://media.example/a.mp4", "https://media.example/redirect"])
def test_links_to_other_machines_use_https(make: Maker, tmp_path: Path, start: str) -> None:
    """Tencent's http links are fetched by https, and so are redirects."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.scheme == "https"
        moved = request.url.path == "/redirect"
        return httpx.Response(302, headers={"Location": "http://media.example/a.mp4"}) if moved else whole

    whole = httpx.Response(200, content=MP4)
    assert make(answer=answer).download(start, tmp_path / "a.mp4").read_bytes() == MP4
    whole = httpx.Response(200, content=MP4)
    task = Task("t1", status="succeeded", url=start)
    assert make(answer=answer).download(task, tmp_path / "b.mp4").read_bytes() == MP4


@pytest.mark.parametrize("link", ["https://user:pass@m.example/a.mp4", "https://m.example /a", "http://127.1/a.mp4"])
def test_a_link_that_is_not_fetched_is_not_repeated(make: Maker, tmp_path: Path, link: str) -> None:
    """The error does not quote the link, which may contain a password."""
    with pytest.raises(KlingError, match="not followed") as caught:
        make(answer=lambda request: httpx.Response(200, content=MP4)).download(link, tmp_path / "a.mp4")
    assert link not in str(caught.value) and left_over(tmp_path) == []


@pytest.mark.parametrize(("step", "enough"), [(100, False), (40_000, True)])
def test_a_very_slow_host_is_an_error(make: Maker, time: Time, tmp_path: Path, step: int, enough: bool) -> None:
    """A slow connection is accepted, but not one that sends a few bytes a minute, each within the read timeout."""

    class Drip(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self):  # type: ignore[no-untyped-def]
            for at in range(0, len(video), step):
                time.now += 25
                yield video[at : at + step]

        async def __aiter__(self):  # type: ignore[no-untyped-def]
            for piece in self:
                yield piece

    video = MP4 * 40
    client = make(answer=lambda request: httpx.Response(200, stream=Drip()))
    if enough:
        assert client.download("https://m.example/a.mp4", tmp_path / "a.mp4").read_bytes() == video
    else:
        with pytest.raises(ConnectionFailedError, match="almost nothing"):
            client.download("https://m.example/a.mp4", tmp_path / "a.mp4")
        assert left_over(tmp_path) == []


@pytest.mark.parametrize(("knows_ranges", "comes"), [(True, True), (False, False)])
def test_a_bad_connection_succeeds_if_it_makes_progress(
    make: Maker, tmp_path: Path, knows_ranges: bool, comes: bool
) -> None:
    """Attempts count from the last progress. Ten breaks with progress are fine, ten at the same point are not."""
    video = MP4 + bytes(10 * 2**20)

    def answer(asked: Asked) -> Answer:
        at = int(asked.headers.get("range", "bytes=0-")[6:-1]) if knows_ranges else 0
        rest = video[at:]
        headers = {"Content-Range": f"bytes {at}-{len(video) - 1}/{len(video)}"} if at else {}
        return Answer(206 if at else 200, rest, headers, cut=2**20 + 1 if len(rest) > 2**20 else None)

    if comes:
        path, asked = fetch(make, tmp_path, answer)
        assert path.read_bytes() == video and len(asked) == 11
    else:
        assert "broke off" in str(refuse(make, tmp_path, answer))


@pytest.mark.parametrize("promised", [len(MP4) + 100, len(MP4) - 100])
def test_the_announced_length_is_checked(make: Maker, tmp_path: Path, promised: int) -> None:
    """A body that is shorter or longer than announced is not kept, even if httpx accepts it."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Length": str(promised)}, stream=httpx.ByteStream(MP4))

    with pytest.raises(ConnectionFailedError, match=r"closed the connection early|more than it announced"):
        make(answer=answer).download("https://media.example/a.mp4", tmp_path / "a.mp4")
    assert list(tmp_path.glob("*.mp4")) == list(tmp_path.glob(".kling*")) == []


def test_a_redirect_loop_is_an_error(make: Maker, tmp_path: Path) -> None:
    """A redirect loop is an error."""
    error = refuse(make, tmp_path, lambda asked: Answer(302, headers={"Location": "/a.mp4"}))
    assert "redirect" in str(error)


def test_a_relative_redirect_is_followed(make: Maker, tmp_path: Path) -> None:
    """A relative redirect is resolved as in a browser."""
    path, _ = fetch(
        make, tmp_path, lambda asked: Answer(body=MP4) if asked.path == "/b" else Answer(307, headers={"Location": "b"})
    )
    assert path.read_bytes() == MP4


# --- tasks ----------------------------------------------------------------------------------------------------------


def test_an_expired_link_falls_back_to_the_services_copy(make: Maker, tmp_path: Path) -> None:
    """The request for the service's copy has the key, the one to the media host has not."""

    def answer(asked: Asked) -> Answer:
        return Answer(body=MP4) if asked.path == "/v1/videos/t%2F1/content" else Answer(403)

    with FaultServer(answer) as server:
        task = Task("t/1", status="succeeded", url=f"{server.url}/old.mp4")
        assert make(server.url).download(task, tmp_path / "a.mp4").read_bytes() == MP4
        assert ["authorization" in asked.headers for asked in server.asked] == [False, True]


def test_both_paths_of_the_services_copy_are_tried(make: Maker, tmp_path: Path) -> None:
    """Without a link, both paths of the service's copy are tried once, with the key."""

    def answer(asked: Asked) -> Answer:
        if asked.path == "/v1/tasks/t%2F1/artifacts/video/content":
            return Answer(body=MP4)
        return Answer(404, {"error": {"message": f"Invalid URL (GET {asked.path})"}})

    with FaultServer(answer) as server:
        path = make(server.url).download(Task("t/1", status="succeeded"), tmp_path / "videos" / "a.mp4")
        assert path.read_bytes() == MP4
        asked = [each.path for each in server.asked]
        assert asked == ["/v1/videos/t%2F1/content", "/v1/tasks/t%2F1/artifacts/video/content"]
        assert all(each.headers["authorization"] == f"Bearer {KEY}" for each in server.asked)


@pytest.mark.parametrize("status", [410, 404])
def test_the_error_says_that_a_video_is_gone(make: Maker, tmp_path: Path, status: int) -> None:
    """By its status or code the error says that the video is gone, and does not advise to try again."""

    def answer(asked: Asked) -> Answer:
        if asked.path.startswith("/v1/tasks/"):
            return Answer(status, {"error": {"code": "artifact_gone" if status == 404 else "", "message": "gone"}})
        return Answer(404, {"error": {"message": "Invalid URL"}})

    with FaultServer(answer) as server, pytest.raises(VideoMissingError) as caught:
        make(server.url).download(Task("t1", status="succeeded"), tmp_path / "videos" / "a.mp4")
    assert "gone for good" in str(caught.value) and "try again" not in str(caught.value)
    assert "billed" in str(caught.value) and caught.value.task.id == "t1"


def test_an_expired_link_is_not_gone_for_good(make: Maker, tmp_path: Path) -> None:
    """HTTP 410 of a media host only concerns its link: the service may still have a copy."""

    def answer(asked: Asked) -> Answer:
        return Answer(410) if asked.path == "/clip.mp4" else Answer(body=MP4)

    with FaultServer(answer) as server:
        task = Task("t1", status="succeeded", url=f"{server.url}/clip.mp4")
        assert make(server.url).download(task, tmp_path / "a.mp4").read_bytes() == MP4


def test_an_id_is_looked_up_first(make: Maker, tmp_path: Path) -> None:
    """A text that is not a link is taken for a task's id."""

    def answer(asked: Asked) -> Answer:
        if asked.path == "/a.mp4":
            return Answer(body=MP4)
        return Answer(body={"code": "success", "data": {"status": "success", "url": f"{server.url}/a.mp4"}})

    with FaultServer(answer) as server:
        assert make(server.url).download("t1", tmp_path / "a.mp4").read_bytes() == MP4


@pytest.mark.parametrize(("status", "kind"), [("failed", TaskFailedError), ("processing", KlingError)])
def test_the_error_for_a_task_without_a_video_names_the_reason(
    make: Maker, tmp_path: Path, status: str, kind: type[KlingError]
) -> None:
    """The error says that the task failed, or has not ended."""
    body = {"code": "success", "data": {"status": status}}
    with FaultServer(lambda asked: Answer(body=body)) as server, pytest.raises(kind):
        make(server.url).download("t1", tmp_path / "a.mp4")
    assert list(tmp_path.glob("*.mp4")) == []


def test_the_error_describes_a_link_without_a_video(make: Maker, tmp_path: Path) -> None:
    """If neither the link nor the copy is a video, the error describes the link's content and has the task."""
    with FaultServer(lambda asked: Answer(body=PAGE)) as server:
        task = Task("t1", status="succeeded", url=f"{server.url}/a.mp4")
        with pytest.raises(VideoMissingError, match="HTML page") as caught:
            make(server.url).download(task, tmp_path / "a.mp4")
    assert caught.value.task is task


def test_a_services_link_into_this_machine_is_not_asked(make: Maker, tmp_path: Path) -> None:
    """A service on the internet cannot make the client send requests to this machine."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, content=MP4)

    make(answer=answer).download(Task("t1", status="succeeded", url="http://127.0.0.1:8888/x"), tmp_path / "a.mp4")
    assert asked == ["https://api.crazyrouter.com/v1/videos/t1/content"]


# --- the file -------------------------------------------------------------------------------------------------------


def test_an_existing_file_is_kept(make: Maker, tmp_path: Path) -> None:
    """An existing file is kept unless overwriting is allowed, and nothing is fetched."""
    path = tmp_path / "a.mp4"
    path.write_bytes(b"mine")
    with FaultServer(lambda asked: Answer(body=MP4)) as server:
        client = make(server.url)
        with pytest.raises(KlingError, match="already exists"):
            client.download(f"{server.url}/a.mp4", path)
        assert path.read_bytes() == b"mine" and server.asked == []
        client.download(f"{server.url}/a.mp4", path, overwrite=True)
        assert path.read_bytes() == MP4


def test_a_file_created_meanwhile_is_kept(make: Maker, tmp_path: Path) -> None:
    """A file that another kernel created during the download is kept."""
    path = tmp_path / "a.mp4"

    def answer(asked: Asked) -> Answer:
        path.write_bytes(b"theirs")
        return Answer(body=MP4)

    with FaultServer(answer) as server, pytest.raises(KlingError, match="already exists"):
        make(server.url).download(f"{server.url}/a.mp4", path)
    assert path.read_bytes() == b"theirs"
    assert [other for other in tmp_path.iterdir() if other.is_file()] == [path]


def test_a_file_in_place_of_the_folder_is_an_error(make: Maker, tmp_path: Path) -> None:
    """If a file is in the way of a folder, one line says so, and where the video still is."""
    (tmp_path / "file").write_text("x")
    with FaultServer(lambda asked: Answer(body=MP4)) as server:
        with pytest.raises(KlingError, match=r"cannot be written.*still at the service"):
            make(server.url).download(f"{server.url}/a.mp4", tmp_path / "file" / "a.mp4")
        with pytest.raises(KlingError, match="is a folder"):
            make(server.url).download(f"{server.url}/a.mp4", tmp_path)


def test_the_file_has_the_rights_of_any_new_file(make: Maker, tmp_path: Path) -> None:
    """The file gets normal permissions, not those of a private temporary file."""
    path, _ = fetch(make, tmp_path, lambda asked: Answer(body=MP4))
    (tmp_path / "other").write_bytes(b"")
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


class Stopped(Exception):
    """An error that a test raises in a callback."""


def test_an_interrupted_download_leaves_nothing(make: Maker, tmp_path: Path) -> None:
    """An interrupt at any point leaves the folder as before."""

    def stop(done: int, total: int | None) -> None:
        raise Stopped

    with FaultServer(lambda asked: Answer(body=MP4)) as server, pytest.raises(Stopped):
        make(server.url).download(f"{server.url}/a.mp4", tmp_path / "a.mp4", on_progress=stop)
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []


def test_downloads_do_not_share_a_connection_for_ever(make: Maker, tmp_path: Path) -> None:
    """More broken downloads than slots finish: each releases its slot."""
    with FaultServer(lambda asked: Answer(403)) as server:
        client: Either = make(server.url)
        for _ in range(120):
            with pytest.raises(APIError):
                client.download(f"{server.url}/a.mp4", tmp_path / "a.mp4")


@pytest.mark.parametrize(("gap", "writes"), [(0.0, 14), (1.0, 200)], ids=["quick", "slow"])
def test_fast_data_is_written_in_large_blocks(gap: float, writes: int, tmp_path: Path) -> None:
    """Fast data is written in blocks of one mebibyte.

    On a slow connection it is written often enough for progress to show. Memory never holds more than one block.
    """
    head = MP4[:32] + struct.pack(">I4s", 200 * 2**16 - 32, b"mdat")
    pieces = [head.ljust(2**16, b"\0"), *[bytes([number]) * 2**16 for number in range(199)]]
    progress: list[int] = []
    times = itertools.count(0.0, gap)
    state = ClientState("https://api.example", clock=lambda: next(times))
    part = AtomicFile(tmp_path / "a.mp4")
    steps = download(state, "https://cdn.example/a.mp4", part, on_progress=lambda done, _: progress.append(done))
    played = play(steps, [response(b""), *pieces])
    assert played.result.read_bytes() == b"".join(pieces)
    assert len(progress) == writes
    assert progress == sorted(progress)
    assert max(after - before for before, after in pairwise([0, *progress])) <= 2**20


def test_data_before_a_break_is_kept(tmp_path: Path) -> None:
    """Data before a break is kept, even if it was too little for a write."""
    start, rest = MP4[:5000], MP4[5000:]
    state = ClientState("https://api.example", clock=lambda: 0.0)
    steps = download(state, "https://cdn.example/a.mp4", AtomicFile(tmp_path / "a.mp4"))
    half = response(b"", content_length=str(len(MP4)))
    more = response(b"", 206, content_range=f"bytes 5000-{len(MP4) - 1}/{len(MP4)}")
    played = play(steps, [half, start[:100], start[100:], NoReply(True, "gone"), more, rest])
    assert played.result.read_bytes() == MP4
    assert played.sent[-1].headers["Range"] == "bytes=5000-"  # type: ignore[union-attr]
