"""Fixtures for tests of the demo: running services, a client, and decoding of videos."""

from __future__ import annotations

import io
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
from PIL import Image

from kling_widgets.demo.drawing.animation import Animation
from kling_widgets.demo.render import render
from kling_widgets.demo.service import Demo, start
from kling_widgets.demo.store import Store
from kling_widgets.demo.worker import Render, render_in_process
from kling_widgets.request.request import VideoRequest

T = TypeVar("T")
DEADLINE = 60.0  # seconds after which a test gives up waiting
SMALL: dict[str, Any] = {"seconds": 1, "size": "160x90"}  # drawn in no time
TASKS = "/v1/video/generations"
RED, BLUE, GREEN = (220, 30, 30), (30, 30, 220), (30, 200, 60)


def until(look: Callable[[], T], good: Callable[[T], bool]) -> T:
    """Call ``look`` repeatedly until its result is good, and return that result."""
    pause, end = threading.Event(), time.monotonic() + DEADLINE
    while not good(seen := look()):
        assert time.monotonic() < end, f"waited in vain; last seen: {seen}"
        pause.wait(0.02)
    return seen


def make_request(prompt: str = "a calm sea", model: str = "2.6", **fields: Any) -> VideoRequest:
    """Return a request as the service parses it, with a small clip by default."""
    return VideoRequest.from_payload(VideoRequest(model, prompt=prompt, **{**SMALL, **fields}).payload())


class Caller:
    """Minimal HTTP client of the demo."""

    def __init__(self, base_url: str, key: str = "demo") -> None:
        self.http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=DEADLINE,
            trust_env=False,
        )

    def post(self, prompt: str = "a calm sea", **fields: Any) -> httpx.Response:
        return self.http.post(TASKS, json=make_request(prompt, **fields).payload())

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
def run(tmp_path: Path, ready_made: Render) -> Iterator[Callable[..., Demo]]:
    """Return a function that starts fast demo services, which share a folder and a ready-made clip,
    unless its arguments say otherwise."""
    running: list[Demo] = []

    def run(folder: Path = tmp_path / "demo", seconds_per_task: float = 0.05, render: Render = ready_made) -> Demo:
        running.append(start(folder, seconds_per_task=seconds_per_task, render=render))
        return running[-1]

    yield run
    for demo in running:
        demo.stop()


@pytest.fixture
def demo(run: Callable[..., Demo]) -> Demo:
    """Return a running demo service."""
    return run()


@pytest.fixture
def caller(demo: Demo) -> Iterator[Caller]:
    """Return a client of the demo."""
    caller = Caller(demo.base_url)
    yield caller
    caller.http.close()


@pytest.fixture
def painter(run: Callable[..., Demo]) -> Iterator[Caller]:
    """Return a client of a demo that really draws."""
    caller = Caller(run(render=render_in_process).base_url)
    yield caller
    caller.http.close()


@dataclass
class Film:
    """Decoded video file: frames as height × width × RGB, and the file's properties."""

    frames: list[NDArray[np.uint8]]
    fps: float
    seconds: float
    codec: str
    pixels: str
    audio: str | None
    samples: NDArray[np.float32]
    rate: int

    @property
    def loudest(self) -> float:
        return float(np.abs(self.samples).max(initial=0.0))

    @property
    def size(self) -> tuple[int, int]:
        height, width, _ = self.frames[0].shape
        return width, height


def film(path: Path) -> Film:
    """Decode a whole file."""
    with av.open(str(path)) as file:
        video = file.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(video)]
        assert video.average_rate and file.duration
        facts = (float(video.average_rate), file.duration / av.time_base)
        codec, pixels = video.codec_context.name, str(video.codec_context.pix_fmt)
    audio, samples, rate = None, np.zeros(0, np.float32), 0
    with av.open(str(path)) as file:
        if file.streams.audio:
            context = file.streams.audio[0].codec_context
            audio, rate = context.name, context.sample_rate
            samples = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
    return Film(frames, *facts, codec, pixels, audio, samples, rate)


def where(frame: NDArray[np.uint8], colour: tuple[int, int, int], near: int = 40) -> tuple[float, float]:
    """Return the centre of all pixels of a colour in a frame, from the upper left."""
    found = np.argwhere(np.abs(frame.astype(int) - colour).max(2) < near)
    assert len(found), f"{colour} is nowhere"
    return float(found[:, 1].mean()), float(found[:, 0].mean())


def count(frame: NDArray[np.uint8], colour: tuple[int, int, int], near: int = 40) -> int:
    """Return the number of pixels of a colour in a frame."""
    return int((np.abs(frame.astype(int) - colour).max(2) < near).sum())


class Studio:
    """Renderer with a folder of its own, and uploads."""

    def __init__(self, folder: Path) -> None:
        self.store, self.folder = Store(folder), folder

    def upload(self, colour: tuple[int, int, int], size: tuple[int, int] = (64, 36)) -> str:
        return self.picture(Image.new("RGB", size, colour))

    def picture(self, image: Image.Image) -> str:
        """Upload a picture and return its link."""
        data = io.BytesIO()
        image.save(data, "PNG")
        return self.keep(data.getvalue())

    def keep(self, data: bytes, suffix: str = ".png") -> str:
        return f"http://127.0.0.1:8000/media/uploads/{self.store.save_upload(data, suffix)}"

    def draw(self, request: VideoRequest, name: str = "clip.mp4") -> Path:
        render(request, self.folder / name, self.store.uploads)
        return self.folder / name

    def film(self, **fields: Any) -> Film:
        return film(self.draw(make_request(**fields)))

    def clip(self, **fields: Any) -> Animation:
        """Return the animation of a request."""
        return Animation.of(make_request(**fields), self.store.uploads)


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "demo")
