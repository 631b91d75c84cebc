"""A form over a slow link: the time from running the cell to a usable form.

A real JupyterLab in Chromium. Its websockets go through a proxy that delays everything by 150 ms in each direction, so
a round trip takes 300 ms more; plain HTTP is not delayed. The clock runs in the page: it starts with the command that
runs the cell, and stops when all controls of the form are in the page (their number no longer changes) and the first
text box accepts input. The first run is in a new kernel and a new page, with all imports; each later one runs the cell
again after its output was cleared. Ours makes the controls of a section when it is first opened: that has its own row.

The others show the same fields, one control each; structured fields are a text box to them.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

from tests.benchmarks import peers
from tests.benchmarks.clients import KEY
from tests.benchmarks.link import SlowLink
from tests.benchmarks.table import Table
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.lab import Lab
from tests.browser.notebook import Notebook

PEERS = ("ipyautoui",)
DELAY = 0.15  # seconds in each direction
RUNS, QUICK_RUNS = 7, 2
MODELS = ("3.0", "2.6")
QUIET = 2500  # ms without a new control, several round trips: the form is complete

FORMS = {
    "kw.Form": "import kling_widgets as kw; kw.Form({model!r})",
    "plain ipywidgets": "from tests.benchmarks.same_fields import plain; plain({model!r})",
    "ipyautoui": "from tests.benchmarks.same_fields import auto; auto({model!r})",
}
SECTION = "kw.Form, opening a section"

# Runs an action and checks each frame of the screen: returns ms until the form was complete, and its controls.
_CLOCK = """async ([cell, act, quiet]) => {
    const notebook = jupyterapp.shell.currentWidget.content;
    const area = document.querySelectorAll('.jp-Notebook .jp-Cell')[cell].querySelector('.jp-Cell-outputArea');
    const seen = what => [...area.querySelectorAll(what)].filter(one => one.checkVisibility());
    const number = () => seen('input, textarea, select, button').length;
    const ready = () => seen('textarea, input[type=text]').some(one => !one.disabled && !one.readOnly);
    let controls = number(), typed = null, changed = null;
    const start = performance.now();
    if (act === 'run') jupyterapp.commands.execute('notebook:run-cell');
    else seen('button').find(one => one.innerText.trim().startsWith(act)).click();
    return await new Promise((done, fail) => (function look() {
        const now = performance.now() - start, found = number();
        if (found !== controls) { controls = found; changed = now; }
        if (typed === null && ready()) typed = now;
        if (changed !== null && typed !== null && now - Math.max(changed, typed) > quiet)
            done({milliseconds: Math.max(changed, typed), controls});
        else if (now > 60000) fail(new Error(`no form after a minute: ${area.innerText}`));
        else requestAnimationFrame(look);
    })());
}"""


@dataclass(frozen=True)
class Found:
    """A form's times in seconds, its controls, and the bytes of each run."""

    first: float | None
    later: list[float]
    controls: int
    received: list[int]


def measure(quick: bool = False) -> Iterable[Table]:
    """Return one table: each form of each model."""
    if CHROMIUM is None:
        yield Table("Not measured", (), [], ("no Chromium was found",))
        return
    python = peers.python("ipyautoui")
    forms = {name: code for name, code in FORMS.items() if python or name != "ipyautoui"}
    runs = QUICK_RUNS if quick else RUNS
    rows: list[tuple[object, ...]] = []
    with _lab(python or Path(sys.executable)) as (lab, link), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for model in MODELS[:1] if quick else MODELS:
            for name, code in forms.items():
                page = browser.new_context(viewport={"width": 1280, "height": 3000}).new_page()
                page.set_default_timeout(60_000)
                notebook = Notebook(page, lab).open([code.format(model=model)], kernel="bench")
                form = _form(notebook, link, runs)
                rows.append(_row(name, model, form))
                if name == "kw.Form":
                    rows.append(_row(SECTION, model, _section(notebook, link, runs)))
                page.context.close()
                lab.end_kernels()
        browser.close()
    yield _table(rows)


def _form(notebook: Notebook, link: SlowLink, runs: int) -> Found:
    """Run the first cell, which makes a form, ``runs`` times."""
    times, received, controls = [], [], 0
    for _ in range(1 + runs):
        notebook.page.evaluate("jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        notebook.wait_idle()
        before = link.received
        found = notebook.page.evaluate(_CLOCK, [0, "run", QUIET])
        received.append(link.received - before)
        times.append(found["milliseconds"] / 1000)
        controls = found["controls"]
        box = notebook.output(0).locator("textarea, input[type=text]").locator("visible=true").first
        box.fill("a paper boat")
        assert box.input_value() == "a paper boat"
    return Found(times[0], times[1:], controls, received)


def _section(notebook: Notebook, link: SlowLink, runs: int) -> Found:
    """Open the first closed section of the form in each of ``runs`` new forms."""
    times, received, controls = [], [], 0
    for _ in range(runs):
        notebook.run_cell(0)
        notebook.wait_idle()
        before = link.received
        found = notebook.page.evaluate(_CLOCK, [0, "▸", QUIET])
        received.append(link.received - before)
        times.append(found["milliseconds"] / 1000)
        controls = found["controls"]
    return Found(None, times, controls, received)


def _row(name: str, model: str, found: Found) -> tuple[object, ...]:
    later = statistics.median(found.later)
    kilobytes = statistics.median(found.received[-len(found.later) :]) / 1024
    return name, model, found.first, later, min(found.later), max(found.later), found.controls, round(kilobytes, 1)


def _table(rows: list[tuple[object, ...]]) -> Table:
    plain = {row[1]: row for row in rows if row[0] == "plain ipywidgets"}
    compared = [(*row, round(float(str(row[3])) / float(str(plain[row[1]][3])), 2)) for row in rows]
    head = ("form", "model", "first, s", "later, median, s", "least", "most", "controls", "KiB received")
    note = "KiB received: the websocket traffic to the page in one run, compressed as by Jupyter"
    return Table("Until the form can be used", (*head, "later ÷ plain"), compared, (note, *peers.missing(PEERS)))


@contextmanager
def _lab(python: Path) -> Iterator[tuple[Lab, SlowLink]]:
    """Run a JupyterLab behind the slow link, with a kernel that has ours and the others."""
    home = Path(tempfile.mkdtemp(prefix="kling-bench-"))
    try:
        spec = {
            "argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": "bench",
            "language": "python",
            "metadata": {"debugger": False},
        }
        (home / "jupyter" / "kernels" / "bench").mkdir(parents=True)
        (home / "jupyter" / "kernels" / "bench" / "kernel.json").write_text(json.dumps(spec))
        lab = Lab(home)
        share = python.parents[1] / "share" / "jupyter"  # ipyautoui's files for the page
        lab.env |= {
            "JUPYTER_PATH": f"{home / 'jupyter'}:{share}",
            "JUPYTER_DATA_DIR": str(home / "data"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "IPYTHONDIR": str(home / "ipython"),
            "PYTHONPATH": str(peers.ROOT),
            "CRAZYROUTER_API_KEY": KEY,
            "KLING_WIDGETS_DEMO": "",
        }
        with SlowLink(urlsplit(lab.url).port or 0, DELAY) as link, lab:
            lab.url = link.url
            yield lab, link
    finally:
        shutil.rmtree(home, ignore_errors=True)
