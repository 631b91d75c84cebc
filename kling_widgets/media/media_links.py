"""Detection of links that the service cannot follow: web pages around a file, and addresses on a local network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from kling_widgets.catalog.fields import Field
from kling_widgets.catalog.link_fields import Link, Links
from kling_widgets.catalog.structured_fields import Clips, Masks
from kling_widgets.core.hosts import address_of, may_be_loopback
from kling_widgets.core.json_values import JSON, shorten
from kling_widgets.core.key_patterns import texts_in
from kling_widgets.core.problem import Problem, Severity

# Pages of well-known sites that show a file, and the direct link of the file; "" if the site has none.
_PAGES = (
    (
        r"https?://(?:drive|docs)\.google\.com/(?:file/(?:u/\d/)?d/|open\?(?:[^#]*&)?id=)([\w-]+).*",
        r"https://drive.google.com/uc?export=download&id=\1",
    ),
    (
        r"https?://(?:www\.)?dropbox\.com/(?![^#]*[?&](?:raw|dl)=1)((?:s|scl)/[^?#]+)\??([^#]*).*",
        r"https://www.dropbox.com/\1?\2&raw=1",
    ),
    (r"https?://(github\.com/[^/]+/[^/]+)/blob/(?![^#]*[?&]raw=)([^?#]+).*", r"https://\1/raw/\2"),
    (r"https?://(huggingface\.co/[^?#]+)/blob/([^?#]+).*", r"https://\1/resolve/\2"),
    (r"https?://(?:drive|docs|photos)\.google\.com/(?!uc\?).*", ""),
    (r"https?://(?:photos\.app\.goo\.gl|1drv\.ms|onedrive\.live\.com|www\.icloud\.com|share\.icloud\.com)/.*", ""),
)
_LOCAL_NAMES = ("local", "lan", "home", "internal", "intranet", "localdomain", "arpa")


def page(link: str) -> str | None:
    """Return the direct link of the file that a page of a well-known site shows.

    Returns "" if there is no direct link, and None if the link is not such a page.

    >>> page("https://drive.google.com/file/d/1AbC/view?usp=sharing")
    'https://drive.google.com/uc?export=download&id=1AbC'
    """
    for pattern, file in _PAGES:
        if found := re.fullmatch(pattern, link, re.IGNORECASE | re.ASCII):
            return re.sub(r"(?<=[?&])(?:dl=0)?&", "", found.expand(file))
    return None


def unreachable(link: str) -> str:
    """Return the host of a link that other machines cannot follow, such as localhost or 192.168.1.5; "" for others."""
    if not link.lower().startswith(("http://", "https://")):
        return ""
    try:
        host = (urlsplit(link).hostname or "").rstrip(".")
    except ValueError:
        return ""
    if address := address_of(host):
        return "" if address.is_global else host
    local = may_be_loopback(link) or "." not in host or host.rpartition(".")[2] in _LOCAL_NAMES
    return host if local else ""


def link_problems(field: Field, value: JSON, local: Severity = "warning") -> Iterator[Problem]:
    """Yield a problem for each link to media in a field that the service probably cannot follow.

    Args:
        field: the field with the links.
        value: the field's value.
        local: severity of an address that only this machine or its network can reach; the demo has one.
    """
    if not isinstance(field, (Link, Links, Clips, Masks)):
        return
    media = "picture" if not isinstance(field, Clips) else "sound" if field.media == "audio" else field.media
    tip = "Give the path of the file, so that it is uploaded." if media == "picture" else "Use a public host."
    for link in dict.fromkeys(texts_in(value)):
        if host := unreachable(link):
            yield Problem(local, field.name, f"{field.label}: the service cannot reach the local address {host}.", tip)
        elif (file := page(link)) is not None:
            message = f"{field.label}: {shorten(link, 80)} is a page that shows the {media}, not the {media} itself."
            hint = f"The direct link, if everybody with the link can read it: {file}" if file else f"Download it. {tip}"
            fix = {field.name: file} if file and isinstance(field, Link) else {}
            yield Problem("warning", field.name, message, hint, fix)
