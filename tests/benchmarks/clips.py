"""Finished clips: their bytes in the notebook, the link on the screen, the download.

A notebook is run by nbclient with the demo as its service, and saved; then figures of clips that are hard to compress.
The state of the live views, which JupyterLab saves only if it is set to, is requested from a kernel with a front end.
From the link to the screen: a service that has the video ready, and a host that sends it at a megabyte a second. The
download is from a server on loopback to a file, each client in a process of its own; "grown" is the peak memory of the
process above its size before the first byte (on Linux only).
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import nbformat
import numpy as np

from kling_widgets.client.async_client import AsyncClient
from kling_widgets.client.credentials.endpoint import Service
from kling_widgets.client.credentials.secret import Secret
from kling_widgets.jobs.context import JobContext
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.snapshot import JobSnapshot
from kling_widgets.jobs.watcher import Watcher
from kling_widgets.media.clip import look_into, read
from kling_widgets.notebook.kernel.front_end import FRONT_ENDS, Location
from kling_widgets.notebook.kernel.live_updates import UpdateThrottle
from kling_widgets.notebook.output.figure import Figure, provenance
from kling_widgets.notebook.output.job_view import JobView
from kling_widgets.notebook.output.mime_bundle import bundle
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.journal import Journal
from tests.benchmarks.peers import ROOT
from tests.benchmarks.table import Table, reach
from tests.kernel import Kernel
from tests.servers import Answer, Asked, FaultServer

CLIPS, QUICK_CLIPS = (1, 4, 12), (1,)
LARGEST = 60.0  # KiB a clip
SIZES, QUICK_SIZES = (50, 200), (50,)  # megabytes
PROMPT = "a paper boat in the rain, drifting past lanterns"
LINK = "https://media.example/boat.mp4"
HEAD = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"
CREATE = "/v1/video/generations"


def measure(quick: bool = False) -> Iterable[Table]:
    """Return four tables."""
    with TemporaryDirectory(prefix="kling-bench-") as folder:
        home = Path(folder)
        yield _notebooks(home, QUICK_CLIPS if quick else CLIPS)
        yield _figures(home)
        yield _link(home)
        yield _downloads(home, QUICK_SIZES if quick else SIZES)


# The notebook


def _notebooks(home: Path, counts: tuple[int, ...]) -> Table:
    rows: list[tuple[object, ...]] = []
    most = 0.0
    for count in counts:
        folder = home / f"book-{count}"
        folder.mkdir()
        env = {"KLING_WIDGETS_HOME": str(folder / "home"), "KLING_WIDGETS_DEMO": "1", "PYTHONPATH": str(ROOT)}
        book = folder / "book.ipynb"
        one = f"%kling --model 2.6 --seconds 5 --size 1280x720 {PROMPT}"
        _write(
            book, ["%load_ext kling_widgets", *[one.replace("a paper", f"{number} paper") for number in range(count)]]
        )
        empty = book.stat().st_size
        command = [sys.executable, "-m", "jupyter", "execute", "--timeout=300", "--inplace", str(book)]
        subprocess.run(command, cwd=folder, env=os.environ | env, check=True, capture_output=True)
        saved = (book.stat().st_size - empty) / 1024
        most = max(most, saved / count)
        with Kernel(folder=folder, env=env) as kernel:
            cells = ["%load_ext kling_widgets", *[one.replace("%kling", "%kling --wait --new")] * count]
            kernel.run(*cells, timeout=300)
            state, table = kernel.run(_STATE, "%kling_tasks")
        shown = next(output["data"] for output in table.outputs if "data" in output)
        history = len(json.dumps(shown)) / 1024 / (2 * count)
        rows.append((count, saved, saved / count, int(state.text) / 1024 / count, history))
    head = ("clips", "notebook, KiB", "KiB a clip", "live views' state, KiB a clip", "history, KiB a row")
    note = "the live views' state is saved if “Save Widget State Automatically” is on (off by default in JupyterLab)"
    return Table("A finished notebook", head, rows, (reach("a clip", most, LARGEST, " KiB"), note))


_STATE = """
import ipywidgets, json
print(len(json.dumps(ipywidgets.Widget.get_manager_state(drop_defaults=True))))
"""


def _write(path: Path, cells: list[str]) -> None:
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), path)


def _figures(home: Path) -> Table:
    """Measure clips that are hard to compress, with short and long prompts."""
    rows: list[tuple[object, ...]] = []
    most = 0.0
    for name, size, sound in (
        ("noise, 720p", (1280, 720), False),
        ("noise, 4K, with sound", (3840, 2160), True),
        ("noise, portrait 1080p", (1080, 1920), False),
    ):
        path = home / "kling_videos" / f"{size[0]}.mp4"
        _noise(path, size, sound)
        clip = look_into(read(path))
        for words, prompt in (("short", PROMPT), ("2500 characters, Chinese", "纸" * 2500)):
            request = VideoRequest("2.6", prompt=prompt, seconds=5)
            figure = Figure(request, clip, LINK, "task_1", 72.0, False, "https://api.crazyrouter.com")
            data, about = bundle(figure, Location(FRONT_ENDS["jupyter"], home)), provenance(figure)
            book = home / "figure.ipynb"
            output = nbformat.v4.new_output("display_data", data=data, metadata=about)
            nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=[output])]), book)
            whole = book.stat().st_size / 1024
            most = max(most, whole)
            rows.append((name, words, clip.size / 1e6, len(data.get("image/jpeg", "")) * 3 / 4 / 1024, whole))
    head = ("picture", "prompt", "clip, MB", "poster, KiB", "notebook, KiB")
    return Table("Figures that are hard to compress", head, rows, (reach("a clip", most, LARGEST, " KiB"),))


def _noise(path: Path, size: tuple[int, int], sound: bool) -> None:
    path.parent.mkdir(exist_ok=True)
    random = np.random.default_rng(1)
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24, options={"preset": "ultrafast", "crf": "10"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        voice = container.add_stream("aac", rate=44_100) if sound else None
        for _ in range(2):
            picture = random.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
        if voice is not None:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate = 44_100
            container.mux(voice.encode(frame))
            container.mux(voice.encode())


# The link


def _link(home: Path) -> Table:
    """Measure the time from the answer "succeeded" to the link in the view, and to the file."""
    noisy = home / "kling_videos" / "3840.mp4"
    video = noisy.read_bytes()[: 4 * 10**6]
    video += bytes(max(0, 4 * 10**6 - len(video)))
    told: list[float] = []

    def answer(asked: Asked) -> Answer:
        if asked.path == CREATE:
            return Answer(body={"id": "t1", "task_id": "t1", "status": "", "progress": 0})
        if asked.path.endswith("/content"):
            # The other half arrives as late as at a megabyte a second.
            return Answer(body=video, halfway=lambda: asyncio.sleep(len(video) / 1e6))
        told.append(time.monotonic())
        return Answer(body={"code": "success", "data": {"task_id": "t1", "status": "SUCCESS", "url": LINK}})

    seen, done = threading.Event(), threading.Event()
    times: dict[str, float] = {}
    with FaultServer(answer) as server:
        service = Service(server.url, server.url, Secret("sk-test-0123456789abcdef"), "the benchmark")

        def connect(service: Service, budget: Any) -> AsyncClient:
            return AsyncClient(service.key, service.base_url, budget=budget)

        desk = JobContext(Watcher(connect=connect), Journal(home / "journal.sqlite"), service, home / "videos")
        job = Job(VideoRequest("2.6", prompt=PROMPT), replace(desk, timeout=60.0))
        view = JobView(job, Location(FRONT_ENDS["jupyter"], home), on_end=lambda *_: done.set())

        def show(moment: JobSnapshot) -> int:
            sent = view.show(moment)
            if not seen.is_set() and any("<video" in str(getattr(each, "value", "")) for each in view.widget.children):
                times["link"] = time.monotonic()
                seen.set()
            return sent

        UpdateThrottle().follow(job._state, show)
        job._runner.start()
        done.wait(120)
        times["file"] = time.monotonic()
    rows: list[tuple[object, ...]] = [(1000 * (times["link"] - told[0]), times["file"] - told[0])]
    head = ("link in the view, ms after “succeeded”", "file in the folder, s after “succeeded”")
    note = "4 MB at 1 MB/s; the link's own host does not exist here, so the service's copy is fetched next"
    return Table("From the link to the screen", head, rows, (note,))


# The download

_SERVER = """
import socket, sys
size, head, block = int(sys.argv[1]), bytes.fromhex(sys.argv[2]), bytes(range(256)) * 4096
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
while True:
    line, _ = listening.accept()
    try:
        while b"\\r\\n\\r\\n" not in line.recv(65536):
            pass
        line.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n" % size)
        line.sendall(head)
        left = size - len(head)
        while left > 0:
            line.sendall(block[:left])
            left -= len(block)
    except OSError:
        pass
    line.close()
"""
_BEFORE = """
import asyncio, os, sys, time
import httpx
from kling_widgets.client.async_client import AsyncClient
from kling_widgets.client.client import Client
base, to = sys.argv[1:]
url, key = base + "/clip.mp4", "sk-test-0123456789abcdef"
"""
_AFTER = """
def memory(name):
    lines = open("/proc/self/status") if os.path.exists("/proc/self/status") else []
    return next((float(line.split()[1]) for line in lines if line.startswith(name)), 0.0)
before, cpu, wall = memory("VmRSS"), time.process_time(), time.perf_counter()
work()
print(time.perf_counter() - wall, time.process_time() - cpu, memory("VmHWM") - before)
"""
_CLIENTS = {
    "kling_widgets, as in a notebook": """
async def fetch():
    async with AsyncClient(key, base) as client:
        await client.download(url, to)
def work():
    asyncio.run(fetch())
""",
    "kling_widgets, Client": """
def work():
    with Client(key, base) as client:
        client.download(url, to)
""",
    "httpx, async": """
async def fetch():
    async with httpx.AsyncClient() as client, client.stream("GET", url) as reply:
        with open(to, "wb") as file:
            async for piece in reply.aiter_bytes():
                file.write(piece)
def work():
    asyncio.run(fetch())
""",
    "httpx": """
def work():
    with httpx.stream("GET", url) as reply, open(to, "wb") as file:
        for piece in reply.iter_bytes():
            file.write(piece)
""",
}
_CURL = """
import subprocess
def work():
    subprocess.run(["curl", "-s", "-o", to, url], check=True)
"""
RUNS = 3


def _downloads(home: Path, sizes: tuple[int, ...]) -> Table:
    clients = _CLIENTS | ({"curl": _CURL} if shutil.which("curl") else {})
    rows: list[tuple[object, ...]] = []
    for megabytes in sizes:
        with _serving(megabytes * 10**6) as base:
            best: dict[str, tuple[float, float, float]] = {}
            for _ in range(RUNS):  # in turn, because the machine is noisy
                for name, work in clients.items():
                    found = _download(home, base, work)
                    best[name] = min(best.get(name, found), found)
            for name, (wall, cpu, grown) in best.items():
                each = 1000 * cpu / megabytes
                rows.append((megabytes, name, megabytes / wall, None if name == "curl" else each, grown / 1024))
    head = ("MB", "client", "MB/s", "ms of CPU a MB", "grown, MiB")
    note = f"the fastest of {RUNS}; ours also syncs the file to the disk, and renames it only when it is complete"
    return Table("A download over loopback", head, rows, (note,))


def _download(home: Path, base: str, work: str) -> tuple[float, float, float]:
    target = home / "fetched.mp4"
    target.unlink(missing_ok=True)
    command = [sys.executable, "-c", _BEFORE + work + _AFTER, base, str(target)]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    wall, cpu, grown = map(float, said.split())
    return wall, cpu, grown


@contextmanager
def _serving(size: int) -> Iterator[str]:
    command = [sys.executable, "-c", _SERVER, str(size), HEAD.hex()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()
