"""Live view of a job: it depends on the snapshot only."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest
from ipywidgets.widgets.widget import _instances as alive

from kling_widgets.errors import ServerError, SubmissionUnknownError
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.snapshot import JobSnapshot, State
from kling_widgets.media.clip import Clip
from kling_widgets.notebook.kernel.front_end import FRONT_ENDS, Location
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.output.job_view import _KEPT, JobView, close_later, result
from kling_widgets.notebook.output.status_text import STATES
from kling_widgets.notebook.submit.submitter import Submitter

LINK = "https://cdn.example.com/a.mp4?x=1&y=2"
Ends = list[tuple[JobSnapshot, dict[str, Any], dict[str, Any]]]


@pytest.fixture
def job(session: Session) -> Job:
    """Return a job that was not started."""
    (job,) = session.get(Submitter).create_jobs("2.6", prompt="a <b>boat</b>", seconds=7)
    return job


@pytest.fixture
def location(tmp_path: Path) -> Location:
    return Location(FRONT_ENDS["jupyter"], tmp_path)


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    (tmp_path / "boat.mp4").write_bytes(b"a video")
    return Clip(tmp_path / "boat.mp4", 7, "ab" * 32, 1280, 720)


def view_of(job: Job, location: Location, ends: Ends | None = None, **more: Any) -> JobView:
    """Return a view that appends its results to ``ends``."""
    ends = [] if ends is None else ends
    return JobView(job, location, on_end=lambda *end: ends.append(end), **more)


def within(widget: widgets.Widget) -> list[widgets.Widget]:
    return [widget, *(each for child in getattr(widget, "children", ()) for each in within(child))]


def page(view: JobView) -> str:
    """Return all HTML of the view."""
    return "\n".join(each.value for each in within(view.widget) if isinstance(each, widgets.HTML))


def test_it_says_what_is_asked(job: Job, location: Location) -> None:
    """The view shows the model, the settings, the escaped prompt, and warnings."""
    said = page(view_of(job, location))
    assert "Kling 2.6" in said
    assert "7 s" in said
    assert "a &lt;b&gt;boat&lt;/b&gt;" in said
    assert "Note: This model is documented for 5 or 10 seconds" in said


def test_a_bar_for_progress_that_is_real(job: Job, location: Location) -> None:
    """The bar has a width and a value if the service reports progress; otherwise it is animated, without a number."""
    view = view_of(job, location)
    view.show(JobSnapshot("running", percent=45, elapsed=3))
    assert "width: 45%" in page(view)
    assert 'aria-valuenow="45"' in page(view)
    view.show(JobSnapshot("running", percent=100, elapsed=4))
    assert "kling-unknown" in page(view) and "100 %, not finished yet" in page(view)
    view.show(JobSnapshot("running", elapsed=4))
    assert "aria-valuenow" not in page(view)
    assert "kling-unknown" in page(view)
    assert "Making the video · 0:04" in page(view)


def test_the_same_snapshot_changes_nothing(job: Job, location: Location) -> None:
    """Showing the same snapshot again sends nothing to the browser."""
    view = view_of(job, location)
    snapshot = JobSnapshot("running", percent=45, elapsed=3)
    view.show(snapshot)
    changes: list[object] = []
    for each in within(view.widget):
        each.observe(changes.append)
    view.show(snapshot)
    assert changes == []


def test_a_view_is_light(job: Job, location: Location) -> None:
    """A view has four models of its own: the box, two texts, the button. Layout, styles and style sheet are shared,
    also if all widgets were closed in between, and outlive each view."""
    first = view_of(job, location)
    before = len(alive)
    second = view_of(job, location)
    assert len(alive) - before == 4
    sheet = second.widget.children[0]
    assert sheet is first.widget.children[0]
    second.close()
    assert len(alive) == before
    sheet.close()
    assert view_of(job, location).widget.children[0].comm is not None
    assert "kling-bar" in page(view_of(job, location))


def test_each_message_is_counted(job: Job, location: Location) -> None:
    """A changed line counts as one message, the link as one more, an unchanged snapshot as none."""
    view = view_of(job, location)
    changes: list[object] = []
    for each in within(view.widget):
        each.observe(changes.append)
    moments = [
        JobSnapshot("queued"),
        JobSnapshot("running", percent=45, elapsed=3, remaining=(10, 20)),
        JobSnapshot("running", percent=45, elapsed=3.5, remaining=(10, 20)),
        JobSnapshot("running", percent=46, elapsed=4, again=True),
        JobSnapshot("fetching", url=LINK),
        JobSnapshot("fetching", url=LINK),
    ]
    assert [view.show(snapshot) for snapshot in moments] == [1, 1, 0, 1, 2, 0]
    assert len(changes) == 5


def test_the_link_plays_while_the_file_is_fetched(job: Job, location: Location) -> None:
    """The player is added once and not updated again: it would restart with each megabyte."""
    view = view_of(job, location)
    view.show(JobSnapshot("fetching", url=LINK))
    (player,) = (each for each in within(view.widget) if "<video" in str(getattr(each, "value", "")))
    assert 'src="https://cdn.example.com/a.mp4?x=1&amp;y=2"' in player.value
    assert "autoplay" not in player.value
    changes: list[object] = []
    player.observe(changes.append)
    view.show(JobSnapshot("fetching", url=LINK, fetched=(1_000_000, 2_000_000)))
    assert "1 MB of 2 MB" in page(view)
    assert changes == []


def test_a_loopback_link_is_not_played(job: Job, location: Location) -> None:
    """A loopback link is not played, as the browser may be on another machine."""
    view = view_of(job, location)
    view.show(JobSnapshot("fetching", url="http://127.0.0.1:1/a.mp4"))
    assert "127.0.0.1" not in page(view)
    assert "<video" not in page(view)


def test_stop_watching(job: Job, location: Location) -> None:
    """The view has one button; its tooltip says that the video is still billed."""
    view = view_of(job, location)
    (button,) = (each for each in within(view.widget) if isinstance(each, widgets.Button))
    assert button.description == "Stop watching"
    assert "billed" in button.tooltip
    job._runner.start()
    button.click()
    assert not job._runner.watched


def test_a_cell_that_waits_says_how_to_stop_it(job: Job, location: Location) -> None:
    """A waiting cell blocks clicks, so the line says how to stop waiting."""
    assert "interrupt the kernel" in page(view_of(job, location, waits=True))
    assert "interrupt the kernel" not in page(view_of(job, location))


def test_the_end_is_reported_once(job: Job, location: Location, clip: Clip) -> None:
    """The end is reported with the plain output; later snapshots change nothing."""
    ends: Ends = []
    view = view_of(job, location, ends)
    assert not view.ended
    view.show(JobSnapshot("done", clip=clip))
    view.show(JobSnapshot("done", clip=clip))
    view.show(JobSnapshot("running"))
    ((_, data, metadata),) = ends
    assert view.ended
    assert 'src="boat.mp4"' in data["text/html"]
    assert metadata["kling_widgets"]["file"] == "boat.mp4"


def test_an_end_that_failed_can_be_shown_again(job: Job, location: Location, clip: Clip) -> None:
    """If showing the end raises an error, such as an unreadable video, it can be repeated."""
    ends: list[JobSnapshot] = []

    def end(snapshot: JobSnapshot, data: object, metadata: object) -> None:
        ends.append(snapshot)
        if len(ends) == 1:
            raise OSError("not just now")

    view = JobView(job, location, on_end=end)
    with pytest.raises(OSError, match="not just now"):
        view.show(JobSnapshot("done", clip=clip))
    assert not view.ended
    view.show(JobSnapshot("done", clip=clip))
    assert view.ended and len(ends) == 2


def test_the_result_in_the_view_itself(job: Job, location: Location, clip: Clip) -> None:
    """An Output in the view has the same figure, for a reloaded page, relative links included."""
    view = view_of(job, location)
    snapshot = JobSnapshot("done", clip=clip)
    data, metadata = result(job, snapshot, location, "auto", False)
    view.show_result(snapshot, data, metadata)
    _, output = view.widget.children
    assert isinstance(output, widgets.Output)
    (shown,) = output.outputs
    assert shown["data"] == {kind: data[kind] for kind in ("text/html", "text/plain")}
    assert shown["metadata"] == metadata


def test_voila_gets_the_bytes(job: Job, location: Location, clip: Clip) -> None:
    """Voilà serves no files and ignores display updates, so the view gets the video's bytes."""
    view = view_of(job, dataclasses.replace(location, front_end=FRONT_ENDS["voila"]))
    view.show_result(JobSnapshot("done", clip=clip), {}, {})
    _, video, caption = view.widget.children
    assert bytes(video.value) == b"a video"
    assert not video.autoplay
    assert "Kling 2.6" in caption.value


@pytest.mark.parametrize("state", ["failed", "refused", "unknown", "stopped"])
def test_a_bad_end_says_what_happened(job: Job, location: Location, state: State) -> None:
    """A failure shows state and reason, escaped, the link if there is one, and the raw reply, collapsed."""
    error = ServerError("It <broke>. Nothing is billed.", status_code=500, body={"message": "<script>"})
    data, metadata = result(job, JobSnapshot(state, error=error, url=LINK), location, "auto", False)
    said = data["text/html"]
    assert f"{STATES[state]}." in said
    assert "It &lt;broke&gt;. Nothing is billed." in said
    assert "<script>" not in said
    assert "<details>" in said
    assert "a.mp4?x=1&amp;y=2" in said
    assert data["text/plain"] == f"Kling 2.6: {STATES[state]} · It <broke>. Nothing is billed."
    assert metadata["kling_widgets"]["request"]["prompt"] == "a <b>boat</b>"


def test_a_lost_answer_quotes_what_came_instead(job: Job, location: Location) -> None:
    """A submission without a usable answer shows the reply that came instead, as support asks for it."""
    error = SubmissionUnknownError("It may be billed.")
    error.__cause__ = ServerError("A page.", status_code=502, body="<html>" + "x" * 9000)
    said = result(job, JobSnapshot("unknown", error=error), location, "auto", False)[0]["text/html"]
    assert "&lt;html&gt;xxx" in said
    assert len(said) < 8000


def test_what_is_replaced_is_closed(job: Job, location: Location, clip: Clip) -> None:
    """The models of the running view are closed when the result is shown, those of the result with the view."""
    view_of(job, location).close()  # creates the shared models
    before = len(alive)
    view = view_of(job, location)
    running = len(alive)
    data, metadata = result(job, JobSnapshot("done", clip=clip), location, "auto", False)
    view.show_result(JobSnapshot("done"), data, metadata)
    assert len(alive) < running
    view.close()
    assert len(alive) == before


def test_old_views_are_closed_when_many_have_ended(job: Job, location: Location) -> None:
    """A bounded number of views is kept for reloaded pages; the oldest is closed first."""
    views = [view_of(job, location) for _ in range(_KEPT + 1)]
    for view in views:
        close_later(view)
    assert views[0].widget.comm is None
    assert views[-1].widget.model_id in alive
    counts = []
    for _ in range(3):
        for _ in range(_KEPT):
            close_later(view_of(job, location))
        counts.append(len(alive))
    assert counts[0] == counts[1] == counts[2]
