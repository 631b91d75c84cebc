"""The style sheets of widgets and tables: well-formed, limited to our elements, in the theme's colours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kling_widgets.notebook.widgets.styles import STYLE, TABLE_STYLE, script, sheet, style

SHEETS = {
    "live": STYLE,
    "form": style("colours", "base", "form", "media", "shots", "camera", "motion"),
    "table": TABLE_STYLE,
    "next steps": style("colours", "next_steps"),
}


@pytest.mark.parametrize("style", SHEETS.values(), ids=SHEETS)
def test_it_is_one_element(style: str) -> None:
    """Other HTML follows it, so it must be closed."""
    assert style.startswith("<style>")
    assert style.endswith("</style>")
    assert style.count("<") == 2
    assert style.count("{") == style.count("}")


@pytest.mark.parametrize("style", SHEETS.values(), ids=SHEETS)
def test_it_touches_nothing_else_on_the_page(style: str) -> None:
    """Each rule is about what is inside of ours."""
    rules = re.sub(
        r"/\*.*?\*/|@keyframes[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}|@media[^{]*\{", "", style, flags=re.DOTALL
    )
    selectors = re.findall(r"([^{}]+)\{", rules.removeprefix("<style>"))
    assert len(selectors) > 5
    for selector in ",".join(selectors).split(","):
        assert selector.strip().startswith(".kling"), selector


@pytest.mark.parametrize("style", SHEETS.values(), ids=SHEETS)
def test_variables_of_the_theme_have_fall_backs(style: str) -> None:
    """Voilà and VS Code do not have them all."""
    used = re.findall(r"var\((--jp-[\w-]+)([,)])", style)
    assert used
    assert all(end == "," for _, end in used)


def test_only_outputs_with_ours_are_hidden() -> None:
    """The lines that stand in for a widget hide an output of JupyterLab only beside one of ours."""
    rules = re.sub(r"@keyframes[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", sheet("stand_in"))
    selectors = [each for group in re.findall(r"([^{}]+)\{", rules) for each in group.split(",")]
    assert len(selectors) == 5
    assert [each for each in selectors if ".kling-" not in each] == []


def test_a_module_may_use_shared_files(tmp_path: Path) -> None:
    """A file of its own folder comes first; others are those that all modules share."""
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "own.js").write_text("// Why.\nconst own = 1;\n\nexport default { own };\n")
    code = script(tmp_path, "dom", "own")
    assert code.index("function guarded(") < code.index("function element(") < code.index("const own = 1;")
    assert "Why" not in code
    with pytest.raises(FileNotFoundError):
        script(tmp_path, "nowhere")
