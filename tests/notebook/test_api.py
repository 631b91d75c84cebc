"""What users call from Python, in a process of its own, as it has one session; and against a real demo."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import kling_widgets as kw
from kling_widgets.notebook import api
from tests.notebook.conftest import KEY

pytestmark = pytest.mark.slow

START = """
import os
import kling_widgets as kw
"""


def python(code: str, **environ: str) -> str:
    """What a script prints; it has to end well."""
    done = subprocess.run(
        [sys.executable, "-c", START + code],
        capture_output=True,
        text=True,
        timeout=240,
        env=os.environ | {"KLING_WIDGETS_RPS": "50"} | environ,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_public_names_are_these() -> None:
    """``kw.submit`` and its neighbours live here."""
    for name in ("submit", "history", "resume", "use_demo"):
        assert getattr(kw, name) is getattr(api, name)


def test_a_script_makes_a_video_in_the_demo(tmp_path: Path) -> None:
    """``use_demo``, ``submit``, ``history``, ``resume``: without a key, without IPython, in words."""
    said = python(
        """
kw.use_demo()
job = kw.submit("2.6", prompt="a paper boat", seconds=5, size="64x64")
assert job.path.read_bytes()[4:8] == b"ftyp"
assert job.status == "succeeded"
(entry,) = kw.history()
assert (entry.task_id, entry.state, entry.demo) == (job.id, "saved", True)
assert len(kw.resume()) == 0
assert kw.resume(job.id).path.is_file()

batch = kw.submit([kw.VideoRequest("3.0", prompt="a ship", size="64x64")], seconds=5, count=2, save="clips")
assert {each.path.parent.name for each in batch} == {"clips"}
assert len(kw.history()) == 3
print("all well")
"""
    )
    assert "Nothing is sent, nothing is billed" in said
    assert said.endswith("all well\n")


def test_a_job_can_be_awaited_and_run(tmp_path: Path) -> None:
    """``await job``, and ``kw.run(job)`` where nothing awaits."""
    said = python(
        """
import asyncio
kw.use_demo()
job = kw.submit("2.6", prompt="a paper boat", size="64x64", wait=False)
assert kw.run(job) is job
other = kw.submit("2.6", prompt="another", size="64x64", wait=False)

async def main():
    return await other

assert asyncio.run(main()) is other
print(job.path.is_file() and other.path.is_file())
"""
    )
    assert said.endswith("True\n")


def test_another_process_goes_on(tmp_path: Path) -> None:
    """A task that was left by one script is resumed by the next, in the demo too."""
    left = python('kw.use_demo(); print(kw.submit("2.6", prompt="a boat", size="64x64", wait=False).id)')
    task = left.strip().splitlines()[-1]
    said = python("job = kw.resume(); print(job.id, job.path.is_file(), len(kw.history()))")
    assert said.strip().splitlines()[-1] == f"{task} True 1"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ('kw.submit("2.6", prompt="a boat")', "MissingKeyError"),
        ('kw.submit("2.6")', "InvalidRequestError"),
        ("kw.submit([])", "InvalidRequestError"),
        ('kw.submit("2.6", prompt="a boat", second=5)', "InvalidRequestError"),
        ('kw.resume("task_nobody_has")', "MissingKeyError"),
    ],
)
def test_what_cannot_be_sent_is_an_error_and_leaves_no_trace(call: str, error: str, tmp_path: Path) -> None:
    """Nothing is in the history."""
    said = python(
        f"""
try:
    {call}
except kw.{error} as error:
    print(error)
print(len(kw.history()))
"""
    )
    assert said.strip().splitlines()[-1] == "0"
    assert len(said.strip().splitlines()) == 2


def test_the_demo_that_the_environment_wants_needs_no_call(tmp_path: Path) -> None:
    """``KLING_WIDGETS_DEMO=1`` beats a key, and stays."""
    said = python(
        """
job = kw.submit("2.6", prompt="a boat", size="64x64", wait=False)
print(job._runner.service.name)
try:
    kw.use_demo(False)
except kw.KlingError as error:
    print(error)
""",
        KLING_WIDGETS_DEMO="1",
        CRAZYROUTER_API_KEY=KEY,
    )
    assert "\ndemo\n" in said
    assert "cannot be switched off" in said
    assert KEY not in said
