"""A video's figure in each format that a front end may show."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable, Mapping
from typing import Literal

from kling_widgets.core.json_values import to_json
from kling_widgets.media.clip import smaller
from kling_widgets.notebook.kernel.front_end import Location
from kling_widgets.notebook.output.figure import Figure, Presentation, provenance, relative_link
from kling_widgets.notebook.output.html import as_html
from kling_widgets.notebook.output.markdown import as_markdown
from kling_widgets.notebook.output.plain_text import as_text

Display = Literal["auto", "file", "link", "embed"]
LARGEST_EMBED = 5_000_000  # bytes; a notebook grows by 4/3 of it
LARGEST_FIGURE = 60 * 1024  # bytes of a figure in a notebook, with both posters; an embedded video comes on top
_MARKUP = 512  # bytes of the player's tag, and of how a notebook's JSON is written


# What writes the figure in each format, by media type; "" where there is none in it.
FORMATS: Mapping[str, Callable[[Presentation], str]] = {
    "text/html": as_html,
    "text/markdown": as_markdown,
    "text/plain": as_text,
    "image/jpeg": lambda shown: shown.poster,
}


def bundle(figure: Figure, place: Location, display: Display = "auto", autoplay: bool = False) -> dict[str, str]:
    """Return the figure in every format that a front end may take, by media type."""
    source, reason = _source(figure, place, display)
    bare = Presentation(figure, place, reason=reason, autoplay=autoplay)
    used = len(to_json([_formats(bare), provenance(figure)]).encode("utf-8", "replace"))
    return _formats(dataclasses.replace(bare, source=source, poster=_poster(figure, LARGEST_FIGURE - used)))


def _formats(shown: Presentation) -> dict[str, str]:
    written = {kind: str(write(shown)) for kind, write in FORMATS.items()}  # what a message holds is plain text
    return {kind: content for kind, content in written.items() if content}


def _poster(figure: Figure, room: int) -> str:
    """Return the poster in base64, made smaller where there is no room for it twice."""
    poster = figure.clip and figure.clip.poster and smaller(figure.clip.poster, (room // 2 - _MARKUP) * 3 // 4)
    return base64.b64encode(poster or b"").decode("ascii")


def _source(figure: Figure, place: Location, display: Display) -> tuple[str, str]:
    """Return what the video element plays, or "" and a sentence that says why there is nothing."""
    clip, link = figure.clip, figure.link
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
        return "", f"The video cannot be played here; it is saved as {clip.path}."
    return "", "There is no video to show."
