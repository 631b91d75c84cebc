"""Bad input in a real kernel, by magic, from Python and in the form: it gives one line that says what happened, what it
means for the money and what to do; Run All stops there; and nothing is sent."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.kernel import Cell, Kernel
from tests.program import KEY, Service, service
from tests.servers import Answer, Asked, FaultServer

pytestmark = pytest.mark.slow

LOAD = "%load_ext kling_widgets\nimport kling_widgets as kw, os"
GATE = "input()"  # answered when all cells are queued: a kernel aborts only cells that have already arrived
AFTER = "'the next cell'"
TEN = [f"https://example.com/{number}.png" for number in range(10)]


@dataclass(frozen=True)
class Case:
    """An input and the words that its error must contain.

    Attributes:
        magic: the cell, or "".
        call: the same as arguments of ``kw.submit`` and ``kw.Form``, or "".
        words: patterns that the line must match.
        before: a cell that sets up this case.
    """

    magic: str
    call: str
    words: tuple[str, ...]
    before: str = ""


def said(kernel: Kernel, code: str, timeout: float = 60) -> str:
    """Return what the cell shows: its view, if there is one, and the one line that it ends with. The error must show
    nothing else, and Run All must stop there."""
    _, cell, after = kernel.run(GATE, code, AFTER, timeout=timeout)
    assert cell.status == "error", f"{code!r} went well: {cell.text}"
    assert after.status == "aborted"
    return "\n".join((*cell.bundles("text/plain"), one_line(cell)))


def one_line(cell: Cell) -> str:
    """Return the line of a cell's error, which has no traceback and no second error."""
    assert len(cell.error) == 1, cell.text
    (line,) = cell.error
    assert "\n" not in line.strip()
    assert "Traceback" not in cell.text
    return re.sub(r"\x1b\[[\d;]*m", "", line)


def doors(cases: dict[str, Case], *, form: bool = True) -> list[object]:
    """Return a test for each case and each interface that has it."""
    found = []
    for name, case in cases.items():
        if case.magic:
            found.append(pytest.param(case, case.magic, id=f"{name}-magic"))
        if case.call:
            found.append(pytest.param(case, f"kw.submit({case.call})", id=f"{name}-python"))
        if case.call and form:
            found.append(pytest.param(case, f"kw.Form({case.call}).submit()", id=f"{name}-form"))
    return found


def unheard(listener: FaultServer) -> None:
    """Check that nothing has arrived, and start counting again."""
    came, listener.asked[:] = [(one.method, one.body) for one in listener.asked], []
    assert came == []


def check(line: str, words: tuple[str, ...]) -> None:
    for word in words:
        assert re.search(word, line, re.IGNORECASE), f"{word!r} is not in: {line}"


# Mistakes that are found locally, before anything is sent.

NOTHING = r"nothing (was|is) sent"
MISTAKES = {
    "unknown model": Case("%kling --model kling-9000 a boat", '"kling-9000", prompt="a boat"', ("kling-9000", NOTHING)),
    "model of another line": Case(
        "%kling --model kling-video-o1 a boat", '"kling-video-o1", prompt="a boat"', (r"\bo1\b", NOTHING)
    ),
    "unknown option": Case("%kling --secnds 5 a boat", '"2.6", prompt="a boat", secnds=5', ("secnds", "seconds")),
    "empty prompt": Case("%%kling\n   ", '"2.6", prompt="  "', ("prompt", NOTHING)),
    "nothing but options": Case("%kling --seconds 5", '"2.6", seconds=5', ("prompt", NOTHING)),
    "a command": Case("%kling models", "", ("%kling_models", "quotes", NOTHING)),
    "a command with an id": Case("%kling resume abc", "", ("%kling_resume", NOTHING)),
    "missing variable": Case("%kling a {hue} boat", "", ("hue", NOTHING)),
    "seconds abc": Case("%kling --seconds abc a boat", '"2.6", prompt="a boat", seconds="abc"', ("abc", NOTHING)),
    "seconds 7.5": Case("%kling --seconds 7.5 a boat", '"2.6", prompt="a boat", seconds=7.5', ("7.5", NOTHING)),
    "size big": Case("%kling --size big a boat", '"2.6", prompt="a boat", size="big"', ("big", "1280x720", NOTHING)),
    "ten references": Case(
        f"%kling {' '.join(f'--image-list {link}' for link in TEN)} a boat",
        f'"2.6", prompt="a boat", image_list={TEN!r}',
        (r"\b9\b", NOTHING),
    ),
    "no link": Case(
        "%kling --image ftp://example.com/a.png a boat",
        '"2.6", prompt="a boat", image="ftp://example.com/a.png"',
        ("ftp", "http", NOTHING),
    ),
    "a voice that is no link": Case(
        "%kling --voice-list voice.wav a boat",
        '"2.6", prompt="a boat", voice_list=[{"url": "voice.wav"}]',
        ("voice", "link", NOTHING),
    ),
    "a folder that is a file": Case(
        "%kling --save words.png/a.mp4 a boat", "", (r"words\.png", NOTHING, "video_dir|--save")
    ),
    "a read-only folder": Case(
        "%kling a boat",
        '"2.6", prompt="a boat"',
        ("/proc/nowhere", NOTHING, "video_dir"),
        before="%config Kling.video_dir = '/proc/nowhere'",
    ),
    "a key in the cell": Case(f"%kling {KEY}", "", ("key", "%kling_key", NOTHING)),
    "a key in another magic": Case(f"%kling_show {KEY}", "", ("key", "%kling_key")),
}


# Pictures are checked when they are to be uploaded; the form never waits, so its view shows the error.
PICTURES = {
    "missing picture": Case(
        "%kling --image nowhere.png a boat", '"2.6", prompt="a boat", image="nowhere.png"', ("nowhere.png", NOTHING)
    ),
    "no picture": Case(
        "%kling --image words.png a boat", '"2.6", prompt="a boat", image="words.png"', ("words.png", NOTHING)
    ),
}


@pytest.fixture(scope="module")
def listener() -> Iterator[FaultServer]:
    """Run a service that should receive nothing."""
    with FaultServer(lambda asked: Answer(500, "should not have been asked")) as server:
        yield server


@pytest.fixture(scope="module")
def quiet(listener: FaultServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Run a kernel with a key, whose service is the listener."""
    folder = tmp_path_factory.mktemp("quiet")
    (folder / "words.png").write_text("no picture")
    env = {
        "KLING_WIDGETS_HOME": str(folder / "home"),
        "CRAZYROUTER_API_KEY": KEY,
        "CRAZYROUTER_BASE_URL": listener.url,
    }
    with Kernel(folder=folder, env=env) as kernel:
        kernel.run(LOAD)
        yield kernel


@pytest.mark.parametrize(("case", "code"), doors(MISTAKES | PICTURES))
def test_a_mistake_is_one_line_and_nothing_is_sent(quiet: Kernel, listener: FaultServer, case: Case, code: str) -> None:
    """Input that cannot be sent is refused locally with a line that names it, and the service receives nothing."""
    quiet.run("%config Kling.video_dir = ''", case.before)
    line = said(quiet, code)
    check(line, case.words)
    assert KEY not in line
    unheard(listener)


@pytest.mark.parametrize(
    "code", ["%kling_modles", "%kling_show", "%kling_show no-such-task extra", "%kling_tasks --all"]
)
def test_a_magic_that_is_wrong_is_one_line(quiet: Kernel, listener: FaultServer, code: str) -> None:
    """An unknown magic or a wrong argument is one line too, and Run All stops there."""
    _, cell, after = quiet.run(GATE, code, AFTER)
    assert (cell.status, after.status) == ("error", "aborted")
    assert len(cell.text.strip().splitlines()) == 1
    unheard(listener)


def test_the_case_of_a_resolution_is_no_mistake(quiet: Kernel, listener: FaultServer) -> None:
    """720p is sent as 720P."""
    (shown,) = quiet.run("%kling --dry-run --resolution 720p a boat")
    assert shown.status == "ok"
    assert '"resolution": "720P"' in shown.text
    unheard(listener)


# The service cannot be reached.


def _closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


WITHOUT = "for name in [n for n in os.environ if n.startswith('CRAZYROUTER')]: del os.environ[name]"
HERE = f"os.environ |= {{'CRAZYROUTER_API_KEY': '{KEY}', 'CRAZYROUTER_BASE_URL': 'http://127.0.0.1:{_closed_port()}'}}"
PROXY = f"os.environ['CRAZYROUTER_API_KEY'] = '{KEY}'; os.environ['https_proxy'] = 'http://127.0.0.1:{_closed_port()}'"
NO_WAY = {
    "no key": Case(
        "%kling a boat", '"2.6", prompt="a boat"', ("MissingKeyError", "nothing was sent", "%kling_key", "%kling_demo")
    ),
    "service down": Case(
        "%kling a boat", '"2.6", prompt="a boat"', ("ConnectionFailedError", "nothing was sent", "127.0.0.1"), HERE
    ),
    "proxy not there": Case(
        "%kling a boat", '"2.6", prompt="a boat"', ("ConnectionFailedError", "nothing was sent", "proxy"), PROXY
    ),
}


@pytest.fixture(scope="module")
def lonely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Run a kernel without a key."""
    folder = tmp_path_factory.mktemp("lonely")
    with Kernel(folder=folder, env={"KLING_WIDGETS_HOME": str(folder / "home")}) as kernel:
        kernel.run(LOAD)
        yield kernel


@pytest.mark.parametrize(("case", "code"), doors(NO_WAY, form=False))
def test_no_way_to_the_service(lonely: Kernel, case: Case, code: str) -> None:
    """Without a key, a service or a working proxy nothing is sent, and the line says what to do."""
    lonely.run(WITHOUT, case.before)
    check(said(lonely, code), case.words)
    (listed,) = lonely.run("[entry.state for entry in kw.history() if entry.state not in ('refused',)]")
    assert listed.text.strip() == "[]"


def test_a_form_without_a_key_says_so_before_and_after_the_click(lonely: Kernel) -> None:
    """Without a key the form says so at its top, and a click is an error that says what to do."""
    lonely.run(WITHOUT, "form = kw.Form('2.6', prompt='a boat'); form")
    assert any("No key found" in str(state) for state in lonely.widgets.values())
    assert "MissingKeyError" in said(lonely, "form.submit()")


def test_where_nobody_can_type_a_key_that_is_said(tmp_path: Path) -> None:
    """In a headless run, %kling_key is a one-line error and does not wait for input."""
    with Kernel(front_end=False) as kernel:
        kernel.run(LOAD)
        (cell,) = kernel.run("%kling_key")
    assert cell.status == "error"
    check(one_line(cell), ("MissingKeyError", "CRAZYROUTER_API_KEY"))


# The service gives unexpected answers.


def _sample(name: str) -> Answer:
    found = json.loads((Path(__file__).parent / "wire" / "responses" / f"{name}.json").read_text(encoding="utf-8"))
    return Answer(found["http_status"], found["body"])


ANSWERS = {
    "wrong key": _sample("error_auth"),
    "a page": Answer(200, "<html><title>Welcome to the hotel</title></html>", {"Content-Type": "text/html"}),
    "a bad gateway": _sample("error_html"),
    "stalled": Answer(fault="stall"),
    "no scope": _sample("error_scope"),
    "cut off": Answer(fault="reset"),
}
MAYBE = (r"may have been accepted and billed", "web console")
TROUBLES = {
    "wrong key": ("AuthenticationError", r"nothing is billed", r"%kling_key|CRAZYROUTER_API_KEY"),
    "a page": (*MAYBE, "HTML page"),
    "a bad gateway": ("SubmissionUnknownError", *MAYBE),
    "no scope": ("PermissionDeniedError", r"nothing is billed"),
    "cut off": ("SubmissionUnknownError", *MAYBE),
}


def _answered(asked: Asked) -> Answer:
    return ANSWERS[asked.json()["prompt"]] if asked.method == "POST" else Answer(404, {})


@pytest.fixture(scope="module")
def strange() -> Iterator[FaultServer]:
    """Run a service whose answer is named by the prompt."""
    with FaultServer(_answered) as server:
        yield server


@pytest.fixture(scope="module")
def misled(strange: FaultServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Run a kernel that uses this service."""
    folder = tmp_path_factory.mktemp("misled")
    env = {
        "KLING_WIDGETS_HOME": str(folder / "home"),
        "CRAZYROUTER_API_KEY": KEY,
        "CRAZYROUTER_BASE_URL": strange.url,
    }
    with Kernel(folder=folder, env=env) as kernel:
        kernel.run(LOAD)
        yield kernel


@pytest.mark.parametrize("prompt", TROUBLES)
@pytest.mark.parametrize("door", ["%kling {}", "kw.submit('2.6', prompt='{}')"], ids=["magic", "python"])
def test_a_strange_answer_is_one_line_and_asked_for_once(
    misled: Kernel, strange: FaultServer, door: str, prompt: str
) -> None:
    """A refused submission, or one with an unknown outcome, says what it means for the money and is never sent
    twice."""
    before = len(strange.asked)
    line = said(misled, door.format(prompt))
    check(line, TROUBLES[prompt])
    assert KEY not in line
    assert len(strange.asked) == before + 1


def test_a_refusal_stands_in_the_forms_own_view(misled: Kernel) -> None:
    """The form never waits: the cell succeeds, and the view shows the refusal, the money and what to do."""
    misled.widgets.clear()
    (cell,) = misled.run("form = kw.Form('2.6', prompt='wrong key'); job = form.submit(); form")
    assert cell.status == "ok"
    check(misled.view("Refused"), ("does not accept the API key", "nothing is billed", "%kling_key"))


def test_a_second_click_gives_the_submission_that_is_under_way(misled: Kernel, strange: FaultServer) -> None:
    """A second click while the answer is awaited returns the same job."""
    before = len(strange.asked)
    (cell,) = misled.run(
        "form = kw.Form('2.6', prompt='stalled'); first = form.submit()",
        "(form.submit() is first, len([entry for entry in kw.history() if entry.body['prompt'] == 'stalled']))",
    )[1:]
    assert cell.text.strip() == "(True, 1)"
    strange.wait_for(before + 1)
    assert len(strange.asked) == before + 1


# Tasks that fail, in the demo service.


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a demo service as a program; a task takes half a second."""
    with service(tmp_path_factory.mktemp("demo"), 0.5) as running:
        yield running


@pytest.fixture(scope="module")
def served(demo: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Run a kernel that uses this service."""
    folder = tmp_path_factory.mktemp("served")
    with Kernel(folder=folder, env={**demo.env, "KLING_WIDGETS_HOME": str(folder / "home")}) as kernel:
        kernel.run(LOAD)
        yield kernel


BILLED = r"bill"
ENDINGS = {
    "demo:fail": ("TaskFailedError", "demo_", BILLED, "try again|change the request"),
    "demo:moderation": ("TaskFailedError", "moderation", BILLED, "change|word"),
    "demo:nourl": ("VideoMissingError", "%kling_resume demo_"),
    "demo:broken": ("VideoMissingError", "%kling_resume demo_"),
    "demo:quota": ("InsufficientQuotaError", "nothing is billed", "top up"),
    "demo:busy": ("ModelUnavailableError", "nothing is billed", "another model"),
    "demo:500": ("SubmissionUnknownError", *MAYBE),
    "demo:502": ("SubmissionUnknownError", *MAYBE),
    "demo:lost": ("SubmissionUnknownError", *MAYBE),
}
CREATES = {"demo:quota": 0, "demo:busy": 0}


BY_MAGIC, BY_PYTHON = (
    "%kling --wait --size 64x64 {}",
    "kw.submit('2.6', prompt='{}', size='64x64').wait()",
)


@pytest.mark.parametrize(
    ("door", "prompt"),
    [(BY_MAGIC, prompt) for prompt in ENDINGS]
    + [(BY_PYTHON, prompt) for prompt in ("demo:fail", "demo:quota", "demo:lost")],
)
def test_a_task_that_ends_badly_is_one_line(served: Kernel, demo: Service, door: str, prompt: str) -> None:
    """A failed task gives one line with the outcome, the money and what to do; at most one task exists."""
    before = len(demo.bodies())
    check(said(served, door.format(prompt), timeout=120), ENDINGS[prompt])
    assert len(demo.bodies()) == before + CREATES.get(prompt, 1)


def test_a_wait_that_times_out_says_that_the_task_continues(served: Kernel) -> None:
    """A wait that times out says in one line how to come back to the task."""
    line = said(served, "%kling --wait --timeout 1 --size 64x64 demo:slow a boat")
    check(line, ("WaitTimeoutError", "continues", r"%kling_resume demo_\w+"))
    line = said(served, "kw.submit('2.6', prompt='demo:slow again', size='64x64').wait(0.5)")
    check(line, ("WaitTimeoutError", "continues", r"%kling_resume demo_\w+"))


@pytest.mark.parametrize("word", ["demo:429", "demo:late", "demo:html", "demo:stages", "demo:noprogress"])
def test_what_a_service_does_at_times_stops_nobody(served: Kernel, demo: Service, word: str) -> None:
    """A busy service, a late link or an occasional proxy page does not stop anything: the video is made, once."""
    before = len(demo.bodies())
    (cell,) = served.run(f"%kling --wait --size 64x64 a boat {word}", timeout=120)
    assert cell.status == "ok", cell.text
    assert any("<video" in html for html in cell.bundles("text/html"))
    assert len(demo.bodies()) == before + 1
