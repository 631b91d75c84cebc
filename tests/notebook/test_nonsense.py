"""Environment variables and settings that make no sense: one line, wherever they are used."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from traitlets import TraitError

import kling_widgets as kw
from kling_widgets.client.creation import create
from kling_widgets.client.steps import ClientState as Wire
from kling_widgets.client.steps import NoReply
from kling_widgets.demo.service import default_folder
from kling_widgets.errors import KlingError, SubmissionUnknownError
from kling_widgets.files.atomic_file import AtomicFile
from kling_widgets.files.data_dir import VARIABLE, data_dir
from kling_widgets.notebook.doctor import doctor
from kling_widgets.notebook.kernel.front_end import find
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.kernel.settings import Kling

pytestmark = pytest.mark.slow

NONSENSE = (
    *("~nobody-of-that-name/x", "/dev/null/x", "/proc/x", "x" * 5000, "\udcff\udcfe", "é\n"),
    *("-1", "nan", "inf", "1e999", "0"),
)
VARIABLES = (
    *("KLING_WIDGETS_HOME", "KLING_WIDGETS_RPS", "KLING_WIDGETS_DEMO", "KLING_WIDGETS_BUDGET"),
    *("CRAZYROUTER_API_KEY", "CRAZYROUTER_BASE_URL", "JPY_SESSION_NAME", "VSCODE_PID", "SERVER_SOFTWARE", "TZ"),
)


@pytest.mark.parametrize("value", NONSENSE, ids=range(len(NONSENSE)))
@pytest.mark.parametrize("variable", VARIABLES)
def test_whatever_the_environment_says(variable: str, value: str, isolated: Path) -> None:
    """All that a session is made of works, or says in one line what is wrong; the doctor goes on looking."""
    no_demo = "0" if variable == "KLING_WIDGETS_DEMO" else value  # to start one here is no use
    session = Session(None, {"KLING_WIDGETS_HOME": str(isolated), variable: no_demo})
    looks: tuple[Any, ...] = (
        lambda: session.data_dir,
        lambda: session.location,
        lambda: session.videos,
        lambda: session.journal.entries(),
        lambda: session.presets.names(),
        lambda: session.prices.prices,
        lambda: session.services.key_status(),
        lambda: session.services.get(),
        lambda: session.guard.status(),
        lambda: session.watcher,
    )
    for look in looks:
        try:
            look()
        except KlingError as error:
            assert len(str(error).splitlines()) == 1
    if variable != "CRAZYROUTER_API_KEY":  # with a key it would ask the service
        assert len(doctor(session).rows) > 9


VALUES = (*NONSENSE, "\0", float("nan"), float("inf"), 0, -1, None, b"x", [], object)


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
@pytest.mark.parametrize("setting", sorted(Kling.class_trait_names(config=True)))
def test_whatever_is_set(setting: str, value: object) -> None:
    """A setting takes it, and can work with it, or refuses it in one line and stays as it was."""
    settings = Kling()
    before = getattr(settings, setting)
    try:
        setattr(settings, setting, value)
    except TraitError as error:
        assert len(str(error).splitlines()) == 1
        assert getattr(settings, setting) == before
    session = Session(None, {})
    session.settings = settings
    assert session.videos


def test_a_home_that_there_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the variable, for notebooks and for the demo as a program."""
    nobody = "~nobody-of-that-name/x"
    with pytest.raises(KlingError, match=rf"{VARIABLE} is {nobody}"):
        data_dir({VARIABLE: nobody})
    monkeypatch.setenv(VARIABLE, nobody)
    with pytest.raises(KlingError, match=rf"{VARIABLE} is {nobody}"):
        default_folder()


@pytest.mark.parametrize("name", ["~nobody-of-that-name/a.mp4", "a\0.mp4"])
def test_a_file_that_there_cannot_be(name: str, isolated: Path) -> None:
    """What is asked of the client, and of the history, is a line too."""
    with pytest.raises(KlingError):
        AtomicFile(name)
    with pytest.raises(KlingError, match="cannot be written"):
        kw.history().to_jsonl(name)


def test_a_current_folder_that_was_removed(tmp_path: Path) -> None:
    """One line that says what to do."""
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    try:
        with pytest.raises(KlingError, match=r"os\.chdir"):
            find(None)
    finally:
        os.chdir(tmp_path)


@pytest.fixture(params=["Nowhere/Nothing", "AAA99", "UTC+25:61", "ABC-24:00", "\udcff", ":/etc/passwd"])
def time_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A time zone that is none, for this process."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


def test_a_time_zone_that_is_none(time_zone: str) -> None:
    """The message about an answer that was lost is made all the same: it is about money."""
    steps = create(Wire("https://a.example"), {"model": "m"}, lambda: None)
    next(steps)
    with pytest.raises(SubmissionUnknownError, match=r"20\d\d-"):
        steps.send(NoReply(True, "gone"))
