"""The parts of a session: created on first use, in the right folder."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from kling_widgets.errors import KlingError
from kling_widgets.jobs.job import Job
from kling_widgets.notebook.kernel.image_arrays import picture_file
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.magics.line import LineParser
from kling_widgets.notebook.submit.options import SubmitOptions
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.request.request import VideoRequest
from tests.client.samples import picture
from tests.notebook.conftest import run


def test_videos_stay_beside_the_notebook(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is the one of the first use: ``os.chdir`` in a cell moves nothing."""
    first = Path.cwd()
    assert session.videos == first / "kling_videos"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert session.videos == first / "kling_videos"
    session.settings.video_dir = "clips"
    assert session.videos == first / "clips"
    session.settings.video_dir = str(elsewhere)
    assert session.videos == elsewhere


def test_the_code_of_a_request_runs_in_any_current_folder(
    shell: Any,
    kernel: object,
    make: Callable[..., Session],
    keyed: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a notebook whose folder is known, pictures are kept beside it, by a relative path; it and the user's own
    relative paths start there: in the checks, in a line and when they are uploaded."""
    lectures, elsewhere = tmp_path / "lectures", tmp_path / "elsewhere"
    for folder in (lectures, elsewhere):
        folder.mkdir()
    session = make(keyed | {"JPY_SESSION_NAME": str(lectures / "one.ipynb")})
    monkeypatch.chdir(elsewhere)
    assert (session.sources, session.videos) == (lectures, lectures / "kling_videos")
    kept = picture_file(picture("PNG", (640, 480)), session.local)
    assert kept.parent == Path("kling_videos/inputs")
    (lectures / "mine.png").write_bytes(picture("PNG", (320, 240)))
    (lectures / "shots.json").write_text('["a boat", "rain"]')
    command = LineParser(shell, session).command(f"--image {kept.as_posix()} --image-tail mine.png a boat", None)
    request = VideoRequest.from_command(command)
    assert request.check(session.local.check).errors == ()
    assert LineParser(shell, session).command("--multi-prompt @shots.json", None).fields["multi_prompt"]
    job = session.get(Submitter).submit(request, SubmitOptions(wait=True))
    assert isinstance(job, Job)
    assert job.path and job.path.parent == lectures / "kling_videos"
    assert list(elsewhere.iterdir()) == []


def test_without_a_known_notebook_relative_paths_start_in_the_current_folder(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As everywhere in Python; kept pictures stay where the videos are."""
    first = Path.cwd()
    kept = session.local.keep("a.png", b"1")
    assert kept.parent == Path("kling_videos/inputs")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert session.sources == elsewhere
    assert session.local.keep("a.png", b"1") == first / kept


def test_all_of_a_user_is_in_one_home(session: Session, isolated: Path) -> None:
    """Journal, presets, prices and uploads; nothing of it is there before it is asked for."""
    assert not isolated.exists()
    session.journal.entries()
    session.presets.save("boat", VideoRequest("2.6", prompt="a boat"))
    assert {path.name for path in isolated.iterdir()} >= {"journal.sqlite", "presets"}
    assert session.prices.estimate(VideoRequest("2.6", prompt="a boat")) is None


@pytest.mark.parametrize(
    ("asked", "per_second"), [("7", 7.0), ("0", 5.0), ("-1", 5.0), ("many", 5.0), ("nan", 5.0), ("", 5.0)]
)
def test_the_rate_of_requests(
    make: Callable[..., Session], environ: dict[str, str], asked: str, per_second: float
) -> None:
    """KLING_WIDGETS_RPS, else the setting; a setting that is changed counts at once."""
    session = make(environ | {"KLING_WIDGETS_RPS": asked})
    assert session.watcher.budget.per_second == per_second
    session.settings.requests_per_second = 2.0
    assert session.watcher.budget.per_second == 2.0


@pytest.mark.parametrize("begun", [False, True])
def test_the_rate_that_is_shown_is_the_one_that_counts(
    shell: Any, make: Callable[..., Session], environ: dict[str, str], begun: bool
) -> None:
    """``%config`` shows what the environment says, and the usual rate can be set again, before and after a task."""
    session = make(environ | {"KLING_WIDGETS_RPS": "50"})
    if begun:
        assert session.watcher.budget.per_second == 50
    assert session.settings.requests_per_second == 50
    shell.configurables.append(session.settings)
    run(shell, "%config Kling.requests_per_second = 5.0")
    assert session.settings.requests_per_second == session.watcher.budget.per_second == 5


def test_what_the_user_configured_counts_before_the_environment(
    shell: Any, make: Callable[..., Session], environ: dict[str, str]
) -> None:
    """``c.Kling.requests_per_second`` is the user's own word."""
    shell.config.Kling.requests_per_second = 5.0
    assert make(environ | {"KLING_WIDGETS_RPS": "50"}).watcher.budget.per_second == 5
    del shell.config.Kling["requests_per_second"]
    shell.config.Kling.model = "3.0"
    session = make(environ | {"KLING_WIDGETS_RPS": "50"})
    assert (session.settings.model, session.watcher.budget.per_second) == ("3.0", 50)


def test_what_the_environment_limits_is_read_at_once(make: Callable[..., Session], environ: dict[str, str]) -> None:
    """Not when it is first needed: what a cell writes there after ``%load_ext`` lifts no limit."""
    environ |= {"KLING_WIDGETS_RPS": "2", "KLING_WIDGETS_BUDGET": "1 video"}
    session = make(environ)
    environ |= {"KLING_WIDGETS_RPS": "99", "KLING_WIDGETS_BUDGET": "99 videos"}
    assert session.watcher.budget.per_second == 2
    assert "1 video (KLING_WIDGETS_BUDGET)" in session.guard.status()


def test_the_configuration_of_ipython_counts(shell: Any, make: Callable[..., Session], environ: dict[str, str]) -> None:
    """``c.Kling.…`` in a profile; an error there names the configuration."""
    shell.config.Kling.model, shell.config.Kling.timeout = "3.0", 60.0
    settings = make(environ).settings
    assert (settings.model, settings.timeout) == ("3.0", 60.0)
    shell.config.Kling.budget = "a lot"
    with pytest.raises(KlingError, match=r"“a lot”.*your IPython configuration \(c\.Kling\)"):
        make(environ)


def test_threads_that_ask_first_get_the_same(make: Callable[..., Session], environ: dict[str, str]) -> None:
    """A thread pool that submits as the first thing of a kernel writes one journal."""
    for _ in range(10):
        session, barrier = make(environ), Barrier(6)

        def ask(session: Session = session, barrier: Barrier = barrier) -> object:
            barrier.wait(60)
            return session.journal

        with ThreadPoolExecutor(6) as pool:
            asked = [pool.submit(ask) for _ in range(6)]
        assert len({id(each.result()) for each in asked}) == 1
