"""Fields that take links, or local pictures that are uploaded to become links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import ClassVar
from urllib.parse import urlsplit

from kling_widgets.catalog.fields import Field, FieldLimit, Media
from kling_widgets.core.json_values import JSON, is_embedded, is_local, is_missing, shorten
from kling_widgets.core.problem import Problem


def clean_link(value: JSON, *, paths: bool) -> JSON:
    """Return a link as text, a local file as a Path, and blank text as None."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    return Path(text) if text and paths and is_local(text) else text or None


def link_problem(name: str, label: str, media: Media, value: JSON) -> Problem | None:
    """Return the problem of a link or a local file, or None."""
    if isinstance(value, PurePath):
        if media == "image":
            return None
        return Problem(
            "error",
            name,
            f"{label}: the service takes uploads of pictures only, so the file {value.name} cannot be sent.",
            f"Put the {media} where everybody can read it and give its http(s) link.",
        )
    if value is None:
        return Problem("error", name, f"{label}: the link is missing.")
    if not isinstance(value, str) or not is_link(value):
        message, hint = f"{label}: {shorten(value)} is not an http(s) link.", ""
        if isinstance(value, str) and is_embedded(value):
            message = f"{label}: {shorten(value, 20)} is an encoded file, not a link to one."
            hint = "Use kw.picture(text) to save it to a file." if media == "image" else ""
        return Problem("error", name, message, hint or ("" if media == "image" else f"Give a link to the {media}."))
    return None


def is_link(text: str) -> bool:
    """Return whether text has the form of an http(s) link."""
    try:
        parts = urlsplit(text)
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", text)
    except ValueError:  # urlsplit raises for some malformed links, such as "http://["
        return False


@dataclass(frozen=True, kw_only=True)
class Link(Field):
    """A public link, or a local picture that is uploaded when the request is sent."""

    kind: ClassVar[str] = "link"

    media: Media = "image"

    def clean(self, value: JSON, *, paths: bool) -> JSON:
        return clean_link(value, paths=paths)

    def check(self, value: JSON) -> Iterator[Problem]:
        if problem := link_problem(self.name, self.label, self.media, value):
            yield problem


@dataclass(frozen=True, kw_only=True)
class Links(Field):
    """A list of links or local pictures.

    Attributes:
        limits: the maximum number of items, by the strictest source first.
        media: the kind of media.
    """

    kind: ClassVar[str] = "links"
    many: ClassVar[bool] = True

    limits: tuple[FieldLimit, ...]
    media: Media = "image"

    def clean(self, value: JSON, *, paths: bool) -> JSON:
        if isinstance(value, (str, PurePath)):
            value = [value]
        if not isinstance(value, list):
            return value
        links = (clean_link(item, paths=paths) for item in value)
        return [link for link in links if not is_missing(link)] or None

    def check(self, value: JSON) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield self.error(f"{self.label} is a list of links, not {shorten(value)}.")
            return
        for item in value:
            if problem := link_problem(self.name, self.label, self.media, item):
                yield problem
        over = next((limit for limit in self.limits if len(value) > limit.value), None)
        if over:
            yield self.problem_by_source(
                over.source, f"{self.label}: {len(value)} are given, this model takes at most {over.value}."
            )
        if repeated := [item for number, item in enumerate(value) if item in value[:number]]:
            yield Problem("warning", self.name, f"{self.label}: {shorten(repeated[0])} is given twice.")
