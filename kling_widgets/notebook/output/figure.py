"""The figure of a finished job: plain output that needs neither a kernel nor a widget.

Measured in JupyterLab 4.6 and Notebook 7.6: a relative ``src`` works in HTML; an untrusted notebook loses ``<source>``,
scripts and ``data-*``, but keeps ``<figure>``, ``<video src controls>`` and ``class``; ``poster`` must be a data URI.
The same bundle holds a picture, Markdown and text for front ends that play no video.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kling_widgets._version import __version__
from kling_widgets.client.links import public_link
from kling_widgets.core.json_values import JSON, to_json
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.snapshot import JobSnapshot
from kling_widgets.media.clip import Clip
from kling_widgets.notebook.kernel.front_end import Location
from kling_widgets.notebook.output.status_text import duration
from kling_widgets.request.request import VideoRequest

_MARK = "kling-job-"
_LONGEST_TEXT = 10_000  # characters of a field in the metadata; the longest prompt has 2500


@dataclass(frozen=True)
class Figure:
    """Content of a figure, independent of its format. Derived facts are computed once, as every format uses them.

    Attributes:
        request: The request that the video was made from.
        clip: The saved video, or None if there is only a link.
        url: The service's link, or None.
        task_id: The task's id at the service.
        took: Seconds from acceptance to the end, or None.
        demo: Whether the embedded demo made the video.
        service: The name of the service.
    """

    request: VideoRequest
    clip: Clip | None
    url: str | None
    task_id: str
    took: float | None = None
    demo: bool = False
    service: str = ""

    @cached_property
    def prompt(self) -> str:
        """The prompt; "" if the request has none."""
        return prompt_of(self.request)

    @cached_property
    def title(self) -> str:
        """The model's display name."""
        return self.request.spec.title

    @cached_property
    def mark(self) -> str:
        """The CSS class by which the page finds this figure."""
        return _MARK + re.sub(r"[^\w-]", "-", self.task_id, flags=re.ASCII)[:200]

    @cached_property
    def link(self) -> str | None:
        """The service's link, if it is safe to open in a browser."""
        return public_link(self.url)

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """The settings, the size and the time that it took, as short texts."""
        words = [text for text in (self.request.settings(),) if text]
        clip = self.clip
        if clip and clip.width and f"{clip.width}x{clip.height}" != self.request.get("size"):
            words.append(f"{clip.width} × {clip.height}")
        if self.took is not None:
            words.append(f"made in {duration(self.took)}")
        if self.demo:
            words.append("demo: drawn on this machine, not by the model")
        return tuple(words)


@dataclass(frozen=True, slots=True)
class Presentation:
    """A figure at the location where it is shown.

    Attributes:
        figure: The figure.
        location: Where it is shown.
        source: The URL that the player plays; "" if nothing can be played there.
        reason: Why nothing can be played.
        poster: The video's preview image, a JPEG in base64; "" if there is none.
        autoplay: Whether the video starts by itself, muted.
    """

    figure: Figure
    location: Location
    source: str = ""
    reason: str = ""
    poster: str = ""
    autoplay: bool = False


def figure_of(job: Job, snapshot: JobSnapshot) -> Figure:
    """Return the figure of a finished job."""
    return Figure(
        request=job.request,
        clip=snapshot.clip,
        url=snapshot.url,
        task_id=job.id or "",
        took=snapshot.took,
        demo=job._runner.service.demo,
        service=job._runner.service.name,
    )


def mark_of_end(job: Job) -> str:
    """Return the CSS class by which the page finds the end of a job without a video. It may have no task id, and the
    numbers of submissions are unique on one machine only."""
    return f"{_MARK}{job._runner.key}-{job._state.created:.0f}"


def provenance(figure: Figure) -> dict[str, Any]:
    """Return the figure's origin as output metadata. It never contains an API key."""
    return {
        "kling_widgets": {
            "version": __version__,
            "service": figure.service,
            "task_id": figure.task_id,
            "request": _without_long_texts(figure.request.draft()),
            **({"sha256": figure.clip.sha256, "file": figure.clip.path.name} if figure.clip else {}),
        }
    }


def _without_long_texts(value: JSON) -> JSON:
    """Return the value with very long texts cut, such as a picture in base64, which would bloat the notebook."""
    if isinstance(value, dict):
        return {name: _without_long_texts(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_long_texts(each) for each in value]
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:40]}… ({len(value)} characters)"
    return value


def prompt_of(request: VideoRequest) -> str:
    """Return the prompt as text; in a journal or preset from another source it may be another JSON value."""
    prompt = request.get("prompt", "")
    return prompt if isinstance(prompt, str) else to_json(prompt)


def relative_link(path: Path, folder: Path) -> str | None:
    """Return the file as a link from the notebook's folder, or None if it is elsewhere: Jupyter would not serve it."""
    inside = path_inside(path, folder)
    return quote(os.fsencode(inside.as_posix())) if inside else None  # as bytes: a file name need not be valid text


def path_inside(path: Path, folder: Path) -> Path | None:
    """Return the path relative to this folder, or None if it is elsewhere."""
    try:
        return Path(os.path.abspath(path)).relative_to(os.path.abspath(folder))
    except ValueError:
        return None
