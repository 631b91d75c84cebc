"""The spend guard: budgets, questions, and submissions that count."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kling_widgets.errors import KlingError
from kling_widgets.jobs.snapshot import ENDED
from kling_widgets.notebook.kernel.front_end import FRONT_ENDS, Location, ask
from kling_widgets.notebook.kernel.settings import Kling
from kling_widgets.request.estimate import Money, seconds_of
from kling_widgets.request.request import VideoRequest
from kling_widgets.spending.guard import Guard
from tests.jobs.conftest import CREATE, LONG, REQUEST, Answer, Gateway, Heard, World, start, until

BOAT = VideoRequest("2.6", prompt="a boat")
ZOOM = {"type": "simple", "config": {"zoom": 60}}
AVATAR = VideoRequest("avatar", image="https://example.com/a.png", voice_list=["https://example.com/a.wav"])


class User:
    """Somebody who answers questions, or is not there; records the questions and messages.

    Attributes:
        answer: the answer, or an error to raise.
        price: of a second, in USD; None for no price table.
    """

    def __init__(self) -> None:
        self.answer: str | type[BaseException] = "y"
        self.price: str | None = None
        self.asked: list[str] = []
        self.said: list[str] = []

    def ask(self, question: str) -> str:
        self.asked.append(question)
        if isinstance(self.answer, str):
            return self.answer
        raise self.answer

    def cost(self, request: VideoRequest) -> Money | None:
        seconds = seconds_of(request)
        return None if self.price is None or seconds is None else (seconds * Decimal(self.price), "USD")


@pytest.fixture
def user() -> User:
    return User()


@pytest.fixture
def new(user: User) -> Callable[..., Guard]:
    """A function that makes the guard of a kernel, with a budget of the environment and settings."""

    def maker(environment: str = "", **settings: str) -> Guard:
        return Guard(Kling(**settings), user.cost, user.ask, environment, user.said.append)

    return maker


def make(guard: Guard, count: int = 1, request: VideoRequest = BOAT, **how: Any) -> None:
    """Reserve some videos."""
    with guard.reserve([request] * count, **how):
        pass


def refused(guard: Guard, count: int = 1, request: VideoRequest = BOAT, **how: Any) -> str:
    """Return why some videos are refused."""
    with pytest.raises(KlingError) as raised, guard.reserve([request] * count, **how):
        raise AssertionError("they were made")
    return str(raised.value)


# Asking


def test_up_to_the_limit_nobody_is_asked(new: Callable[..., Guard], user: User) -> None:
    """Four videos at once are usual; for several the sum is printed."""
    guard = new()
    make(guard)
    assert user.said == []
    make(guard, 4)
    assert user.said == ["4 videos · 20 s."]
    assert user.asked == []
    make(guard, 0)
    assert len(user.said) == 1


@pytest.mark.parametrize("answer", ["y", "Yes ", "YES"])
def test_above_it_one_question_is_for_all_of_them(answer: str, new: Callable[..., Guard], user: User) -> None:
    """It has the sum, the limit, and who set it."""
    user.answer, user.price = answer, "0.07"
    make(new(), 5)
    assert user.asked == [
        "5 videos · 25 s · about 1.75 USD by your own price table. The limit of 4 videos would be exceeded "
        "(%config Kling.confirm_above). Make them? [y/N] "
    ]
    assert user.said == []


@pytest.mark.parametrize("answer", ["", "n", "no", "yess", "maybe"])
def test_what_is_no_yes_is_a_no(answer: str, new: Callable[..., Guard], user: User) -> None:
    """Any other answer refuses, and nothing counts."""
    user.answer = answer
    guard = new(budget="5 videos")
    assert refused(guard, 5) == "Nothing was sent."
    user.answer = "y"
    make(guard, 5)


@pytest.mark.parametrize("error", [EOFError, OSError, RuntimeError])
def test_where_nobody_can_be_asked(error: type[BaseException], new: Callable[..., Guard], user: User) -> None:
    """It is refused, and the error says how to confirm."""
    user.answer = error
    said = refused(new(), 5)
    assert said.startswith("5 videos · 25 s. The limit of 4 videos would be exceeded")
    assert said.endswith("to submit them, pass --yes (Python: yes=True). Nothing was sent.")


def test_an_interrupt_at_the_question_counts_for_nothing(new: Callable[..., Guard], user: User) -> None:
    """The interrupt is raised, and the budget is unchanged."""
    user.answer = KeyboardInterrupt
    guard = new(budget="5 videos")
    with pytest.raises(KeyboardInterrupt):
        make(guard, 5)
    make(guard, 5, yes=True)


def test_a_yes_beforehand_is_not_asked_again(new: Callable[..., Guard], user: User) -> None:
    """With ``--yes`` the sum is printed and nothing is asked."""
    make(new(), 6, yes=True)
    assert (user.asked, user.said) == ([], ["6 videos · 30 s."])


@pytest.mark.parametrize(
    ("limit", "price", "request_", "asked"),
    [
        ("off", "9", BOAT, ""),
        ("0 videos", None, BOAT, "1 video · 5 s. The limit of 0 videos would be exceeded"),
        ("5 s", None, BOAT, ""),
        ("4 s", None, BOAT, "The limit of 4 s would be exceeded"),
        ("60 s", None, AVATAR, "60 s cannot be checked: how long 1 video will be is not known in advance"),
        ("1 USD", "0.2", BOAT, ""),
        ("1 USD", "0.21", BOAT, "about 1.05 USD by your own price table. The limit of 1.00 USD would be exceeded"),
        ("1 USD", None, BOAT, "1.00 USD cannot be checked: your price table has no price for 1 video"),
        ("1 EUR", "0.01", BOAT, "1.00 EUR cannot be checked: your price table is in USD"),
    ],
)
def test_the_limit_can_be_of_seconds_or_money(
    limit: str, price: str | None, request_: VideoRequest, asked: str, new: Callable[..., Guard], user: User
) -> None:
    """Lengths and prices that are not known in advance are asked about."""
    user.price = price
    guard = new(confirm_above=limit)
    said = str(guard.question([request_]))
    assert asked in said
    assert bool(said) == bool(asked)
    make(guard, 1, request_)
    assert len(user.asked) == bool(asked)


# A cell's run, as a whole


def test_the_submissions_of_a_run_count_together(new: Callable[..., Guard], user: User) -> None:
    """Six in a loop are asked about like six in a list, at the fifth.

    Another run starts at zero, and so do submissions without a cell.
    """
    guard = new()
    for _ in range(4):
        make(guard, run="1")
    assert user.asked == []
    assert "and 4 videos · 20 s before it in this cell" in str(guard.question([BOAT], run="1"))
    make(guard, 4, run="2")
    make(guard, 4)
    make(guard, 4)
    assert user.asked == []
    make(guard, run="1")
    assert user.asked == [
        "1 video · 5 s, and 4 videos · 20 s before it in this cell. The limit of 4 videos would be exceeded "
        "(%config Kling.confirm_above). Make it? [y/N] "
    ]


def test_after_a_yes_it_counts_anew(new: Callable[..., Guard], user: User) -> None:
    """A loop of twenty asks four times; submissions confirmed beforehand do not count for a question."""
    guard = new()
    for _ in range(20):
        make(guard, run="1")
    assert len(user.asked) == 4
    guard = new()
    for _ in range(20):
        make(guard, run="1", yes=True)
    make(guard, 4, run="1")
    assert len(user.asked) == 4


@pytest.mark.parametrize("answer", [EOFError, "n"])
def test_a_refusal_says_how_many_were_made(
    answer: str | type[BaseException], new: Callable[..., Guard], user: User
) -> None:
    """It also says if the cell finds them when it is run again; so does the refusal of a budget."""
    user.answer, guard = answer, new(budget="5 videos")
    make(guard, 2, run="1")
    make(guard, 2, run="1")
    meets = (
        "Nothing more was sent. This cell has already submitted 4 videos · 20 s: run again, it finds those and does "
        "not pay for them again."
    )
    assert refused(guard, run="1", rerun=True).endswith(meets)
    assert refused(guard, 2, run="1", rerun=True).endswith(meets)
    assert refused(guard, run="1").endswith("This cell has already submitted 4 videos · 20 s, which continues.")
    assert refused(guard, 6, run="2").endswith("Nothing was sent.")


def test_what_the_service_refused_does_not_count_in_its_run(world: World, new: Callable[..., Guard]) -> None:
    """A loop with a wrong key is not asked about submissions that were refused."""
    guard = new()
    world.gateway.created = Answer(401, {"error": {"message": "no such key"}})
    for _ in range(4):
        with guard.reserve([REQUEST], run="1") as bills:
            job = world.job()
            guard.release_on_failure(job, *bills, run="1")
        heard = Heard()
        job._state.listen(heard)
        start(job)
        heard.until(lambda moment: moment.state in ENDED)
    assert str(guard.question([REQUEST] * 4, run="1")) == ""


def test_what_a_run_meets_again_counts_with_it(new: Callable[..., Guard], user: User) -> None:
    """A cell that was refused is asked again at the same place; the budget counts nothing twice."""
    user.answer, guard = EOFError, new(budget="5 videos")
    for _ in range(4):
        make(guard, run="1")
    refused(guard, run="1")
    for _ in range(4):
        with guard.reserve([], run="2", repeated=[BOAT]):
            pass
    assert "1 video · 5 s, and 4 videos · 20 s before it in this cell" in refused(guard, run="2")
    make(guard, run="2", yes=True)


def test_threads_of_one_run_are_asked_once(user: User) -> None:
    """The yes to the first question also covers what the others have asked for meanwhile."""
    asked, answered = threading.Event(), threading.Event()

    def think(question: str) -> str:
        user.asked.append(question)
        asked.set()
        assert answered.wait(LONG)
        return "y"

    guard = Guard(Kling(), user.cost, think)
    make(guard, 4, run="1")
    threads = [threading.Thread(target=make, args=(guard,), kwargs={"run": "1"}) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert asked.wait(LONG)
    until(lambda: len(guard._runs["1"].all) == 1 and guard._runs["1"].all.total() == 8)
    answered.set()
    for thread in threads:
        thread.join(LONG)
    assert len(user.asked) == 1


# Values that look like a slip

ODD = [
    (VideoRequest("2.6", prompt="a boat", seconds=7), "5 or 10 seconds, not 7 seconds."),
    (VideoRequest("o1", prompt="a boat", seconds=7), "O1 is documented for 5 or 10 seconds, not 7."),
    (VideoRequest("3.0", prompt="a boat", camera_control=ZOOM), "zoom is a number from -10 to 10, not “60”."),
    (VideoRequest("2.5-turbo", prompt="a boat", sound=True), "sound is not documented for Kling 2.5 Turbo."),
    (VideoRequest("3.0", multi_shots=True, multi_prompt=[{"prompt": "a boat", "duration": 0}]), "from 1, not “0”."),
]


@pytest.mark.parametrize(("request_", "said"), ODD)
def test_what_is_outside_of_what_is_documented_is_asked_about_once(
    request_: VideoRequest, said: str, new: Callable[..., Guard], user: User
) -> None:
    """Once per kernel for the same field, model and value; another prompt makes no difference."""
    guard = new()
    make(guard, 2, request_)
    (question,) = user.asked
    assert said in question
    assert question.endswith(" Send anyway? [y/N] ")
    make(guard, 1, request_.replace(prompt="a ship"))
    assert len(user.asked) == 1
    user.answer = "n"
    make(guard, 1, request_)
    assert refused(guard, 1, VideoRequest("2.6", prompt="a boat", seconds=8)) == "Nothing was sent."


@pytest.mark.parametrize(("request_", "said"), ODD)
def test_where_nobody_can_be_asked_it_is_sent(
    request_: VideoRequest, said: str, new: Callable[..., Guard], user: User
) -> None:
    """With a note, as our sources may be older than the service; if it is possible to ask, it asks."""
    guard, user.answer = new(), EOFError
    make(guard, 1, request_)
    make(guard, 1, request_)
    assert len(user.asked) == 2
    assert "The limit of 4 videos" in refused(guard, 5, request_)


@pytest.mark.parametrize(("request_", "said"), ODD)
def test_a_yes_beforehand_is_one_to_that_too(
    request_: VideoRequest, said: str, new: Callable[..., Guard], user: User
) -> None:
    """``--yes`` skips the question, and answers it for the kernel."""
    guard = new()
    make(guard, 1, request_, yes=True)
    make(guard, 1, request_)
    assert user.asked == []


def test_a_no_is_not_remembered(new: Callable[..., Guard], user: User) -> None:
    """The next time it asks again."""
    guard, user.answer = new(), "n"
    for _ in range(2):
        assert refused(guard, 1, ODD[0][0]) == "Nothing was sent."
    assert len(user.asked) == 2


@pytest.mark.parametrize(
    ("missing", "said"),
    [("session_id", "Without session_id the service may refuse"), ("voice_list", "Lip sync speaks a sound")],
)
def test_a_missing_input_of_a_workflow_is_asked_about(
    missing: str, said: str, new: Callable[..., Guard], user: User
) -> None:
    """The service may refuse it, or make a video that nobody wanted. With all inputs there is no question."""
    whole: dict[str, Any] = {
        "image": "https://a.example/a.png",
        "voice_list": [{"url": "https://a.example/a.mp3"}],
        "prompt": "she speaks",
        "session_id": "1",
        "face_choose": [{"face_id": "0"}],
    }
    guard = new()
    make(guard, 1, VideoRequest("identifyface", **whole))
    assert user.asked == []
    make(guard, 1, VideoRequest("identifyface", **{name: whole[name] for name in whole if name != missing}))
    (question,) = user.asked
    assert said in question


def test_spending_and_what_is_unusual_are_one_question(new: Callable[..., Guard], user: User) -> None:
    """Everything to confirm is in one question, with at most three notes."""
    make(new(), 5, ODD[0][0])
    assert user.asked == [
        "This model is documented for 5 or 10 seconds, not 7 seconds. 5 videos · 35 s. The limit of 4 videos would be "
        "exceeded (%config Kling.confirm_above). Send anyway? [y/N] "
    ]
    with new().reserve([VideoRequest("2.6", prompt="a boat", seconds=each) for each in (3, 4, 6, 7)]):
        pass
    assert "not 3 seconds" in user.asked[1]
    assert "not 6 seconds. And 1 more. Send anyway?" in user.asked[1]


@pytest.mark.parametrize(
    "request_",
    [
        VideoRequest("2.6", prompt="a boat", size="640x480"),
        VideoRequest("2.6", prompt="a boat", resolution="4K", aspect_ratio="21:9"),
        VideoRequest("2.6", prompt="a boat" * 500),
        VideoRequest("2.6", prompt="a boat", image_tail="https://example.com/a.png"),
        VideoRequest("2.6", prompt="a boat", metadata={"seed": 7}),
        VideoRequest("o1", prompt="a boat", video_list=["https://example.com/v.mp4"]),
        VideoRequest("aigc-video-kling-9", prompt="a boat", sound=True, seconds=33),
    ],
)
def test_other_warnings_never_ask(request_: VideoRequest, new: Callable[..., Guard], user: User) -> None:
    """They are notes only."""
    assert request_.problems()
    make(new(), 1, request_)
    assert user.asked == []


# Budgets


def test_a_budget_is_refused_before_anything_is_made(new: Callable[..., Guard]) -> None:
    """The error is one line: what counts, what was asked for, the limit and who set it; a yes does not help."""
    guard = new(budget="4 videos")
    make(guard, 3)
    for yes in (False, True):
        assert refused(guard, 2, yes=yes) == (
            "The budget of 4 videos would be exceeded. It is set by %config Kling.budget; asked for: 2 videos · 10 s; "
            "counted in this kernel so far: 3 videos · 15 s. Nothing was sent."
        )
    make(guard)
    assert "asked for: 1 video · 5 s; counted in this kernel so far: 4 videos · 20 s" in refused(guard)


def test_a_notebook_cannot_raise_the_budget_of_the_environment(new: Callable[..., Guard]) -> None:
    """Both limits apply; the error names the stricter one."""
    guard = new("2 videos", budget="100 videos, 5 s")
    assert "5 s would be exceeded. It is set by %config Kling.budget" in refused(guard, 2)
    guard = new("2 videos", budget="off")
    make(guard, 2)
    assert "2 videos would be exceeded. It is set by KLING_WIDGETS_BUDGET" in refused(guard)


@pytest.mark.parametrize("environment", ["a lot", "-1", "nan USD", "1e999", "5 USD, 5 EUR", "1,000"])
def test_a_budget_that_cannot_be_understood_is_never_ignored(environment: str, new: Callable[..., Guard]) -> None:
    """Nothing is submitted, and the error says why; jobs in progress continue."""
    guard = new(environment)
    said = refused(guard, yes=True)
    assert said.startswith("KLING_WIDGETS_BUDGET cannot be understood, so nothing is submitted.")
    assert said.endswith("Nothing was sent.")
    assert "cannot be understood" in guard.status()
    make(guard, 0)


def test_a_budget_in_seconds_needs_lengths(new: Callable[..., Guard]) -> None:
    """A video as long as its media is refused."""
    guard = new("60 s")
    make(guard, 2)
    assert "how long 1 of 3 videos will be is not known in advance" in refused(guard, 1, AVATAR)
    make(guard, 10, BOAT, yes=True)
    assert "60 s would be exceeded" in refused(guard)


def test_a_budget_in_money_needs_prices(new: Callable[..., Guard], user: User) -> None:
    """Without a price the error says how to set one."""
    guard = new("1.05 USD")
    assert "no price for 1 video (%kling_prices sets one)" in refused(guard)
    user.price = "0.07"
    make(guard, 2)
    make(guard)  # three times 0.35 is 1.05, and not a hair more
    assert "1.05 USD would be exceeded" in refused(guard)
    user.price = None
    assert "no price for 1 of 4 videos" in refused(guard)


def test_what_counts_counts_at_the_price_of_its_time(new: Callable[..., Guard], user: User) -> None:
    """A lower price later makes no room in the budget."""
    guard = new("1.05 USD")
    user.price = "0.07"
    make(guard, 2)
    user.price = "0.01"
    assert guard.status().startswith("2 videos · 10 s · about 0.70 USD")
    make(guard, 7)
    said = refused(guard)
    assert "1.05 USD would be exceeded" in said
    assert "asked for: 1 video · 5 s · about 0.05 USD" in said
    assert "counted in this kernel so far: 9 videos · 45 s · about 1.05 USD" in said


def test_the_demo_counts_for_itself_and_says_so(user: User) -> None:
    """The limits apply there too; the price of a video is not a cost."""
    user.price = "0.2"
    guard = Guard(Kling(budget="1 video"), user.cost, user.ask, "", user.said.append, demo=True)
    make(guard)
    assert guard.status() == (
        "in the demo: 1 video · 5 s · about 1.00 USD by your own price table, free in the demo so far; "
        "1 video (%config Kling.budget)"
    )
    assert "counted in this kernel's demo so far: 1 video" in refused(guard)
    assert guard.estimate([BOAT]).cost == ""


def test_a_budget_may_change_in_between(new: Callable[..., Guard]) -> None:
    """Earlier submissions count; a lower budget stops new ones, and nothing else."""
    settings = Kling()
    guard = Guard(settings, lambda request: None, str)
    make(guard, 3)
    settings.budget = "2 videos"
    assert "counted in this kernel so far: 3 videos" in refused(guard)
    with pytest.raises(KlingError, match="2 videos would be exceeded"):
        guard.question([BOAT])
    make(guard, 0)  # a cell that only meets what is under way
    settings.budget = "4 videos"
    make(guard)


def test_what_is_not_made_after_all_does_not_count(new: Callable[..., Guard]) -> None:
    """Such as after an error about a folder that cannot be written."""
    guard = new("2 videos")
    with pytest.raises(ZeroDivisionError), guard.reserve([BOAT, BOAT]):
        raise ZeroDivisionError
    make(guard, 2)


def test_it_says_what_counts(new: Callable[..., Guard]) -> None:
    """In one line, for the doctor."""
    guard = new()
    assert guard.status() == "nothing so far; no limit"
    guard = new("20 videos", budget="60 s")
    make(guard, 2)
    assert guard.status() == (
        "2 videos · 10 s so far; 20 videos (KLING_WIDGETS_BUDGET) and 60 s (%config Kling.budget)"
    )


def test_threads_at_once_do_not_share_what_is_left_for_one(new: Callable[..., Guard]) -> None:
    """Of twenty at once, exactly as many are allowed as the budget has left."""
    guard = new("7 videos")
    together, made = threading.Barrier(20), []

    def click() -> None:
        together.wait(LONG)
        try:
            make(guard)
        except KlingError:
            return
        made.append(1)

    threads = [threading.Thread(target=click) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert len(made) == 7


def test_a_question_that_is_open_holds_its_place(new: Callable[..., Guard]) -> None:
    """While a question is open, another click cannot spend the same part of the budget."""
    asked, answered = threading.Event(), threading.Event()

    def think(question: str) -> str:
        asked.set()
        assert answered.wait(LONG)
        return "n"

    guard = Guard(Kling(budget="5 videos"), lambda request: None, think)
    thread = threading.Thread(target=lambda: refused(guard, 5))
    thread.start()
    assert asked.wait(LONG)
    assert "5 videos would be exceeded" in refused(guard)
    answered.set()
    thread.join(LONG)
    make(guard)


# Jobs that end without acceptance


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The service, and a job context."""
    gateway = Gateway()
    with gateway.server:
        yield World(gateway, tmp_path)
        gateway.gate.set()


@pytest.mark.parametrize(
    ("answer", "state", "counts"),
    [
        (Answer(401, {"error": {"message": "no such key"}}), "refused", False),
        (Answer(fault="reset"), "unknown", True),
        (Answer(500), "unknown", True),
        (None, "done", True),
    ],
)
def test_what_was_refused_does_not_count(
    answer: Answer | None, state: str, counts: bool, world: World, new: Callable[..., Guard]
) -> None:
    """The service accepted nothing. A lost answer counts, as it may have been accepted."""
    guard = new("1 video")
    world.gateway.created = answer or world.gateway.created
    with guard.reserve([REQUEST]) as bills:
        job = world.job()
        guard.release_on_failure(job, *bills)
    heard = Heard()
    job._state.listen(heard)
    start(job)
    assert heard.until(lambda moment: moment.state in ENDED).state == state
    if counts:
        assert "1 video would be exceeded" in refused(guard)
    else:
        make(guard)


def test_what_was_stopped_before_it_was_sent_does_not_count(world: World, new: Callable[..., Guard]) -> None:
    """Stopped after acceptance it counts, as it is billed."""
    guard = new("1 video")
    for stopped_at in ("written", "accepted"):
        with guard.reserve([REQUEST]) as bills:
            job = world.job()
            guard.release_on_failure(job, *bills)
        heard = Heard()
        job._state.listen(heard)
        if stopped_at == "written":
            job.stop()
            start(job)
        else:
            world.gateway.hold(f"GET {CREATE}/")
            start(job).wait_accepted()
            job.stop()
        assert heard.until(lambda moment: moment.state in ENDED).state == "stopped"
    assert world.gateway.posts == 1
    assert "1 video would be exceeded" in refused(guard)


# Runs that can be asked, and others


def shell(message: str | None) -> Any:
    """A shell of a kernel that handles such a message; None: of a terminal."""
    if message is None:
        return SimpleNamespace()
    kernel = SimpleNamespace(get_parent=lambda: {"header": {"msg_type": message}})
    return SimpleNamespace(kernel=kernel)


@pytest.mark.parametrize(
    ("front_end", "message"),
    [
        ("headless", "execute_request"),
        ("voila", "execute_request"),
        ("jupyter", "comm_msg"),
        ("vscode", "comm_msg"),
        ("terminal", None),
        ("script", None),
    ],
)
def test_nobody_is_asked_who_could_not_answer(
    front_end: str, message: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a program, behind a click, or without a terminal a question would block forever."""
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(EOFError):
        ask("Make it? ", Location(FRONT_ENDS[front_end], tmp_path), shell(message))


def test_in_a_cell_the_answer_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By ``input``, which a kernel forwards to the page."""
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    assert ask("Make it? ", Location(FRONT_ENDS["jupyter"], tmp_path), shell("execute_request")) == "yes"
    assert capsys.readouterr().out == "Make it? "


def test_a_question_that_cannot_be_printed_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Characters that the terminal does not have are escaped."""
    content = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(content, "ascii"))
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    assert ask("纸船 🛶? ", Location(FRONT_ENDS["jupyter"], tmp_path), shell("execute_request")) == "yes"
    assert content.getvalue() == b"\\u7eb8\\u8239 \\U0001f6f6? "


@pytest.mark.parametrize("stream", ["stdin", "stdout"])
@pytest.mark.parametrize("front_end", ["terminal", "jupyter"])
def test_nobody_is_asked_by_a_closed_stream(
    stream: str, front_end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the terminal of a program is gone, the error says that the run is not interactive."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return super().isatty() or True

    for name in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{name}", Terminal("yes\n"))
    getattr(sys, stream).close()
    with pytest.raises(EOFError):
        ask("Make it? ", Location(FRONT_ENDS[front_end], tmp_path), shell(None))
