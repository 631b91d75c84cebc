"""A video's figure in every output format."""

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
LARGEST_FIGURE = 60 * 1024  # bytes of a figure in a notebook, with its posters; an embedded video comes on top
_POSTERS = 3  # of the video, in its place where a page may not hold videos, and as a picture of the bundle
_MARKUP = 512  # bytes reserved for the player's tag and for the notebook's JSON syntax


# The writer of each output format, by media type; "" means that the figure is not available in it.
FORMATS: Mapping[str, Callable[[Presentation], str]] = {
    "text/html": as_html,
    "text/markdown": as_markdown,
    "text/plain": as_text,
    "image/jpeg": lambda shown: shown.poster,
}


def bundle(figure: Figure, location: Location, display: Display = "auto", autoplay: bool = False) -> dict[str, str]:
    """Return the figure in every available format, by media type."""
    source, reason = _source(figure, location, display)
    bare = Presentation(figure, location, reason=reason, autoplay=autoplay)
    used = len(to_json([_formats(bare), provenance(figure)]).encode("utf-8", "replace"))
    return _formats(dataclasses.replace(bare, source=source, poster=_poster(figure, LARGEST_FIGURE - used)))


def _formats(shown: Presentation) -> dict[str, str]:
    written = {kind: str(write(shown)) for kind, write in FORMATS.items()}  # str(), as a message holds no Markup
    return {kind: content for kind, content in written.items() if content}


def _poster(figure: Figure, room: int) -> str:
    """Return the poster in base64, scaled down if all its copies do not fit into ``room`` bytes."""
    poster = figure.clip and figure.clip.poster and smaller(figure.clip.poster, (room // _POSTERS - _MARKUP) * 3 // 4)
    return base64.b64encode(poster or b"").decode("ascii")


def _source(figure: Figure, location: Location, display: Display) -> tuple[str, str]:
    """Return the URL for the video element and "", or "" and the reason why nothing can be played."""
    clip, link = figure.clip, figure.link
    file = relative_link(clip.path, location.folder) if clip else None
    order: tuple[str, ...] = {
        "file": ("file", "embed", "link"),
        "link": ("link", "file", "embed"),
        "embed": ("embed", "file", "link"),
        "auto": location.front_end.plays,
    }[display]
    for source in order:
        if source == "file" and file:
            return file, ""
        if source == "link" and link:
            return link, ""
        if source == "embed" and clip and clip.size <= LARGEST_EMBED and clip.path.is_file():
            content = base64.b64encode(clip.path.read_bytes()).decode("ascii")
            return f"data:video/mp4;base64,{content}", ""
    if clip:
        return "", f"The video cannot be played here; it is saved as {clip.path}."
    return "", "There is no video to show."
