"""Fields whose value is a link, or a local picture that becomes one."""

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
    """A link as text, a local file as a Path, nothing as None."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    return Path(text) if text and paths and is_local(text) else text or None


def link_problem(name: str, label: str, media: Media, value: JSON) -> Problem | None:
    """What is wrong with a link or a local file, or None."""
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
        said, hint = f"{label}: {shorten(value)} is not an http(s) link.", ""
        if isinstance(value, str) and is_embedded(value):
            said = f"{label}: {shorten(value, 20)} is a file as text, not a link to one."
            hint = "kw.picture(text) makes it a file." if media == "image" else ""
        return Problem("error", name, said, hint or ("" if media == "image" else f"Give a link to the {media}."))
    return None


def is_link(text: str) -> bool:
    """Whether text is an http(s) link, as far as its form shows."""
    try:
        parts = urlsplit(text)
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", text)
    except ValueError:  # such as "http://[": urlsplit raises where it could answer
        return False


@dataclass(frozen=True, kw_only=True)
class Link(Field):
    """One public link, or a local picture that is uploaded when the request is sent."""

    kind: ClassVar[str] = "link"

    media: Media = "image"

    def clean(self, value: JSON, *, paths: bool) -> JSON:
        return clean_link(value, paths=paths)

    def check(self, value: JSON) -> Iterator[Problem]:
        if problem := link_problem(self.name, self.label, self.media, value):
            yield problem


@dataclass(frozen=True, kw_only=True)
class Links(Field):
    """A list of links or local pictures. ``limits`` are numbers of items, the strictest source first."""

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
