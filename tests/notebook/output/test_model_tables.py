"""Tables of models and fields."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from kling_widgets.catalog.all_fields import PREFIX
from kling_widgets.catalog.compare import gains_and_losses
from kling_widgets.catalog.models import MODELS, Model, models
from kling_widgets.notebook.output.model_tables import comparison_table, fields_table, models_table
from kling_widgets.notebook.output.table import Table


def of(name: str) -> Model:
    return MODELS[PREFIX + name]


def by_row(table: Table) -> dict[str, dict[str, str]]:
    """Return the cells of each row by title, by the row's name."""
    return {row[0]: dict(zip(table.titles, row, strict=True)) for row in table.rows}


def test_all_models_with_how_it_is_known() -> None:
    """The table has twelve rows; a full circle means the service's own page, an open one another source."""
    rows = by_row(models_table())
    assert list(rows) == [model.name for model in models()]
    assert rows["2.6"]["text"] == "●"
    assert rows["2.6"]["sound"] == rows["2.6"]["voice"] == rows["2.6"]["camera"] == "○"
    assert rows["1.6"]["sound"] == rows["2.6"]["elements"] == "–"
    assert rows["3.0-motion-control"]["motion brush"] == "●"
    assert [rows[name]["references"] for name in ("1.6", "2.6", "o1", "avatar")] == [
        "● ≤9 (○ ≤4)",
        "● ≤9",
        "● ≤9 (○ ≤7)",
        "–",
    ]
    assert rows["3.0"]["seconds"] == "3 to 15"
    assert rows["avatar"]["seconds"] == "follows the sound"
    assert rows["avatar"]["made for"] == "avatar"
    assert {name for name in rows if rows[name]["native up to"] == "4K"} == {"3.0"}


def test_the_columns_are_those_of_the_service_s_facts() -> None:
    """The columns are the features in which models differ, in this order."""
    assert models_table().titles == (
        "--model",
        "text",
        "first frame",
        "last frame",
        "references",
        "video in",
        "sound",
        "voice",
        "multi-shot",
        "camera",
        "motion brush",
        "elements",
        "seconds",
        "native up to",
        "made for",
    )


def test_every_mark_has_its_words() -> None:
    """Each mark has an explanation for tooltip and screen reader: the column, the source, and a note."""
    table = models_table()
    told = {
        row[0]: dict(zip(table.titles, (getattr(cell, "meaning", "") for cell in row), strict=True))
        for row in table.rows
    }
    for name, row in by_row(table).items():
        for title, cell in row.items():
            if cell[0] in "●○–" and title != "made for":
                meant = {"●": "the service's page says so", "○": "documented elsewhere only", "–": "not offered"}[
                    cell[0]
                ]
                assert told[name][title].startswith(f"{title}: ") and meant in told[name][title]
    assert told["1.6"]["last frame"].endswith("documented elsewhere at 1080P")
    assert told["1.6"]["references"].endswith(
        "at most 9: the service's page says so; at most 4: documented elsewhere only"
    )
    assert told["3.0"]["native up to"] == "makes 720P, 1080P, 4K; anything above is upscaled"
    assert told["2.6"]["--model"] == "Kling 2.6"


def test_the_models_fit_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns without room are printed below with the rows' names; the note at the end explains the marks."""
    monkeypatch.setenv("COLUMNS", "80")
    *lines, note = repr(models_table()).splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("identifyface") for line in lines) > 1
    assert note.startswith("● the service's page says so")
    monkeypatch.setenv("COLUMNS", "300")
    assert sum(line.startswith("identifyface") for line in repr(models_table()).splitlines()) == 1


# Comparison


def test_two_models_side_by_side() -> None:
    """A comparison has only the differences, with notes, and what the second model has more and less."""
    table = comparison_table([of("2.6"), of("3.0")])
    assert table.titles == ("what differs", "2.6", "3.0")
    rows = {name: tuple(row.values())[1:] for name, row in by_row(table).items()}
    assert rows == {
        "video in": ("●", "–"),
        "sound": ("○ documented elsewhere at 1080P", "○"),
        "multi-shot": ("–", "○"),
        "elements": ("–", "○"),
        "seconds": ("5 or 10", "3 to 15"),
        "native up to": ("1080P", "4K"),
        "more than 2.6": ("", "shots, elements, 3 to 15 seconds, native 4K"),
        "less than 2.6": ("", "video in"),
    }
    assert "last frame" not in rows


def test_notes_are_in_the_cells_of_a_comparison() -> None:
    """A comparison shows the notes in its cells; the table of all models only in tooltips."""
    rows = by_row(comparison_table([of("2.0"), of("2.1"), of("o1")]))
    assert rows["last frame"] == {
        "what differs": "last frame",
        "2.0": "●",
        "2.1": "● documented elsewhere at 1080P",
        "o1": "–",
    }
    assert rows["video in"]["o1"] == "● one; the price differs with it"


def test_the_same_is_said() -> None:
    """A comparison of two models without known differences says so."""
    table = comparison_table([of("2.1"), of("2.5-turbo")])
    assert table.rows == ()
    assert table.note.startswith("What is known of 2.1 and 2.5-turbo is the same.")
    assert "2.5-turbo" in repr(table) and "2.5-turbo" in table._repr_html_()


@pytest.mark.parametrize(("one", "other"), [*permutations(models(), 2)], ids=lambda model: model.name)
def test_any_two_can_be_compared(one: Model, other: Model) -> None:
    """For any two models every row differs, and "more" and "less" are the gains and losses."""
    rows = by_row(comparison_table([one, other]))
    gained, lost = gains_and_losses(one, other)
    assert rows.pop(f"more than {one.name}", {}).get(other.name, "") == ", ".join(gained)
    assert rows.pop(f"less than {one.name}", {}).get(other.name, "") == ", ".join(lost)
    assert all(row[one.name] != row[other.name] for row in rows.values())
    assert bool(rows) >= bool(gained or lost)


# Fields


@pytest.mark.parametrize("model", models(), ids=lambda model: model.name)
def test_the_fields_of_a_model(model: Any) -> None:
    """The model's own fields are rows, in the form's order; the others are named below."""
    table = fields_table(model)
    assert [row[0] for row in table.rows] == [f"--{field.name.replace('_', '-')}" for field in model.fields]
    assert all(f"--{field.name.replace('_', '-')}" in table.note for field in model.others)
