"""What a line asks for, with the variables and files of its user."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kling_widgets.core.request import VideoRequest
from kling_widgets.errors import InvalidRequestError
from kling_widgets.notebook.lines import Lines
from kling_widgets.notebook.session import Session


def test_a_line_has_the_variables_files_and_settings_of_its_user(shell: Any, session: Session, tmp_path: Path) -> None:
    """The model of the settings where it names none, ``{name}`` from the notebook, ``@file`` from the disk."""
    session.settings.model = "3.0"
    shell.user_ns["what"] = "a paper boat"
    camera = tmp_path / "camera.json"
    camera.write_text('{"type": "simple", "config": {"pan": 4}}')
    command = Lines(shell, session).command(f"--camera-control @{camera} --count 2 {{what}} in the rain", None)
    assert command.request == VideoRequest(
        "3.0", prompt="a paper boat in the rain", camera_control={"type": "simple", "config": {"pan": 4}}
    )
    assert command.settings == {"count": 2}


def test_a_form_begins_with_a_model_a_submission_or_a_line(shell: Any, session: Session) -> None:
    """One word is a model; more is what ``%kling`` takes; ``--from`` names what was submitted before."""
    lines, request = Lines(shell, session), VideoRequest("2.6", prompt="a boat", seconds=5)
    (job,) = session.prepare(request)
    assert lines.form("o1", None) == VideoRequest("o1")
    assert lines.form("--seconds 5 a boat", None) == request
    assert lines.form(f"--from #{job.key}", None) == request


def test_a_magic_that_takes_one_word_says_which() -> None:
    """None and more are refused, with what was typed."""
    assert Lines.one(["task_1"], "a task's id", "task_1") == "task_1"
    with pytest.raises(InvalidRequestError, match=r"^Give a task's id\.$"):
        Lines.one([], "a task's id", "")
    with pytest.raises(InvalidRequestError, match="Give a task's id, not “a b”"):
        Lines.one(["a", "b"], "a task's id", "a b")
