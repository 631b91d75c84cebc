"""A finished job as plain output: it needs no kernel and no widget, and stays a figure in a paper for years.

Measured rules behind it (JupyterLab 4.6, Notebook 7.6): a relative ``src`` works in html; an untrusted notebook loses
``<source>``, scripts and ``data-*``, but keeps ``<figure>``, ``<video src controls>`` and ``class``; ``poster`` must be
a data URI. The same bundle carries a picture, Markdown and text for places that play no video.
"""

from __future__ import annotations

import os
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

_LONGEST_TEXT = 10_000  # characters of a field in the metadata; the longest prompt has 2500


@dataclass(frozen=True)
class Figure:
    """What is to be shown. Several formats say the same of it, so each fact is found out once.

    Attributes:
        request: what was asked.
        clip: the saved video, or None when there is only a link.
        url: the service's link, or None.
        task_id: the task's id at the service.
        took: seconds from acceptance to the end, or None.
        demo: whether the embedded demo made it.
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
        """What was asked, in words; "" if it was asked without any."""
        return prompt_of(self.request)

    @cached_property
    def title(self) -> str:
        """The model's name for people."""
        return self.request.spec.title

    @cached_property
    def link(self) -> str | None:
        """The service's link, if a browser may be sent there."""
        return public_link(self.url)

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """What is known of the video besides its prompt: the settings, its size, how long it took."""
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
    """A figure in the place where it is shown.

    Attributes:
        figure: what is shown.
        place: where.
        source: what the player plays, as an address; "" if nothing can be played there.
        reason: why nothing can be played.
        poster: the picture that stands for the video, a JPEG in base64; "" if there is none.
        autoplay: whether the video plays by itself, muted.
    """

    figure: Figure
    place: Location
    source: str = ""
    reason: str = ""
    poster: str = ""
    autoplay: bool = False


def figure_of(job: Job, moment: JobSnapshot) -> Figure:
    """The figure of a finished job."""
    return Figure(
        request=job.request,
        clip=moment.clip,
        url=moment.url,
        task_id=job.id or "",
        took=moment.took,
        demo=job._runner.service.demo,
        service=job._runner.service.name,
    )


def provenance(figure: Figure) -> dict[str, Any]:
    """Where the figure came from, for the output's metadata. Never a key."""
    return {
        "kling_widgets": {
            "version": __version__,
            "service": figure.service,
            "task_id": figure.task_id,
            "request": _brief(figure.request.draft()),
            **({"sha256": figure.clip.sha256, "file": figure.clip.path.name} if figure.clip else {}),
        }
    }


def _brief(value: JSON) -> JSON:
    """The value without texts that no person wrote, such as a picture in base64: they would fill the notebook."""
    if isinstance(value, dict):
        return {name: _brief(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_brief(each) for each in value]
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:40]}… ({len(value)} characters)"
    return value


def prompt_of(request: VideoRequest) -> str:
    """The prompt to show; one of a journal or a preset of somebody else may be no text."""
    prompt = request.get("prompt", "")
    return prompt if isinstance(prompt, str) else to_json(prompt)


def relative_link(path: Path, folder: Path) -> str | None:
    """The file as a link from the notebook's folder, or None when it lies elsewhere: a server would not hand it out."""
    inside = path_inside(path, folder)
    return quote(os.fsencode(inside.as_posix())) if inside else None  # as bytes: a name need not be text


def path_inside(path: Path, folder: Path) -> Path | None:
    """Return the path from this folder on, or None when it lies elsewhere."""
    try:
        return Path(os.path.abspath(path)).relative_to(os.path.abspath(folder))
    except ValueError:
        return None
