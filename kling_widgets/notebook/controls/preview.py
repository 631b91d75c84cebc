"""Preview of a link or a local file in the form, with its size and format.

Only the browser fetches https links, never the kernel. A local file is embedded, as a thumbnail or for a player as it
is, because the browser cannot open a path of the kernel's machine.
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

# The browser preloads only links with these suffixes; others, such as half a link, are fetched when played.
_PLAYABLE = re.compile(r"\.(mp4|mov|m4v|webm|mp3|wav|m4a|aac)$", re.IGNORECASE)
Draw = Callable[[JSON, LocalMedia, str], Markup]


class Preview:
    """Picture or player for one value, at the end of a box.

    It is created once there is something to show, and redrawn only if the value or its file has changed.

    Args:
        draw: ``picture``, or ``player`` with its tag.
        parts: Creates widgets; shared by the form's controls.
        label: The value's label.
        box: The box that the preview is appended to.
    """

    def __init__(self, draw: Draw, parts: WidgetFactory, label: str, box: widgets.VBox) -> None:
        self._draw, self._parts, self._label, self._box = draw, parts, label, box
        self._widget: widgets.HTML | None = None
        self._shown: tuple[JSON, Facts | None, str] = (None, None, "")

    def show(self, value: JSON, words: str = "") -> None:
        """Show a link or a path with these words beside it; clear the preview for any other value."""
        local = self._parts.local
        facts = local.facts(Path(value)) if isinstance(value, PurePath) else None
        if (value, facts, words) != self._shown:
            self._shown = (value, facts, words)
            drawn = self._draw(value, local, self._label)
            more = Markup('<span class="kling-dim">{}</span>').format(words) if words else ""
            self._update(Markup('<div class="kling-look">{}{}</div>').format(drawn, more) if drawn else Markup())

    def _update(self, page: Markup) -> None:
        if self._widget is not None:
            self._widget.value = page
        elif page:
            self._widget = self._parts.make(widgets.HTML, "kling-indent", value=page)
            self._box.children = (*self._box.children, self._widget)


def picture(value: JSON, local: LocalMedia, label: str, name: str = "") -> Markup:
    """Return a thumbnail with its name, if given, and the file's facts; without a thumbnail if it is not a picture."""
    image, words = Markup(), ""
    if isinstance(value, PurePath):
        facts = local.facts(Path(value))
        if facts is not None and facts.format in UPLOADABLE:
            source, words = local.thumbnail(Path(value)), str(facts)
            image = _image(source, label) if source else Markup()
    elif link := _link(value):
        image = _image(link, label, link=True)
    else:
        words = _why_not_shown(value)
    return image + _caption(words, name)


def player(value: JSON, local: LocalMedia, label: str, tag: str) -> Markup:
    """Return a player with the file's facts; ``tag`` is "video" or "audio"."""
    if isinstance(value, PurePath):
        path = Path(value)
        facts, source = local.facts(path), local.playable(path)
        if facts is None:
            return _caption(f"{path.name} does not exist, or cannot be read.")
        large = f": over {format_size(LARGEST_PLAYED)} it is not played here." if facts.size > LARGEST_PLAYED else ""
        return (_player_tag(tag, source, label) if source else Markup()) + _caption(f"{facts}{large}")
    if link := _link(value):
        return _player_tag(tag, link, label, "metadata" if _PLAYABLE.search(urlsplit(link).path) else "none")
    return _caption(_why_not_shown(value))


def name_of(value: JSON) -> str:
    """Return a short name for a link or a path."""
    if isinstance(value, PurePath):
        return value.name
    try:
        parts = urlsplit(str(value))
        return unquote(PurePath(parts.path).name) or parts.hostname or str(value)
    except ValueError:
        return str(value)


def _link(value: JSON) -> str | None:
    """Return the link if it is a public https link, which a browser loads from any page."""
    link = public_link(value) if isinstance(value, str) else None
    return link if link and link.lower().startswith("https:") else None


def _why_not_shown(value: JSON) -> str:
    plain = isinstance(value, str) and value.lower().startswith("http:")
    return "Only https links are previewed here." if plain else ""


def _image(source: str, label: str, link: bool = False) -> Markup:
    # While a link is being typed, its beginnings are not fetched (see kling-late in the style sheet). Other servers get
    # no referrer.
    late = Markup(' kling-late" loading="lazy" referrerpolicy="no-referrer') if link else ""
    return Markup('<img class="kling-thumb{}" alt="{}" src="{}">').format(late, label, source)


def _player_tag(tag: str, source: str, label: str, preload: str = "metadata") -> Markup:
    return Markup(
        '<{tag} class="kling-player" controls preload="{preload}" aria-label="{label}" src="{source}"></{tag}>'
    ).format(tag=tag, preload=preload, label=label, source=source)


def _caption(text: str, name: str = "") -> Markup:
    known = Markup("<b>{}</b> ").format(name) if name else ""
    return Markup("<div>{}{}</div>").format(known, shorten(text, 200).strip("“”")) if text or name else Markup()
