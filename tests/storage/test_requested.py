"""The submissions that requests have led to."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_widgets.storage.journal import Journal
from kling_widgets.storage.requested import RequestKey
from tests.jobs.conftest import before, made


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.sqlite")


def test_the_nth_wish_of_a_run_meets_the_nth_of_the_run_before(journal: Journal) -> None:
    """They are counted among the identical ones; one more than the previous run had finds nothing."""
    first = made(journal, "1", 2)
    kites = made(journal, "1", same="kite")
    assert [before(journal, "2", skip) for skip in range(3)] == [*first, None]
    assert before(journal, "2", same="kite") == kites[0]
    made(journal, "2")
    assert before(journal, "2") == first[1]


def test_a_run_that_was_killed_in_the_middle_hides_nothing(journal: Journal) -> None:
    """A loop of three was run again, and killed after its first: the others of the run before are still found."""
    first = made(journal, "1", 3)
    journal.request_index.record(RequestKey("boat", "cell", "2"), first[0])
    assert [before(journal, "3", skip) for skip in range(4)] == [*first, None]


def test_the_run_before_is_the_last_one(journal: Journal) -> None:
    """A new submission of the second run replaces that of the first."""
    made(journal, "1")
    (second,) = made(journal, "2")
    assert before(journal, "3") == second


def test_a_wish_that_met_one_hands_it_on(journal: Journal) -> None:
    """The third run finds the submission that the second one has repeated."""
    (first,) = made(journal, "1")
    journal.request_index.record(RequestKey("boat", "cell", "2"), first)
    assert before(journal, "3") == first


def test_other_cells_and_no_cell_meet_nothing(journal: Journal) -> None:
    """Requests of scripts and forms have no cell."""
    made(journal, "1")
    made(journal, "", cell="")
    assert before(journal, "2", cell="another") is None
    assert before(journal, "", cell="") is None
    assert before(journal, "1", 0) is None  # this very run


def test_what_is_saved_is_found_by_the_wish_alone(journal: Journal) -> None:
    """Newest first, of any cell, without those that this run has used already."""
    keys = [*made(journal, "1", 2), *made(journal, "", cell="")]
    assert journal.request_index.identical(RequestKey("boat", "cell", "2"), ["saved"]) == ()
    for key in keys:
        journal.update(key, state="saved")
    assert [entry.key for entry in journal.request_index.identical(RequestKey("boat", "cell", "2"), ["saved"])] == keys[
        ::-1
    ]
    assert [
        entry.key for entry in journal.request_index.identical(RequestKey("boat", "cell", "2"), ["saved"], keys[:2])
    ] == keys[2:]
    assert [entry.key for entry in journal.request_index.identical(RequestKey("boat", "cell", "1"), ["saved"])] == keys[
        2:
    ]
    assert [entry.key for entry in journal.request_index.identical(RequestKey("boat"), ["saved"])] == keys[::-1]


def test_a_run_is_open_while_one_of_it_is(journal: Journal) -> None:
    """It looks at the cell's last run that used the submission; other cells do not matter."""
    boat, kite = made(journal, "1")[0], made(journal, "1", same="kite")[0]
    made(journal, "1", cell="other")
    journal.update(boat, state="saved")
    journal.update(kite, state="accepted")
    assert journal.request_index.in_unfinished_run(RequestKey("boat", "cell", "2"), boat, ["accepted"])
    journal.update(kite, state="saved")
    assert not journal.request_index.in_unfinished_run(RequestKey("boat", "cell", "2"), boat, ["accepted"])


def test_a_run_that_was_held_up_is_open(journal: Journal) -> None:
    """A refused run is unfinished until the cell has run again.

    Only submissions that the cell has begun itself are returned, and not those of another cell.
    """
    other = made(journal, "1", cell="other", same="kite")[0]
    boat = made(journal, "1")[0]
    journal.request_index.record(RequestKey("kite", "cell", "1"), other)
    for key in (boat, other):
        journal.update(key, state="saved")
    again = RequestKey("boat", "cell", "2")
    assert not journal.request_index.in_unfinished_run(again, boat, ["accepted"])
    assert journal.request_index.begun_in_refused_run(again) == set()
    journal.request_index.record_refused_run(RequestKey("ship", "cell", "1"))
    assert journal.request_index.in_unfinished_run(again, boat, ["accepted"])
    assert journal.request_index.begun_in_refused_run(again) == {boat}
    assert journal.request_index.begun_in_refused_run(RequestKey("boat", "other", "2")) == set()
    assert before(journal, "2", same="ship") is None
    journal.request_index.record(again, boat)
    later = RequestKey("boat", "cell", "3")
    assert not journal.request_index.in_unfinished_run(later, boat, ["accepted"])
    assert journal.request_index.begun_in_refused_run(later) == set()
