"""The tables of models in a real JupyterLab: visible, readable by screen readers, and reachable by keyboard."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, expect

from tests.browser.notebook import Notebook

CELLS = ["%load_ext kling_widgets", "%kling_models", "%kling_models 2.6 3.0 o1", "%kling_models 3.0"]
_NEXT_FRAME = "() => new Promise(done => requestAnimationFrame(() => done(true)))"

_AT_ITS_END = """() => {
    const table = document.querySelector('.kling-table');
    return table.scrollLeft + table.clientWidth >= table.scrollWidth - 1;
}"""
# The tables that do not fit into their cells.
_CUT_OFF = """() => [...document.querySelectorAll('.kling-table')]
    .filter(one => one.scrollWidth > one.clientWidth).map(one => one.innerText.slice(0, 40))"""


def shown(notebook: Notebook) -> list[Locator]:
    """Return the three tables."""
    notebook.open(CELLS)
    notebook.page.set_viewport_size({"width": 1200, "height": 1900})
    notebook.run_all()
    notebook.wait_idle()
    tables = [notebook.output(index).locator(".kling-table") for index in (1, 2, 3)]
    for table in tables:
        expect(table).to_be_visible()
    return tables


def test_tables_are_read_by_a_checker_and_by_the_keyboard(notebook: Notebook) -> None:
    """Every cell has a text that says what it means; axe-core finds no violation, in light and dark. At 1400
    pixels they fit. If a table does not, arrows scroll it, its row names stay visible, and the notebook does not
    scroll."""
    models, difference, _ = shown(notebook)
    row = models.get_by_role("row", name="2.6 ", exact=False).filter(has=notebook.page.get_by_text("2.6", exact=True))
    expect(row.get_by_role("img", name="sound: documented elsewhere only")).to_have_text("○")
    expect(row.get_by_role("img", name="text: the service's page says so")).to_have_text("●")
    expect(row.get_by_role("img", name="elements: not offered")).to_have_text("–")
    expect(difference.get_by_role("columnheader")).to_have_text(["what differs", "2.6", "3.0", "o1"])
    for theme in ("Light", "Dark"):
        notebook.theme(f"JupyterLab {theme}")
        found = Axe().run(notebook.page, context=".kling-table").response["violations"]
        assert {each["id"]: [node["html"] for node in each["nodes"]] for each in found} == {}
        for width in (1200, 600):
            notebook.page.set_viewport_size({"width": width, "height": 1900})
            notebook.page.wait_for_function(_NEXT_FRAME)
            notebook.screenshot(f"tables-{theme}-{width}")
    notebook.theme("JupyterLab Light")

    notebook.page.set_viewport_size({"width": 1400, "height": 1900})  # the file browser is open
    notebook.page.wait_for_function(_NEXT_FRAME)
    assert notebook.page.evaluate(_CUT_OFF) == []

    notebook.page.set_viewport_size({"width": 700, "height": 1900})
    name = models.get_by_role("rowheader", name="2.6-motion-control")
    before = name.bounding_box()
    inside = models.bounding_box()
    assert before and inside and models.evaluate("table => table.scrollWidth > table.clientWidth")
    models.focus()
    for _ in range(40):
        notebook.page.keyboard.press("ArrowRight")
    notebook.page.wait_for_function(_AT_ITS_END)
    after = name.bounding_box()
    last = models.get_by_role("columnheader", name="made for").bounding_box()
    assert after and last and after["x"] == before["x"]
    assert last["x"] + last["width"] <= inside["x"] + inside["width"] + 1
    expect(models).to_be_focused()
