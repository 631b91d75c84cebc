"""The demo's routes over real HTTP."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from kling_widgets.catalog import models as catalog
from kling_widgets.client.client import Client
from kling_widgets.demo.service import Demo
from tests.demo.conftest import TASKS, Caller, film, make_request, until

pytestmark = pytest.mark.slow


def png(size: tuple[int, int] = (40, 30)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, "red").save(data, "PNG")
    return data.getvalue()


def test_from_request_to_film(painter: Caller, tmp_path: Path) -> None:
    """A task is accepted, runs, and succeeds with a link on the same host to the requested video."""
    reply = painter.post("a paper boat", size="320x180")
    made = reply.json()
    assert reply.headers["x-oneapi-request-id"]
    assert made["id"] == made["task_id"] and made["status"] == "queued" and made["created_at"] > 1.7e9
    task = painter.ended(made["task_id"])
    assert (task["status"], task["progress"], task["error"]) == ("succeeded", "100%", None)
    assert task["url"].startswith(str(painter.http.base_url).rstrip("/") + "/media/demo_")
    video = httpx.get(task["url"], trust_env=False)
    assert video.headers["content-type"] == "video/mp4"
    (tmp_path / "a.mp4").write_bytes(video.content)
    assert film(tmp_path / "a.mp4").size == (320, 180)
    assert painter.http.get(f"/v1/videos/{made['task_id']}/content").content == video.content


def test_no_success_before_the_film_is_whole(run: Callable[..., Demo]) -> None:
    """Before a task succeeds it has no link and no video; its progress never decreases."""
    caller = Caller(run(seconds_per_task=1.0).base_url)
    task_id, seen = caller.create(size="320x180"), []

    def look() -> dict[str, Any]:
        seen.append(caller.task(task_id))
        if seen[-1]["status"] != "succeeded":
            assert not seen[-1]["url"]
        return seen[-1]

    assert caller.http.get(f"/media/{task_id}.mp4").status_code == 404
    assert caller.http.get(f"/v1/videos/{task_id}/content").status_code == 404
    until(look, lambda task: task["status"] == "succeeded")
    words = list(dict.fromkeys(task["status"] for task in seen))
    assert words in (["queued", "processing", "succeeded"], ["processing", "succeeded"])
    progress = [int(task["progress"].rstrip("%")) for task in seen]
    assert progress == sorted(progress) and any(0 < step < 100 for step in progress)


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [("bytes=0-9", 206, slice(0, 10)), ("bytes=100-", 206, slice(100, None)), ("bytes=-7", 206, slice(-7, None))],
)
def test_media_can_be_had_in_parts(caller: Caller, asked: str, status: int, part: slice) -> None:
    """A browser that seeks gets the requested range of bytes."""
    url = caller.ended(caller.create())["url"]
    whole = caller.http.get(url).content
    reply = caller.http.get(url, headers={"Range": asked})
    assert (reply.status_code, reply.content) == (status, whole[part])
    assert caller.http.get(url, headers={"Range": f"bytes={len(whole)}-"}).status_code == 416
    assert caller.http.head(url).headers["content-length"] == str(len(whole))


@pytest.mark.parametrize(
    ("key", "code"), [("", ""), ("an-invalid-key", "invalid_api_key")], ids=["no key", "an invalid one"]
)
def test_keys(demo: Demo, key: str, code: str) -> None:
    """Every route requires a key and refuses one that contains "invalid"; media need none."""
    caller = Caller(demo.base_url, key)
    for reply in (
        caller.post(),
        caller.http.get(f"{TASKS}/demo_1"),
        caller.http.get("/v1/models"),
        caller.upload(png()),
        caller.http.get("/v1/videos/demo_1/content"),
    ):
        assert reply.status_code == 401
        assert reply.json()["error"]["code"] == code
        assert reply.headers["x-oneapi-request-id"] in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "cannot unmarshal"),
        (b"[1]", "cannot unmarshal"),
        (b"[" * 100_000, "cannot unmarshal"),
        (b'{"model": "aigc-video-kling-2.6"}', "prompt"),
        (b'{"model": "kling-v2-6", "prompt": "a sea"}', "aigc-video-kling-2.6"),
        (b'{"model": "aigc-video-kling-2.6", "promt": "a sea"}', "prompt"),
        (b'{"model": "aigc-video-kling-2.6", "prompt": ["a sea"]}', "field prompt"),
        (b'{"model": "aigc-video-kling-2.6", "prompt": "a sea", "images": [{"url": "x"}]}', "field images"),
    ],
)
def test_a_wrong_body_gets_an_explanation(caller: Caller, body: bytes, said: str) -> None:
    """A body that the gateway cannot parse, or that the service's page calls an error, is refused."""
    reply = caller.http.post(TASKS, content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 400
    assert reply.json()["code"] == "invalid_request"
    assert said in reply.json()["message"] and "Nothing was sent" not in reply.json()["message"]


def test_too_much_is_refused(caller: Caller) -> None:
    """A body or an upload that is too large is refused instead of kept in memory."""
    body = b'{"model": "aigc-video-kling-2.6", "prompt": "' + b"a" * 2_100_000 + b'"}'
    assert caller.http.post(TASKS, content=body).status_code == 413
    assert caller.upload(png() + b"0" * 20_000_000).status_code == 413


def test_what_is_not_there(caller: Caller) -> None:
    """Unknown tasks, videos, uploads and addresses get the gateway's answers."""
    reply = caller.http.get(f"{TASKS}/task_1")
    assert (reply.status_code, reply.json()["code"], reply.json()["data"]) == (400, "task_not_exist", None)
    reply = caller.http.post("/v1/v1/video/generations", json={})
    assert (reply.status_code, reply.json()["error"]["message"]) == (404, "Invalid URL (POST /v1/v1/video/generations)")
    for path in ("/media/demo_1.mp4", "/media/uploads/a.png", "/media/uploads/..%2Ftasks.sqlite", "/"):
        assert caller.http.get(path).status_code == 404


def test_only_its_own_host_names(demo: Demo) -> None:
    """A request with another Host header is refused, which prevents DNS rebinding."""
    reply = httpx.get(f"{demo.base_url}/v1/models", headers={"Host": "evil.example", "Authorization": "Bearer a"})
    assert reply.status_code == 400


def test_models(caller: Caller) -> None:
    """The list of models is the catalog's."""
    rows = caller.http.get("/v1/models").json()["data"]
    assert [row["id"] for row in rows] == [model.id for model in catalog.models()]


def test_upload(painter: Caller, tmp_path: Path) -> None:
    """An upload gets a link, the same for the same picture, and can be the first frame of a video."""
    reply = painter.upload(png(), "first frame.png")
    made = reply.json()
    assert (made["mime_type"], made["size"]) == ("image/png", len(png()))
    assert made["expires_at"] > 1.7e9 and made["id"] in made["url"]
    served = httpx.get(made["url"], trust_env=False)
    assert (served.content, served.headers["content-type"]) == (png(), "image/png")
    assert painter.upload(png(), "again.jpg").json()["url"] == made["url"]
    task = painter.ended(painter.create(image=made["url"], size=None, resolution="180P"))
    (tmp_path / "a.mp4").write_bytes(painter.http.get(task["url"]).content)
    assert film(tmp_path / "a.mp4").size == (240, 180)


@pytest.mark.parametrize("data", [b"", b"hello", b"%PDF-1.4", b"<svg/>"])
def test_only_pictures_are_taken(caller: Caller, data: bytes) -> None:
    """A file that is not a picture is refused, whatever its name."""
    reply = caller.upload(data)
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_request")


def test_an_upload_needs_its_file(caller: Caller) -> None:
    """An upload without a file and a body that is not a form are refused."""
    assert caller.http.post("/v1/files/uploads", data={"purpose": "model_input"}).status_code == 400
    assert caller.http.post("/v1/files/uploads", content=b"hello").status_code == 400


# Words that simulate failures


@pytest.mark.parametrize(("word", "status"), [("", "SUCCESS"), ("demo:fail ", "failed")])
def test_the_form_of_june(caller: Caller, word: str, status: str) -> None:
    """The gateway's later form of answers works with our own client, too."""
    task_id = caller.create(f"a sea {word}demo:june")
    seen: list[dict[str, Any]] = []
    until(lambda: seen.append(caller.task(task_id)) or seen[-1], lambda task: task["status"] in ("SUCCESS", "failed"))  # type: ignore[func-returns-value]
    task = seen[-1]
    assert {each["status"] for each in seen} <= {"processing", status}
    assert task.keys() == {"id", "task_id", "status", "result_url", "artifact_url", "format", "error", "metadata"}
    assert task["result_url"] == task["artifact_url"] and task["id"] == task["task_id"] == task_id
    with Client("any-key", str(caller.http.base_url)) as client:
        read = client.get(task_id)
    assert (read.status, read.url or "") == ("failed" if word else "succeeded", task["result_url"])


def tasks(demo: Demo) -> int:
    """Return the number of tasks in the demo's store."""
    with sqlite3.connect(demo.folder / "tasks.sqlite") as db:
        return int(db.execute("SELECT count(*) FROM tasks").fetchone()[0])


@pytest.mark.parametrize(
    ("word", "message"), [("fail", "could not make this video"), ("moderation", "content moderation")]
)
def test_tasks_that_fail(caller: Caller, word: str, message: str) -> None:
    """The task runs, then fails with the reason, in a reply with HTTP status 200."""
    task = caller.ended(caller.create(f"a sea demo:{word}"))
    assert task["status"] == "failed" and message in task["error"]["message"] and not task["url"]
    assert caller.http.get(f"/v1/videos/{task['task_id']}/content").status_code == 404


@pytest.mark.parametrize(
    ("word", "status", "code", "created"),
    [
        ("500", 500, "do_request_failed", 1),
        ("502", 502, None, 1),
        ("busy", 500, "get_channel_failed", 0),
        ("quota", 403, "insufficient_user_quota", 0),
    ],
)
def test_posts_that_fail(demo: Demo, caller: Caller, word: str, status: int, code: str | None, created: int) -> None:
    """The POST gets the error; a task exists afterwards as the table says."""
    reply = caller.post(f"a sea demo:{word}")
    assert reply.status_code == status and reply.headers["x-oneapi-request-id"]
    if code:
        assert reply.json()["code"] == code
    else:
        assert reply.headers["content-type"].startswith("text/html") and "502 Bad Gateway" in reply.text
    assert tasks(demo) == created


def test_429_once(demo: Demo, caller: Caller) -> None:
    """The first POST is refused with Retry-After, the second creates the task, and the next one is refused again."""
    codes = [caller.post("a sea demo:429") for _ in range(4)]
    assert [reply.status_code for reply in codes] == [429, 200, 429, 200]
    assert codes[0].headers["retry-after"] == "1"
    assert tasks(demo) == 2


def test_lost(demo: Demo, caller: Caller) -> None:
    """The connection closes without an answer; the task exists, and the service continues."""
    with pytest.raises(httpx.TransportError):
        caller.post("a sea demo:lost")
    assert tasks(demo) == 1
    assert caller.ended(caller.create())["status"] == "succeeded"


def test_nourl(caller: Caller) -> None:
    """The task succeeds, but its video is not available."""
    task = caller.ended(caller.create("a sea demo:nourl"))
    assert task["status"] == "succeeded" and not task["url"]
    assert caller.http.get(f"/v1/videos/{task['task_id']}/content").status_code == 404
    assert caller.http.get(f"/media/{task['task_id']}.mp4").status_code == 404


def test_late(caller: Caller) -> None:
    """The link is included some queries after the success."""
    task = caller.ended(caller.create("a sea demo:late"))
    links = [task["url"], *(caller.task(task["task_id"])["url"] for _ in range(4))]
    assert not any(links[:3]) and links[-1]
    assert caller.http.get(links[-1]).status_code == 200


def test_broken(caller: Caller) -> None:
    """The download always ends halfway, and cannot be mistaken for the whole file."""
    url = caller.ended(caller.create("a sea demo:broken"))["url"]
    for _ in range(2):
        got = b""
        with pytest.raises(httpx.RemoteProtocolError), caller.http.stream("GET", url) as reply:
            announced = int(reply.headers["content-length"])
            for piece in reply.iter_bytes():
                got += piece
        assert 0 < len(got) < announced


def test_html(caller: Caller) -> None:
    """Every third query is answered with an HTML page, the others normally."""
    task_id = caller.create("a sea demo:html")
    replies = [caller.http.get(f"{TASKS}/{task_id}") for _ in range(6)]
    assert [reply.status_code for reply in replies] == [200, 200, 502, 200, 200, 502]
    assert replies[2].headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("word", "marks", "last"), [("stages", {"20%", "30%", "100%"}, "100%"), ("noprogress", {None}, None)]
)
def test_progress_words(run: Callable[..., Demo], word: str, marks: set[str | None], last: str | None) -> None:
    """Progress is reported in stage marks only, or not at all; on a busy machine a query may miss a short stage."""
    caller = Caller(run(seconds_per_task=0.5).base_url)
    task_id, seen = caller.create(f"a sea demo:{word}"), set()

    def look() -> Any:
        task = caller.task(task_id)
        seen.add(task.get("progress"))
        return task["status"]

    until(look, lambda status: status == "succeeded")
    assert last in seen
    assert seen <= marks


def test_slow(run: Callable[..., Demo]) -> None:
    """A slow task is still running after a later one has succeeded."""
    caller = Caller(run(seconds_per_task=3.0).base_url)
    slow = caller.create("a sea demo:slow")
    quick = caller.create("a sea")
    assert caller.ended(quick)["status"] == "succeeded"
    assert caller.task(slow)["status"] == "processing"


def test_requests_are_checked_as_the_form_checks_them(caller: Caller) -> None:
    """All bodies on the service's page are accepted."""
    for path in sorted((Path(__file__).parent.parent / "wire" / "requests").glob("*.json")):
        reply = caller.http.post(TASKS, json={**json.loads(path.read_text()), "prompt": "demo:nourl"})
        assert reply.status_code == 200, (path.name, reply.text)
    assert make_request().payload()["model"] == "aigc-video-kling-2.6"
