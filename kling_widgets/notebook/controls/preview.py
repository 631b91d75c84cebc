"""What a link or a local file looks and sounds like, in the page, with what is known of it.

The browser fetches what an https link names; this machine is never asked for it. A local file goes into the page as a
small picture of itself or, if it is to be played, as it is: a path means nothing in a widget.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path, PurePath
from urllib.parse import unquote, urlsplit

import ipywidgets as widgets
from markupsafe import Markup

from kling_widgets.client.links import public_link
from kling_widgets.core.json_values import JSON, shorten
from kling_widgets.core.text import format_size
from kling_widgets.media.limits import UPLOADABLE, Facts
from kling_widgets.notebook.kernel.local_files import LARGEST_PLAYED, LocalMedia
from kling_widgets.notebook.widgets.factory import WidgetFactory

# What ends like this can be played; for anything else, such as half a link, nothing is fetched before it is to be.
_PLAYABLE = re.compile(r"\.(mp4|mov|m4v|webm|mp3|wav|m4a|aac)$", re.IGNORECASE)
Draw = Callable[[JSON, LocalMedia, str], Markup]


class Preview:
    """A picture or player of one value, below the other widgets of a box. It is made when there is something to show,
    and drawn anew only when the value or its file has changed.

    Args:
        draw: one of the functions below.
        parts: what the form's controls share.
        label: what the value is called.
        box: where it shows.
    """

    def __init__(self, draw: Draw, parts: WidgetFactory, label: str, box: widgets.VBox) -> None:
        self._draw, self._parts, self._label, self._box = draw, parts, label, box
        self._widget: widgets.HTML | None = None
        self._shown: tuple[JSON, Facts | None, str] = (None, None, "")

    def show(self, value: JSON, words: str = "") -> None:
        """Shows a link or a path, with these words beside it; nothing for anything else."""
        local = self._parts.local
        facts = local.facts(Path(value)) if isinstance(value, PurePath) else None
        if (value, facts, words) != self._shown:
            self._shown = (value, facts, words)
            drawn = self._draw(value, local, self._label)
            more = Markup('<span class="kling-dim">{}</span>').format(words) if words else ""
            self._put(Markup('<div class="kling-look">{}{}</div>').format(drawn, more) if drawn else Markup())

    def _put(self, page: Markup) -> None:
        if self._widget is not None:
            self._widget.value = page
        elif page:
            self._widget = self._parts.make(widgets.HTML, "kling-indent", value=page)
            self._box.children = (*self._box.children, self._widget)


def picture(value: JSON, local: LocalMedia, label: str, name: str = "") -> Markup:
    """A small picture, its name if there is one, and what is known of it; of a file that is no picture the name."""
    image, words = Markup(), ""
    if isinstance(value, PurePath):
        facts = local.facts(Path(value))
        if facts is not None and facts.format in UPLOADABLE:
            source, words = local.thumbnail(Path(value)), str(facts)
            image = _image(source, label) if source else Markup()
    elif link := _link(value):
        image = _image(link, label, link=True)
    else:
        words = _why_not(value)
    return image + _words(words, name)


def player(value: JSON, local: LocalMedia, label: str, tag: str) -> Markup:
    """A player (``tag`` is "video" or "audio"), and what is known of what it plays."""
    if isinstance(value, PurePath):
        path = Path(value)
        facts, source = local.facts(path), local.playable(path)
        if facts is None:
            return _words(f"{path.name} is not there, or cannot be read.")
        large = f": over {format_size(LARGEST_PLAYED)} it is not played here." if facts.size > LARGEST_PLAYED else ""
        return (_playing(tag, source, label) if source else Markup()) + _words(f"{facts}{large}")
    if link := _link(value):
        return _playing(tag, link, label, "metadata" if _PLAYABLE.search(urlsplit(link).path) else "none")
    return _words(_why_not(value))


def name_of(value: JSON) -> str:
    """What a link or a path is called for short."""
    if isinstance(value, PurePath):
        return value.name
    try:
        parts = urlsplit(str(value))
        return unquote(PurePath(parts.path).name) or parts.hostname or str(value)
    except ValueError:
        return str(value)


def _link(value: JSON) -> str | None:
    """The link, when the browser may be sent there from any page."""
    link = public_link(value) if isinstance(value, str) else None
    return link if link and link.lower().startswith("https:") else None


def _why_not(value: JSON) -> str:
    plain = isinstance(value, str) and value.lower().startswith("http:")
    return "Only what an https link names is shown here." if plain else ""


def _image(source: str, label: str, link: bool = False) -> Markup:
    # While a link is being typed its beginnings are not fetched (see kling-late in the style sheet), and what is asked
    # of strangers does not tell them where it was asked.
    late = Markup(' kling-late" loading="lazy" referrerpolicy="no-referrer') if link else ""
    return Markup('<img class="kling-thumb{}" alt="{}" src="{}">').format(late, label, source)


def _playing(tag: str, source: str, label: str, preload: str = "metadata") -> Markup:
    return Markup(
        '<{tag} class="kling-player" controls preload="{preload}" aria-label="{label}" src="{source}"></{tag}>'
    ).format(tag=tag, preload=preload, label=label, source=source)


def _words(said: str, name: str = "") -> Markup:
    known = Markup("<b>{}</b> ").format(name) if name else ""
    return Markup("<div>{}{}</div>").format(known, shorten(said, 200).strip("“”")) if said or name else Markup()
