"""A video's figure as HTML."""

from __future__ import annotations

import html

from kling_widgets.client.links import public_link
from kling_widgets.core.text import one_line
from kling_widgets.media.clip import Clip
from kling_widgets.notebook.kernel.front_end import Location
from kling_widgets.notebook.output.figure import Figure, _facts, prompt_of, relative_link
from kling_widgets.request.request import VideoRequest

_WIDEST, _HIGHEST = 640, 480  # pixels, landscape and portrait

_FIT = ' style="max-width: 100%; height: auto"'  # where the page is narrower
_UNKNOWN = f' style="max-width: min(100%, {_WIDEST}px); max-height: {_HIGHEST}px"'
# Dollar signs in a prompt are no formula.
_NO_MATH = "mathjax_ignore tex2jax_ignore"


def _size(clip: Clip | None) -> str:
    if clip is None or not clip.width or not clip.height:
        return f' width="{_WIDEST}"'
    scale = min(1.0, _WIDEST / clip.width if clip.width >= clip.height else _HIGHEST / clip.height)
    return f' width="{round(clip.width * scale)}" height="{round(clip.height * scale)}"'


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


def as_html(
    figure: Figure, place: Location, source: str | None, poster: str | None, sentence: str, autoplay: bool
) -> str:
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
    silent = not place.front_end.aac and figure.clip and figure.clip.sound  # it plays H.264, but no AAC
    note = "<br>VS Code plays no sound here; the file has it." if silent else ""
    # With a direction of its own: marks in it that turn the reading direction turn nothing else.
    said = f'<em dir="auto">{esc(prompt)}</em><br>' if prompt else ""
    caption = f'<figcaption class="{_NO_MATH}">{said}{facts}<br><small>{last}</small>{note}</figcaption>'
    return f'<figure class="kling-video" style="margin: 0">{video}{caption}</figure>'
