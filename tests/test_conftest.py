"""A test run reports what it could not test; in CI it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow


def _run(test: str, workers: int, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on one test with an empty path, so that it finds no Chromium and no second Python."""
    env = {name: value for name, value in os.environ.items() if name not in ("CI", "KLING_TEST_IPYKERNEL6")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", str(workers), test]
    return subprocess.run(
        command, cwd=ROOT, env=env | {"PATH": ""} | environment, capture_output=True, text=True, timeout=120
    )


BROWSER = "tests/browser/test_harness.py::test_themes_and_pictures"
KERNEL6 = "tests/test_kernel.py::test_cells_give_what_they_show[ipykernel6]"


@pytest.mark.parametrize(
    ("test", "what", "workers"), [(BROWSER, "browser tests", 0), (KERNEL6, "tests on ipykernel 6", 1)]
)
def test_what_is_missing_is_said_at_the_end_and_fails_in_ci(test: str, what: str, workers: int) -> None:
    """Without Chromium or a second kernel, tests are skipped and the last lines say which and why; in CI the run
    fails."""
    here, in_ci = _run(test, workers), _run(test, workers, CI="true")
    assert (here.returncode, in_ci.returncode) == (0, 1), here.stdout + in_ci.stdout
    for run in (here, in_ci):
        assert any(line.startswith(f"NOT RUN: {what}: ") for line in run.stdout.splitlines()[-6:]), run.stdout


def test_no_setting_of_who_runs_the_tests_is_seen(tmp_path: object) -> None:
    """Tests see none of the user's keys, proxies or settings, and each has its own temporary home."""
    names = {name for name in os.environ if name.startswith(("CRAZYROUTER_", "KLING_WIDGETS_"))}
    assert names == {"KLING_WIDGETS_HOME"}
    assert os.environ["KLING_WIDGETS_HOME"].startswith(str(tmp_path))
    assert not [name for name in os.environ if name.lower().endswith("_proxy")]


STOPPED = """
import signal, subprocess, sys
def test_both():
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    code = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True\\n"
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_run_in_the_background_of_a_script_can_be_interrupted(tmp_path: Path) -> None:
    """Ctrl+C interrupts tests and their child processes, even if a script started the run in the background."""
    (tmp_path / "test_both.py").write_text(STOPPED)
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", "-p", "tests.conftest"]
    command += ["--rootdir", str(tmp_path), "-c", os.devnull, str(tmp_path / "test_both.py")]
    run = subprocess.run(
        ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *command], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stdout + run.stderr
