"""Matching of requests with earlier submissions: of the same cell, of other cells, and of earlier versions."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from kling_widgets.core.json_values import to_json
from kling_widgets.errors import SubmissionUnknownError
from kling_widgets.notebook.kernel.cell import Cell
from kling_widgets.notebook.kernel.local_files import LocalMedia
from kling_widgets.notebook.submit.reruns import Match, RequestFiles, RerunMatcher, fingerprint, request_key
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.journal import Journal
from kling_widgets.storage.requested import RequestKey

BOAT = VideoRequest("2.6", prompt="a boat")
KITE = VideoRequest("2.6", prompt="a kite")
MP4 = b"\x00\x00\x00\x18ftypisom" + bytes(200)
UNDER_WAY = ("written", "sending", "accepted", "succeeded")
ENDED = ("saved", "failed", "refused")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "home" / "journal.sqlite")


def ask(
    journal: Journal,
    *requests: VideoRequest,
    run: str = "1",
    cell: str = "cell",
    service: str = "a",
    new: bool = False,
    reuse: bool = False,
) -> list[Match]:
    """Return the matches of a run's requests, and write new ones into the journal, as a session does."""
    where = Cell(cell, run) if cell else None
    met = RerunMatcher(requests, service, where, journal, new=new, reuse=reuse).matches()
    for each in met:
        if each.entry:
            journal.request_index.record(each.key, each.entry.key)
        else:
            journal.update(journal.write(each.request, service, each.key), state="accepted", task_id="t")
    return met


def keys(met: list[Match]) -> list[int | None]:
    return [each.entry.key if each.entry else None for each in met]


def end(journal: Journal, *states: str) -> None:
    """Set the states of the submissions, in their order, whatever they were."""
    with contextlib.closing(sqlite3.connect(journal.path, isolation_level=None)) as file:
        for key, state in enumerate(states, 1):
            file.execute("UPDATE submissions SET state = ? WHERE key = ?", (state, key))


def test_a_cell_that_is_run_again_matches_what_is_under_way(journal: Journal) -> None:
    """Nothing new is made, and the note says why, and how to make another."""
    assert keys(ask(journal, BOAT)) == [None]
    (met,) = ask(journal, BOAT, run="2")
    assert met.entry is not None
    assert met.entry.key == 1
    assert "not billed again" in met.note
    assert "--new" in met.note
    assert keys(ask(journal, BOAT, run="3")) == [1]


def test_a_loop_makes_as_many_as_it_asks_for(journal: Journal) -> None:
    """In one call or in four; the same loop run again watches those four, each once; a longer one makes one more."""
    assert keys(ask(journal, BOAT, BOAT)) == [None, None]
    assert keys([*ask(journal, BOAT), *ask(journal, BOAT)]) == [None, None]
    assert keys([*ask(journal, BOAT, run="2"), *ask(journal, BOAT, BOAT, BOAT, BOAT, run="2")]) == [1, 2, 3, 4, None]


def test_only_the_same_request_matches(journal: Journal) -> None:
    """Another request, service or cell does not match; nor does one of a form or script, which have no cell."""
    ask(journal, BOAT)
    others = [
        ask(journal, KITE, run="2"),
        ask(journal, BOAT, run="2", service="b"),
        ask(journal, BOAT, run="2", cell="other"),
        ask(journal, BOAT, cell=""),
        ask(journal, BOAT, cell=""),
        ask(journal, BOAT.replace(seconds=10), run="2"),
    ]
    assert [keys(met) for met in others] == [[None]] * 6


@pytest.mark.parametrize("state", [*UNDER_WAY, *ENDED])
def test_what_has_ended_is_made_again(journal: Journal, state: str) -> None:
    """A cell that is run again after its video is saved, or has failed, makes another one."""
    ask(journal, BOAT)
    end(journal, state)
    assert keys(ask(journal, BOAT, run="2")) == [1 if state in UNDER_WAY else None]


def test_each_matches_its_own(journal: Journal) -> None:
    """The second of two matches the second, also if the first has ended."""
    ask(journal, BOAT, BOAT)
    end(journal, "saved", "accepted")
    assert keys(ask(journal, BOAT, BOAT, run="2")) == [None, 2]  # the first one has no file any more


def test_a_run_that_is_not_over_is_gone_on_with_as_a_whole(journal: Journal, tmp_path: Path) -> None:
    """What it has made already is shown, and not billed again, while another of its wishes is open; when all are done,
    the cell makes new ones."""
    ask(journal, BOAT, KITE)
    save(journal, tmp_path, 1)
    done, open_ = ask(journal, BOAT, KITE, run="2")
    assert keys([done, open_]) == [1, 2]
    assert "its other requests are not done" in done.note
    assert keys(ask(journal, BOAT, KITE, BOAT, run="3")) == [1, 2, None]
    save(journal, tmp_path, 2, 3)
    assert keys(ask(journal, BOAT, KITE, run="4")) == [None, None]


@pytest.mark.parametrize("state", ["refused", "failed"])
def test_a_run_that_ended_in_an_error_is_gone_on_with_as_a_whole(journal: Journal, tmp_path: Path, state: str) -> None:
    """Who runs it again, for what was refused or has failed, does not pay again for the others; once all are there, the
    cell makes new ones."""
    ask(journal, BOAT, KITE)
    end(journal, "accepted", state)
    save(journal, tmp_path, 1)
    done, again = ask(journal, BOAT, KITE, run="2")
    assert keys([done, again]) == [1, None]
    assert "not billed again" in done.note
    assert "--new" in done.note
    save(journal, tmp_path, 3)
    assert keys(ask(journal, BOAT, KITE, run="3")) == [None, None]


def test_one_that_has_vanished_is_made_again(journal: Journal) -> None:
    """It is under way for nobody."""
    ask(journal, BOAT)
    journal.update(1, error="The account of this key has no such task")
    assert keys(ask(journal, BOAT, run="2")) == [None]


def test_new_matches_nothing(journal: Journal) -> None:
    """A new video is made, and the next run matches it."""
    ask(journal, BOAT)
    assert keys(ask(journal, BOAT, run="2", new=True)) == [None]
    assert keys(ask(journal, BOAT, run="3")) == [2]


def test_one_whose_answer_was_lost_is_not_sent_again(journal: Journal) -> None:
    """The error says where to look, and how to send it all the same; and that is possible."""
    ask(journal, BOAT)
    end(journal, "unknown")
    with pytest.raises(SubmissionUnknownError, match=r"#1.*web console.*%kling_resume ID #1.*%kling_forget #1"):
        ask(journal, BOAT, run="2")
    with pytest.raises(SubmissionUnknownError):
        ask(journal, BOAT, run="2", reuse=True)
    assert keys(ask(journal, BOAT, run="2", new=True)) == [None]


def test_one_whose_answer_was_lost_is_settled_by_itself(journal: Journal) -> None:
    """Forgotten, it is sent again, and the others of its run are not."""
    ask(journal, BOAT, BOAT, BOAT)
    end(journal, "accepted", "accepted", "unknown")
    with pytest.raises(SubmissionUnknownError):
        ask(journal, BOAT, BOAT, BOAT, run="2")
    assert journal.forget([3]) == 1
    assert keys(ask(journal, BOAT, BOAT, BOAT, run="2")) == [1, 2, None]


def test_in_the_demo_nobody_is_sent_to_a_console(journal: Journal) -> None:
    """There is none, and nothing is billed."""
    ask(journal, BOAT, service="demo")
    end(journal, "unknown")
    with pytest.raises(SubmissionUnknownError, match="In the demo nothing is billed: %kling_forget #1"):
        ask(journal, BOAT, run="2", service="demo")


def test_one_that_another_kernel_is_sending_matches(journal: Journal) -> None:
    """Though it has no id yet: it is watched, not sent a second time, and the note says so; with ``reuse`` too."""
    ask(journal, BOAT)
    end(journal, "sending")
    journal.update(1, owner="another")
    (journal.path.parent / "kernels" / "another.lock").touch()
    with FileLock(journal.path.parent / "kernels" / "another.lock"):
        for cell, reuse in (("cell", False), ("other", True), ("", True)):
            (met,) = ask(journal, BOAT, run="2", cell=cell, reuse=reuse)
            assert met.entry is not None
            assert met.entry.key == 1
            assert met.note.startswith("Another kernel is submitting the same request: watching that one")


# Reuse


def save(journal: Journal, tmp_path: Path, *numbers: int) -> None:
    """Ends the submissions with a video of each."""
    for key in numbers:
        path = tmp_path / f"{key}.mp4"
        path.write_bytes(MP4)
        journal.update(key, state="saved", path=str(path))


def test_reuse_takes_what_is_there(journal: Journal, tmp_path: Path) -> None:
    """Also in another cell, and in a script; without it a new one is made."""
    ask(journal, BOAT)
    save(journal, tmp_path, 1)
    for cell in ("cell", "other", ""):
        (met,) = ask(journal, BOAT, run="2", cell=cell, reuse=True)
        assert met.entry is not None
        assert met.entry.key == 1
        assert "exists already" in met.note
    assert keys(ask(journal, BOAT, run="3")) == [None]


def test_reuse_of_several_takes_several(journal: Journal, tmp_path: Path) -> None:
    """A loop of three shows three different ones, newest first, and makes what is missing."""
    ask(journal, BOAT, BOAT)
    save(journal, tmp_path, 1, 2)
    assert keys(ask(journal, BOAT, BOAT, BOAT, run="2", reuse=True)) == [2, 1, None]
    single = [*ask(journal, BOAT, run="3", reuse=True), *ask(journal, BOAT, run="3", reuse=True)]
    assert sorted(keys(single), key=str) == [1, 2]


def test_reuse_prefers_what_has_its_file_and_never_pays_for_what_has_none(journal: Journal, tmp_path: Path) -> None:
    """One whose file was deleted, or is no video any more, is fetched again; so is one that could not be fetched then.
    What was never made is made."""
    ask(journal, BOAT, BOAT, BOAT, BOAT)
    save(journal, tmp_path, 1, 2, 3)
    os.unlink(tmp_path / "1.mp4")
    (tmp_path / "2.mp4").write_text("no video")
    journal.update(4, state="failed", error="no")
    three, *gone, new = ask(journal, BOAT, BOAT, BOAT, BOAT, cell="other", run="2", reuse=True)
    assert keys([three, *gone, new]) == [3, 2, 1, None]
    assert "exists already" in three.note
    assert all("file is gone: downloading it again, not billed again" in each.note for each in gone)
    journal.update(2, state="succeeded", error="The link has expired.")
    assert 2 in keys(ask(journal, BOAT, BOAT, BOAT, cell="third", run="3", reuse=True))


def test_reuse_matches_what_is_under_way(journal: Journal) -> None:
    """In the same cell, another one, or a script; and stops at one whose answer was lost."""
    ask(journal, BOAT)
    for cell in ("cell", "other", ""):
        assert keys(ask(journal, BOAT, run="2", cell=cell, reuse=True)) == [1]
    end(journal, "unknown")
    for cell in ("cell", "other", ""):
        with pytest.raises(SubmissionUnknownError):
            ask(journal, BOAT, run="3", cell=cell, reuse=True)


# The same?


def test_a_request_is_the_same_as_its_equal(tmp_path: Path) -> None:
    """And no other, nor at another service."""
    assert fingerprint(BOAT, "a") == fingerprint(VideoRequest("aigc-video-kling-2.6", prompt=" a boat "), "a")
    others = (fingerprint(BOAT, "b"), fingerprint(KITE, "a"), fingerprint(BOAT.replace(model="3.0"), "a"))
    assert len({fingerprint(BOAT, "a"), *others}) == 4


def test_what_is_the_same_on_the_wire_is_the_same() -> None:
    """The order of fields does not count; nor does it count whether the default length is set."""
    said = VideoRequest("2.6", prompt="a boat", resolution="720P", sound=False)
    assert fingerprint(said, "a") == fingerprint(
        VideoRequest("2.6", sound=False, resolution="720P", prompt="a boat"), "a"
    )
    for seconds in (5, "5"):
        assert fingerprint(BOAT, "a") == fingerprint(BOAT.replace(seconds=seconds), "a")
    assert fingerprint(BOAT, "a") != fingerprint(BOAT.replace(seconds=10), "a")


def test_a_file_counts_by_what_is_in_it(tmp_path: Path) -> None:
    """Another picture under the same name is another request; a missing file equals nothing."""
    path = tmp_path / "first.png"
    request = BOAT.replace(image=path)
    assert fingerprint(request, "a") != fingerprint(request, "a")
    path.write_bytes(b"one")
    before = fingerprint(request, "a")
    assert before == fingerprint(request, "a")
    path.write_bytes(b"another")
    assert fingerprint(request, "a") != before
    path.unlink()
    path.write_bytes(b"one")
    os.utime(path, (1, 1))
    assert fingerprint(request, "a") == before  # a notebook that makes its own first frame writes it with each run


def test_a_file_is_the_same_wherever_it_lies(tmp_path: Path) -> None:
    """By another path or name; which field it is in counts."""
    first, copy = tmp_path / "first.png", tmp_path / "folder" / "copy.png"
    copy.parent.mkdir()
    for path in (first, copy):
        path.write_bytes(b"one")
    assert fingerprint(BOAT.replace(image=first), "a") == fingerprint(BOAT.replace(image=str(copy)), "a")
    assert fingerprint(BOAT.replace(image=first), "a") != fingerprint(BOAT.replace(image_list=[first]), "a")
    copy.write_bytes(b"two")
    assert fingerprint(BOAT.replace(image=first), "a") != fingerprint(BOAT.replace(image=copy), "a")


def as_before(request: VideoRequest, service: str, *, seconds: bool = False) -> str:
    """Return the fingerprint of earlier versions, which counted paths, and the length only if it was set."""
    files = [(str(path), hashlib.sha256(path.read_bytes()).hexdigest()) for path in request.files()]
    body = {name: value for name, value in request.draft().items() if name != "seconds" or seconds}
    return hashlib.sha256(to_json([service, request.model, body, files]).encode("utf-8", "replace")).hexdigest()


@pytest.mark.parametrize(
    ("fields", "seconds", "again"),
    [
        ({}, False, {}),
        ({}, False, {"seconds": 5}),
        ({"seconds": 5}, True, {}),
        ({"seconds": 10}, True, {"seconds": 10}),
        ({"image": "first.png", "size": "1280x720"}, False, {"image": "first.png", "size": "1280x720"}),
        ({"image": "first.png", "seconds": 5, "sound": False}, True, {"image": "first.png", "sound": False}),
    ],
)
def test_a_submission_of_an_earlier_version_matches(
    journal: Journal, tmp_path: Path, fields: dict[str, Any], seconds: bool, again: dict[str, Any]
) -> None:
    """A cell of before, run again by this version, pays nothing: not for the usual length, which was in no body then,
    nor for a file, which counted by its path."""
    (tmp_path / "first.png").write_bytes(b"one")

    def request(fields: dict[str, Any]) -> VideoRequest:
        return BOAT.replace(**fields | ({"image": tmp_path / "first.png"} if "image" in fields else {}))

    wish = RequestKey(as_before(request(fields), "a", seconds=seconds), "cell", "0")
    journal.update(journal.write(request(fields), "a", wish), state="accepted", task_id="t")
    assert keys(ask(journal, request(again))) == [1]
    assert keys(ask(journal, request(again), cell="other", reuse=True)) == [1]
    assert keys(ask(journal, request(again), request(again), run="2")) == [1, None]


def test_a_kept_picture_of_an_earlier_version_matches(journal: Journal, tmp_path: Path) -> None:
    """It was kept in the user's data folder then, by another name."""
    local = LocalMedia(tmp_path / "uploads", lambda: tmp_path / "kling_videos", lambda: tmp_path)
    then = tmp_path / "uploads" / hashlib.sha256(b"one").hexdigest()[:12] / "picture.png"
    then.parent.mkdir(parents=True)
    then.write_bytes(b"one")
    before = BOAT.replace(image=then)
    wish = RequestKey(as_before(before, "a"), "cell", "0")
    journal.update(journal.write(before, "a", wish), state="accepted", task_id="t")
    now = BOAT.replace(image=local.keep("picture.png", b"one"))
    cell = Cell("cell", "1")
    assert keys(RerunMatcher([now], "a", cell, journal, new=False, reuse=False, local=local).matches()) == [1]
    other = BOAT.replace(image=local.keep("picture.png", b"two"))
    assert keys(RerunMatcher([other], "a", cell, journal, new=False, reuse=False, local=local).matches()) == [None]


def test_relative_paths_are_of_the_notebook_s_folder(journal: Journal, tmp_path: Path) -> None:
    """The same picture is the same request by its relative and by its absolute path, and after it is kept elsewhere;
    an unknown home folder is no error."""
    local = LocalMedia(tmp_path / "uploads", sources=lambda: tmp_path)
    files = RequestFiles(local)
    (tmp_path / "first.png").write_bytes(b"one")
    same = {
        fingerprint(BOAT.replace(image=path), "a", files)
        for path in ("first.png", tmp_path / "first.png", local.keep("copy.png", b"one"))
    }
    assert len(same) == 1
    assert request_key(BOAT.replace(image="~nobody-of-this-name/a.png"), "a", files=files)


def test_a_cell_of_an_earlier_version_is_met_by_its_name_of_then(journal: Journal) -> None:
    """One whose notebook was not known then."""
    ask(journal, BOAT, cell="then")
    met = RerunMatcher([BOAT], "a", Cell("now", "2", former_name="then"), journal, new=False, reuse=False).matches()
    assert keys(met) == [1]


# Clicks


def click(journal: Journal, *requests: VideoRequest, run: str, new: bool = False) -> list[Match]:
    """Return the matches of a click's requests, and write new ones into the journal."""
    where = Cell("clicks of this kernel", run, click=True)
    met = RerunMatcher(requests, "a", where, journal, new=new, reuse=False).matches()
    for each in met:
        if each.entry:
            journal.request_index.record(each.key, each.entry.key)
        else:
            journal.write(each.request, "a", each.key)
    return met


def test_a_click_matches_what_is_under_way_in_this_kernel(journal: Journal) -> None:
    """Of another click, or of a cell; a click that asks for three meets three. What has ended is made anew, and what
    another kernel makes is nothing to it."""
    ask(journal, BOAT)
    assert keys(click(journal, BOAT, BOAT, BOAT, run="1")) == [1, None, None]
    assert sorted(map(str, keys(click(journal, BOAT, BOAT, BOAT, run="2")))) == ["1", "2", "3"]
    assert keys([*click(journal, BOAT, run="3"), *click(journal, BOAT, run="3")]) == [3, 2]
    assert keys(click(journal, BOAT, run="4", new=True)) == [None]
    end(journal, "saved", "failed", "refused", "accepted")
    assert keys(click(journal, BOAT, run="5")) == [4]
    journal.update(4, owner="another")
    assert keys(click(journal, BOAT, run="6")) == [None]


def test_a_click_does_not_pay_again_for_a_lost_answer(journal: Journal) -> None:
    """It says so, as a cell does."""
    click(journal, BOAT, run="1")
    end(journal, "unknown")
    with pytest.raises(SubmissionUnknownError, match="The same was sent before, as #1"):
        click(journal, BOAT, run="2")
    assert keys(click(journal, BOAT, run="3", new=True)) == [None]
