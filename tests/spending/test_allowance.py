"""The budget of the environment, for clients without a journal of their own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kling_widgets.client.async_client import AsyncClient
from kling_widgets.client.client import Client
from kling_widgets.errors import AuthenticationError, KlingError, SubmissionUnknownError
from kling_widgets.request.request import VideoRequest
from kling_widgets.spending import BUDGET
from kling_widgets.spending.allowance import Allowance, limited
from kling_widgets.spending.price_table import Price, PriceTable
from kling_widgets.storage.journal import DAY, Journal
from tests.conftest import ROOT
from tests.jobs.conftest import LONG, Clock, Gateway

SERVICE = "https://api.crazyrouter.com"
KEY = "sk-test-0123456789abcdef"
BOAT = VideoRequest("2.6", prompt="a boat")
AVATAR = VideoRequest("avatar", image="https://example.com/a.png", voice_list=["https://example.com/a.wav"])

New = Callable[..., Allowance]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def new(tmp_path: Path, clock: Clock) -> New:
    """A function that makes the allowance of one process, with a budget."""
    return lambda budget: Allowance(budget, tmp_path / "home", clock=clock)


def make(allowance: Allowance, request: VideoRequest = BOAT) -> Any:
    """Reserve a submission that the service then accepts."""
    held = allowance(SERVICE, request.payload())
    held.accepted("t-1")
    return held


def refused(allowance: Allowance, request: VideoRequest = BOAT) -> str:
    """Return why a submission is not allowed."""
    with pytest.raises(KlingError) as raised:
        allowance(SERVICE, request.payload())
    return str(raised.value)


def test_what_goes_beyond_the_budget_is_refused(new: New) -> None:
    """The error is one line: the limit, who set it, its scope, what counts, and what it means for the money."""
    allowance = new("2 videos")
    make(allowance)
    make(allowance)
    assert refused(allowance) == (
        "The budget of 2 videos would be exceeded. It is set by KLING_WIDGETS_BUDGET; asked for: 1 video · 5 s; "
        "counted in the last 24 hours by all kernels, forks and clients together: 2 videos · 10 s. Nothing was "
        "submitted, nothing is billed."
    )
    assert len(allowance.journal.entries()) == 2


def test_its_name_is_that_of_the_guard() -> None:
    """The variable is the one that the README names."""
    assert BUDGET == "KLING_WIDGETS_BUDGET"
    assert f'"{BUDGET}"' in (ROOT / "kling_widgets" / "__init__.py").read_text()


def test_a_row_has_service_model_and_cost_alone(new: New, tmp_path: Path) -> None:
    """The request is not recorded, except its seconds, as a budget may count them."""
    PriceTable(tmp_path / "home" / "prices.json").set(Price("aigc-video-kling-2.6", Decimal("0.07")), "USD")
    allowance = new("60 s")
    make(allowance, VideoRequest("2.6", prompt="a secret", seconds=10, image="https://example.com/mine.png"))
    (entry,) = allowance.journal.entries()
    assert (entry.service, entry.model, entry.cost, entry.currency) == (SERVICE, "aigc-video-kling-2.6", 0.7, "USD")
    assert (entry.state, entry.task_id) == ("submitted", "t-1")
    stored = json.dumps(entry.body)
    assert "secret" not in stored
    assert "mine" not in stored
    assert allowance.journal.spent().seconds == 10


def test_another_process_counts_too(new: New) -> None:
    """Each process has its own allowance on one journal. A kernel's submissions count, those to the demo do not."""
    one, other = new("3 videos"), new("3 videos")
    make(one)
    make(other)
    other.journal.write(BOAT, "demo")
    other.journal.write(BOAT, SERVICE)
    assert "together: 3 videos · 15 s" in refused(one)
    assert "together: 3 videos · 15 s" in refused(other)


def test_a_budget_is_one_of_24_hours(new: New, clock: Clock) -> None:
    """Older submissions no longer count."""
    allowance = new("1 video")
    make(allowance)
    clock.now += DAY - 1
    assert "1 video would be exceeded" in refused(allowance)
    clock.now += 2
    make(allowance)


def test_many_rows_are_all_counted(new: New) -> None:
    """However many there are."""
    allowance = new("299 videos")
    keys = [allowance.journal.write(BOAT, SERVICE) for _ in range(299)]
    assert len(keys) == 299
    assert "together: 299 videos" in refused(allowance)


def test_what_was_refused_does_not_count_and_what_is_open_does(new: New) -> None:
    """A refused submission was not accepted; an unknown one may have been."""
    allowance = new("1 video")
    allowance(SERVICE, BOAT.payload()).refused("no")
    allowance(SERVICE, BOAT.payload()).unknown("lost")
    assert "1 video would be exceeded" in refused(allowance)
    assert [entry.state for entry in allowance.journal.entries()] == ["unknown", "refused"]


@pytest.mark.parametrize(
    ("budget", "request_", "why"),
    [
        ("5 s", VideoRequest("2.6", prompt="a boat", seconds=10), "5 s would be exceeded"),
        ("60 s", AVATAR, "60 s cannot be checked: how long 1 video will be is not known in advance"),
        ("1 USD", BOAT, "1.00 USD cannot be checked: your price table has no price for 1 video"),
        ("much", BOAT, "KLING_WIDGETS_BUDGET cannot be understood, so nothing is submitted."),
    ],
)
def test_what_cannot_be_checked_is_not_made(budget: str, request_: VideoRequest, why: str, new: New) -> None:
    """It is refused, and nothing is written."""
    allowance = new(budget)
    assert why in refused(allowance, request_)
    assert allowance.journal.entries() == ()


def test_money_counts_at_the_price_of_its_time(new: New, tmp_path: Path) -> None:
    """As in the guard of a kernel."""
    prices, allowance = PriceTable(tmp_path / "home" / "prices.json"), new("0.50 USD")
    prices.set(Price("aigc-video-kling-2.6", Decimal("0.07")), "USD")
    make(allowance)
    prices.set(Price("aigc-video-kling-2.6", Decimal("0.01")))
    make(allowance)
    make(allowance)
    make(allowance)
    assert "together: 4 videos · 20 s · about 0.50 USD by your own price table" in refused(allowance)


def test_a_body_that_no_request_could_have_counts(new: New) -> None:
    """``create`` sends any body that it gets."""
    allowance = new("1 video")
    allowance(SERVICE, {"model": "aigc-video-kling-9", "fps": 60, "seconds": "5"}).accepted("t-1")
    assert "1 video would be exceeded" in refused(allowance)


def test_what_a_client_has_submitted_is_not_resumed(new: New) -> None:
    """Its video was not asked for here; it can be resumed by its task id."""
    allowance = new("9 videos")
    make(allowance)
    journal = allowance.journal
    assert (journal.unfinished(), journal.recover_orphans(), journal.in_state("unknown")) == ((), (), ())
    assert journal.find("t-1") is not None


def test_threads_and_processes_do_not_share_what_is_left_for_one(tmp_path: Path) -> None:
    """Of twelve at once, exactly as many are allowed as the budget has left."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom kling_widgets.spending.allowance import Allowance\n"
        "from kling_widgets.errors import KlingError\n"
        f"allowance = Allowance('3 videos', Path({str(tmp_path)!r}))\n"
        "print('ready', flush=True)\nsys.stdin.readline()\n"
        "for _ in range(4):\n"
        f"    try: allowance({SERVICE!r}, {BOAT.payload()!r}).accepted('t')\n"
        "    except KlingError: continue\n"
        "    print('made')\n"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([sys.executable, "-c", program], **pipes) for _ in range(2)]  # type: ignore[call-overload]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    allowance, made = Allowance("3 videos", tmp_path), []

    def ask(number: int) -> None:
        try:
            make(allowance)
        except KlingError:
            return
        made.append(number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))
    said = [process.communicate(timeout=LONG)[0] for process in processes]
    assert len(made) + sum(text.count("made") for text in said) == 3


# The clients


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    gateway = Gateway()
    with gateway.server:
        yield gateway
        gateway.gate.set()


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_bare_client_is_refused_over_the_budget(
    kind: Any, gateway: Gateway, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is sent; submissions that the service refused do not count."""
    monkeypatch.setenv("KLING_WIDGETS_HOME", str(isolated))
    bound = limited(kind, "1 video")
    assert issubclass(bound, kind)
    assert bound.__doc__ == kind.__doc__
    assert kind.reserve is None

    async def submit() -> Any:
        client = bound(KEY, gateway.server.url)
        try:
            task = client.submit(BOAT)
            return await task if asyncio.iscoroutine(task) else task
        finally:
            closed = client.close()
            if asyncio.iscoroutine(closed):
                await closed

    created = gateway.created
    for answer, error in (((401,), AuthenticationError), ((500,), SubmissionUnknownError)):
        gateway.created = type(created)(*answer)
        with pytest.raises(error):
            asyncio.run(submit())
        gateway.created = created
    with pytest.raises(KlingError, match="1 video would be exceeded"):
        asyncio.run(submit())
    assert gateway.posts == 2
    assert [entry.state for entry in Journal(isolated / "journal.sqlite").entries()] == ["unknown", "refused"]


PROGRAM = """
import kling_widgets as kw, httpx, os, sys
{before}
transport = httpx.MockTransport(lambda request: httpx.Response(200, json={{"task_id": "t-1"}}))
client = kw.Client({key!r}, transport=transport)
for _ in range(2):
    try:
        print(client.submit("2.6", prompt="a boat").id)
    except kw.KlingError as error:
        print(error)
"""


@pytest.mark.parametrize(
    ("environment", "before", "made"),
    [
        ({}, "", 2),
        ({"KLING_WIDGETS_BUDGET": "1 video"}, "", 1),
        ({"KLING_WIDGETS_BUDGET": "1 video"}, "del os.environ['KLING_WIDGETS_BUDGET']", 1),
        ({}, "os.environ['KLING_WIDGETS_BUDGET'] = '1 video'", 1),
        ({"KLING_WIDGETS_BUDGET": "off"}, "", 2),
    ],
)
def test_the_environment_limits_a_script(environment: dict[str, str], before: str, made: int, tmp_path: Path) -> None:
    """Only if the variable is set; removing it later lifts no limit. Without it there is no journal."""
    environ = {**os.environ, "KLING_WIDGETS_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), **environment}
    code = PROGRAM.format(before=before, key=KEY)
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=LONG * 4)
    assert done.stdout.splitlines().count("t-1") == made, done.stderr
    assert (tmp_path / "journal.sqlite").exists() == bool(environment or before)
    if made == 1:
        assert "counted in the last 24 hours by all kernels, forks and clients together" in done.stdout


@pytest.mark.slow
def test_a_fork_counts_too(tmp_path: Path) -> None:
    """The child's submissions count with those of its parent."""
    code = PROGRAM.format(before="if os.fork(): os.wait()", key=KEY)
    environ = {**os.environ, "KLING_WIDGETS_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), BUDGET: "3 videos"}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=LONG * 4)
    assert done.stdout.splitlines().count("t-1") == 3, done.stderr
