"""Bodies that the demo's routes accept and refuse, field by field."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from kling_widgets.catalog import models as catalog
from tests.demo.conftest import TASKS, Caller, film, where

pytestmark = pytest.mark.slow

LINK = "https://example.com/a"
# A body with every field, with names and types as on the service's page, including aliases.
EVERY: dict[str, Any] = {
    "resolution": "100P",
    "aspect_ratio": "16:9",
    "sound": "off",
    "last_frame_url": f"{LINK}.png",
    "image_list": [f"{LINK}{number}.png" for number in range(9)],
    "multi_shot": True,
    "shot_type": "customize",
    "multi_prompt": [{"index": 1, "prompt": "demo:nourl", "duration": "5"}],
    "element_list": [{"element_id": 7}],
    "camera_control": {"type": "simple", "config": {"pan": 4}},
    "dynamic_masks": [{"mask_url": f"{LINK}.png", "trajectories": [{"x": 1, "y": 1}, {"x": 9, "y": 9}]}],
    "video_list": [{"url": f"{LINK}.mp4"}],
    "voice_list": [{"url": f"{LINK}.wav"}],
    "session_id": "SESSION_ID",
    "face_choose": [{"face_id": "1"}],
    "motion_brush": {"any": "thing"},
    "negative_prompt": "rain",
}


@pytest.mark.parametrize("model", [model.id for model in catalog.models()])
def test_every_field_is_accepted(caller: Caller, model: str) -> None:
    """Every field is accepted for every model unless the service's page calls it an error, also if it is documented
    elsewhere as an error, or not documented at all."""
    body = {"model": model, "prompt": "demo:nourl", "image": f"{LINK}.png", "duration": 5, "size": "1280x720"}
    reply = caller.http.post(TASKS, json={**body, "metadata": EVERY})
    assert reply.status_code == 200, reply.text


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"image_list": [f"{LINK}{number}.png" for number in range(10)]}, "10"),
        ({"image_urls": [f"{LINK}{number}.png" for number in range(3)]}, "3"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_what_the_page_calls_an_error_is_refused(caller: Caller, metadata: dict[str, Any], said: str) -> None:
    """Ten references and three frames are refused, as the service's page says."""
    body = {"model": "aigc-video-kling-3.0", "prompt": "a sea", "metadata": metadata}
    reply = caller.http.post(TASKS, json=body)
    assert reply.status_code == 400 and reply.json()["code"] == "invalid_request"
    assert said in reply.json()["message"]


def test_what_the_gateway_takes_is_taken_and_drawn(painter: Caller, tmp_path: Path) -> None:
    """Unknown names and any metadata are accepted; the clip shows what could not be read."""
    metadata = {
        "camera_control": "left",
        "dynamic_masks": "right",
        "video_list": [{"url": "walk.mp4"}],
        "image_list": 5,
    }
    body = {"model": "aigc-video-kling-3.0", "prompt": "a sea", "seconds": 1, "size": "160x90", "promt": 1}
    reply = painter.http.post(TASKS, json={**body, "mode": "pro", "metadata": metadata})
    assert reply.status_code == 200, reply.text
    task = painter.ended(reply.json()["task_id"])
    assert task["status"] == "succeeded", task["error"]
    (tmp_path / "a.mp4").write_bytes(painter.http.get(task["url"]).content)
    assert film(tmp_path / "a.mp4").size == (160, 90)


def test_a_painted_region_from_upload_to_film(painter: Caller, tmp_path: Path) -> None:
    """With an uploaded picture and mask, the region has moved along its path in the video."""
    picture, mask = Image.new("RGB", (320, 180), (70, 90, 110)), Image.new("L", (320, 180), 0)
    picture.paste((250, 20, 220), (40, 40, 72, 72))
    mask.paste(255, (40, 40, 72, 72))
    links = []
    for image in (picture, mask):
        data = io.BytesIO()
        image.save(data, "PNG")
        links.append(painter.upload(data.getvalue()).json()["url"])
    path = [{"x": 56, "y": 124}, {"x": 156, "y": 124}]
    fields = {"image": links[0], "dynamic_masks": [{"mask_url": links[1], "trajectories": path}]}
    task = painter.ended(painter.create(model="3.0-motion-control", size=None, resolution="180P", **fields))
    (tmp_path / "a.mp4").write_bytes(painter.http.get(task["url"]).content)
    frames = film(tmp_path / "a.mp4").frames
    places = [where(frame, (250, 20, 220), 60)[0] for frame in (frames[0], frames[-1])]
    assert places == pytest.approx([56, 156], abs=2)
