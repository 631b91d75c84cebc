"""A finished job as plain output: it needs no kernel and no widget, and stays a figure in a paper for years.

Measured rules behind it (JupyterLab 4.6, Notebook 7.6): a relative ``src`` works in html; an untrusted notebook loses
``<source>``, scripts and ``data-*``, but keeps ``<figure>``, ``<video src controls>`` and ``class``; ``poster`` must be
a data URI. The same bundle carries a picture, Markdown and text for places that play no video.
"""

from __future__ import annotations

import base64
import html
import ipaddress
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from kling_widgets import __version__
from kling_widgets.core.request import VideoRequest
from kling_widgets.core.values import JSON, to_json
from kling_widgets.errors import one_line
from kling_widgets.jobs.files import Clip, smaller
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.moment import Moment
from kling_widgets.notebook.place import Place
from kling_widgets.notebook.words import duration

Display = Literal["auto", "file", "link", "embed"]
LARGEST_EMBED = 5_000_000  # bytes; a notebook grows by 4/3 of it
LARGEST_FIGURE = 60 * 1024  # bytes of a figure in a notebook, with both posters; an embedded video comes on top
_LONGEST_TEXT = 10_000  # characters of a field in the metadata; the longest prompt has 2500
_MARKUP = 512  # bytes of the player's tag, and of how a notebook's JSON is written
_WIDEST, _HIGHEST = 640, 480  # pixels, landscape and portrait

_FIT = ' style="max-width: 100%; height: auto"'  # where the page is narrower
_UNKNOWN = f' style="max-width: min(100%, {_WIDEST}px); max-height: {_HIGHEST}px"'
# Dollar signs in a prompt are no formula.
_NO_MATH = "mathjax_ignore tex2jax_ignore"


@dataclass(frozen=True, slots=True)
class Figure:
    """What is to be shown.

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


def figure_of(job: Job, moment: Moment) -> Figure:
    """The figure of a finished job."""
    return Figure(
        request=job.request,
        clip=moment.clip,
        url=moment.url,
        task_id=job.id or "",
        took=job.took,
        demo=job.service.demo,
        service=job.service.name,
    )


def bundle(figure: Figure, place: Place, display: Display = "auto", autoplay: bool = False) -> dict[str, Any]:
    """The figure in every form that a front end may take, by media type."""
    source, sentence = _source(figure, place, display)
    words = {"text/markdown": as_markdown(figure, place), "text/plain": as_text(figure, place)}
    bare = as_html(figure, place, None, None, sentence, autoplay)
    poster = _poster(
        figure, LARGEST_FIGURE - len(to_json([words, bare, provenance(figure)]).encode("utf-8", "replace"))
    )
    page = {"text/html": as_html(figure, place, source, poster, sentence, autoplay)}
    return {**page, **words, "image/jpeg": poster} if poster else {**page, **words}


def _poster(figure: Figure, room: int) -> str | None:
    """The poster in base64, made smaller where there is no room for it twice."""
    if not (figure.clip and figure.clip.poster):
        return None
    poster = smaller(figure.clip.poster, (room // 2 - _MARKUP) * 3 // 4)
    return base64.b64encode(poster).decode("ascii") if poster else None


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
    inside = _inside(path, folder)
    return quote(os.fsencode(inside.as_posix())) if inside else None  # as bytes: a name need not be text


def _inside(path: Path, folder: Path) -> Path | None:
    try:
        return Path(os.path.abspath(path)).relative_to(os.path.abspath(folder))
    except ValueError:
        return None


_NO_ADDRESS = re.compile(r"[\s\\<>\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def public_link(url: str | None) -> str | None:
    """The link, when a browser may be sent there: http(s), and not this machine, where the browser may not be."""
    try:
        parts = urlsplit(url or "")
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    # Only plain characters: a browser reads %31 or ① in a host as 1, and a backslash as the end of it.
    plain = re.fullmatch(r"[a-z0-9._:-]+", host) and not _NO_ADDRESS.search(url or "")
    if parts.scheme not in ("http", "https") or not plain or _is_here(host):
        return None
    return url


def _is_here(host: str) -> bool:
    """Whether a host is this very machine in any form that a browser takes: 127.1 and 0x7f000001 too."""
    if host.split(".")[-1] == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host if ":" in host else socket.inet_ntoa(socket.inet_aton(host)))
    except (OSError, ValueError):
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def _source(figure: Figure, place: Place, display: Display) -> tuple[str | None, str]:
    """What the video element plays, or a sentence that says why there is none."""
    clip, link = figure.clip, public_link(figure.url)
    file = relative_link(clip.path, place.folder) if clip else None
    order: tuple[str, ...] = {
        "file": ("file", "embed", "link"),
        "link": ("link", "file", "embed"),
        "embed": ("embed", "file", "link"),
        "auto": ("link", "embed") if place.front_end in ("colab", "vscode") else ("file", "embed", "link"),
    }[display]
    for way in order:
        if way == "file" and file:
            return file, ""
        if way == "link" and link:
            return link, ""
        if way == "embed" and clip and clip.size <= LARGEST_EMBED and clip.path.is_file():
            content = base64.b64encode(clip.path.read_bytes()).decode("ascii")
            return f"data:video/mp4;base64,{content}", ""
    if clip:
        return None, f"The video cannot be played here; it is saved as {clip.path}."
    return None, "There is no video to show."


def _size(clip: Clip | None) -> str:
    if clip is None or not clip.width or not clip.height:
        return f' width="{_WIDEST}"'
    scale = min(1.0, _WIDEST / clip.width if clip.width >= clip.height else _HIGHEST / clip.height)
    return f' width="{round(clip.width * scale)}" height="{round(clip.height * scale)}"'


def _facts(figure: Figure) -> list[str]:
    words = [text for text in (figure.request.settings(),) if text]
    clip = figure.clip
    if clip and clip.width and f"{clip.width}x{clip.height}" != figure.request.get("size"):
        words.append(f"{clip.width} × {clip.height}")
    if figure.took is not None:
        words.append(f"made in {duration(figure.took)}")
    if figure.demo:
        words.append("demo: drawn on this machine, not by the model")
    return words


def player(source: str, request: VideoRequest, autoplay: bool, looks: str = _UNKNOWN) -> str:
    """A player, with further attributes for its looks; by itself for a video of an unknown shape."""
    prompt = prompt_of(request)
    label = html.escape(one_line(f"Video: {prompt}" if prompt else "Video", 200))
    # Never with sound by itself: what plays by itself is muted.
    playing = " autoplay muted loop" if autoplay else ""
    return (
        f'<video controls preload="metadata" playsinline{playing}{looks} src="{html.escape(source)}" '
        f'aria-label="{label}"></video>'
    )


def as_html(figure: Figure, place: Place, source: str | None, poster: str | None, sentence: str, autoplay: bool) -> str:
    """The figure for a browser. Everything that came from outside is escaped."""
    esc = html.escape
    prompt = prompt_of(figure.request)
    image = f' poster="data:image/jpeg;base64,{poster}"' if poster else ""
    looks = f"{_size(figure.clip)}{_FIT}{image}"
    video = player(source, figure.request, autoplay, looks) if source else f"<p>{esc(sentence)}</p>"
    facts = " · ".join((f"<b>{esc(figure.request.spec.title)}</b>", *map(esc, _facts(figure))))
    links = []
    if figure.clip:
        file = relative_link(figure.clip.path, place.folder)
        name, whole = (esc(one_line(each)) for each in (figure.clip.path.name, figure.clip.path))
        links += [f'<a href="{esc(file)}" download>{name}</a>'] if file else []
        links += [f"<code>{whole}</code>"] if place.astray or not file else []
    if link := public_link(figure.url):
        links.append(f'<a href="{esc(link)}" rel="noreferrer" target="_blank">link</a>')
    last = " · ".join((f"task {esc(one_line(figure.task_id, 200))}", *links))
    silent = place.front_end == "vscode" and figure.clip and figure.clip.sound  # it plays H.264, but no AAC
    note = "<br>VS Code plays no sound here; the file has it." if silent else ""
    # With a direction of its own: marks in it that turn the reading direction turn nothing else.
    said = f'<em dir="auto">{esc(prompt)}</em><br>' if prompt else ""
    caption = f'<figcaption class="{_NO_MATH}">{said}{facts}<br><small>{last}</small>{note}</figcaption>'
    return f'<figure class="kling-video" style="margin: 0">{video}{caption}</figure>'


def as_markdown(figure: Figure, place: Place) -> str:
    """The caption for places that take Markdown, such as GitHub; they show the picture beside it."""
    prompt = prompt_of(figure.request)
    lines = [f"*{_markdown(one_line(prompt, 2500))}*"] if prompt else []
    lines.append(" · ".join((f"**{_markdown(figure.request.spec.title)}**", *map(_markdown, _facts(figure)))))
    last = [f"task {_markdown(one_line(figure.task_id, 200))}"]
    if figure.clip:
        file = relative_link(figure.clip.path, place.folder)
        name = _markdown(one_line(figure.clip.path.name))
        last.append(f"[{name}]({file})" if file else name)
        if place.astray:
            last.append(_markdown(one_line(figure.clip.path)))
    if link := public_link(figure.url):
        last.append(f"[link](<{link}>)")
    return "  \n".join((*lines, " · ".join(last)))


def as_text(figure: Figure, place: Place) -> str:
    """The figure in words: for a terminal, a log, or a front end that shows nothing else."""
    prompt = one_line(prompt_of(figure.request))
    lines = [prompt] if prompt else []
    lines.append(" · ".join((figure.request.spec.title, *_facts(figure))))
    lines.append(f"task {one_line(figure.task_id, 200)}")
    if figure.clip:
        # In a notebook without the folders above it, which are nobody's business.
        inside = _inside(figure.clip.path, place.folder) if place.rich and not place.astray else None
        lines.append(f"file {one_line(inside or figure.clip.path)}")
    if link := public_link(figure.url):
        lines.append(f"link {one_line(link)}")
    return "\n".join(lines)


def _markdown(text: str) -> str:
    # Text stays text, links and addresses that a page would find in it too.
    return re.sub(r"([\\`*_{}\[\]()<>#|!~$&@]|:(?=//)|(?<=www)\.)", r"\\\1", text, flags=re.IGNORECASE)
