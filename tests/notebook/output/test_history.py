"""The history: filtering, the table with pictures, export as data, and forgetting."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import sqlite3
import stat
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.output.history import SHOWN, History
from kling_widgets.notebook.output.table import columns_of
from kling_widgets.notebook.submit.options import SubmitOptions
from kling_widgets.notebook.submit.resumer import Resumer
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.journal import Journal
from tests.hostile import shape
from tests.notebook.conftest import KEY, shown

NOW = 1_795_000_000.0
STATES: tuple[Mapping[str, object], ...] = (
    {"state": "saved", "task_id": "task_1", "accepted": NOW, "ended": NOW + 72, "path": "/x/boat.mp4"},
    {"state": "failed", "task_id": "task_2", "error": "It failed."},
    {"state": "accepted", "task_id": "task_3"},
    {"state": "unknown"},
    {"state": "written"},
)
JPEG = b"\xff\xd8\xff\xe0 a picture"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Return a journal with one submission of each kind, and with a fixed clock."""
    journal = Journal(tmp_path / "journal.sqlite", clock=lambda: NOW)
    for number, columns in enumerate(STATES, 1):
        key = journal.write(VideoRequest("2.6", prompt=f"boat <b>{number}</b>", seconds=5), "demo")
        journal.update(key, **columns)
    return journal


def history(journal: Journal) -> History:
    """Return the history of the whole journal."""
    return History(journal.entries(), journal)


def abandon(journal: Journal, *keys: int) -> None:
    """Change the submissions' owner to a kernel that has ended."""
    for key in keys:
        journal.update(key, owner="0" * 16)


def become(journal: Journal, key: int, state: str) -> None:
    """Set the state of a submission, whatever it was."""
    with closing(sqlite3.connect(journal.path, isolation_level=None)) as file:
        file.execute("UPDATE submissions SET state = ?, error = NULL WHERE key = ?", (state, key))


def column(shown: History, title: str) -> list[str]:
    """Return a column of the table."""
    table = shown.table()
    return [row[table.titles.index(title)] for row in table.rows]


# As a sequence


def test_it_is_a_sequence(journal: Journal) -> None:
    """A history is newest first; a slice is a history, too, and names the same journal."""
    found = history(journal)
    assert [entry.key for entry in found] == [5, 4, 3, 2, 1]
    assert (len(found), found[0].key, next(reversed(found)).key) == (5, 5, 1)
    assert isinstance(found[:2], History)
    assert "journal.sqlite" in repr(found[:2])


def test_it_is_filtered(journal: Journal) -> None:
    """Model, state, text and time are combined; the result is a history again."""
    journal.write(VideoRequest("3.0", prompt="a Lighthouse"), "demo")
    found = history(journal)
    assert [entry.key for entry in found.where(model="3.0")] == [6]
    assert [entry.key for entry in found.where(status="failed")] == [2]
    assert [entry.key for entry in found.where(text="BOAT", status="done")] == [1]
    assert [entry.key for entry in found.where(text="boat").where(status="unknown")] == [4]
    assert len(found.where(since="2000-01-01", until="2100-01-01")) == 6
    assert len(found.where(until="2000-01-01")) == 0
    assert len(found.where()) == 6
    with pytest.raises(InvalidRequestError, match="under way"):
        found.where(status="finished")


def test_what_a_dead_kernel_was_sending_is_unknown(journal: Journal) -> None:
    """The state is "unknown", as it may have been accepted; while its kernel lives it is "sending"."""
    become(journal, 4, "sending")
    assert column(history(journal), "state")[1] == "being sent (demo)"
    abandon(journal, 4)
    assert column(history(journal), "state")[1] == "sent, answer unknown (demo)"
    assert [entry.key for entry in history(journal).where(status="unknown")] == [4]
    assert len(history(journal).where(status="being sent")) == 0


def test_what_a_dead_kernel_did_not_send_was_not_refused(journal: Journal) -> None:
    """The state is "written", before and after the journal records the interruption."""
    abandon(journal, 5)
    for _ in range(2):
        assert column(history(journal), "state")[0] == "not sent (demo)"
        assert [entry.key for entry in history(journal).where(status="not sent")] == [5]
        assert len(history(journal).where(status="refused")) == 0
        journal.recover_orphans()
    assert journal.entries()[0].state == "refused"


# As a table


def test_the_table(journal: Journal) -> None:
    """The table has time, task, model, state in words, duration and prompt; a task without an id has its number."""
    table = history(journal).table()
    assert table.titles == ("when", "task", "model", "state", "took", "prompt")
    assert [row[1:] for row in table.rows] == [
        ("#5", "2.6", "not sent (demo)", "", "boat <b>5</b>"),
        ("#4", "2.6", "sent, answer unknown (demo)", "", "boat <b>4</b>"),
        ("task_3", "2.6", "under way (demo)", "", "boat <b>3</b>"),
        ("task_2", "2.6", "failed (demo)", "", "boat <b>2</b>"),
        ("task_1", "2.6", "done (demo)", "1 min 12 s", "boat <b>1</b>"),
    ]
    assert "<b>1" not in history(journal)._repr_html_()


def test_what_is_under_way_is_watched_or_not(journal: Journal) -> None:
    """If the kernel that watched a task has ended, the table says so."""
    abandon(journal, 3)
    assert column(history(journal), "state")[2] == "under way, not watched (demo)"


def test_why_it_failed_is_the_tooltip_of_the_state(journal: Journal) -> None:
    """The reason is the explanation of the cell."""
    assert 'title="failed (demo): It failed."' in history(journal)._repr_html_()


@pytest.mark.parametrize("task_id", ["t" * 200, "two words", "<b>", "a\nb", ""])
def test_an_id_that_nobody_can_type_is_a_number(task_id: str, journal: Journal) -> None:
    """Such a task is named by the journal's number, which ``%kling_show`` accepts as well."""
    journal.update(1, task_id=task_id)
    assert column(history(journal), "task")[-1] == "#1"


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_it_fits_the_terminal(columns: int, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long prompts are cut, also in Chinese; columns without room are printed below."""
    for prompt in ("word " * 60, "\u7eb8\u8239" * 100):
        journal.write(VideoRequest("2.6", prompt=prompt), "https://a.example")
    monkeypatch.setenv("COLUMNS", str(columns))
    rows = repr(history(journal)).splitlines()[:-1]  # the last line is a sentence
    assert max(map(columns_of, rows)) <= columns


def test_posters_stand_in_the_page(journal: Journal) -> None:
    """Posters are data URIs in HTML only; a file that is not a JPEG, or is too large, is left out."""
    journal.update(1, poster=JPEG)
    journal.update(2, poster=b"<svg onload=alert(1)>")
    journal.update(3, poster=JPEG + bytes(5000))
    page = history(journal)._repr_html_()
    images = [part for part in shape(page) if part[0] == "img"]
    assert len(images) == 1
    assert f"src=data:image/jpeg;base64,{base64.b64encode(JPEG).decode()}" in images[0]
    assert "video" not in history(journal).table().titles
    journal.update(1, poster=None)
    assert "video" not in history(journal).table(pictures=True).titles


def test_a_video_that_is_made_has_its_poster(session: Session, kernel: Any) -> None:
    """A finished video has a small poster from the first frame of its file."""
    pytest.importorskip("av")
    shown(lambda: session.get(Submitter).submit("2.6", SubmitOptions(wait=True), prompt="a paper boat", size="512x512"))
    (image,) = (part for part in shape(session.get(Resumer).history()._repr_html_()) if part[0] == "img")
    (source,) = (name for name in image if name.startswith("src="))
    assert len(base64.b64decode(source.partition("base64,")[2])) <= 4096


def test_only_the_newest_are_shown(tmp_path: Path) -> None:
    """The table shows fifty rows, how many more there are, and how to see them."""
    journal = Journal(tmp_path / "journal.sqlite")
    for number in range(SHOWN + 3):
        journal.write(VideoRequest("2.6", prompt=f"boat {number}"), "https://a.example")
    found = history(journal)
    for said in (repr(found), found._repr_html_()):
        assert "boat 52" in said and "boat 3" in said and "boat 2\n" not in said
        assert "3 more: history[50:100]" in said
    assert len(found.table().rows) == SHOWN
    assert "more" not in repr(found[50:])


def test_the_cost_is_the_sum_of_what_was_made(journal: Journal) -> None:
    """The cost is by the user's prices, in each currency, without failed, unsent and demo tasks."""
    assert "price" not in repr(history(journal))
    for key, currency in ((1, "USD"), (2, "USD"), (3, "EUR"), (5, "USD")):
        journal.update(key, cost=0.35, currency=currency, service="https://a.example")
    for service, cost in (("https://a.example", 2), ("demo", 9)):
        key = journal.write(VideoRequest("2.6", prompt="x"), service)
        journal.update(key, state="saved", cost=cost, currency="USD")
    said = repr(history(journal))
    assert "0.35 EUR and 2.35 USD" in said or "2.35 USD and 0.35 EUR" in said
    assert "by your own price table" in said
    assert column(history(journal), "cost") == ["", "2.00 USD", "0.35 USD", "", "0.35 EUR", "0.35 USD", "0.35 USD"]


def test_it_says_where_it_is_and_who_can_read_it(journal: Journal) -> None:
    """If others can read the journal with its private prompts, the history says so, with what to do."""
    assert re.search(r"Kept in \S+journal\.sqlite, for you alone\.$", repr(history(journal)))
    if os.name == "posix":
        journal.path.chmod(0o644)
        assert "others can read too: chmod 600" in repr(history(journal))


def test_an_empty_history_says_so(tmp_path: Path) -> None:
    """Text and HTML say that there is no task, or that none matches."""
    journal = Journal(tmp_path / "a <b>.sqlite")
    assert repr(history(journal)).startswith("No tasks yet. Kept in")
    assert "<b>" not in history(journal)._repr_html_()
    journal.write(VideoRequest("2.6", prompt="x"), "demo")
    assert repr(history(journal).where(text="y")).startswith("No tasks match. Kept in")


def test_rows_of_somebody_else_do_no_harm(journal: Journal) -> None:
    """Invalid times, invalid bodies and unknown states in the file raise no error."""
    with closing(sqlite3.connect(journal.path)) as file, file:
        rows = [
            (9e999, "{}", 0),
            (1e300, "{}", 0),
            (NOW, '{"prompt": NaN, "x": Infinity}', 0),
            (NOW, '{"prompt": {"a": 1}}', 9e999),
        ]
        for created, body, ended in rows:
            file.execute(
                "INSERT INTO submissions (created, service, model, body, state, accepted, ended) "
                "VALUES (?, 's', '', ?, 'odd', 0, ?)",
                (created, body, ended),
            )
    found = history(journal)
    assert len(found) == 6  # rows with invalid times are left out
    assert column(found, "state")[0] == "odd"
    assert all(json.loads(line, parse_constant=pytest.fail) for line in found.to_jsonl().splitlines())  # type: ignore[union-attr]
    if importlib.util.find_spec("pandas"):
        assert len(found.to_pandas()) == 6


# As data


def test_pandas(journal: Journal) -> None:
    """Each submission is a row, each field a column, with the cost; without pandas the error says what to install."""
    journal.update(1, cost=0.35, currency="USD")
    if importlib.util.find_spec("pandas") is None:
        with pytest.raises(KlingError, match="pip install pandas"):
            history(journal).to_pandas()
        return
    frame = history(journal).to_pandas()
    assert list(frame.task_id.dropna()) == ["task_3", "task_2", "task_1"]
    assert list(frame.seconds) == [5] * 5
    assert frame.took.iloc[-1] == 72.0
    assert (frame.cost.iloc[-1], frame.currency.iloc[-1]) == (0.35, "USD")
    assert frame.created.iloc[0].timestamp() == NOW
    assert list(history(journal)[:0].to_pandas().columns) == list(frame.columns)


def test_json_lines(journal: Journal) -> None:
    """Each line is a complete entry, newest first; times are ISO 8601 in UTC."""
    lines = [json.loads(line) for line in history(journal).to_jsonl().splitlines()]  # type: ignore[union-attr]
    assert [line["key"] for line in lines] == [5, 4, 3, 2, 1]
    first = lines[-1]
    assert (first["created"], first["ended"]) == ("2026-11-18T11:06:40Z", "2026-11-18T11:07:52Z")
    assert first["body"] == {"model": "aigc-video-kling-2.6", "prompt": "boat <b>1</b>", "seconds": "5"}
    assert first.keys() == set(lines[0]) and "owner" not in first
    assert (first["state"], lines[0]["ended"]) == ("saved", None)


def test_json_lines_in_a_file(journal: Journal, tmp_path: Path) -> None:
    """The file is readable by its owner only; an existing file is replaced only with ``overwrite``."""
    path = tmp_path / "history.jsonl"
    assert history(journal).to_jsonl(path) is None
    whole = history(journal).to_jsonl()
    assert path.read_text(encoding="utf-8") == whole
    with pytest.raises(KlingError, match="overwrite=True"):
        history(journal)[:1].to_jsonl(path)
    assert path.read_text(encoding="utf-8") == whole
    path.chmod(0o644)
    history(journal)[:1].to_jsonl(str(path), overwrite=True)
    assert path.read_text(encoding="utf-8") == history(journal)[:1].to_jsonl()
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.glob("*.draft")] == []
    with pytest.raises(KlingError, match="cannot be written"):
        history(journal).to_jsonl(tmp_path / "no" / "such" / "folder.jsonl")
    with pytest.raises(KlingError, match="cannot be written"):
        history(journal).to_jsonl(tmp_path, overwrite=True)


def test_no_key_is_exported(journal: Journal) -> None:
    """An API key in a journal from another source is not exported either."""
    journal.update(1, body={"prompt": f"x {KEY}"}, error=f"\n{KEY}", url=f"https://a.example/{KEY}")
    assert KEY not in (history(journal).to_jsonl() or KEY)


# Forgetting


def test_forgotten_is_gone(journal: Journal, tmp_path: Path) -> None:
    """Submissions are deleted from the journal; videos stay. Running ones are kept, with a message."""
    video = tmp_path / "boat.mp4"
    video.write_bytes(b"a video")
    journal.update(1, path=str(video))
    abandon(journal, 5)
    said = shown(history(journal).forget)
    assert said.value == 4
    assert "1 task is under way and kept" in said.text and "%kling_resume" in said.text
    assert [entry.key for entry in journal.entries()] == [3]
    assert video.exists()
    assert b"boat <b>1" not in journal.path.read_bytes()


@pytest.mark.parametrize("state", ["written", "sending", "accepted", "succeeded"])
def test_what_is_under_way_is_never_forgotten(state: str, journal: Journal) -> None:
    """A running submission is kept in every state until its video is saved."""
    become(journal, 2, state)
    said = shown(history(journal)[3:4].forget)
    assert (said.value, "kept" in said.text) == (0, True)
    assert len(journal.entries()) == 5


@pytest.mark.parametrize("state", ["accepted", "succeeded"])
def test_what_the_service_has_no_more_can_be_forgotten(state: str, journal: Journal) -> None:
    """A task that the service no longer has, or whose video it no longer has, does not count as running."""
    journal.update(2, state=state, error="There is no such task.")
    assert history(journal)[3:4].forget() == 1


def test_what_is_settled_is_forgotten_without_a_word(journal: Journal) -> None:
    """Finished submissions are forgotten without a message, and only those that were chosen."""
    said = shown(history(journal).where(status="failed").forget)
    assert (said.value, said.text) == (1, "")
    assert [entry.key for entry in journal.entries()] == [5, 4, 3, 1]


@pytest.mark.parametrize("path", [123, True, b"a.jsonl", ["a.jsonl"]])
def test_what_is_no_path_is_not_written_to(path: Any, journal: Journal) -> None:
    """A path must be text or a Path: a number would be an open file of this process."""
    with pytest.raises(InvalidRequestError, match="is text or a Path, not something of type"):
        history(journal).to_jsonl(path)
