"""``%kling`` and its family, in a real shell."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.magic import MAGIC_NO_VAR_EXPAND_ATTR

from kling_widgets.catalog.models import MODELS
from kling_widgets.client.credentials import find
from kling_widgets.errors import InvalidRequestError, KlingError, MissingKeyError, TaskFailedError
from kling_widgets.jobs.batch import Batch
from kling_widgets.notebook.form.form import Form
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.magics.help import help_text
from kling_widgets.notebook.magics.magics import KlingMagics, register, unregister
from kling_widgets.notebook.output.history import History
from kling_widgets.notebook.output.table import Table
from kling_widgets.notebook.submit.options import SubmitOptions
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.request.magic_words import MAGICS
from kling_widgets.request.request import VideoRequest
from tests.notebook.conftest import KEY, Kernel, run, shown

LINE = tuple(KlingMagics.magics["line"])


@pytest.fixture
def kling(shell: Any, session: Session) -> Iterator[Callable[[str], Any]]:
    """Run a cell in a shell with the magics, and return its value, or raise its error."""
    register(shell, session)
    yield lambda code: shown(lambda: run(shell, code)).value
    unregister(shell)


@pytest.fixture
def text(shell: Any, kling: Callable[[str], Any]) -> Callable[[str], str]:
    """Run a cell, and return what it printed."""
    return lambda code: str(shown(lambda: run(shell, code)).text)


def left(session: Session) -> str:
    """The id of a task that is under way and nobody watches."""
    job = shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=False), prompt="a boat")).value
    job.stop()
    return str(job.id)


# %kling


def test_a_line_makes_a_video(kling: Callable[[str], Any], session: Session) -> None:
    """Options first, the rest is the prompt; the value is the Job."""
    job = kling("%kling --model 3.0 --seconds 5 --no-sound a cat's dream")
    assert job.request == VideoRequest("3.0", prompt="a cat's dream", seconds=5, sound=False)
    assert job.path.is_file()


def test_a_cell_makes_a_video(kling: Callable[[str], Any]) -> None:
    """``%%kling``: the body is the prompt, of several lines and with a question mark."""
    job = kling("%%kling --seconds 5\na boat\nin the rain?")
    assert job.request.get("prompt") == "a boat\nin the rain?"
    assert job.path.is_file()


def test_the_value_can_be_kept(shell: Any, kling: Callable[[str], Any]) -> None:
    """``x = %kling …`` assigns the Job, and so does ``-o x``."""
    kling("x = %kling a boat")
    kling("%kling -o y a ship")
    assert shell.user_ns["x"].request.get("prompt") == "a boat"
    assert shell.user_ns["y"].request.get("prompt") == "a ship"


def test_what_goes_wrong_is_kept_too(shell: Any, kling: Callable[[str], Any]) -> None:
    """``-o x`` is there also when the line ends in an error: its job says why."""
    with pytest.raises(TaskFailedError):
        kling("%kling -o x demo:fail a boat")
    assert shell.user_ns["x"].status == "failed"
    assert isinstance(shell.user_ns["x"]._state.error, TaskFailedError)


def test_the_default_model_is_the_setting(kling: Callable[[str], Any], capsys: pytest.CaptureFixture[str]) -> None:
    """``%config Kling.model``, unless the line names one."""
    kling("%config Kling.model = '3.0'")
    assert kling("%kling a boat").request.model == "aigc-video-kling-3.0"
    assert kling("%kling --model 2.6 a boat").request.model == "aigc-video-kling-2.6"


def test_several_of_one(kling: Callable[[str], Any]) -> None:
    """``--count`` makes a batch."""
    batch = kling("%kling --count 2 a boat")
    assert isinstance(batch, Batch)
    assert len({job.id for job in batch}) == 2


def test_save_and_wait_reach_the_job(kling: Callable[[str], Any], kernel: Kernel) -> None:
    """In a notebook a line does not wait, unless it says so."""
    job = kling("%kling --no-wait --save clips/boat.mp4 a boat")
    assert job.path is None
    assert kling("%kling --wait --save clips/ship.mp4 a ship").path == Path.cwd() / "clips" / "ship.mp4"
    assert job.wait().path == Path.cwd() / "clips" / "boat.mp4"


def test_a_dry_run_sends_nothing(text: Callable[[str], str], session: Session) -> None:
    """It shows the body and what is wrong, and leaves no trace."""
    said = text("%kling --dry-run --count 3 --seconds 7 a boat")
    start, end = said.index("{"), said.rindex("}") + 1
    assert json.loads(said[start:end]) == VideoRequest("2.6", prompt="a boat", seconds=7).payload()
    assert "Note: This model is documented for 5 or 10 seconds" in said
    assert "Nothing was sent. This would be 3 videos · 21 s." in said
    assert "Error:" in text("%kling --dry-run --seconds 9.5 a boat")
    assert session.journal.entries() == ()


@pytest.mark.parametrize(
    "line", ["a boat --dry-run", "—dry-run a boat", "–-dry‑run a boat", "－－dry-run a boat", '"a boat" --dry-run']
)
def test_a_dry_run_is_one_in_any_dashes_and_at_either_end(
    text: Callable[[str], str], session: Session, line: str
) -> None:
    """A phone's dash, or a place at the end, makes no paid video of it."""
    assert '"prompt": "a boat"' in text(f"%kling {line}")
    assert session.journal.entries() == ()


def test_a_dry_run_says_what_it_would_cost(text: Callable[[str], str], session: Session) -> None:
    """By the user's own prices; and what would keep it from being made, or want a yes."""
    text("%kling_prices 2.6 0.07 --currency USD")
    said = text("%kling --dry-run --count 5 a boat")
    assert "This would be 5 videos · 25 s · about 1.75 USD by your own price table." in said
    assert "Note: 5 videos · 25 s" in said
    assert "The limit of 4 videos would be exceeded (%config Kling.confirm_above)." in said
    session.settings.budget = "1 USD"
    assert "Note: The budget of 1.00 USD would be exceeded." in text("%kling --dry-run --count 3 a boat")
    assert "Note:" not in text("%kling --dry-run --seconds 10 a boat")
    assert session.guard.status().startswith("nothing so far")


def test_a_batch_says_its_sum_and_above_the_limit_needs_a_yes(
    kling: Callable[[str], Any], text: Callable[[str], str], session: Session, headless: None
) -> None:
    """Headless, nobody is asked: it is refused without ``--yes``; a budget still applies."""
    kling("%kling_prices 2.6 0.07 --currency USD")
    session.settings.confirm_above = "1 video"
    with pytest.raises(KlingError, match=r"1 video would be exceeded.*--yes.*Nothing was sent"):
        kling("%kling --count 2 a boat")
    assert session.journal.entries() == ()
    assert text("%kling --count 2 --yes --no-wait a boat").startswith(
        "2 videos · 10 s · about 0.70 USD by your own price table."
    )
    assert {(entry.cost, entry.currency) for entry in session.journal.entries()} == {(0.35, "USD")}
    session.settings.budget = "2 videos"
    with pytest.raises(KlingError, match="budget of 2 videos would be exceeded"):
        kling("%kling --yes a ship")
    assert len(session.journal.entries()) == 2


def test_lines_of_one_cell_count_together(
    kling: Callable[[str], Any], shell: Any, session: Session, headless: None
) -> None:
    """Six lines in a cell are six videos in one go, whatever model each names."""
    session.settings.confirm_above, shell.kernel.source = "2 videos", "the cell"
    with pytest.raises(KlingError, match=r"and 2 videos · 10 s before it in this cell.*--yes"):
        kling("\n".join(f"%kling --no-wait --model {model} a boat" for model in ("2.6", "3.0", "2.1", "2.0")))
    assert len(session.journal.entries()) == 2


def test_an_unusual_line_is_asked_about_and_headless_sent(
    kling: Callable[[str], Any], session: Session, kernel: Kernel
) -> None:
    """A no sends nothing; by program it goes with its note, as our sources may be behind the service."""
    asked: list[str] = []
    session._ask = lambda question: asked.append(question) or "n"  # type: ignore[func-returns-value]
    with pytest.raises(KlingError, match=r"^Nothing was sent\.$"):
        kling("%kling --seconds 7 a boat")
    assert asked == ["This model is documented for 5 or 10 seconds, not 7 seconds. Send anyway? [y/N] "]
    assert session.journal.entries() == ()
    assert kling("%kling --seconds 7 --yes --no-wait a boat").request.get("seconds") == 7
    assert len(asked) == 1


def test_a_dry_run_looks_at_the_files(text: Callable[[str], str]) -> None:
    """As the line itself does before it sends anything."""
    said = text("%kling --dry-run --image nothere.png a boat")
    assert "Error: " in said
    assert "nothere.png is not there" in said


def test_a_dry_run_needs_no_key(shell: Any, nobody: Session) -> None:
    """A dry run asks no question."""
    register(shell, nobody)
    assert "aigc-video-kling-2.6" in shown(lambda: run(shell, "%kling --dry-run a boat")).text


def test_variables_go_in(shell: Any, kling: Callable[[str], Any], text: Callable[[str], str]) -> None:
    """``{name}`` in a prompt and in options; structured values by the name of a variable or from a file."""
    shell.user_ns |= {"what": "boat", "n": 10, "moves": {"type": "simple", "config": {"pan": 4}}}
    said = text("%kling --dry-run --seconds {n} --camera-control moves a {what} in {{braces}}")
    body = json.loads(said[said.index("{") : said.rindex("}") + 1])
    assert body["prompt"] == "a boat in {braces}"
    assert body["seconds"] == "10"
    assert body["metadata"]["camera_control"] == shell.user_ns["moves"]
    Path("moves.json").write_text(json.dumps(shell.user_ns["moves"]))
    assert text("%kling --dry-run --seconds 10 --camera-control @moves.json a boat in {{braces}}") == said


def test_ipython_expands_nothing_itself(shell: Any, text: Callable[[str], str]) -> None:
    """Neither ``$name`` nor ``{1 + 1}``: what a prompt holds is the user's own rule, not the shell's."""
    shell.user_ns["price"] = "nothing"
    said = text("%kling --dry-run a boat for $$price, $cost and {1 + 1}")
    assert "a boat for $price, $cost and {1 + 1}" in said


def test_no_magic_is_expanded_by_ipython(shell: Any, kling: Callable[[str], Any]) -> None:
    """Each of the family, in a line and in a cell, gets what was typed."""
    ours = [
        magic
        for known in shell.magics_manager.magics.values()
        for name, magic in known.items()
        if name.startswith("kling")
    ]
    assert len(ours) == len(MAGICS) + 3  # %kling itself; and two of them are %%kling and %%kling_form
    assert all(getattr(magic, MAGIC_NO_VAR_EXPAND_ATTR) for magic in ours)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("%kling {nowhere} boats", "no variable nowhere"),
        ("%kling --nonsense 5 a boat", "There is no option"),
        ("%kling --seconds abc a boat", "whole number"),
        ("%kling --model 9 a boat", "not a model"),
        ("%kling --model 2.6", "prompt"),
        ("%kling models", "%kling_models"),
        ("%kling resume abc", "%kling_resume abc"),
        ("%kling help", r"%kling\?"),
        ("%kling --count 1001 a boat", "^count must be a whole number from 1 to 1000, not 1001. Nothing was sent"),
        ("%kling --count 0 a boat", "from 1 to 1000, not 0"),
        ("%kling --dry-run --count 0 a boat", "from 1 to 1000, not 0"),
        ("%kling --timeout 0 a boat", "timeout must be a number of seconds, above 0"),
        ("%kling --timeout nan a boat", "timeout must be a number of seconds, above 0"),
        ("%kling --timeout inf a boat", "timeout must be a number of seconds, above 0"),
        ("%kling --new --reuse a boat", "use one of them"),
        ("%kling -o 2x a boat", "name of a variable"),
        ("%kling --camera-control @nowhere.json a boat", "cannot be read"),
        ("%kling a boat --secnds 10", r"Did you mean --seconds.*: %kling --seconds 10 a boat"),
        ("%kling a boat --ar 16:9 --v 6", r"--ar is not an option here: use --aspect-ratio 16:9"),
        ("%kling -seconds 10 a boat", r": %kling --seconds 10 a boat"),
        ("%kling a boat --seconds 10 on a lake", r": %kling --seconds 10 a boat on a lake"),
        ("%%kling\n--seconds 10\na boat", r": %%kling --seconds 10"),
        ("%kling 3.0 a lighthouse", r": %kling --model 3.0 a lighthouse"),
        ("%kling https://example.com/a.png moves", r": %kling --image https://example.com/a.png moves"),
        ("%kling $session_name", "write {session_name}"),
        ("%kling {session_name.upper()}", "not evaluated"),
        ("%kling {{ session_name }}", "write {session_name}"),
        ('%kling f"a boat in {session_name}"', "Write the prompt as: a boat in {session_name}"),
        ("%%kling a boat\na ship", "first line"),
        ("%%kling\n\n", "prompt"),
    ],
)
def test_a_line_that_is_not_understood_is_refused(
    kling: Callable[[str], Any], session: Session, line: str, why: str
) -> None:
    """One sentence that says what to do; nothing is sent, nothing is written down."""
    kling("session_name = 'x'")
    with pytest.raises(InvalidRequestError, match=why):
        kling(line)
    assert session.journal.entries() == ()


def test_an_error_is_one_line_and_stops_run_all(shell: Any, text: Callable[[str], str]) -> None:
    """No traceback, and yet the cell has failed."""
    result = None

    def work() -> None:
        nonlocal result
        result = shell.run_cell("%kling --seconds abc a boat")

    said = shown(work).text.strip()
    assert said.startswith("InvalidRequestError: Seconds is a whole number")
    assert len(said.splitlines()) == 1
    assert result is not None
    assert not result.success


@pytest.mark.parametrize("line", ["%kling a boat {key}", "%kling --image {key} x", "%%kling\nx {key}"])
@pytest.mark.parametrize("magic", [None, *LINE[1:]])
def test_what_looks_like_a_key_is_refused_and_not_repeated(
    shell: Any, kling: Callable[[str], Any], session: Session, magic: str | None, line: str
) -> None:
    """In every magic: the message does not hold it, and neither does anything that is kept."""
    code = f"%{magic} {KEY}" if magic else line.format(key=KEY)
    seen = shown(lambda: shell.run_cell(code))
    assert isinstance(seen.value.error_in_exec, InvalidRequestError)
    assert KEY[3:] not in seen.text
    assert "%kling_key" in seen.text
    assert session.journal.entries() == ()


def test_nothing_at_all_is_the_form(kling: Callable[[str], Any]) -> None:
    """``%kling`` alone, of the default model."""
    kling("%config Kling.model = 'o1'")
    form = kling("%kling")
    assert isinstance(form, Form)
    assert form.request.model == "aigc-video-kling-o1"


def test_help_is_shown(text: Callable[[str], str]) -> None:
    """``%kling?``: all of it."""
    assert help_text() in text("%kling?")


def test_the_family_is_known_by_name() -> None:
    """``%kling?`` lists each magic, and a prompt that is only its name is refused."""
    assert {*LINE} == {"kling", *(f"kling_{name}" for name in MAGICS)}


@pytest.mark.parametrize("name", LINE[1:])
def test_each_magic_has_help(text: Callable[[str], str], name: str) -> None:
    """``%kling_…?`` says what it is for and how it is called."""
    assert f"%{name}" in text(f"%{name}?")


# The family


def test_form_of_a_model_or_a_task(kling: Callable[[str], Any], session: Session) -> None:
    """``%kling_form``, ``%kling_form MODEL``, ``%kling_form --from ID``."""
    (job,) = session.get(Submitter).create_jobs("3.0", prompt="a boat", seconds=7)
    kling("%config Kling.model = '2.1'")
    assert kling("%kling_form").request == VideoRequest("2.1")
    assert kling("%kling_form o1").request == VideoRequest("o1")
    assert kling("%kling_form aigc-video-kling-O1").request == VideoRequest("o1")
    assert kling(f"%kling_form --from #{job._runner.key}").request == job.request


def test_form_of_what_kling_takes(shell: Any, kling: Callable[[str], Any], session: Session) -> None:
    """Options and a prompt, with variables, in a line or a cell: the form asks for the same, and sends nothing."""
    shell.user_ns |= {"what": "boat", "n": 7, "name": "3.0", "move": {"type": "down_back"}}
    boat = VideoRequest("3.0", seconds=7, prompt="a paper boat")
    assert kling("%kling_form --model 3.0 --seconds 7 a paper boat").request == boat
    assert kling("%kling_form --model {name} --seconds {n} a paper {what}").request == boat
    assert kling("%%kling_form --model 3.0 --seconds {n}\na paper {what}\n").request == boat
    assert kling("%%kling_form 3.0\na paper\nboat?").request == VideoRequest("3.0", prompt="a paper\nboat?")
    assert kling("%kling_form {name}").request == VideoRequest("3.0")
    assert kling("%kling_form --camera-control move").request.get("camera_control") == {"type": "down_back"}
    assert kling("%kling_form a paper boat").request == VideoRequest("2.6", prompt="a paper boat")
    assert kling("%kling_form avatar of a queen").request == VideoRequest("2.6", prompt="avatar of a queen")
    assert session.journal.entries() == ()


@pytest.mark.parametrize("line", ["%kling_form -- boat", '%kling_form "boat"', "%kling_form --model 2.6 boat"])
def test_a_prompt_of_one_word_is_said_to_be_one(kling: Callable[[str], Any], line: str) -> None:
    """By an option before it, by --, or by quotes."""
    assert kling(line).request == VideoRequest("2.6", prompt="boat")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%kling_form boat", "“boat” is not a model of this service. The models are 1.6, 2.0"),
        ("%kling_form boat", "%kling_form -- boat"),
        ("%kling_form 3.1", "Google Veo, including 3.1"),
        ("%kling_form kling-v2-6", "Use aigc-video-kling-2.6"),
        ("%kling_form 3.0 a boat", "%kling_form --model 3.0 a boat"),
        ("%kling_form --secnds 5 a boat", "--seconds"),
        ("%kling_form --wait --count 2 a boat", "use %kling for: --wait, --count"),
        ("%kling_form a {boat}", "There is no variable boat"),
        ("%kling_form {boat}", "There is no variable boat"),
        ("%kling_form tasks 5", "%kling_tasks 5"),
        ("%kling_form --from", "Give a task's id"),
        ("%kling_form --from a b", "Give a task's id"),
        ("%kling_form --from nowhere", "no task “nowhere”"),
        ("%kling_form --preset", "a name"),
        ("%kling_form --preset nowhere", "There is no preset “nowhere”. No preset is saved yet."),
        ("%%kling_form --from #1\na boat", "without a body"),
        ("%%kling_form --preset x\na boat", "without a body"),
        ("%%kling_form boat\na boat", "is not a model"),
    ],
)
def test_a_form_that_cannot_be_made_says_why(kling: Callable[[str], Any], line: str, said: str) -> None:
    """In one line, which names the models, the option or what to type instead."""
    with pytest.raises(KlingError) as raised:
        kling(line)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_form_of_a_preset(shell: Any, kling: Callable[[str], Any], session: Session) -> None:
    """By its name, which may have blanks; saved in one session, and there in the next."""
    boat = VideoRequest("3.0", prompt="a paper boat?", seconds=7, multi_shots=True, shot_type="intelligence")
    session.presets.save("my boat", boat)
    assert kling("%kling_form --preset my boat").request == boat
    assert kling('%kling_form --preset "my boat"').request == boat
    assert Session(shell, session.environ).presets.load("my boat") == boat


def test_models(kling: Callable[[str], Any]) -> None:
    """``%kling_models`` is a table of all; with a model, of its options; with several, of what differs."""
    table = kling("%kling_models")
    assert isinstance(table, Table)
    assert {row[0] for row in table.rows} == {model.name for model in MODELS.values()}
    assert "--multi-prompt" in repr(kling("%kling_models 3.0"))
    assert repr(kling("%kling_models 3.0 3.0")) == repr(kling("%kling_models 3.0"))
    assert kling("%kling_models 2.6 3.0").titles == ("what differs", "2.6", "3.0")
    assert kling("%kling_models o1 2.6 aigc-video-kling-avatar").titles[1:] == ("o1", "2.6", "avatar")


def test_tasks(kling: Callable[[str], Any], session: Session) -> None:
    """``%kling_tasks`` is the journal of this session, newest first; a number limits it, options and words choose."""
    session.get(Submitter).create_jobs("2.6", SubmitOptions(count=25, yes=True), prompt="a boat")
    assert isinstance(kling("%kling_tasks"), History)
    assert len(kling("%kling_tasks")) == 20
    assert [entry.key for entry in kling("%kling_tasks 2")] == [25, 24]
    assert len(kling("%kling_tasks --status not-sent")) == 20
    assert len(kling("%kling_tasks 30 --model 2.6 --status done boat")) == 0


def test_show_and_resume(kling: Callable[[str], Any], text: Callable[[str], str], session: Session) -> None:
    """``%kling_resume ID`` goes on; ``%kling_show ID`` shows it; alone, all that has not ended."""
    task = left(session)
    (job,) = [kling(f"%kling_resume {task}")]
    assert job.path.is_file()
    assert str(job.path) in text(f"%kling_show {task}")
    assert "Nothing is under way." in text("%kling_resume")
    other = left(session)
    again = kling("%kling_resume")
    assert again.id == other
    assert again.path.is_file()


def test_code(shell: Any, kling: Callable[[str], Any], session: Session) -> None:
    """``%kling_code`` puts a line into the next cell that asks for the same: of the last task, or of one."""
    with pytest.raises(KlingError, match="no form or task yet"):
        kling("%kling_code")
    first, second = session.get(Submitter).create_jobs(
        [VideoRequest("2.6", prompt=prompt, seconds=5) for prompt in ("one", "two")]
    )
    kling("%kling_code")
    assert shell.rl_next_input == second.request.to_magic()
    kling(f"%kling_code #{first._runner.key}")
    assert shell.rl_next_input == first.request.to_magic()


def test_code_of_what_was_last_worked_on(shell: Any, kling: Callable[[str], Any], session: Session) -> None:
    """A form that was made or changed, a task that was sent; in a new kernel the last task."""
    (job,) = session.get(Submitter).create_jobs("2.6", prompt="a boat")
    form = kling("%kling_form --model 3.0 a ship")
    kling("%kling_code")
    assert shell.rl_next_input == "%kling --model 3.0 a ship"
    other = kling("%kling_form o1")
    form.controls["prompt"].enter("a raft")
    kling("%kling_code")
    assert shell.rl_next_input == form.request.to_magic() == "%kling --model 3.0 a raft"
    assert other.request == VideoRequest("o1")
    session.get(Submitter).create_jobs("2.6", prompt="a canoe")
    kling("%kling_code")
    assert shell.rl_next_input == "%kling --model 2.6 a canoe"
    session.get(Submitter).latest = None  # as after a restart
    kling(f"%kling_code #{job._runner.key}")
    assert shell.rl_next_input == "%kling --model 2.6 a boat"
    kling("%kling_code")
    assert shell.rl_next_input == "%kling --model 2.6 a canoe"


@pytest.mark.parametrize("prompt", ["a cat's dream", "is it a boat?", "two\nlines", '"', "{x}"])
def test_code_in_every_language(shell: Any, kling: Callable[[str], Any], session: Session, prompt: str) -> None:
    """Each next cell asks for the very same; curl's is one that a shell runs."""
    request = VideoRequest("3.0", prompt=prompt, seconds=7, sound=False)
    (job,) = session.get(Submitter).create_jobs(request)
    kling("%kling_code magic")
    assert VideoRequest.from_magic(shell.rl_next_input) == request
    kling("%kling_code")
    assert VideoRequest.from_magic(shell.rl_next_input) == request
    kling(f"%kling_code #{job._runner.key} python")
    assert shell.rl_next_input == request.to_python().rstrip("\n")
    kling(f"%kling_code JSON #{job._runner.key}")
    assert VideoRequest.from_payload(json.loads(shell.rl_next_input)) == request
    kling("%kling_code curl")
    head, _, command = shell.rl_next_input.partition("\n")
    assert (head, command) == ("%%bash", request.to_curl())
    assert KEY not in command


def test_demo_on_and_off(text: Callable[[str], str], session: Session) -> None:
    """``%kling_demo`` says that nothing is sent; ``off`` says where the key is."""
    assert "Nothing is sent" in text("%kling_demo")
    assert session.services.demo
    assert "CRAZYROUTER_API_KEY" in text("%kling_demo off")
    assert not session.services.demo


def test_doctor(kling: Callable[[str], Any]) -> None:
    """``%kling_doctor`` is a table about this session, without the key."""
    said = repr(kling("%kling_doctor"))
    assert "key: found in CRAZYROUTER_API_KEY" in said
    assert KEY not in said


@pytest.mark.parametrize(
    "line",
    [
        "%kling_form 2.6 3.0",
        "%kling_form --from",
        "%kling_form 9",
        "%kling_models 9",
        "%kling_models a b",
        "%kling_tasks --many",
        "%kling_tasks --status finished",
        "%kling_show",
        "%kling_show a b",
        "%kling_show nowhere",
        "%kling_resume a b",
        "%kling_code nowhere",
        "%kling_code magic python",
        "%kling_code #1 #2",
        "%kling_form --from nowhere",
        "%kling_demo maybe",
        "%kling_doctor now",
        "%kling_key something",
    ],
)
def test_a_magic_with_the_wrong_words_says_what_it_takes(
    kling: Callable[[str], Any], session: Session, line: str
) -> None:
    """One line, and nothing happens."""
    with pytest.raises(KlingError):
        kling(line)
    assert session.journal.entries() == ()
    assert not session.services.demo


@pytest.mark.parametrize("kind", ["", "magic", "python", "curl", "json"])
def test_code_of_a_strangers_row_names_no_file_of_this_machine(shell: Any, nobody: Session, kind: str) -> None:
    """A path in it would be read as the reader's own: it is left out with a note; links stay."""
    body = {
        "model": "aigc-video-kling-3.0",
        "prompt": "a boat",
        "image": "/home/ada/private.png",
        "metadata": {"image_list": ["https://media.example/1.png", "~/other.png"]},
    }
    key = nobody.journal.write(VideoRequest.from_payload(body), find.DEFAULT_URL)
    said = shown(lambda: KlingMagics(shell, nobody).kling_code(f"#{key} {kind}")).text
    assert said == "Note: Left out, as it is not a link: First frame, References. Add it before you run this.\n"
    code = shell.rl_next_input
    assert "private" not in code and "other.png" not in code and "https://media.example/1.png" in code


def test_code_of_a_strangers_preset_names_no_file_of_this_machine(shell: Any, nobody: Session) -> None:
    """Nor does a form of either say one."""
    folder = nobody.presets.folder
    folder.mkdir(parents=True)
    fields = {"prompt": "a boat", "image": "../private.png", "dynamic_masks": [{"mask_url": "/home/ada/mask.png"}]}
    (folder / "theirs.json").write_text(json.dumps({"name": "theirs", "model": "2.6", "fields": fields}))
    request = nobody.presets.load("theirs")
    for code in (request.to_magic(), request.to_python(), request.to_curl(), request.to_json()):
        assert "private" not in code and "mask.png" not in code and "a boat" in code
    form = KlingMagics(shell, nobody).kling_form('--preset "theirs"')
    assert form.request.files() == () and "private" not in form.request.to_magic()


# %kling_key


def asked(shell: Any, session: Session, answer: str | BaseException) -> str:
    """Return what ``%kling_key`` prints for this answer."""

    def ask(prompt: str) -> str:
        assert f"for {session.services.address()} " in prompt
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return str(shown(lambda: KlingMagics(shell, session, ask).kling_key("")).text)


def test_a_key_is_asked_for_and_shown_nowhere(shell: Any, nobody: Session) -> None:
    """It is used from now on; ``forget`` ends that; no output has a character of it."""
    said = asked(shell, nobody, f"  {KEY}\n")
    assert "key: found in %kling_key" in said
    assert KEY[3:9] not in said
    assert nobody.services.get().key.reveal() == KEY
    assert KEY not in json.dumps({name: repr(value) for name, value in shell.user_ns.items()})
    assert "no key found" in shown(lambda: KlingMagics(shell, nobody).kling_key("forget")).text
    assert nobody.services.key_status() == "no key found"


def test_a_key_is_kept_for_the_address_in_force(shell: Any, nobody: Session) -> None:
    """A typed key goes where it was asked for: not to a port of this machine that is chosen later, and one for that
    port not to the service."""
    here = "http://127.0.0.1:8000"
    asked(shell, nobody, KEY)
    nobody.settings.base_url = here
    with pytest.raises(MissingKeyError, match=f"The key for {here} must be set with %kling_key"):
        nobody.services.get()
    said = asked(shell, nobody, "sk-here")
    assert f"key: found in %kling_key. It is kept for {here} until this kernel ends." in said
    assert nobody.services.get().key.reveal() == "sk-here"
    nobody.settings.base_url = ""
    assert nobody.services.get().key.reveal() == KEY


def test_no_answer_changes_nothing(shell: Any, nobody: Session) -> None:
    """An empty answer is no key; one that cannot be a key is refused without being repeated."""
    assert "Nothing was typed" in asked(shell, nobody, "  ")
    with pytest.raises(MissingKeyError) as raised:
        asked(shell, nobody, "two words")
    assert "two words" not in str(raised.value)
    assert nobody.services.key_status() == "no key found"


@pytest.mark.parametrize("error", [EOFError(), RuntimeError("raw_input was called, but this frontend …")])
def test_where_nobody_answers_the_environment_is_named(shell: Any, nobody: Session, error: Exception) -> None:
    """A front end without an input line."""
    with pytest.raises(MissingKeyError, match="CRAZYROUTER_API_KEY"):
        asked(shell, nobody, error)


def test_headless_nobody_is_asked(shell: Any, headless: None, nobody: Session) -> None:
    """A notebook that is run by program does not hang at a question."""
    with pytest.raises(MissingKeyError, match="CRAZYROUTER_API_KEY"):
        asked(shell, nobody, AssertionError("asked"))


# Completion


def completions(shell: Any, line: str) -> list[str]:
    """Return the completions at the end of the line, as front ends of kernels request them."""
    with provisionalcompleter():
        found = list(shell.Completer.completions(line, len(line)))
    return sorted({line[: each.start] + each.text + line[each.end :] for each in found})


@pytest.mark.parametrize("magic", ["%kling", "%%kling"])
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("--im", ["--image", "--image-list", "--image-tail"]),
        ("--no-w", ["--no-wait"]),
        ("--seconds 5 --dry", ["--dry-run"]),
        ("--metad", ["--metadata"]),
        ("--model 3", ["3.0", "3.0-motion-control", "3.0-turbo"]),
        ("--model 2.6-", ["2.6-motion-control"]),
        ("--model 2.6 --seconds ", ["10", "5"]),
        ("--model 3.0 --seconds 1", ["10", "11", "12", "13", "14", "15"]),
        ("--resolution 1", ["1080P"]),
        ("--aspect-ratio 16", ["16:9"]),
        ("--aspect-ratio 16:", ["16:9"]),
        ("--aspect-ratio 9:1", ["9:16"]),
        ("--sound o", ["off", "on"]),
        ("--shot-type c", ["customize"]),
    ],
)
def test_tab_offers_options_models_and_values(
    shell: Any, kling: Callable[[str], Any], magic: str, typed: str, offered: list[str]
) -> None:
    """Behind ``%kling`` and ``%%kling`` alike, for the model of the line."""
    before = f"{magic} {typed}".rpartition(" ")[0] + " "
    assert completions(shell, f"{magic} {typed}") == [before + word for word in offered]


def test_tab_offers_ids(shell: Any, kling: Callable[[str], Any], session: Session) -> None:
    """The journal's, newest first, where an id is meant."""
    entry = session.journal.import_task("task_abc", "demo")
    for line in ("%kling_show t", "%kling_resume task_", "%kling_code ", "%kling_form --from t"):
        assert line.rpartition(" ")[0] + " task_abc" in completions(shell, line)
    (job,) = session.get(Submitter).create_jobs("2.6", prompt="x")
    assert completions(shell, "%kling_code #") == [f"%kling_code #{job._runner.key}"]
    assert entry.key != job._runner.key


def test_tab_offers_what_the_others_take(shell: Any, kling: Callable[[str], Any]) -> None:
    """Models, and off."""
    assert completions(shell, "%kling_models o") == ["%kling_models o1"]
    assert completions(shell, "%kling_models 2.6 2.5") == ["%kling_models 2.6 2.5-turbo"]
    assert completions(shell, "%kling_form 2.5") == ["%kling_form 2.5-turbo"]
    assert completions(shell, "%%kling_form 2.5") == ["%%kling_form 2.5-turbo"]
    assert completions(shell, "%kling_form --model 2.6 --seconds 1") == ["%kling_form --model 2.6 --seconds 10"]
    assert completions(shell, "%kling_code py") == ["%kling_code python"]
    assert completions(shell, "%kling_demo o") == ["%kling_demo off"]


def test_tab_offers_presets(shell: Any, kling: Callable[[str], Any], session: Session) -> None:
    """By the names that they were saved by."""
    for name in ("paper boat", "raft"):
        session.presets.save(name, VideoRequest("2.6"))
    assert completions(shell, "%kling_form --pre") == ["%kling_form --preset"]
    assert completions(shell, "%kling_form --preset pa") == ["%kling_form --preset paper boat"]


def test_tab_in_a_terminal(shell: Any, kling: Callable[[str], Any]) -> None:
    """A terminal's IPython asks in another way, and gets the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # IPython itself would rather be asked as above
        assert shell.complete("--dry", "%kling --dry", 12) == ("--dry", ["--dry-run"])
        assert shell.complete("", "%kling --aspect-ratio 16:", 25) == ("16:", ["16:9"])


# Loading and unloading


def state(shell: Any) -> dict[str, object]:
    """Everything of a shell that an extension might change."""
    return {
        "magics": {kind: dict(found) for kind, found in shell.magics_manager.magics.items()},
        "classes of magics": dict(shell.magics_manager.registry),
        "user magics": set(vars(shell.magics_manager.user_magics)),
        "completions": {name: dict(found.strs) for name, found in shell.strdispatchers.items()},
        "flat completions": {name: list(found.regexs) for name, found in shell.strdispatchers.items()},
        "matchers": list(shell.Completer.custom_matchers),
        "configurables": list(shell.configurables),
        "hooks": {name: list(getattr(chain, "chain", ())) for name, chain in vars(shell.hooks).items()},
        "events": {name: list(found) for name, found in shell.events.callbacks.items()},
        "input": [list(shell.input_transformers_cleanup), list(shell.input_transformers_post)],
        "formatters": {
            kind: (dict(each.type_printers), dict(each.deferred_printers))
            for kind, each in shell.display_formatter.formatters.items()
        },
        "namespace": set(shell.user_ns),
    }


def test_unload_leaves_nothing_behind(shell: Any, session: Session) -> None:
    """Magics, completions, settings, hooks and events are those of before."""
    before = state(shell)
    register(shell, session)
    loaded = state(shell)
    assert loaded != before
    unregister(shell)
    assert state(shell) == before


def test_loading_twice_is_loading_once(shell: Any, session: Session) -> None:
    """No completion comes twice, no settings stand twice in ``%config``."""
    register(shell, session)
    register(shell, session)
    assert shell.configurables.count(session.settings) == 1
    assert completions(shell, "%kling --dry") == ["%kling --dry-run"]
    assert len(shell.Completer.custom_matchers) == 1


def test_only_our_own_is_taken_back(shell: Any, session: Session) -> None:
    """Another one's settings of the same name stay."""
    kind = type("Kling", (), {})
    other = kind()
    shell.configurables.append(other)
    register(shell, session)
    unregister(shell)
    assert other in shell.configurables


def test_the_extension_comes_and_goes_with_the_shells_own_commands() -> None:
    """``%load_ext``, ``%reload_ext`` and ``%unload_ext`` in a fresh IPython, twice over; nothing heavy is loaded."""
    code = """
import sys
from IPython.core.interactiveshell import InteractiveShell
from tests.notebook.magics.test_magics import state
heavy = {"httpx", "ipywidgets", "anywidget"}
heavy -= set(sys.modules)  # the test itself may know them
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "storemagic")  # IPython makes its own commands when they are first used
before = state(shell)
for _ in range(2):
    shell.run_line_magic("load_ext", "kling_widgets")
    shell.run_line_magic("reload_ext", "kling_widgets")
    assert {"kling", "kling_form"} <= set(shell.magics_manager.magics["line"])
    assert [type(each).__name__ for each in shell.configurables].count("Kling") == 1
    shell.run_line_magic("unload_ext", "kling_widgets")
    assert state(shell) == before
assert not heavy & set(sys.modules), heavy & set(sys.modules)
print("as before")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert "as before" in done.stdout, done.stderr
