"""What the README promises to a user's money, videos and keys, each with the tests that hold it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Promise:
    """A row of the README's table.

    Attributes:
        when: what happens.
        then: what becomes of the wish, the money, the video or the key.
        tests: ``file::function``, below ``tests/``.
    """

    when: str
    then: str
    tests: tuple[str, ...]


PROMISES = (
    Promise(
        "The service cannot be reached, is busy (429), or says that it took nothing",
        "Nothing is billed. It is tried again a few times with growing pauses, as long as `Retry-After` asks "
        "for; then it is an error.",
        ("client/test_protocol.py::test_busy_is_tried_again",),
    ),
    Promise(
        "The answer to a submission is lost: connection, time-out, half an answer, a proxy's page, HTTP 5xx",
        "It may be billed, so it is never sent again by itself. The error and `%kling_resume` say where to "
        "look; the cell, run again, sends it only with `--new`.",
        ("notebook/test_repeats.py::test_one_whose_answer_was_lost_is_not_sent_again",),
    ),
    Promise(
        "A cell is run again while its videos are under way, also after Restart and Run All; a double click "
        "in the form",
        "The same videos are shown again, not paid again, and the view says so. A loop that asks four times "
        "makes four. `--new` makes another one; `--reuse` also takes one that is finished.",
        (
            "notebook/test_repeats.py::test_a_loop_makes_as_many_as_it_asks_for",
            "notebook/test_session.py::test_after_a_restart_the_cell_goes_on_with_its_task",
            "test_kernel_life.py::test_a_cell_that_is_run_again_is_not_paid_again",
            "browser/test_form.py::test_the_second_half_of_a_double_click_is_none_however_quick_the_service_is",
        ),
    ),
    Promise(
        "A cell is interrupted, or *Stop watching* is clicked",
        "The video goes on being made, and is billed: the service has no way to cancel. `%kling_resume` "
        "brings it back. What was not sent yet is not sent.",
        ("test_kernel_life.py::test_an_interrupted_wait_ends_at_once_and_says_how_to_resume",),
    ),
    Promise(
        "The kernel is killed, at any moment",
        "Nothing is lost: `%kling_resume` goes on with what was accepted, and names what was not sent and "
        "what is open. It never submits.",
        ("jobs/test_journal.py::test_what_a_killed_kernel_left_is_told_as_it_is",),
    ),
    Promise(
        "While waiting, the network goes, the laptop sleeps, a proxy wants a login, the service stumbles",
        "The wait goes on; the view says since when there is no answer.",
        (),
    ),
    Promise(
        "A download breaks off",
        "It goes on where it stopped, or begins again. A file with a video's name is whole, and none is ever "
        "overwritten.",
        (),
    ),
    Promise(
        "Several notebooks run at once",
        "They share one journal. Each task is watched by the kernel that began it, until that ends; another "
        "one is told.",
        (
            "jobs/test_journal.py::test_several_processes_write_at_once",
            "notebook/test_session.py::test_resume_tells_what_became_of_the_others",
        ),
    ),
    Promise(
        "The disk is full or read-only; the journal is damaged, or of another version",
        "Videos are made all the same: the journal goes on in memory, and says so. A damaged one is set aside"
        " with all that is in it, and what can be read goes into a new one.",
        (
            "jobs/test_database.py::test_a_full_disk",
            "jobs/test_database.py::test_a_folder_that_takes_no_write",
            "jobs/test_journal.py::test_a_corrupt_file",
            "jobs/test_journal.py::test_a_journal_of_the_first_version_is_brought_up",
        ),
    ),
    Promise(
        "Many videos are asked for at once",
        "Their sum is said first: videos, seconds, and money where your own `%kling_prices` know it. Above "
        "`%config Kling.confirm_above` you are asked; where nobody can be asked, only `--yes` makes them.",
        (),
    ),
    Promise(
        'A class shares a key: `KLING_WIDGETS_BUDGET="20 videos, 5 USD"`',
        "Each kernel refuses what goes beyond it before anything is sent, and no setting of a notebook raises"
        " it. It is a guard against accidents: who runs Python of his own can get around it.",
        (),
    ),
    Promise(
        "The service, a shared notebook, preset or journal holds something hostile",
        "It is shown as text. Only links over https are fetched and shown, only videos saved, and no path of "
        "theirs is opened or uploaded.",
        (),
    ),
    Promise(
        "A key",
        "It goes to the service alone, and into no output, widget, error, log, journal or file. An address "
        "that came with a notebook gets only a key that came with it.",
        (
            "test_key.py::test_the_key_is_in_nothing_that_a_session_shows_or_keeps",
            "test_key.py::test_the_key_is_in_no_notebook_file",
        ),
    ),
)
