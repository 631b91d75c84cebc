"""Reference pictures: a list of links, or of objects that contain one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from types import MappingProxyType
from typing import ClassVar

from kling_widgets.catalog.link_fields import Links, clean_link
from kling_widgets.catalog.spellings import page_spelling
from kling_widgets.core.json_values import JSON, is_missing, plain, shorten
from kling_widgets.core.problem import Problem


@dataclass(frozen=True, kw_only=True)
class References(Links):
    """``image_list``: a list of links (S). An object with a link (D) becomes the link, unless it has other keys too."""

    spellings: ClassVar[Mapping[str, str]] = MappingProxyType({"image_url": "url"})

    def clean(self, value: JSON, *, paths: bool) -> JSON:
        if isinstance(value, (str, PurePath)) or _is_object(value):
            value = [value]
        if not isinstance(value, list):
            return value
        items = (self._item(_parsed(item), paths=paths) for item in value)
        return [item for item in items if not is_missing(item)] or None

    def _item(self, item: JSON, *, paths: bool) -> JSON:
        if not _is_object(item):
            return clean_link(item, paths=paths)
        spelled = page_spelling(item, self.spellings, paths=paths)
        if spelled.keys() == {"url"}:
            return spelled["url"]
        return {name: clean_link(each, paths=paths) if name in _LINKS else each for name, each in item.items()}

    def check(self, value: JSON) -> Iterator[Problem]:
        objects = [item for item in value if _is_object(item)] if isinstance(value, list) else []
        for item in objects:
            if len({str(item[name]) for name in _LINKS if item.get(name)}) > 1:
                yield self.error(
                    f"{self.label}: url and image_url mean the same, but their values differ.", "Keep url."
                )
        if objects:
            message = f"{self.label}: the service documents links only, not objects such as {shorten(objects[0])}."
            yield Problem("warning", self.name, message, "It is sent as it is.")
        yield from super().check([link_of(item) for item in value] if objects else value)


_LINKS = ("url", "image_url")


def link_of(item: JSON) -> JSON:
    """Return the link or path of a reference, which may be an object."""
    return next(item[name] for name in _LINKS if item.get(name)) if _is_object(item) else item


def _is_object(item: JSON) -> bool:
    """Return whether a value is an object with a link."""
    return isinstance(item, dict) and any(item.get(name) for name in _LINKS)


def _parsed(value: JSON) -> JSON:
    """Parse text that is a JSON object with a link, so that one can be typed; return anything else unchanged."""
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return value
    try:
        found = plain(json.loads(value))
    except (ValueError, RecursionError):
        return value
    return found if _is_object(found) else value
