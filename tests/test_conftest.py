"""A run that could not test everything says so; in CI it fails."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT


def _run(test: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Pytest on one test on a machine with no program on the path: it has no Chromium and no second Python."""
    env = {name: value for name, value in os.environ.items() if name not in ("CI", "KLING_TEST_IPYKERNEL6")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test]
    return subprocess.run(
        command, cwd=ROOT, env=env | {"PATH": ""} | environment, capture_output=True, text=True, timeout=120
    )


BROWSER = "tests/browser/test_harness.py::test_themes_and_pictures"
KERNEL6 = "tests/test_kernel.py::test_cells_give_what_they_show[ipykernel6]"


@pytest.mark.parametrize(("test", "what"), [(BROWSER, "browser tests"), (KERNEL6, "tests on ipykernel 6")])
def test_what_is_missing_is_said_at_the_end_and_fails_in_ci(test: str, what: str) -> None:
    """Without a Chromium, or a second kernel, tests are skipped and the last lines say which and why."""
    here, in_ci = _run(test), _run(test, CI="true")
    assert (here.returncode, in_ci.returncode) == (0, 1), here.stdout + in_ci.stdout
    for run in (here, in_ci):
        assert any(line.startswith(f"NOT RUN: {what}: ") for line in run.stdout.splitlines()[-6:]), run.stdout


def test_no_setting_of_who_runs_the_tests_is_seen(tmp_path: object) -> None:
    """No key, proxy or setting of ours from outside is left; the home is a temporary one, of this test alone."""
    names = {name for name in os.environ if name.startswith(("CRAZYROUTER_", "KLING_WIDGETS_"))}
    assert names == {"KLING_WIDGETS_HOME"}
    assert os.environ["KLING_WIDGETS_HOME"].startswith(str(tmp_path))
    assert not [name for name in os.environ if name.lower().endswith("_proxy")]
