"""``python -m kling_widgets.demo``."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kling_widgets.demo.__main__ import HOW, arguments
from kling_widgets.demo.failures import FAILURES
from tests.demo.conftest import Caller

pytestmark = pytest.mark.slow

PROGRAM = [sys.executable, "-m", "kling_widgets.demo"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_it_is_stopped(tmp_path: Path, ending: signal.Signals) -> None:
    """The program prints its address and usage, serves requests, and ends cleanly on Ctrl+C and SIGTERM."""
    program = subprocess.Popen(
        [*PROGRAM, "--folder", str(tmp_path / "demo"), "--seconds", "0.1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert program.stdout
        said = "".join(program.stdout.readline() for _ in range(HOW.count("\n")))
        address = re.search(r"CRAZYROUTER_BASE_URL=(http://127\.0\.0\.1:\d+)", said)
        assert address and "CRAZYROUTER_API_KEY=demo" in said
        caller = Caller(address[1])
        assert caller.ended(caller.create())["status"] == "succeeded"
        program.send_signal(ending)
        rest, complaints = program.communicate(timeout=60)
    finally:
        program.kill()
        program.wait()
    assert (program.returncode, complaints) == (0, "")
    assert "kept" in rest


def test_help_lists_every_word() -> None:
    """--help explains each word that simulates a failure."""
    for word, failure in FAILURES.items():
        assert re.search(rf"demo:{word}\s+{re.escape(failure.explanation)}", arguments().format_help())


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    """A folder that cannot be created is an error of one line, and an exit status."""
    (tmp_path / "file").write_text("not a folder")
    done = subprocess.run(
        [*PROGRAM, "--folder", str(tmp_path / "file" / "demo")], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr.startswith("The demo cannot start") and done.stderr.count("\n") == 1
