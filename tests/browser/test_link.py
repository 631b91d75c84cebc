"""The link of a finished video plays in a real browser while the file is still being downloaded."""

from __future__ import annotations

import asyncio
import re
import threading
from pathlib import Path

from playwright.sync_api import expect

from kling_widgets.demo.render import render
from kling_widgets.request.request import VideoRequest
from tests.browser.notebook import Notebook, played
from tests.servers import Answer, Asked, FaultServer

# No machine has this name: Playwright answers the page, and the kernel falls back to the service's own copy.
LINK = "https://media.example/boat.mp4"
MINUTE = 60.0  # seconds
CREATE = "/v1/video/generations"
FILE = re.compile(r"kling_videos/.*\.mp4")
BEGIN = """\
import os
os.environ.pop("KLING_WIDGETS_DEMO", None)
os.environ |= {{"CRAZYROUTER_API_KEY": "sk-" + "a1" * 20, "CRAZYROUTER_BASE_URL": "{url}"}}
%load_ext kling_widgets"""


class Service:
    """A service that finishes a video at once and sends its first half; the rest follows when ``gate`` is opened."""

    def __init__(self, video: bytes) -> None:
        self.video = video
        self.gate = threading.Event()

    async def rest(self) -> None:
        """Wait until the rest may be sent."""
        await asyncio.to_thread(self.gate.wait, MINUTE)

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/v1/videos/t1/content":
            return Answer(body=self.video, headers={"Content-Type": "video/mp4"}, halfway=self.rest)
        if asked.path == CREATE:
            return Answer(body={"id": "t1", "task_id": "t1", "status": "", "progress": 0})
        row = {"task_id": "t1", "status": "SUCCESS", "url": LINK}
        return Answer(body={"code": "success", "data": row})


def test_the_link_plays_before_the_download_is_done(notebook: Notebook, tmp_path: Path) -> None:
    """The page loads from the media host itself, so the kernel's half of the video does not matter. At the end the file
    replaces the link."""
    request = VideoRequest("2.6", prompt="a paper boat", seconds=5, size="512x512")
    render(request, tmp_path / "boat.mp4", tmp_path)
    service = Service((tmp_path / "boat.mp4").read_bytes())
    with FaultServer(service.answer) as server:
        notebook.page.route(LINK, lambda route: route.fulfill(body=service.video, content_type="video/mp4"))
        make = "%kling --model 2.6 --seconds 5 --size 512x512 a paper boat"
        notebook.open([BEGIN.format(url=server.url), make])
        notebook.run_all()
        video = notebook.output(1).locator(".kling-view video")
        expect(video).to_be_visible(timeout=1000 * MINUTE)
        assert played(video)["width"] == 512
        said = notebook.output(1).locator(".kling-line")
        expect(said).to_contain_text("Fetching the video")
        assert video.get_attribute("src") == LINK
        service.gate.set()
        expect(notebook.output(1).locator("figure video").first).to_have_attribute("src", FILE, timeout=1000 * MINUTE)
