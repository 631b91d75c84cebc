"""A table of results, and its Markdown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """The results of a benchmark.

    Attributes:
        title: the subject, in a few words.
        head: one word or two for each column, with the unit.
        rows: text is kept; numbers get three digits; None is a value that was not measured.
        notes: one sentence each, below the table: goals and remarks.
    """

    title: str
    head: tuple[str, ...]
    rows: list[tuple[object, ...]]
    notes: tuple[str, ...] = ()


def markdown(table: Table) -> str:
    """Return the table under its title, with its notes."""
    lines = (table.head, ("---",) * len(table.head), *table.rows)
    body = "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines if table.rows)
    notes = "\n".join(f"- {note}" for note in table.notes)
    return "\n\n".join(part for part in (f"### {table.title}", body, notes) if part)


def reach(what: str, value: float | None, limit: float, unit: str = "") -> str:
    """Return a note on a goal: "median lag: 0.45 s, to reach: ≤ 0.6 s – reached"."""
    if value is None:
        return f"{what}: not measured, to reach: ≤ {_cell(limit)}{unit}"
    verdict = "reached" if value <= limit else "**not reached**"
    return f"{what}: {_cell(value)}{unit}, to reach: ≤ {_cell(limit)}{unit} – {verdict}"


def _cell(cell: object) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.3g}"
    if isinstance(cell, int):
        return f"{cell:,}"
    return str(cell).replace("|", "\\|")
