"""What users call from Python: ``kw.submit`` and its neighbours. The session does the work."""

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
from kling_widgets.notebook.kernel.image_arrays import made
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
    """Makes a video, as ``%kling`` does: shows the job at once, and returns when the service has accepted it.

    Args:
        request: a request, or a model and its ``fields``; several requests make a batch.
        wait: whether to wait until the video is saved; None: only where a later end could not be shown (headless, in a
            terminal, in a script, in Colab).
        count: how many videos of each request to make, each billed.
        save: the file or folder to save in; by default ``kling_videos`` beside the notebook.
        timeout: seconds to watch at the most, or a ``timedelta``; 3600 unless ``%config Kling.timeout`` says otherwise.
        new: make another one also when this cell, run again, has the same one under way. In a script every call makes
            a new one.
        reuse: take the video of the same request that is there already, and make one only if none is.
        yes: make also what is above ``%config Kling.confirm_above``, all of the call together, without asking. A budget
            (``%config Kling.budget``, ``KLING_WIDGETS_BUDGET``) holds all the same.
        **fields: see ``VideoRequest``.

    Returns:
        The job, or a ``Batch`` of them. Both can be awaited or waited for with ``.wait()``.

    Raises:
        InvalidRequestError, MissingKeyError, ConnectionFailedError, APIError: nothing was accepted.
        SubmissionUnknownError: it may have been accepted, and billed.
        KlingError: when waiting, it ended without a video; or it was not sent, as it would cost more than is allowed,
            or somebody said no.
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
    """The journal of your submissions on this machine, newest first: a sequence that shows itself as a table.

    ``.to_pandas()`` and ``.to_jsonl()`` give it to other programs, ``.forget()`` removes it; slices and
    ``.where(…)`` are histories too. It is private, as prompts are; it says where its file is.

    Args:
        model: only those of this model, by its id or by what follows ``aigc-video-kling-`` in it.
        status: only those that stand like this: "not sent", "being sent", "under way", "made" (and not saved yet),
            "done", "failed", "refused", "unknown" (whether it was accepted), or a state of the journal or of a job.
        text: only those with this in the prompt; case does not count.
        since: only those from this time on: a date, a datetime, or text such as "2026-11-22" or "2026-11-22T14:05".
            Local time, unless it names a zone.
        until: only those up to this time; a date counts to its end.

    Raises:
        InvalidRequestError: one of them can mean nothing; what is possible is in the message.
    """
    return session().get(Resumer).history().where(model, status, text, since, until)


@public
def resume(task_id: str | None = None, *, of: str | None = None, wait: bool | None = None) -> Job | Batch:
    """Goes on watching one task, or all that have not ended, each at the service that it was sent to. Never submits.

    Args:
        task_id: the service's id; None for all that have not ended.
        of: the number of a submission whose answer was lost, such as "#7", when the task is the one that it became.
        wait: as in ``submit``.

    Raises:
        KlingError: there is no such task, or its service cannot be reached from here.
    """
    return session().get(Resumer).resume(task_id, of=of, wait=wait)


@public
def use_demo(on: bool = True) -> None:
    """Takes the embedded demo instead of the service: real videos, drawn on this machine, no key, no network, no cost.

    Args:
        on: False goes back to the service.

    Raises:
        KlingError: the extra ``demo`` is not installed; or the environment says ``KLING_WIDGETS_DEMO=1``.
    """
    session().services.use_demo(on)
    if on:
        say(DEMO_ON)


@public
def doctor() -> Table:
    """Looks at what works here and what does not, with what to do: key, service, proxies, journal, folders, versions.

    It asks the service once, for free. Nothing in it is secret: it can go into a bug report.
    """
    from kling_widgets.notebook.doctor import doctor as look

    return look(session())


@public
def picture(image: Any) -> Path:
    """Return a file of a picture, for ``VideoRequest(image=…)`` and wherever else a path is taken. Forms, ``kw.submit``
    and ``{name}`` in a magic line take pictures in memory as they are.

    Args:
        image: a Pillow image of 8 or 16 bits; an array of height × width, or height × width × 3 (RGB) or 4 (RGBA), of
            uint8, of bool, or of floats from 0 to 1 (what is a little outside is clipped); the bytes of a file, or an
            open one; a ``data:`` link, or base64; a ``FileUpload`` or its value; or the path of a file, such as a HEIC,
            AVIF, TIFF or BMP.

    Returns:
        A PNG or JPEG, upright, of up to 10 MB where that can be, in the folder ``KLING_WIDGETS_HOME``/uploads; the same
        picture gives the same file. The path itself, if its file is such a picture.

    Raises:
        InvalidRequestError: it is no picture, or none that can be read here; what to do is in the message.
        KlingError: Pillow is not installed, or the file cannot be written.
    """
    from kling_widgets.notebook.kernel.session import session

    return made(image, session().local)
