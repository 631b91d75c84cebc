"""The page has the same defaults as the kernel for widget properties that are not sent."""

from __future__ import annotations

import json

from playwright.sync_api import expect

from tests.browser.notebook import Notebook

# One widget of each type as it opens; its whole state in the kernel; and its state in the page.
CELL = """
import json
import anywidget, traitlets
import ipywidgets as w
from kling_widgets.notebook.widgets.compact_state import compact_state
from kling_widgets.notebook.widgets.factory import _STYLES

class Probe(anywidget.AnyWidget):
    _esm = '''
    async function render({ model, el }) {
      const found = {};
      for (const [id, names] of Object.entries(model.get("names"))) {
        const one = await model.widget_manager.get_model(id);
        found[id] = Object.fromEntries(names.map((name) => [name, one.get(name) ?? null]));
      }
      el.textContent = "found " + JSON.stringify(found);
    }
    export default { render };
    '''
    names = traitlets.Dict().tag(sync=True)

kinds = [w.Layout, w.VBox, w.HBox, w.Box, w.Tab, *_STYLES, *{style for style, _ in _STYLES.values()}]
made = [compact_state(kind)() for kind in kinds]
wholes = {each.model_id: {k: v for k, v in each.get_state().items() if k not in ("layout", "style")} for each in made}
print("wanted", json.dumps(wholes))
Probe(names={id: list(whole) for id, whole in wholes.items()})
"""


def test_the_page_has_the_defaults_of_the_kernel(notebook: Notebook) -> None:
    """Each property of each widget type in the form has the same default on both sides."""
    notebook.open([CELL])
    notebook.run_cell(0)
    notebook.wait_idle()
    output = notebook.output(0)
    expect(output).to_contain_text("found {")
    said = {line.split(" ", 1)[0]: line.split(" ", 1)[1] for line in output.inner_text().splitlines() if "{" in line}
    wanted, found = json.loads(said["wanted"]), json.loads(said["found"])
    assert len(wanted) > 15
    others = {
        (whole["_model_name"], name): (found[key][name], value)
        for key, whole in wanted.items()
        for name, value in whole.items()
        if (found[key][name] or None) != (value or None)  # "" and null count as equal
    }
    assert others == {}
