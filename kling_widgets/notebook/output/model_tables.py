"""Tables of models and of their fields, as text for a terminal and as HTML for a notebook."""

from __future__ import annotations

from collections.abc import Sequence

from kling_widgets.catalog.all_fields import FIELDS, PRICING
from kling_widgets.catalog.compare import gains_and_losses
from kling_widgets.catalog.features import FEATURES, MINOR_FEATURES, Feature, length, ratios
from kling_widgets.catalog.fields import Field, FieldLimit, Source
from kling_widgets.catalog.link_fields import Links
from kling_widgets.catalog.models import Model, models
from kling_widgets.catalog.structured_fields import Clips
from kling_widgets.notebook.output.table import Table, TableCell

_KNOWN = {
    Source.SERVICE: ("●", "the service's page says so"),
    Source.OPEN: ("?", "sources contradict each other"),
    None: ("–", "not offered"),
}
_ELSEWHERE = ("○", "documented elsewhere only")
_LEGEND = (
    "● the service's page says so · ○ documented elsewhere only · ? sources contradict each other · – not offered."
)


def models_table(shown: Sequence[Model] = models()) -> Table:
    """Return a table of models and their features: ● the service's page says so, ○ documented elsewhere only."""
    rows = [
        [TableCell(model.name, model.title), *(_cell(model, each) for each in FEATURES), *_numbers(model)]
        for model in shown
    ]
    titles = ("--model", *(feature.title for feature in FEATURES), *_NUMBERS)
    return Table(titles, rows, f"{_LEGEND} {PRICING}", folds=True)


def comparison_table(compared: Sequence[Model]) -> Table:
    """Return a table of the differences between models, one column each, compared with the first one."""
    first, *others = compared
    rows = [
        [feature.title, *(_cell(model, feature, notes=True) for model in compared)]
        for feature in (*FEATURES, *MINOR_FEATURES)
    ]
    rows += [[title, *cells] for title, *cells in zip(_NUMBERS, *map(_numbers, compared), strict=True)]
    rows = [row for row in rows if len(set(row[1:])) > 1]
    changes = [gains_and_losses(first, other) for other in others]
    for title, words in zip(
        (f"more than {first.name}", f"less than {first.name}"), zip(*changes, strict=True), strict=True
    ):
        if any(words):
            rows.append([title, "", *map(", ".join, words)])
    names = [TableCell(model.name, model.title) for model in compared]
    same = "" if rows else f"What is known of {' and '.join(names)} is the same. "
    return Table(("what differs", *names), rows, f"{same}{_LEGEND} {PRICING}")


def _cell(model: Model, feature: Feature, notes: bool = False) -> TableCell:
    """Return the cell of a feature: a mark with its limits. Notes are in the cell's text or only in its tooltip."""
    known = feature.capability_of(model)
    mark, meaning = _KNOWN.get(known.source if known else None, _ELSEWHERE)
    own = next((field for name in feature.fields if (field := model.by_name.get(name))), None)
    if known and (limited := _limits(own)):
        limits = [(limit.value, *_KNOWN.get(limit.source, _ELSEWHERE)) for limit in limited]
        text = [f"{mark} ≤{limits[0][0]}", *(f"({other} ≤{value})" for value, other, _ in limits[1:])]
        mark, meaning = " ".join(text), "; ".join(f"at most {value}: {source}" for value, _, source in limits)
    elif known and own is not None and own.name == "aspect_ratio" and own is not FIELDS[own.name]:
        mark, meaning = f"{mark} {', '.join(ratios(model))}", f"{', '.join(ratios(model))}: {meaning}"
    note = known.note if known and known.note not in meaning else ""
    if notes:
        mark = f"{mark} {note}".strip()
    return TableCell(mark, f"{feature.title}: {'; '.join(filter(None, (meaning, note)))}")


def _limits(field: Field | None) -> tuple[FieldLimit, ...]:
    """Return the limits on the number of items in a list of media; none for a field of a single item."""
    match field:
        case Links(limits=limits):
            return limits
        case Clips(at_most=at_most) if at_most > 1:
            return (FieldLimit(at_most, Source.DOCUMENTED),)
    return ()


_NUMBERS = ("seconds", "native up to", "made for")


def _numbers(model: Model) -> tuple[str, ...]:
    finest = TableCell(
        model.native_resolutions[-1], f"makes {', '.join(model.native_resolutions)}; anything above is upscaled"
    )
    return length(model).removesuffix(" seconds"), finest, model.scene or "–"


def fields_table(model: Model) -> Table:
    """Return a table of a model's fields, with its limits in words."""
    rows = [[f"--{field.name.replace('_', '-')}", field.label, field.help, field.example] for field in model.fields]
    others = ", ".join(f"--{field.name.replace('_', '-')}" for field in model.others)
    note = f"Not documented for this model, but sent if set: {others}." if others else ""
    return Table(("option", "field", "what it is", "example"), rows, f"{model.id}. {note} {PRICING}")
