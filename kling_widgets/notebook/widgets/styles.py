"""The style sheets: of what is live, of the form with its controls, of tables. Each is a file of the folder css."""

from __future__ import annotations

import re
from pathlib import Path

from markupsafe import Markup

_FOLDER = Path(__file__).parent / "css"


def sheet(*names: str) -> str:
    """The rules of these files."""
    return "".join((_FOLDER / f"{name}.css").read_text("utf-8") for name in names)


def lean(text: str) -> str:
    """A style sheet or a module as it is sent: without indentation, and comments that have lines of their own."""
    return re.sub(r"^[ \t]*(?:/\*.*?\*/[ \t]*|//[^\n]*)?\n|^[ \t]+", "", text, flags=re.MULTILINE | re.DOTALL)


def style(*names: str) -> Markup:
    """The same as an element that can stand in front of other HTML."""
    rules = Markup(lean(sheet(*names)))  # noqa: S704  files of ours
    return Markup("<style>\n{}</style>").format(rules)


STYLE = style("colours", "base", "job")
# Tables are shown by themselves, and saved: they bring only what they need.
TABLE_STYLE = style("colours", "table")
