"""Names that a neighbour of the service has for the page's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kling_widgets.catalog.link_fields import clean_link
from kling_widgets.core.json_values import JSON


def page_spelling(item: Mapping[str, JSON], spellings: Mapping[str, str], *, paths: bool) -> dict[str, JSON]:
    """The object with its links cleaned, and under the page's names. Where both spellings are there and differ, both
    stay: see ``contradictions``."""
    links = {*spellings, *spellings.values()}
    found = {name: clean_link(value, paths=paths) if name in links else value for name, value in item.items()}
    for other, right in spellings.items():
        if other in found and found.get(right) in (None, found[other]):
            found = {right if name == other else name: value for name, value in found.items() if name != right}
    return found


def contradictions(item: Mapping[str, JSON], spellings: Mapping[str, str], label: str) -> Iterator[str]:
    """A sentence for each neighbour's spelling that says something else than the page's."""
    for other, right in spellings.items():
        if other in item:
            yield f"{label}: {right} and {other} are the same, but differ. Keep {right}."
