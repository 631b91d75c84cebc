"""The README's promises about money, videos and keys, each with the tests that check it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Promise:
    """A row of the README's table.

    Attributes:
        when: the situation.
        then: what happens to the submission, the money, the video or the key.
        tests: ``file::function``, relative to ``tests/``.
    """

    when: str
    then: str
    tests: tuple[str, ...]


PROMISES = (
    Promise(
        "The service cannot be reached, is busy (429), or says that it accepted nothing",
        "Nothing is billed. The request is retried a few times with growing pauses, or after the time in "
        "`Retry-After`; then it fails with an error.",
        (
            "test_faults.py::test_a_submission",
            "test_faults.py::test_nobody_there",
            "client/test_creation.py::test_one_price_per_submission",
            "client/test_operations.py::test_retry_after_is_respected",
        ),
    ),
    Promise(
        "The answer to a submission is lost: connection, timeout, half an answer, a proxy's page, HTTP 5xx",
        "The video may be billed, so the submission is never repeated automatically, and not by running "
        "its cell again either. The error and `%kling_resume` say where to look: if the task exists, "
        "`%kling_resume ID #7` continues with it; if not, `%kling_forget #7` allows a new submission.",
        (
            "test_faults.py::test_a_submission",
            "notebook/submit/test_reruns.py::test_one_whose_answer_was_lost_is_not_sent_again",
            "notebook/submit/test_reruns.py::test_one_whose_answer_was_lost_is_settled_by_itself",
            "notebook/submit/test_resumer.py::test_a_lost_task_that_was_found_is_gone_on_with",
            "notebook/submit/test_resumer.py::test_resume_lists_the_others",
        ),
    ),
    Promise(
        "A cell is run again while its videos are under way, also after Restart and Run All; a double "
        "click in the form",
        "The same videos are shown, not paid again, and the view says so. Videos that an interrupted or "
        "failed run had finished are shown too. A loop that asks four times makes four. `--new` makes "
        "another one; `--reuse` also takes one that any cell has finished or started.",
        (
            "notebook/submit/test_reruns.py::test_a_loop_makes_as_many_as_it_asks_for",
            "notebook/submit/test_reruns.py::test_a_run_that_is_not_over_is_gone_on_with_as_a_whole",
            "notebook/submit/test_submitter.py::test_after_a_restart_the_cell_goes_on_with_its_task",
            "test_kernel_life.py::test_a_cell_that_is_run_again_is_not_paid_again",
            "browser/test_form.py::test_the_second_half_of_a_double_click_is_none_however_quick_the_service_is",
        ),
    ),
    Promise(
        "The same cell runs in two kernels at the same moment, for example in two editors or by "
        "papermill; a button of your own that calls `kw.submit` is clicked twice",
        "One video is made and paid. The second caller is told, and watches the same video.",
        (
            "test_once.py::test_two_kernels_at_the_same_moment_pay_once",
            "test_once.py::test_many_at_once_in_one_cell_make_as_many_as_it_asks_for",
            "test_once.py::test_a_click_on_a_button_of_ones_own_pays_once_and_is_seen",
            "browser/test_button.py::test_a_double_click_makes_one_video_in_the_output_that_is_open",
        ),
    ),
    Promise(
        "An option is misspelt, in the middle of a line, or another program's; its dash was changed to a long one",
        "It is never part of a prompt that is paid: the line is refused, and shown as it should be. At "
        "the start of a line an option is accepted with a long dash too, and at its end with two hyphens. "
        "Text in double quotes, or after `--`, is sent unchanged.",
        (
            "core/test_any_slip.py::test_no_slip_is_sent_in_a_line",
            "core/test_any_slip.py::test_no_slip_is_sent_in_a_cell",
            "core/test_any_slip.py::test_a_refused_line_is_shown_as_it_should_be",
        ),
    ),
    Promise(
        "A prompt is not text (NaN or `pd.NA` from a table, a Series, bytes, a widget), or has no visible character",
        "An error names the field and the type of the value before anything is sent.",
        (
            "core/test_every_value.py::test_what_means_nothing_is_an_error",
            "request/test_request.py::test_an_invisible_prompt_is_none",
        ),
    ),
    Promise(
        "A number is outside its documented range, or a field is not documented for the model",
        "You are asked “Send anyway?” once in a kernel for each model, field and value; `--yes` skips the "
        "question, and a form needs a second click. A program sends it with a note, as our sources may be "
        "older than the service.",
        (
            "spending/test_guard.py::test_what_is_outside_of_what_is_documented_is_asked_about_once",
            "spending/test_guard.py::test_where_nobody_can_be_asked_it_is_sent",
            "test_kernel_spend.py::test_a_slip_is_asked_about_once_a_kernel",
        ),
    ),
    Promise(
        "A cell is interrupted, or *Stop watching* is clicked",
        "The video continues, and is billed: the service has no way to cancel it. `%kling_resume` brings "
        "it back. What was not sent yet is not sent.",
        ("test_kernel_life.py::test_an_interrupted_wait_ends_at_once_and_says_how_to_resume",),
    ),
    Promise(
        "The kernel is killed, at any moment",
        "Nothing is lost: `%kling_resume` continues with accepted tasks, and lists what was not sent and "
        "what is unknown. It never submits.",
        (
            "test_crash.py::test_killed_kernels_lose_nothing_and_pay_nothing_twice",
            "test_crash.py::test_resume_says_what_was_not_sent",
            "storage/test_journal.py::test_what_a_killed_kernel_left_is_told_as_it_is",
        ),
    ),
    Promise(
        "A cell waits, in a kernel of any version",
        "The kernel and your variables survive, whatever messages arrive meanwhile, and the next cells run.",
        (
            "test_loops.py::test_a_loop_lives_whatever_is_ready_when_a_wait_begins",
            "test_loops.py::test_no_kernel_dies_while_its_cells_wait",
            "jobs/test_processes.py::test_cells_behind_a_wait_all_run",
        ),
    ),
    Promise(
        "A call of `kw.Client` or `kw.AsyncClient` is interrupted or cancelled",
        "Its exception has a note: nothing was sent; or when it was sent, and where to look; or the id of "
        "the task that continues.",
        (
            "client/test_interrupts.py::test_ctrl_c",
            "client/test_interrupts.py::test_a_cancelled_call",
        ),
    ),
    Promise(
        "While waiting, the network fails, the laptop sleeps, a proxy wants a login, or the service has an outage",
        "The wait continues, and the view shows since when there has been no answer.",
        (
            "test_faults.py::test_looks_that_go_wrong",
            "client/test_operations.py::test_no_transient_error_ends_a_wait",
            "client/test_operations.py::test_a_laptop_may_sleep",
            "test_any_reply.py::test_a_wait_answered_by_anything",
        ),
    ),
    Promise(
        "A download breaks off",
        "It continues where it stopped, or starts again. A file with a video's name is complete, and no "
        "file is ever overwritten.",
        (
            "test_faults.py::test_a_video_that_cannot_be_had",
            "client/test_download.py::test_a_broken_download_continues",
            "files/test_atomic_file.py::test_what_a_killed_kernel_has_left_is_removed",
            "files/test_atomic_file.py::test_no_space_left",
            "media/test_mp4_boxes.py::test_a_cut_anywhere_is_detected",
        ),
    ),
    Promise(
        "Several notebooks run at once",
        "They share one journal. Each task is watched by the kernel that started it, until that kernel "
        "ends; other kernels say so.",
        (
            "storage/test_journal.py::test_several_processes_write_at_once",
            "notebook/submit/test_resumer.py::test_resume_lists_the_others",
            "test_crash.py::test_a_kernel_that_stood_still_meets_what_another_one_has_fetched",
        ),
    ),
    Promise(
        "The disk is full or read-only; the journal is damaged, or of another version",
        "Videos are made all the same: the journal continues in memory, and says so. A damaged journal is "
        "set aside complete, and what can be read is copied into a new one.",
        (
            "storage/test_database.py::test_a_full_disk",
            "storage/test_database.py::test_a_folder_that_takes_no_write",
            "storage/test_journal.py::test_a_corrupt_file",
            "storage/test_damage.py::test_any_byte_of_the_file",
            "storage/test_journal.py::test_a_journal_of_an_unreleased_version_is_copied_into_a_new_one",
        ),
    ),
    Promise(
        "Many videos are requested at once, by `--count`, a list, or a loop in one cell",
        "Their total is shown first: videos, seconds, and money if your own `%kling_prices` contain the "
        "prices. Above `%config Kling.confirm_above` you are asked, and everything that one run of a cell "
        "submits counts together. If nobody can be asked, only `--yes` makes them, and the error says how "
        "many were submitted; if the cell is run again, it finds those.",
        (
            "spending/test_guard.py::test_above_it_one_question_is_for_all_of_them",
            "spending/test_guard.py::test_where_nobody_can_be_asked",
            "notebook/submit/test_submitter.py::test_a_loop_that_was_refused_halfway_matches_what_it_has_made",
            "test_kernel_spend.py::test_a_cell_counts_together_and_meets_what_it_has_made",
            "browser/test_spend.py::test_above_the_limit_a_form_wants_a_second_click_and_a_line_an_answer",
        ),
    ),
    Promise(
        'A class shares a key: `KLING_WIDGETS_BUDGET="20 videos, 5 USD"`',
        "A request that would exceed it within 24 hours is refused before anything is submitted. All "
        "kernels, forks and clients (`kw.Client` too) that share a journal count, except for the demo. No "
        "setting in a notebook raises it. A refused submission does not count, one without an answer "
        "does. Money is counted by the user's own prices, so videos or seconds are the safer limit. It "
        "prevents accidents. It is not a security boundary: anyone who can run Python can bypass it.",
        (
            "spending/test_guard.py::test_a_budget_is_refused_before_anything_is_made",
            "spending/test_guard.py::test_a_notebook_cannot_raise_the_budget_of_the_environment",
            "test_once.py::test_the_budget_of_the_environment_holds_over_processes",
            "spending/test_allowance.py::test_a_bare_client_is_refused_over_the_budget",
            "spending/test_allowance.py::test_another_process_counts_too",
            "spending/test_allowance.py::test_a_fork_counts_too",
        ),
    ),
    Promise(
        "The service, a shared notebook, preset or journal contains something hostile",
        "It is shown as text. Only https links are fetched and shown, only videos are saved, and no path "
        "from them is opened or uploaded.",
        (
            "notebook/test_hostile.py::test_nothing_becomes_markup",
            "notebook/test_hostile.py::test_nothing_printed_is_obeyed",
            "browser/test_hostile.py::test_texts_of_strangers_do_nothing",
            "client/test_download.py::test_links_to_other_machines_use_https",
            "jobs/test_video_files.py::test_no_other_file_is_taken_for_a_saved_video",
        ),
    ),
    Promise(
        "A photo is given as a first frame, last frame or reference",
        "It is uploaded upright, whichever way it is given, and a JPEG without the location where it was taken.",
        ("client/test_uploads.py::test_every_upload_is_upright",),
    ),
    Promise(
        "A key",
        "It is sent to the service only, and appears in no output, widget, error, log, journal or file. "
        "An address that came with a notebook, on this machine too, gets only a key that came with it.",
        (
            "test_key.py::test_the_key_is_in_nothing_that_a_session_shows_or_keeps",
            "test_key.py::test_the_key_is_in_no_notebook_file",
            "test_key.py::test_the_key_goes_to_the_service_alone",
            "client/credentials/test_find.py::test_another_address_does_not_get_a_key_from_elsewhere",
        ),
    ),
)
