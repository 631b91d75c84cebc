"""Links to media that the service cannot follow: pages that show a picture, and addresses on somebody's own network."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# Pages of well-known sites that show a file, and the address of the file itself; "" where the site has none.
_PAGES = (
    (r"https?://(?:drive|docs)\.google\.com/(?:file/(?:u/\d/)?d/|open\?(?:[^#]*&)?id=)([\w-]+).*",
     r"https://drive.google.com/uc?export=download&id=\1"),
    (r"https?://(?:www\.)?dropbox\.com/((?:s|scl)/(?![^#]*[?&](?:raw|dl)=1)[^?#]+)(?:\?([^#]*?))??(?:[?&]dl=0)?(&[^#]*)?(?:#.*)?",
     r"https://www.dropbox.com/\1?\2\3&raw=1"),
    (r"https?://(github\.com/[^/]+/[^/]+)/blob/([^?#]+).*", r"https://\1/raw/\2"),
    (r"https?://(huggingface\.co/[^?#]+)/blob/([^?#]+).*", r"https://\1/resolve/\2"),
    (r"https?://(?:drive|docs|photos)\.google\.com/(?!uc\?).*", ""),
    (r"https?://(?:photos\.app\.goo\.gl|1drv\.ms|onedrive\.live\.com|www\.icloud\.com|share\.icloud\.com)/.*", ""),
)  # fmt: skip
_LOCAL_NAMES = ("localhost", "local", "lan", "home", "internal", "intranet", "localdomain", "arpa")


def page(link: str) -> str | None:
    """Return the address of the file that a page of a well-known site shows, "" where it has none of its own, and None
    for a link that is no such page.

    >>> page("https://drive.google.com/file/d/1AbC/view?usp=sharing")
    'https://drive.google.com/uc?export=download&id=1AbC'
    """
    for pattern, file in _PAGES:
        if found := re.fullmatch(pattern, link, re.IGNORECASE | re.ASCII):
            return re.sub(r"\?&+", "?", found.expand(file))
    return None


def unreachable(link: str) -> str:
    """Return the host of a link that no other machine can follow, such as localhost or 192.168.1.5; "" for others."""
    import ipaddress  # few requests have such a link

    try:
        host = (urlsplit(link).hostname or "").rstrip(".")
    except ValueError:
        return ""
    try:
        return "" if ipaddress.ip_address(host).is_global else host
    except ValueError:
        return host if "." not in host or host.rpartition(".")[2] in _LOCAL_NAMES else ""
