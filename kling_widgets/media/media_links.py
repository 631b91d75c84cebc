"""Links to media that the service cannot follow: pages that show a picture, and addresses on somebody's own network."""

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

# Pages of well-known sites that show a file, and the address of the file itself; "" where the site has none.
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
    """Return the address of the file that a page of a well-known site shows, "" where it has none of its own, and None
    for a link that is no such page.

    >>> page("https://drive.google.com/file/d/1AbC/view?usp=sharing")
    'https://drive.google.com/uc?export=download&id=1AbC'
    """
    for pattern, file in _PAGES:
        if found := re.fullmatch(pattern, link, re.IGNORECASE | re.ASCII):
            return re.sub(r"(?<=[?&])(?:dl=0)?&", "", found.expand(file))
    return None


def unreachable(link: str) -> str:
    """Return the host of a link that no other machine can follow, such as localhost or 192.168.1.5; "" for others."""
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


def doubts(field: Field, value: JSON, local: Severity = "warning") -> Iterator[Problem]:
    """Yield a problem for each link in a field of pictures, clips or sounds that the service can hardly follow.

    Args:
        field: where they stand.
        value: what stands there.
        local: how bad an address is that only this machine or its neighbours can reach; the demo is at one.
    """
    if not isinstance(field, (Link, Links, Clips, Masks)):
        return
    media = "picture" if not isinstance(field, Clips) else "sound" if field.media == "audio" else field.media
    own = "Give the path of the file, so that it is uploaded." if media == "picture" else "Use a public host."
    for link in dict.fromkeys(texts_in(value)):
        if host := unreachable(link):
            yield Problem(local, field.name, f"{field.label}: the service cannot reach the local address {host}.", own)
        elif (file := page(link)) is not None:
            said = f"{field.label}: {shorten(link, 80)} is a page that shows the {media}, not the {media} itself."
            hint = f"The direct link, if everybody with the link may read it: {file}" if file else f"Download it. {own}"
            fix = {field.name: file} if file and isinstance(field, Link) else {}
            yield Problem("warning", field.name, said, hint, fix)
