"""Style sheets and JavaScript modules, minified. Sheets are files of the folder ``css``; a module is made of files of a
folder ``js``."""

from __future__ import annotations

import re
from pathlib import Path

from markupsafe import Markup

_FOLDER = Path(__file__).parent


def sheet(*names: str) -> str:
    """Return the rules of these files without unnecessary whitespace; strings are left as they are."""
    rules = _strip_comments(*(_FOLDER / "css" / f"{name}.css" for name in names))
    return re.sub(r'("[^"]*")|;?\s*([{},;>!])\s*|(?<=:)\s+', lambda found: found[1] or found[2] or "", rules)


def script(folder: Path, *names: str) -> str:
    """Return these files as one JavaScript module, without comments and most line breaks.

    A file that is not in ``folder/js`` is one of this folder's, which all modules share. The last file has the exports.
    The module includes ``guarded``.
    """
    own = (folder / "js" / f"{name}.js" for name in ("guard", *names))
    code = _strip_comments(*(file if file.is_file() else _FOLDER / "js" / file.name for file in own))
    code = re.sub(r"[ \t]+//[^\n]*", "", code)
    return re.sub(r"(?<=[,;({])\n|\n(?=[)}])|(?<=})\n(?!async|export|function)", "", code)


def _strip_comments(*files: Path) -> str:
    """Return the text of files without indentation, and without comments that fill a line."""
    text = "\n".join(file.read_text("utf-8") for file in files)
    return re.sub(r"^[ \t]*(?:/\*.*?\*/[ \t]*|//[^\n]*)?\n|^[ \t]+", "", text, flags=re.MULTILINE | re.DOTALL)


def style(*names: str) -> Markup:
    """Return the rules of these files as a ``<style>`` element."""
    rules = Markup(sheet(*names))  # noqa: S704  our own files
    return Markup("<style>\n{}</style>").format(rules)


STYLE = style("colours", "base", "job")
# Tables are shown alone and saved with the notebook, so they include only the rules that they need.
TABLE_STYLE = style("colours", "table")
