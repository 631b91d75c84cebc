"""A video's figure as HTML. Everything that is not ``Markup`` is escaped."""

from __future__ import annotations

from markupsafe import Markup

from kling_widgets.core.text import one_line
from kling_widgets.media.clip import Clip
from kling_widgets.notebook.output.figure import Presentation, prompt_of, relative_link
from kling_widgets.request.request import VideoRequest

_WIDEST, _HIGHEST = 640, 480  # pixels: the width of landscape, the height of anything else

_FIT = Markup(' style="max-width: 100%; height: auto"')  # for narrower pages
_UNKNOWN = Markup(' style="max-width: min(100%, {}px); max-height: {}px"').format(_WIDEST, _HIGHEST)
# Autoplay is always muted.
_AUTOPLAY = Markup(" autoplay muted loop")
_PLAYER = Markup(
    '<video controls preload="metadata" playsinline{playing}{size}{poster} src="{source}" aria-label="{label}">'
    "{instead}</video>"
)
_POSTER = Markup(' poster="{}"')
# Shown where a page may not hold videos: GitHub takes the <video> out, and leaves what is inside.
_INSTEAD = Markup('<img src="{picture}"{size} alt="{label}">')
# dir="auto" isolates the prompt: bidirectional control characters in it do not affect the rest of the page.
_PROMPT = Markup('<em dir="auto">{}</em><br>')
_LINK = Markup('<a href="{}" rel="noreferrer" target="_blank">link</a>')
_NO_SOUND = Markup("<br>VS Code plays no sound here; the file has it.")
# The classes keep MathJax from reading dollar signs in a prompt as a formula.
_FIGURE = Markup(
    '<figure class="kling-figure {mark}" style="margin: 0">{video}<figcaption class="mathjax_ignore tex2jax_ignore">'
    "{prompt}{facts}<br><small>{origin}</small>{note}</figcaption></figure>"
)


def _size(clip: Clip | None) -> Markup:
    if clip is None or not clip.width or not clip.height:
        return Markup(' width="{}"').format(_WIDEST)
    scale = min(1.0, _WIDEST / clip.width if clip.width > clip.height else _HIGHEST / clip.height)
    return Markup(' width="{}" height="{}"').format(round(clip.width * scale), round(clip.height * scale))


def player(source: str, request: VideoRequest, autoplay: bool, size: Markup = _UNKNOWN, poster: str = "") -> Markup:
    """Return a video player.

    Args:
        source: URL of the video.
        request: The request, for the player's label.
        autoplay: Whether the video starts by itself, muted.
        size: Attributes for its size; the default is for a video of unknown size.
        poster: Its preview image, a JPEG in base64, or "".
    """
    prompt = prompt_of(request)
    label = one_line(f"Video: {prompt}" if prompt else "Video", 200)
    picture = f"data:image/jpeg;base64,{poster}"
    return _PLAYER.format(
        playing=_AUTOPLAY if autoplay else "",
        size=size,
        poster=_POSTER.format(picture) if poster else "",
        source=source,
        label=label,
        instead=_INSTEAD.format(picture=picture, size=size, label=label) if poster else "",
    )


def as_html(shown: Presentation) -> Markup:
    """Return the figure as HTML."""
    figure, location = shown.figure, shown.location
    if shown.source:
        video = player(shown.source, figure.request, shown.autoplay, _size(figure.clip) + _FIT, shown.poster)
    else:
        video = Markup("<p>{}</p>").format(shown.reason)
    title = Markup("<b>{}</b>").format(figure.title)
    origin = [f"task {one_line(figure.task_id, 200)}"]
    if figure.clip:
        file, path = relative_link(figure.clip.path, location.folder), figure.clip.path
        if file:
            origin.append(Markup('<a href="{}" download>{}</a>').format(file, one_line(path.name)))
        if location.may_move or not file:
            origin.append(Markup("<code>{}</code>").format(one_line(path)))
    if link := figure.link:
        origin.append(_LINK.format(link))
    silent = not location.front_end.aac and figure.clip and figure.clip.sound  # it plays H.264, but no AAC
    return _FIGURE.format(
        mark=figure.mark,
        video=video,
        prompt=_PROMPT.format(figure.prompt) if figure.prompt else "",
        facts=Markup(" · ").join((title, *figure.facts)),
        origin=Markup(" · ").join(origin),
        note=_NO_SOUND if silent else "",
    )
