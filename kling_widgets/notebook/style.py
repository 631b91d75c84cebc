"""The style sheets: of what is live, of the form with its controls, of tables. Each is a file of the folder css."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent / "css"


def _sheet(*names: str) -> str:
    return f"<style>\n{''.join((_FOLDER / f'{name}.css').read_text('utf-8') for name in names)}</style>"


STYLE = _sheet("colours", "base")
FORM_STYLE = _sheet("colours", "base", "form", "shots", "camera", "media", "motion")
# Tables are shown by themselves, and saved: they bring only what they need.
TABLE_STYLE = _sheet("colours", "table")
