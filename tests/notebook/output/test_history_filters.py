"""Filters of the history: accepted values, and errors for values without a meaning."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from kling_widgets.errors import InvalidRequestError
from kling_widgets.notebook.magics.tasks import read
from kling_widgets.notebook.output.history_filters import STATES, STATUSES, WORDS, conditions
from kling_widgets.storage.submission import Submission

NOON = datetime(2026, 11, 22, 12, 0).timestamp()  # local time
DAY = 86_400.0


def entry(key: int = 1, *, model: str = "aigc-video-kling-2.6", state: str = "saved", **more: Any) -> Submission:
    """Return an entry as the journal returns it."""
    about = {"created": NOON, "service": "https://a.example", "body": {"prompt": "a Lighthouse"}} | more
    return Submission(key=key, model=model, state=state, **about)  # type: ignore[arg-type]


def found(entries: list[Submission], **given: Any) -> list[int]:
    """Return the keys of the entries that pass."""
    wanted = conditions(entries, lambda each: each.state, **given)
    return [each.key for each in entries if all(test(each) for test in wanted)]


@pytest.mark.parametrize("name", ["2.6", "aigc-video-kling-2.6", " 2.6 ", "AIGC-video-kling-2.6"])
def test_a_model_by_any_of_its_names(name: str) -> None:
    """A model can be given by any of its names, as everywhere else."""
    assert found([entry(1), entry(2, model="aigc-video-kling-3.0")], model=name) == [1]


def test_a_model_that_only_the_journal_knows() -> None:
    """A model that is not in the catalog can be given if the journal has it."""
    entries = [entry(1), entry(2, model="aigc-video-kling-0.9"), entry(3, model="something else")]
    assert found(entries, model="0.9") == [2]
    assert found(entries, model="something else") == [3]


def test_a_status_by_our_words_and_by_the_states() -> None:
    """A status is a word of the table or a state of the journal or a job, in any spelling."""
    entries = [entry(key, state=state) for key, state in enumerate(STATES)]
    for key, (state, word) in enumerate(STATES.items()):
        assert found(entries, status=word) == [key]
        assert key in found(entries, status=state)
    assert found(entries, status="Under-Way") == found(entries, status="under_way") == [2]
    assert found(entries, status="running") == [2]
    assert found(entries, status="succeeded") == [3, 4]
    assert set(WORDS) <= set(STATUSES)


def test_text_is_looked_for_in_the_prompt() -> None:
    """Text matches anywhere in the prompt, in any case; a body without a text prompt does not match."""
    entries = [
        entry(1),
        entry(2, body={}),
        entry(3, body={"prompt": ["lighthouse keeper"]}),
        entry(4, body={"prompt": "x"}),
    ]
    assert found(entries, text="LIGHTHOUSE") == [1, 3]
    assert found([entry(1, body={"prompt": "Straße"})], text="STRASSE") == [1]


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        ({"since": "2026-11-22"}, [2, 3]),
        ({"until": "2026-11-22"}, [1, 2]),
        ({"since": date(2026, 11, 22), "until": date(2026, 11, 22)}, [2]),
        ({"since": datetime(2026, 11, 22, 12, 0, 1)}, [3]),
        ({"since": "2026-11-22T12:00"}, [2, 3]),
        ({"until": "2026-11-22 11:59"}, [1]),
        ({"since": datetime.fromtimestamp(NOON, UTC)}, [2, 3]),
        ({"since": datetime.fromtimestamp(NOON + 1, timezone(timedelta(hours=9)))}, [3]),
        ({"since": datetime.fromtimestamp(NOON, UTC).isoformat()}, [2, 3]),
        ({"since": "2026-11-24"}, []),
    ],
)
def test_a_time_in_any_of_its_forms(given: dict[str, Any], keys: list[int]) -> None:
    """A time is local unless it has a zone; a date means the whole day."""
    entries = [entry(1, created=NOON - DAY), entry(2), entry(3, created=NOON + DAY)]
    assert found(entries, **given) == keys


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model": "2.7"}, "2.6"),
        ({"model": ""}, "No model"),
        ({"status": "finished"}, "not sent, being sent, under way, made, done, failed, refused, unknown"),
        ({"since": "yesterday"}, "2026-11-22T14:05"),
        ({"until": "2026-13-45"}, "until is a date"),
        ({"since": 5}, "since is a date"),
        ({"since": datetime(1, 1, 1)}, "since is a date"),
        ({"until": date.max}, "until is a date"),
        ({"status": "\x1b[2J\n<b>"}, "under way"),
    ],
)
def test_what_can_mean_nothing_is_one_line(given: dict[str, Any], said: str) -> None:
    """The error is one line that says what is possible."""
    with pytest.raises(InvalidRequestError) as raised:
        found([entry()], **given)
    assert said in str(raised.value)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    ("line", "count", "given"),
    [
        ("", 20, {}),
        ("5", 5, {}),
        ("0", 0, {}),
        ("lighthouse", 20, {"text": "lighthouse"}),
        ("5 lighthouse 7", 5, {"text": "lighthouse 7"}),
        ("lighthouse 5", 20, {"text": "lighthouse 5"}),
        ('"5"', 20, {"text": "5"}),
        ("--model 2.6 --status failed lighthouse", 20, {"model": "2.6", "status": "failed", "text": "lighthouse"}),
        ("3 paper --status=under-way boat", 3, {"status": "under-way", "text": "paper boat"}),
        ("--since 2026-11-22 --until 2026-11-30", 20, {"since": "2026-11-22", "until": "2026-11-30"}),
    ],
)
def test_the_line_of_tasks(line: str, count: int, given: dict[str, str]) -> None:
    """The line has a number first, options anywhere, and the rest is text."""
    assert read(line) == (count, given)


@pytest.mark.parametrize(
    ("line", "said"), [("--all", "--model, --status, --since, --until"), ("--model", "--model needs")]
)
def test_an_option_that_is_none(line: str, said: str) -> None:
    """An unknown option is refused; the error lists the options."""
    with pytest.raises(InvalidRequestError, match=said):
        read(line)
