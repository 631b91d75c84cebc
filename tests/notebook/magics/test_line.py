"""Parsing of lines, with the user's variables and files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kling_widgets.errors import InvalidRequestError
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.magics.line import LineParser
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.request.request import VideoRequest
from tests.conftest import ROOT
from tests.request.lines import parse


def test_a_line_has_the_variables_files_and_settings_of_its_user(shell: Any, session: Session, tmp_path: Path) -> None:
    """The model of the settings where it names none, ``{name}`` from the notebook, ``@file`` from the disk."""
    session.settings.model = "3.0"
    shell.user_ns["what"] = "a paper boat"
    camera = tmp_path / "camera.json"
    camera.write_text('{"type": "simple", "config": {"pan": 4}}')
    command = LineParser(shell, session).command(f"--camera-control @{camera} --count 2 {{what}} in the rain", None)
    assert VideoRequest.from_command(command) == VideoRequest(
        "3.0", prompt="a paper boat in the rain", camera_control={"type": "simple", "config": {"pan": 4}}
    )
    assert command.settings == {"count": 2}


def test_a_form_begins_with_a_model_a_submission_or_a_line(shell: Any, session: Session) -> None:
    """One word is a model; more is what ``%kling`` takes; ``--from`` names what was submitted before."""
    lines, request = LineParser(shell, session), VideoRequest("2.6", prompt="a boat", seconds=5)
    (job,) = session.get(Submitter).create_jobs(request)
    assert lines.form("o1", None) == VideoRequest("o1")
    assert lines.form("--seconds 5 a boat", None) == request
    assert lines.form(f"--from #{job._runner.key}", None) == request


def test_a_picture_that_is_there_is_no_first_word(shell: Any, session: Session, tmp_path: Path) -> None:
    """Neither by its name nor by its path; one that is not there is a word, and so is any other file."""
    lines = LineParser(shell, session)
    Path("first.png").write_bytes(b"x")
    Path("my second.JPG").write_bytes(b"x")
    Path("boat").write_bytes(b"x")
    for word in ("first.png", f"{tmp_path / 'first.png'}", "./first.png", '"my second.JPG"'):
        (tmp_path / "first.png").write_bytes(b"x")
        with pytest.raises(InvalidRequestError, match="begins with a picture") as caught:
            lines.command(f"{word} moves", None)
        assert str(caught.value).endswith(f"%kling --image {word} moves")
        with pytest.raises(InvalidRequestError, match="begins with a picture"):
            lines.command("", f"{word} moves")
    for prompt in ("second.png moves", "boat in the rain", "~nobody-here/x.png moves", "x" * 5000 + ".png"):
        assert VideoRequest.from_command(lines.command(prompt, None)).get("prompt") == prompt
    assert VideoRequest.from_command(lines.command('"first.png moves"', None)).get("prompt") == "first.png moves"
    assert VideoRequest.from_command(lines.command("--", "first.png moves")).get("prompt") == "first.png moves"


def test_a_form_s_line_is_read_as_any_other(shell: Any, session: Session) -> None:
    """Its options may end it, in a phone's dashes it is the same, and a slip is shown as a line of the form."""
    lines, request = LineParser(shell, session), VideoRequest("2.6", prompt="a boat", seconds=5)
    (job,) = session.get(Submitter).create_jobs(request)
    session.presets.save("paper boat", request)
    for line in (
        "a boat --seconds 5",
        "—seconds 5 a boat",
        f"—from #{job._runner.key}",
        "–preset paper boat",
        '--preset "paper boat"',
    ):
        assert lines.form(line, None) == request
    assert lines.form("", "a boat").get("prompt") == "a boat"
    for line, shown in (("3.0 a boat", "--model 3.0 a boat"), ("a boat --secnds 5", "--seconds 5 a boat")):
        with pytest.raises(InvalidRequestError) as caught:
            lines.form(line, None)
        assert str(caught.value).endswith(f": %kling_form {shown}")
    for option in ("--from x", "—preset x"):
        with pytest.raises(InvalidRequestError, match="has its own prompt"):
            lines.form(option, "a boat")


def code_of_cells() -> Iterator[str]:
    """Return the cells of the README and the notebooks."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                yield "".join(cell["source"])
    yield from re.findall(r"^```(?:python)?\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)


def test_every_line_that_we_show_is_understood() -> None:
    """Of the README and of the notebooks, with whatever variables they have."""
    read = 0
    for code in code_of_cells():
        for line, body in re.findall(r"^%%kling(?:_form)? (.*)\n((?:.+\n?)*)", code, re.M):
            assert parse(line, body, variables=lambda name: name, read=lambda path: "[]").request.get("prompt")
            read += 1
        for form, line in re.findall(r"^(?:\w+ = )?%kling(_form)? (.*?)(?:  +#.*)?$", code, re.M):
            if not (form and (line.startswith("--from") or len(line.split()) == 1)):
                assert parse(line, variables=lambda name: name, read=lambda path: "[]").request.values
                read += 1
    assert read > 15


def test_a_magic_that_takes_one_word_says_which() -> None:
    """None and more are refused, with what was typed."""
    assert LineParser.one(["task_1"], "a task's id", "task_1") == "task_1"
    with pytest.raises(InvalidRequestError, match=r"^Give a task's id\.$"):
        LineParser.one([], "a task's id", "")
    with pytest.raises(InvalidRequestError, match="Give a task's id, not “a b”"):
        LineParser.one(["a", "b"], "a task's id", "a b")
