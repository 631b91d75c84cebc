"""Tables of models, fields and tasks: as text, as HTML, as Markdown."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kling_widgets.core.catalog import MODELS, models
from kling_widgets.core.request import VideoRequest
from kling_widgets.errors import KlingError
from kling_widgets.jobs.journal import Journal
from kling_widgets.notebook.tables import History, Table, fields_table, models_table


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal with one submission of each kind, on a clock that stands still."""
    journal = Journal(tmp_path / "journal.sqlite", clock=lambda: 1_795_000_000.0)
    states: tuple[Mapping[str, object], ...] = (
        {"state": "saved", "task_id": "task_1", "accepted": 100.0, "ended": 172.0, "path": "/x/boat.mp4"},
        {"state": "failed", "task_id": "task_2", "error": "It failed."},
        {"state": "accepted", "task_id": "task_3"},
        {"state": "unknown"},
        {"state": "written"},
    )
    for number, columns in enumerate(states, 1):
        key = journal.write(VideoRequest("2.6", prompt=f"boat <b>{number}</b>", seconds=5), "demo")
        journal.update(key, **columns)
    return journal


def test_text_is_aligned() -> None:
    """Columns begin below their titles; the note stands below."""
    table = Table(("a", "name"), [["long one", "x"], ["y", ""]], "A note.")
    assert repr(table).splitlines() == ["a         name", "long one  x", "y", "A note."]


def test_html_is_escaped() -> None:
    """Titles, cells and note are text, also dollar signs."""
    page = Table(("<i>",), [["<script>"]], "<b> $x$")._repr_html_()
    assert "<script>" not in page
    assert "<i>" not in page
    assert "&lt;b&gt;" in page
    assert "mathjax_ignore" in page


def test_markdown_keeps_its_columns() -> None:
    """A bar in a cell does not end it."""
    assert Table(("a", "b"), [["x|y", "z"]]).to_markdown() == "| a | b |\n| --- | --- |\n| x\\|y | z |"


def test_an_empty_table_is_its_titles() -> None:
    """No rows are no error."""
    assert repr(Table(("a", "b"), [])) == "a  b"


def test_all_models_with_how_it_is_known() -> None:
    """Twelve rows; a full circle is the service's own word, an open one somebody else's."""
    rows = {row[0]: dict(zip(models_table().titles, row, strict=True)) for row in models_table().rows}
    assert list(rows) == [model.name for model in models()]
    assert rows["2.6"]["text"] == "●"
    assert rows["2.6"]["sound"] == "○"
    assert rows["1.6"]["sound"] == "–"
    assert rows["3.0"]["seconds"] == "3 to 15"
    assert rows["avatar"]["seconds"] == "follows the sound"
    assert rows["avatar"]["made for"] == "avatar"


@pytest.mark.parametrize("model", models(), ids=lambda model: model.name)
def test_the_fields_of_a_model(model: Any) -> None:
    """Its own as rows, in the form's order; the others named below."""
    table = fields_table(model)
    assert [row[0] for row in table.rows] == [f"--{field.name.replace('_', '-')}" for field in model.fields]
    assert all(f"--{field.name.replace('_', '-')}" in table.note for field in model.others)


def test_the_history_is_a_sequence(journal: Journal) -> None:
    """Newest first; a slice is one too, and knows where it is kept."""
    history = History(journal.entries(), "Kept somewhere.")
    assert [entry.key for entry in history] == [5, 4, 3, 2, 1]
    assert len(history) == 5
    assert history[0].key == 5
    assert isinstance(history[:2], History)
    assert "Kept somewhere." in repr(history[:2])
    assert next(reversed(history)).key == 1


def test_the_history_as_a_table(journal: Journal) -> None:
    """When, which task, model, state in words, how long, prompt; a task without an id by its number."""
    rows = [row[1:] for row in History(journal.entries()).table().rows]
    assert rows == [
        ("#5", "2.6", "not sent (demo)", "", "boat <b>5</b>"),
        ("#4", "2.6", "sent, answer unknown (demo)", "", "boat <b>4</b>"),
        ("task_3", "2.6", "under way (demo)", "", "boat <b>3</b>"),
        ("task_2", "2.6", "failed (demo)", "", "boat <b>2</b>"),
        ("task_1", "2.6", "done (demo)", "1 min 12 s", "boat <b>1</b>"),
    ]
    assert "<b>1" not in History(journal.entries())._repr_html_()


def test_an_empty_history_says_so() -> None:
    """In text and in HTML."""
    assert repr(History((), "Kept <here>.")) == "No tasks yet. Kept <here>."
    assert History((), "Kept <here>.")._repr_html_() == "No tasks yet. Kept &lt;here&gt;."


def test_without_pandas_the_error_says_what_to_install(journal: Journal) -> None:
    """With it, a row a submission and a column a field."""
    history = History(journal.entries())
    if importlib.util.find_spec("pandas") is None:
        with pytest.raises(KlingError, match="pip install pandas"):
            history.to_pandas()
        return
    frame = history.to_pandas()
    assert list(frame.task_id.dropna()) == ["task_3", "task_2", "task_1"]
    assert list(frame.seconds) == [5] * 5
    assert frame.took.iloc[-1] == 72.0


def test_models_are_in_the_catalogs_order() -> None:
    """The table is printed from the catalog."""
    assert [row[1] for row in models_table().rows] == [model.title for model in MODELS.values()]
