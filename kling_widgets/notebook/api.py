"""Public functions: ``kw.submit``, ``kw.history``, ``kw.resume`` and others, which use the session of the process."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from kling_widgets.catalog.models import Model
from kling_widgets.core.printing import say
from kling_widgets.core.public import public
from kling_widgets.jobs.batch import Batch
from kling_widgets.jobs.job import Job
from kling_widgets.notebook.kernel.image_arrays import picture_file
from kling_widgets.notebook.kernel.services import DEMO_ON
from kling_widgets.notebook.kernel.session import session
from kling_widgets.notebook.output.history import History
from kling_widgets.notebook.output.table import Table
from kling_widgets.notebook.submit.options import SubmitOptions
from kling_widgets.notebook.submit.resumer import Resumer
from kling_widgets.notebook.submit.submitter import Submitter
from kling_widgets.request.request import VideoRequest


@public
def submit(
    request: VideoRequest | Model | str | float | Iterable[VideoRequest],
    *,
    wait: bool | None = None,
    count: int = 1,
    save: str | None = None,
    timeout: float | timedelta | None = None,
    new: bool = False,
    reuse: bool = False,
    yes: bool = False,
    **fields: Any,
) -> Job | Batch:
    """Submit a request, show its job, and return when the service has accepted it.

    This is what ``%kling`` does. Each video costs money. The submission is recorded in the journal before it is sent.

    Args:
        request: a ``VideoRequest``; or a model, with its ``fields``, as ``VideoRequest`` takes them; or an iterable of
            requests, which makes a batch.
        wait: whether to wait until the video is saved. None takes ``%config Kling.wait``, by default "auto": wait only
            where a result that comes later could not be shown (headless, in a terminal, in a script, in Colab).
        count: how many videos of each request to make, 1 to 1000; each is billed.
        save: the file or folder to save to; by default the folder ``kling_videos`` beside the notebook.
        timeout: seconds to watch at most, or a ``timedelta``; by default ``%config Kling.timeout``, 3600 s.
        new: make another video even if this cell, run again, already has the same request under way. A script makes a
            new one with every call.
        reuse: return the video of an earlier, equal request if there is one, and make one only if there is none.
        yes: do not ask for confirmation above ``%config Kling.confirm_above``, by default 4 videos in one run of a
            cell. A budget (``%config Kling.budget``, ``KLING_WIDGETS_BUDGET``) still applies.
        **fields: the fields of the request, as in ``VideoRequest``; pictures may be Pillow images or arrays.

    Returns:
        The ``Job``, or a ``Batch`` of several. Both have ``wait()``, and both can be awaited.

    Raises:
        InvalidRequestError: the request cannot be sent as it is; nothing was sent.
        MissingKeyError: no API key was found; nothing was sent.
        ConnectionFailedError: the service could not be reached; nothing was sent.
        APIError: the service refused the request; nothing is billed.
        SubmissionUnknownError: the request may have been accepted and billed; it is not sent again.
        KlingError: it needs a confirmation that was not given, or exceeds a budget, and nothing was sent; or, if this
            waits, the task ended without a video.

    Example:
        >>> job = kw.submit("2.6", prompt="a paper boat in the rain", seconds=5)
        >>> job.wait().path.suffix
        '.mp4'
    """
    options = SubmitOptions.of(wait=wait, count=count, save=save, timeout=timeout, new=new, reuse=reuse, yes=yes)
    return session().get(Submitter).submit(request, options, **fields)


@public
def history(
    model: str | None = None,
    status: str | None = None,
    text: str | None = None,
    since: date | datetime | str | None = None,
    until: date | datetime | str | None = None,
) -> History:
    """Return your submissions on this machine, newest first.

    The journal behind it is one file of this user, shared by all notebooks. Its prompts are private: the line below the
    table says where the file is and who can read it.

    Args:
        model: keep only the submissions to this model: an id, or what follows ``aigc-video-kling-`` in it.
        status: keep only those with this status: "not sent", "being sent", "under way", "made" (but not saved yet),
            "done", "failed", "refused", "unknown" (whether it was accepted), or a state of the journal or of a job.
        text: keep only those with this text in the prompt, in upper or lower case.
        since: keep only those from this time on: a date, a datetime, or text such as "2026-11-22" or
            "2026-11-22T14:05". It is local time, unless it names a zone.
        until: keep only those up to this time; a date counts to its end.

    Returns:
        A ``History``: a sequence of submissions that is shown as a table, with ``where``, ``to_pandas``, ``to_jsonl``
        and ``forget``.

    Raises:
        InvalidRequestError: an argument has no meaning; the message lists the possible values.

    Example:
        >>> job = kw.submit("2.6", prompt="a paper boat in the rain")
        >>> [entry.body["prompt"] for entry in kw.history(text="BOAT", since="2026-01-01")]
        ['a paper boat in the rain']
    """
    return session().get(Resumer).history().where(model, status, text, since, until)


@public
def resume(task_id: str | None = None, *, of: str | None = None, wait: bool | None = None) -> Job | Batch:
    """Watch a task again, or all tasks that have not ended, each at the service that it was sent to.

    It never submits anything. Use it after a restart of the kernel, an interrupt, or a closed laptop.

    Args:
        task_id: the service's id of the task; None for all tasks that have not ended.
        of: the number of a submission whose answer was lost, such as "#7", if the task with ``task_id`` came from it.
        wait: whether to wait until the videos are saved, as in ``submit``.

    Returns:
        The ``Job``, or a ``Batch`` of all of them, which may be empty.

    Raises:
        InvalidRequestError: ``task_id`` looks like an API key.
        MissingKeyError: no API key was found.
        TaskNotFoundError: the account of this key has no such task.
        KlingError: there is no such submission as ``of``, or the task's service cannot be reached from here.

    Example:
        >>> job = kw.submit("2.6", prompt="a paper boat in the rain")
        >>> job.stop()  # or the kernel was restarted
        >>> kw.resume(job.id).wait().status
        'succeeded'
    """
    return session().get(Resumer).resume(task_id, of=of, wait=wait)


@public
def use_demo(on: bool = True) -> None:
    """Use the embedded demo in place of the service: no key, no network, no cost.

    The demo draws real videos on this machine; no model makes them. It applies to what is submitted from now on with
    ``%kling``, ``kw.submit`` and forms, not to ``kw.Client``. ``KLING_WIDGETS_DEMO=1`` in the environment switches it
    on for good.

    Args:
        on: whether to use the demo; False returns to the service.

    Raises:
        KlingError: the extra ``demo`` is not installed; or it is to be switched off, but ``KLING_WIDGETS_DEMO`` is set.

    Example:
        >>> kw.use_demo()
        Demo: videos are drawn on this machine. Nothing is sent, nothing is billed.
        >>> kw.use_demo(False)
    """
    session().services.use_demo(on)
    if on:
        say(DEMO_ON)


@public
def doctor() -> Table:
    """Check what works here and what does not: key, service, proxies, journal, folders, versions.

    It sends one request to the service, which is free, and waits for the answer for up to 10 s. The table has no
    secrets in it and can go into a bug report.

    Returns:
        A ``Table`` of text, one row for each check: what was checked, its state, and what to do about it.

    Example:
        >>> checks = {row[0]: row[1] for row in kw.doctor().rows}
        >>> checks["kling_widgets"] == kw.__version__
        True
    """
    from kling_widgets.notebook.doctor import doctor as look

    return look(session())


@public
def picture(image: Any) -> Path:
    """Return the path of a PNG or JPEG file of a picture, for ``VideoRequest(image=…)``.

    ``kw.submit``, forms and ``{name}`` in a magic line take pictures in memory as they are and need no path.

    Args:
        image: one of

            - a Pillow image with 8 or 16 bits a channel,
            - an array of shape (height, width), (height, width, 3) for RGB or (height, width, 4) for RGBA, of uint8,
              of bool, or of floats from 0 to 1 (values slightly outside are clipped),
            - the bytes of a picture file, or a file that is open for reading,
            - a ``data:`` link, or text in base64,
            - an ipywidgets ``FileUpload`` or its value,
            - the path of a file, also of a HEIC, AVIF, TIFF or BMP.

    Returns:
        A PNG or JPEG, upright, and if possible of at most 10 MB (the limit in Kling's own API reference). It is in the
        folder ``inputs`` of the folder for videos, by a path that starts in the notebook's folder; if it cannot be
        written there, in ``KLING_WIDGETS_HOME``. Equal pictures have the same path. A path is returned as it is if its
        file is such a picture already.

    Raises:
        InvalidRequestError: it is not a picture, or cannot be read here; the message says what to do.
        KlingError: Pillow is not installed, or the file cannot be written.

    Example:
        >>> import numpy
        >>> path = kw.picture(numpy.zeros((480, 640, 3), dtype=numpy.uint8))
        >>> path.suffix
        '.png'
        >>> kw.VideoRequest("3.0", prompt="the night sky", image=path).files() == (path,)
        True
    """
    from kling_widgets.notebook.kernel.session import session

    return picture_file(image, session().local)
