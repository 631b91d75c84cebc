"""The README's tables, printed by the program itself: ``python -m tests.readme`` writes them, ``--check`` compares.

A table stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``; NAME is one of TABLES.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from kling_widgets.core import catalog
from kling_widgets.core.fields import Number

README = Path(__file__).resolve().parent.parent / "README.md"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _length(model: catalog.Model) -> str:
    number = model.by_name.get("seconds")
    if model.length or not isinstance(number, Number):
        return model.length
    return number.usual_words() if number.usual else ""


def models() -> str:
    """Every model of the catalog: its name in a magic line, what it can do, how long its clips are."""
    return _table(
        ("`--model`", "Model", "What it can do", "Length of a clip"),
        (
            (
                f"`{model.name}`",
                model.title,
                ", ".join(f"{able} ({able.note})" if able.note else str(able) for able in model.capabilities),
                _length(model),
            )
            for model in catalog.models()
        ),
    )


TABLES: dict[str, Callable[[], str]] = {"models": models}


def fresh(text: str, tables: dict[str, Callable[[], str]] = TABLES) -> str:
    """The text with every marked block printed anew; ValueError for a table that is missing or not known."""
    marked = re.compile(r"(<!-- begin (?P<name>[\w-]+) -->\n).*?(<!-- end (?P=name) -->)", re.DOTALL)
    names = re.findall(r"<!-- begin ([\w-]+) -->", text)
    if sorted(names) != sorted(tables) or len(names) != len(marked.findall(text)):
        raise ValueError(f"the marked blocks are {names}, the tables {list(tables)}")
    return marked.sub(lambda block: f"{block[1]}\n{tables[block['name']]()}\n\n{block[3]}", text)


def main(arguments: list[str]) -> str | None:
    """Writes the tables or, with ``--check``, gives a message when they are stale."""
    old = README.read_text(encoding="utf-8")
    new = fresh(old)
    if arguments != ["--check"]:
        README.write_text(new, encoding="utf-8")
    elif old != new:
        return "README.md: a table is stale; run: .venv/bin/python -m tests.readme"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
