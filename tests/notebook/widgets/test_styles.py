"""The style sheets of widgets and tables: well-formed, limited to our elements, in the theme's colours."""

from __future__ import annotations

import re

import pytest

from kling_widgets.notebook.widgets.styles import STYLE, TABLE_STYLE, style

FORM = style("colours", "base", "form", "media", "shots", "camera", "motion")


@pytest.mark.parametrize("style", [STYLE, FORM, TABLE_STYLE], ids=["live", "form", "table"])
def test_it_is_one_element(style: str) -> None:
    """Other HTML follows it, so it must be closed."""
    assert style.startswith("<style>")
    assert style.endswith("</style>")
    assert style.count("<") == 2
    assert style.count("{") == style.count("}")


@pytest.mark.parametrize("style", [STYLE, FORM, TABLE_STYLE], ids=["live", "form", "table"])
def test_it_touches_nothing_else_on_the_page(style: str) -> None:
    """Each rule is about what is inside of ours."""
    rules = re.sub(
        r"/\*.*?\*/|@keyframes[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}|@media[^{]*\{", "", style, flags=re.DOTALL
    )
    selectors = re.findall(r"([^{}]+)\{", rules.removeprefix("<style>"))
    assert len(selectors) > 5
    for selector in ",".join(selectors).split(","):
        assert selector.strip().startswith(".kling"), selector


@pytest.mark.parametrize("style", [STYLE, FORM, TABLE_STYLE], ids=["live", "form", "table"])
def test_variables_of_the_theme_have_fall_backs(style: str) -> None:
    """Voilà and VS Code do not have them all."""
    used = re.findall(r"var\((--jp-[\w-]+)([,)])", style)
    assert used
    assert all(end == "," for _, end in used)
