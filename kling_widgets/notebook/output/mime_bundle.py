"""A video's figure in each format that a front end may show."""

from __future__ import annotations

import base64
from typing import Any, Literal

from kling_widgets.client.links import public_link
from kling_widgets.core.json_values import to_json
from kling_widgets.media.clip import smaller
from kling_widgets.notebook.kernel.front_end import Location
from kling_widgets.notebook.output.figure import Figure, provenance, relative_link
from kling_widgets.notebook.output.html import as_html
from kling_widgets.notebook.output.markdown import as_markdown
from kling_widgets.notebook.output.plain_text import as_text

Display = Literal["auto", "file", "link", "embed"]
LARGEST_EMBED = 5_000_000  # bytes; a notebook grows by 4/3 of it
LARGEST_FIGURE = 60 * 1024  # bytes of a figure in a notebook, with both posters; an embedded video comes on top
_MARKUP = 512  # bytes of the player's tag, and of how a notebook's JSON is written


def bundle(figure: Figure, place: Location, display: Display = "auto", autoplay: bool = False) -> dict[str, Any]:
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


def _source(figure: Figure, place: Location, display: Display) -> tuple[str | None, str]:
    """What the video element plays, or a sentence that says why there is none."""
    clip, link = figure.clip, public_link(figure.url)
    file = relative_link(clip.path, place.folder) if clip else None
    order: tuple[str, ...] = {
        "file": ("file", "embed", "link"),
        "link": ("link", "file", "embed"),
        "embed": ("embed", "file", "link"),
        "auto": place.front_end.plays,
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
