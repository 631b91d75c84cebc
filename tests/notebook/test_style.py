"""The one style sheet: closed, ours alone, in the theme's colours."""

from __future__ import annotations

import re

from kling_widgets.notebook.style import STYLE


def test_it_is_one_element() -> None:
    """As it stands in front of other HTML, it must end where it ends."""
    assert STYLE.startswith("<style>")
    assert STYLE.endswith("</style>")
    assert STYLE.count("<") == 2
    assert STYLE.count("{") == STYLE.count("}")


def test_it_touches_nothing_else_on_the_page() -> None:
    """Each rule is about what is inside of ours."""
    rules = re.sub(
        r"/\*.*?\*/|@keyframes[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}|@media[^{]*\{", "", STYLE, flags=re.DOTALL
    )
    selectors = re.findall(r"([^{}]+)\{", rules.removeprefix("<style>"))
    assert len(selectors) > 10
    for selector in ",".join(selectors).split(","):
        assert selector.strip().startswith(".kling"), selector


def test_variables_of_the_theme_have_fall_backs() -> None:
    """Voilà and VS Code do not have them all."""
    used = re.findall(r"var\((--jp-[\w-]+)([,)])", STYLE)
    assert used
    assert all(end == "," for _, end in used)
