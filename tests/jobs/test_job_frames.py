"""Frames of a job's video."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_widgets.errors import KlingError
from tests.jobs.conftest import World, start
from tests.media.test_frames import FRAMES, colour, near, video

pytestmark = pytest.mark.slow


def test_the_last_frame_of_a_job_is_a_first_frame(world: World, tmp_path: Path) -> None:
    """The frame is saved beside the video, and a request accepts it."""
    world.gateway.video = type(world.gateway.video)(body=video(tmp_path / "a.mp4").read_bytes())
    job = start(world.job()).wait()
    last = job.frame()
    assert job.path is not None
    assert last.parent == job.path.parent
    assert last.name.startswith(f"{job.path.stem}_") and last.name.endswith("_frame-last.png")
    assert near(colour(last), FRAMES - 1)
    assert near(colour(job.frame(0)), 0)
    assert job.request.replace(image=last).files() == (last,)


def test_a_job_without_a_video_has_no_frames(world: World) -> None:
    """Before the video is saved the error says how to wait; after a failure it is the failure."""
    world.gateway.hold("POST /v1/video")
    job = start(world.job())
    with pytest.raises(KlingError, match=r"no saved video yet.*job\.wait"):
        job.frame()
    world.gateway.gate.set()
    job.wait()
    with pytest.raises(KlingError, match="No frame can be read"):
        job.frame()  # the test's video is none
