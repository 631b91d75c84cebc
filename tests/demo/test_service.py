"""The demo as a server in another program's process."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from kling_widgets.demo.service import Demo, default_folder, start
from kling_widgets.demo.store import Store
from kling_widgets.demo.worker import render_in_process
from kling_widgets.errors import KlingError
from tests.demo.conftest import Caller, until

pytestmark = pytest.mark.slow


def test_stop_frees_the_port_and_the_thread(tmp_path: Path) -> None:
    """A stopped demo leaves neither a thread nor an open port; stopping twice is allowed."""
    before = set(threading.enumerate())  # another test may have a demo of its own
    with start(tmp_path) as demo:
        assert Caller(demo.base_url).http.get("/v1/models").status_code == 200
        begun = {thread for thread in threading.enumerate() if thread.name == "kling_widgets demo"} - before
    demo.stop()
    assert len(begun) == 1
    assert not begun & set(threading.enumerate())
    assert demo.wait(0)
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", int(demo.base_url.rpartition(":")[2])), timeout=5)


def test_the_next_service_finishes_what_the_last_one_left(run: Callable[..., Demo]) -> None:
    """A demo that is stopped while drawing leaves no partial clip, and the next one on the folder, at another port,
    finishes the task."""
    first = run(render=render_in_process)
    caller = Caller(first.base_url)
    task_id = caller.create(seconds=10, size="320x180")
    done = caller.create("demo:nourl")
    until(lambda: list((first.folder / "clips").iterdir()), bool)
    first.stop()
    assert list((first.folder / "clips").iterdir()) == []
    second = run(render=render_in_process)
    assert second.base_url != first.base_url
    caller = Caller(second.base_url)
    assert caller.task(done)["status"] == "succeeded"
    task = caller.ended(task_id)
    assert task["status"] == "succeeded"
    assert task["url"].startswith(second.base_url)
    assert caller.http.get(task["url"]).status_code == 200


def test_several_services_share_a_folder(run: Callable[..., Demo]) -> None:
    """Each of several services on one folder answers for all tasks, and each video is made."""
    callers = [Caller(run(render=render_in_process).base_url) for _ in range(3)]
    tasks = [caller.create(f"sea {number}") for number, caller in enumerate(callers * 2)]
    for task_id in tasks:
        films = {caller.http.get(caller.ended(task_id)["url"]).content for caller in callers}
        assert len(films) == 1 and films != {b""}


def test_a_clip_that_cannot_be_drawn_fails_its_task(run: Callable[..., Demo]) -> None:
    """If drawing fails, the task fails with the reason, and the next one is drawn."""
    demo = run(render=render_in_process)
    caller = Caller(demo.base_url)
    body = {"model": "aigc-video-kling-2.6", "prompt": "a sea", "no_such_field": 1}
    row = Store(demo.folder).create(body, "a sea", 0.01)
    task = caller.ended(row.id)
    assert task["status"] == "failed" and "no_such_field" in task["error"]["message"]
    assert caller.ended(caller.create())["status"] == "succeeded"


def test_no_place_no_demo(tmp_path: Path) -> None:
    """A folder that cannot be created and a port in use are errors of one line."""
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(KlingError, match="cannot start"):
        start(tmp_path / "file" / "demo")
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(KlingError, match="cannot start"):
        start(tmp_path / "demo", port=taken.getsockname()[1])


def test_tasks_that_cannot_be_read_are_set_aside(tmp_path: Path) -> None:
    """A damaged task file is set aside, and the demo starts without it."""
    (tmp_path / "tasks.sqlite").write_bytes(b"no database" * 1000)
    with start(tmp_path) as demo:
        assert Caller(demo.base_url).create()
    assert (tmp_path / "tasks.damaged.sqlite").read_bytes() == b"no database" * 1000


def test_inside_a_running_loop(run: Callable[..., Demo]) -> None:
    """The demo starts in a cell, where an event loop is running in this thread."""

    async def cell() -> Demo:
        return run(render=render_in_process)

    assert Caller(asyncio.run(cell()).base_url).http.get("/v1/models").status_code == 200


def test_after_nest_asyncio(tmp_path: Path) -> None:
    """The demo works in a process that nest_asyncio has patched."""
    code = """
import nest_asyncio; nest_asyncio.apply()
import sys; from pathlib import Path
from kling_widgets.demo.service import start
from tests.demo.conftest import Caller
with start(Path(sys.argv[1]), seconds_per_task=0.1) as demo:
    caller = Caller(demo.base_url)
    print(caller.ended(caller.create())["status"])
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert (done.stdout.strip(), done.returncode) == ("succeeded", 0), done.stderr


def test_a_process_that_just_ends(tmp_path: Path) -> None:
    """A kernel can end without stopping its demo, even while it is drawing."""
    code = """
import sys; from pathlib import Path
from kling_widgets.demo.service import start
from tests.demo.conftest import Caller, until
demo = start(Path(sys.argv[1]))
caller = Caller(demo.base_url)
task_id = caller.create(seconds=60, size="640x360")
until(lambda: caller.task(task_id)["status"], lambda status: status == "processing")
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_own_modules_beside_the_notebook_do_no_harm(run: Callable[..., Demo]) -> None:
    """A file in the current folder with the name of a Python module does not break drawing."""
    for name in ("random", "json", "numpy", "av"):
        Path(f"{name}.py").write_text("raise RuntimeError('the wrong module')")
    caller = Caller(run(render=render_in_process).base_url)
    assert caller.ended(caller.create())["status"] == "succeeded"


def test_default_folder(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's folder is in KLING_WIDGETS_HOME, otherwise in the user's data folder."""
    assert default_folder() == isolated / "demo"
    monkeypatch.delenv("KLING_WIDGETS_HOME")
    assert default_folder().name == "demo" and "kling_widgets" in str(default_folder())
