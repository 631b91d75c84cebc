"""The style sheets and modules as they are sent. Sheets are files of the folder css: of what is live, of the form with
its controls, of tables. A module is made of files of a folder js."""

from __future__ import annotations

import re
from pathlib import Path

from markupsafe import Markup

_FOLDER = Path(__file__).parent


def sheet(*names: str) -> str:
    """Return the rules of these files without unnecessary blanks. Strings stay as they are."""
    rules = _lean(*(_FOLDER / "css" / f"{name}.css" for name in names))
    return re.sub(r'("[^"]*")|;?\s*([{},;>!])\s*|(?<=:)\s+', lambda found: found[1] or found[2] or "", rules)


def script(folder: Path, *names: str) -> str:
    """Return the JavaScript module that these files of ``folder/js`` make; the last one has its exports. ``guarded`` is
    in it, comments and most line breaks are not."""
    code = _lean(_FOLDER / "js" / "guard.js", *(folder / "js" / f"{name}.js" for name in names))
    code = re.sub(r"[ \t]+//[^\n]*", "", code)
    return re.sub(r"(?<=[,;({])\n|\n(?=[)}])|(?<=})\n(?!async|export|function)", "", code)


def _lean(*files: Path) -> str:
    """Return the text of files without indentation and without comments on lines of their own."""
    text = "\n".join(file.read_text("utf-8") for file in files)
    return re.sub(r"^[ \t]*(?:/\*.*?\*/[ \t]*|//[^\n]*)?\n|^[ \t]+", "", text, flags=re.MULTILINE | re.DOTALL)


def style(*names: str) -> Markup:
    """The same as an element that can stand in front of other HTML."""
    rules = Markup(sheet(*names))  # noqa: S704  files of ours
    return Markup("<style>\n{}</style>").format(rules)


STYLE = style("colours", "base", "job")
# Tables are shown by themselves, and saved: they bring only what they need.
TABLE_STYLE = style("colours", "table")
