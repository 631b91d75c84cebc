"""Conversion of related services' key names to those of the service's page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kling_widgets.catalog.link_fields import clean_link
from kling_widgets.core.json_values import JSON


def page_spelling(item: Mapping[str, JSON], spellings: Mapping[str, str], *, paths: bool) -> dict[str, JSON]:
    """Return an object with its links cleaned and its keys spelled as on the service's page.

    If both spellings are present and differ, both stay; see ``contradictions``.

    Args:
        item: the object.
        spellings: other name of a link → the page's name.
        paths: as in ``Field.clean``.
    """
    links = {*spellings, *spellings.values()}
    found = {name: clean_link(value, paths=paths) if name in links else value for name, value in item.items()}
    for other, right in spellings.items():
        if other in found and found.get(right) in (None, found[other]):
            found = {right if name == other else name: value for name, value in found.items() if name != right}
    return found


def contradictions(item: Mapping[str, JSON], spellings: Mapping[str, str], label: str) -> Iterator[str]:
    """Yield a sentence for each other spelling whose value differs from the page's."""
    for other, right in spellings.items():
        if other in item:
            yield f"{label}: {right} and {other} mean the same, but their values differ. Keep {right}."
