"""Local pictures become links."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import PIL.ImageOps
import pytest

from kling_widgets.client.steps import ClientState
from kling_widgets.client.uploads import prepare, upload
from kling_widgets.errors import APIError, InvalidRequestError
from kling_widgets.request.request import VideoRequest
from tests.client.conftest import KEY, Maker
from tests.client.play import play, response
from tests.client.samples import picture
from tests.media.test_conversion import likeness, opened, photo
from tests.servers import Answer, Asked, FaultServer

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\0\0\1\0" * 2 + b"\x08\x02\0\0\0"
NOW = 1_800_000_000.0
HOUR = 3600.0


def state(wall: list[float] | None = None) -> ClientState:
    times = wall or [NOW]
    return ClientState("https://s.example", wall=lambda: times[0], jitter=lambda: 0.0)


def link(number: int = 1, **more: Any) -> Any:
    return response({"id": "f", "url": f"https://files.example/{number}.png", **more})


def test_a_picture_is_uploaded_as_multipart(make: Maker, tmp_path: Path) -> None:
    """The upload is multipart, with purpose and true media type, and a name that reveals nothing about the user."""
    (tmp_path / "my secret holiday.jpg").write_bytes(PNG)
    with FaultServer(lambda asked: Answer(body={"id": "f", "url": "https://files.example/1.png"})) as server:
        assert make(server.url).upload(tmp_path / "my secret holiday.jpg") == "https://files.example/1.png"
        (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/v1/files/uploads")
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["content-type"].startswith("multipart/form-data")
    assert PNG in asked.body and b"model_input" in asked.body and b"image/png" in asked.body
    assert b"holiday" not in asked.body
    assert re.search(rb'name="file"; filename="[0-9a-f]+\.png"', asked.body)


def test_submit_uploads_and_sends_the_links(make: Maker, tmp_path: Path) -> None:
    """Paths, also nested ones, become links in the body; the same content is uploaded once."""
    for name in ("a.png", "b.png", "copy of a.png"):
        (tmp_path / name).write_bytes(PNG + name[-5:].encode())
    count = 0

    def answer(asked: Asked) -> Answer:
        nonlocal count
        if asked.path == "/v1/files/uploads":
            count += 1
            return Answer(body={"url": f"https://files.example/{count}.png"})
        return Answer(body={"id": "t"})

    with FaultServer(answer) as server:
        client = make(server.url)
        pictures = [tmp_path / "a.png", "https://x.example/c.png", tmp_path / "b.png"]
        for _ in range(2):
            client.submit("2.6", prompt="p", image=tmp_path / "copy of a.png", image_list=pictures)
        bodies = [asked.json() for asked in server.asked if asked.path != "/v1/files/uploads"]
    assert count == 2
    assert bodies[0] == bodies[1]
    assert bodies[0]["image"] == "https://files.example/1.png"
    listed = bodies[0]["metadata"]["image_list"]
    assert listed == ["https://files.example/1.png", "https://x.example/c.png", "https://files.example/2.png"]


def test_nothing_is_uploaded_if_one_file_is_bad(tmp_path: Path) -> None:
    """All files are checked before the first upload, and the error names the field."""
    (tmp_path / "a.png").write_bytes(PNG)
    request = VideoRequest("2.6", prompt="p", image=tmp_path / "a.png", image_tail=tmp_path / "none.png")
    with pytest.raises(InvalidRequestError, match=r"none\.png is not there") as caught:
        play(prepare(state(), request), [])
    assert [problem.field for problem in caught.value.problems] == ["image_tail"]


def test_a_request_with_errors_uploads_nothing(tmp_path: Path) -> None:
    """A request that cannot be sent uploads nothing."""
    (tmp_path / "a.png").write_bytes(PNG)
    with pytest.raises(InvalidRequestError):
        play(prepare(state(), VideoRequest("2.6", prompt="p", seconds="abc", image=tmp_path / "a.png")), [])


def test_a_link_is_remembered_until_an_hour_before_it_expires() -> None:
    """The same content reuses its link until an hour before that expires."""
    check_the_end(lambda end: end)


@pytest.mark.parametrize(
    "write",
    [
        lambda end: end * 1000,
        lambda end: str(int(end)),
        lambda end: datetime.fromtimestamp(end, UTC).isoformat().replace("+00:00", "Z"),
        lambda end: datetime.fromtimestamp(end, UTC).replace(tzinfo=None).isoformat(),
        lambda end: datetime.fromtimestamp(end, timezone(timedelta(hours=8))).isoformat(),
    ],
    ids=["milliseconds", "text", "ISO in UTC", "ISO without a zone", "ISO in China"],
)
def test_the_expiry_of_a_link_has_many_forms(write: Callable[[float], Any]) -> None:
    """The expiry is read as a number, a text or a date."""
    check_the_end(write)


def check_the_end(write: Callable[[float], Any]) -> None:
    wall = [NOW]
    shared = state(wall)
    answers = [link(1, expires_at=write(NOW + 10 * HOUR))]
    assert play(upload(shared, PNG), answers).result == "https://files.example/1.png"
    wall[0] = NOW + 8.9 * HOUR
    assert play(upload(shared, PNG), []).result == "https://files.example/1.png"
    wall[0] = NOW + 9.1 * HOUR
    assert play(upload(shared, PNG), [link(2)]).result == "https://files.example/2.png"
    wall[0] += 46.9 * HOUR  # without an expiry it counts as kept for 48 hours
    assert play(upload(shared, PNG), []).result == "https://files.example/2.png"
    wall[0] += 0.2 * HOUR
    assert play(upload(shared, PNG), [link(3)]).result == "https://files.example/3.png"


@pytest.mark.parametrize("expires", [None, "soon", 0, True, [], 1e300])
def test_an_invalid_expiry_is_ignored(expires: Any) -> None:
    """An invalid expiry does not make the upload fail."""
    assert play(upload(state(), PNG), [link(1, expires_at=expires)]).result.endswith("1.png")


@pytest.mark.parametrize("body", [{}, {"url": "javascript:1"}, {"url": 5}, [], "<html>", {"data": {"url": None}}])
def test_an_upload_without_a_link_is_an_error(body: Any) -> None:
    """An answer without a link is an error of the service, and nothing was submitted."""
    with pytest.raises(APIError, match="Nothing was submitted"):
        play(upload(state(), PNG), [response(body)])


def test_a_wrapped_answer_is_read() -> None:
    """The answer may be inside ``data``, as on the gateway's other routes."""
    assert play(upload(state(), PNG), [response({"code": "success", "data": {"url": "https://x.example/1"}})]).result


def test_a_broken_upload_is_tried_again() -> None:
    """A failed upload is tried again, as it costs nothing."""
    played = play(upload(state(), PNG), [response("", 502), response("", 429), link(1)])
    assert played.result.endswith("1.png") and len(played.sent) == 3


def test_every_upload_is_upright(make: Maker, tmp_path: Path) -> None:
    """By path, as bytes or in a request, a photo is uploaded once, upright and without its metadata."""
    content = photo("JPEG", 6)
    (tmp_path / "a.jpg").write_bytes(content)
    (tmp_path / "b.jpg").write_bytes(content)

    def answer(asked: Asked) -> Answer:
        return Answer(body={"url": "https://files.example/1.jpg", "id": "t"})

    with FaultServer(answer) as server:
        client = make(server.url)
        client.upload(tmp_path / "a.jpg")
        client.upload(content)
        client.submit("2.6", prompt="p", image=tmp_path / "b.jpg")
        (asked,) = [each for each in server.asked if each.path == "/v1/files/uploads"]
    start, end = asked.body.index(b"\xff\xd8\xff"), asked.body.rindex(b"\xff\xd9") + 2
    found = opened(asked.body[start:end])
    assert found.size == (136, 200)
    assert b"SECRETCAM" not in asked.body
    assert likeness(found, PIL.ImageOps.exif_transpose(opened(content))) > 38


@pytest.mark.parametrize(
    ("form", "kind"), [("TIFF", "image/png"), ("BMP", "image/png"), ("AVIF", "image/jpeg"), ("WEBP", "image/webp")]
)
def test_other_formats_are_converted_for_the_upload(form: str, kind: str) -> None:
    """Converted pictures are uploaded with the media type and name of their new format."""
    steps = upload(state(), picture(form))
    played = play(steps, [link()])
    (send,) = [each for each in played.sent if each.file]
    assert send.file is not None
    name, content, media_type = send.file
    assert media_type == kind == f"image/{opened(content).format.lower()}"  # type: ignore[union-attr]
    assert name.endswith(kind.partition("/")[2])


@pytest.mark.parametrize(
    "fields",
    [
        {"image": "http://localhost:8888/files/a.png"},
        {"image": "https://e.example/a.png", "image_tail": "http://192.168.1.5/a.png"},
        {"image_list": ["https://e.example/a.png", "http://nas/a.png"]},
        {"video_list": "http://10.0.0.1/a.mp4"},
        {"dynamic_masks": {"mask_url": "http://me.local/m.png", "trajectories": [{"x": 1, "y": 1}, {"x": 2, "y": 2}]}},
    ],
)
def test_a_link_that_only_this_machine_can_follow_is_not_sent(fields: dict[str, Any]) -> None:
    """A local link is an error, except for the demo, which runs on this machine."""
    request = VideoRequest("2.6", prompt="p", **fields)
    assert request.errors() == ()
    with pytest.raises(InvalidRequestError, match=r"the service cannot reach the local address .*Nothing was sent"):
        play(prepare(state(), request), [])
    here = ClientState("http://127.0.0.1:8000", wall=lambda: NOW, jitter=lambda: 0.0)
    assert play(prepare(here, request), []).result["prompt"] == "p"
