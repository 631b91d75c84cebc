"""A demo service for a test, somebody who calls it, and what is in a film."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import av
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from kling_widgets.core.request import VideoRequest
from kling_widgets.demo.service import Demo, start

T = TypeVar("T")
DEADLINE = 60.0  # seconds after which a test gives up waiting
SMALL: dict[str, Any] = {"seconds": 1, "size": "160x90"}  # drawn in no time
TASKS = "/v1/video/generations"


def until(look: Callable[[], T], good: Callable[[T], bool]) -> T:
    """Looks again and again until what is seen is good."""
    pause, end = threading.Event(), time.monotonic() + DEADLINE
    while not good(seen := look()):
        assert time.monotonic() < end, f"waited in vain; last seen: {seen}"
        pause.wait(0.02)
    return seen


def wish(prompt: str = "a calm sea", model: str = "2.6", **fields: Any) -> VideoRequest:
    """A request as the service sees it, small unless told otherwise."""
    return VideoRequest.from_payload(VideoRequest(model, prompt=prompt, **{**SMALL, **fields}).payload())


class Caller:
    """A client of the demo's wire, as plain as can be."""

    def __init__(self, base_url: str, key: str = "demo") -> None:
        self.http = httpx.Client(
            base_url=base_url, headers={"Authorization": f"Bearer {key}"} if key else {}, timeout=30, trust_env=False
        )

    def post(self, prompt: str = "a calm sea", **fields: Any) -> httpx.Response:
        return self.http.post(TASKS, json=wish(prompt, **fields).payload())

    def create(self, prompt: str = "a calm sea", **fields: Any) -> str:
        reply = self.post(prompt, **fields)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["task_id"])

    def task(self, task_id: str) -> dict[str, Any]:
        reply = self.http.get(f"{TASKS}/{task_id}")
        assert reply.status_code == 200, reply.text
        return dict(reply.json()["data"])

    def ended(self, task_id: str) -> dict[str, Any]:
        return until(lambda: self.task(task_id), lambda task: task["status"] in ("succeeded", "failed"))

    def upload(self, data: bytes, name: str = "picture.png") -> httpx.Response:
        return self.http.post("/v1/files/uploads", files={"file": (name, data)}, data={"purpose": "model_input"})


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Starts demo services that do not keep a test waiting; all on one folder, unless told otherwise."""
    running: list[Demo] = []

    def run(folder: Path = tmp_path / "demo", seconds_per_task: float = 0.05) -> Demo:
        running.append(start(folder, seconds_per_task=seconds_per_task))
        return running[-1]

    yield run
    for demo in running:
        demo.stop()


@pytest.fixture
def demo(run: Callable[..., Demo]) -> Demo:
    """A running demo service."""
    return run()


@pytest.fixture
def caller(demo: Demo) -> Iterator[Caller]:
    """Somebody who calls it."""
    caller = Caller(demo.base_url)
    yield caller
    caller.http.close()


@dataclass
class Film:
    """What is in a video file: frames as height × width × RGB, the rest as the file says."""

    frames: list[NDArray[np.uint8]]
    fps: float
    seconds: float
    codec: str
    pixels: str
    audio: str | None
    loudest: float

    @property
    def size(self) -> tuple[int, int]:
        height, width, _ = self.frames[0].shape
        return width, height


def film(path: Path) -> Film:
    """Decodes a whole file."""
    with av.open(str(path)) as file:
        video = file.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(video)]
        assert video.average_rate and file.duration
        facts = (float(video.average_rate), file.duration / av.time_base)
        codec, pixels = video.codec_context.name, str(video.codec_context.pix_fmt)
    audio, loudest = None, 0.0
    with av.open(str(path)) as file:
        if file.streams.audio:
            audio = file.streams.audio[0].codec_context.name
            loudest = max(float(np.abs(frame.to_ndarray()).max()) for frame in file.decode(audio=0))
    return Film(frames, *facts, codec, pixels, audio, loudest)
