"""The README's generated tables: ``python -m tests.readme`` writes them, ``--check`` compares them.

A table lies between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``; NAME is one of TABLES.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from kling_widgets.demo.failures import FAILURES
from kling_widgets.notebook.output.model_tables import models_table
from tests.promises import PROMISES

README = Path(__file__).resolve().parent.parent / "README.md"


def models() -> str:
    """Return the table of all models and their features, as ``%kling_models`` shows it."""
    table = models_table()
    return f"{table.to_markdown()}\n\n{table.note}"


def failures() -> str:
    """Return the table of the words that make the demo fail."""
    rows = (f"| `demo:{word}` | {failure.explanation} |" for word, failure in FAILURES.items())
    return "\n".join(("| in the prompt | what happens |", "| --- | --- |", *rows))


def promises() -> str:
    """Return the table of what happens to money, videos and keys if something goes wrong."""
    rows = (f"| {promise.when} | {promise.then} |" for promise in PROMISES)
    return "\n".join(("| when | then |", "| --- | --- |", *rows))


TABLES: dict[str, Callable[[], str]] = {"models": models, "failures": failures, "promises": promises}


def fresh(text: str, tables: dict[str, Callable[[], str]] = TABLES) -> str:
    """Return the text with every marked block updated; raise ValueError if a table is missing or unknown."""
    marked = re.compile(r"(<!-- begin (?P<name>[\w-]+) -->\n).*?(<!-- end (?P=name) -->)", re.DOTALL)
    names = re.findall(r"<!-- begin ([\w-]+) -->", text)
    if sorted(names) != sorted(tables) or len(names) != len(marked.findall(text)):
        raise ValueError(f"the marked blocks are {names}, the tables {list(tables)}")
    return marked.sub(lambda block: f"{block[1]}\n{tables[block['name']]()}\n\n{block[3]}", text)


def main(arguments: list[str]) -> str | None:
    """Write the tables or, with ``--check``, return a message if they are stale."""
    old = README.read_text(encoding="utf-8")
    new = fresh(old)
    if arguments != ["--check"]:
        README.write_text(new, encoding="utf-8")
    elif old != new:
        return "README.md: a table is stale; run: .venv/bin/python -m tests.readme"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
