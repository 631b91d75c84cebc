"""A notebook as users handle it: open, run, read, save, reload, interrupt, restart."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Locator, Page

from tests.browser.lab import Lab

POLLING = 100  # milliseconds; by default a wait polls at every frame, and makes the page draw each

_count = itertools.count(1)

# JupyterLab's own application object: conditions on the model are exact, while the page's display lags behind.
_PANEL = "window.jupyterapp && jupyterapp.shell.currentWidget"
_OPEN = f"""name => {{
    const panel = {_PANEL};
    return panel && panel.context && panel.context.path === name && panel.context.isReady;
}}"""
_IDLE = f"""() => {{
    const panel = {_PANEL};
    return [...panel.content.model.cells].every(cell => cell.type !== 'code' || cell.executionState === 'idle')
        && panel.sessionContext.session?.kernel?.status === 'idle';
}}"""
_QUEUED = f"""() => {{
    const cells = [...{_PANEL}.content.model.cells].filter(cell => cell.type === 'code');
    return cells.every(cell => cell.executionState === 'running');
}}"""
_PLAYED = """async video => {
    const until = async (test, what) => {
        const deadline = performance.now() + 60000;
        while (!test()) {
            if (video.error) throw new Error(`the video does not play: ${video.error.message}`);
            if (performance.now() > deadline) throw new Error(`the video does not play: ${what}`);
            await new Promise(done => setTimeout(done, 30));
        }
    };
    await until(() => video.readyState >= 2, `no frame of ${video.currentSrc}`);
    video.muted = true;
    const begin = video.currentTime;
    await video.play();
    await until(() => video.currentTime > begin + 0.1 || video.ended, 'the time stands still');
    video.pause();
    return {width: video.videoWidth, height: video.videoHeight, duration: video.duration};
}"""


def played(video: Locator) -> dict[str, float]:
    """Play a ``<video>`` until its time advances; return the width, height (pixels) and duration (seconds) that the
    browser found. Fail if it does not play."""
    video.scroll_into_view_if_needed()
    found: dict[str, float] = video.evaluate(_PLAYED)
    return found


class Notebook:
    """A notebook file in the lab's folder, and the page that shows it."""

    def __init__(self, page: Page, lab: Lab) -> None:
        self.page = page
        self.lab = lab
        self.path = Path()  # of the file, once one is open
        self._handlers: list[tuple[Any, Callable[[Any], None]]] = []

    def on(self, event: str, handler: Callable[[Any], None]) -> None:
        """Call the handler at each such event of the page, until the test ends."""
        self._handlers.append((event, handler))
        page: Any = self.page  # the stubs declare each event separately
        page.on(event, handler)

    def off(self) -> None:
        """Remove all these handlers."""
        while self._handlers:
            self.page.remove_listener(*self._handlers.pop())

    # opening

    def open(self, cells: Iterable[str], *, kernel: str = "python3", name: str | None = None) -> Notebook:
        """Write a notebook of these code cells and open it with a kernel of this name."""
        content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        content.metadata["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "python"}
        self.path = self.lab.folder / (name or f"notebook-{next(_count)}.ipynb")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(content, self.path)
        return self.open_file(self.path)

    def open_file(self, path: Path) -> Notebook:
        """Open an existing notebook in the lab's folder, and wait for its kernel."""
        self.path = path
        self._go()
        self._opened()
        self.wait_idle()
        return self

    def open_without_kernel(self, *, trusted: bool) -> Notebook:
        """Open a copy of the saved file without a kernel, trusted or not."""
        content = self.saved()
        # of a language without a kernel: for Python, JupyterLab would start any kernel that it finds
        content["metadata"] = {"kernelspec": {"name": "not-here", "display_name": "Not here", "language": "none"}}
        original = self.path
        self.path = original.with_name(f"{original.stem}-{'trusted' if trusted else 'untrusted'}.ipynb")
        content["metadata"]["title"] = self.path.stem  # trust depends on the content, so every copy is different
        self.path.write_text(json.dumps(content))
        if trusted:
            subprocess.run(
                [sys.executable, "-m", "jupyter", "trust", str(self.path)],
                env=self.lab.env,
                check=True,
                capture_output=True,
            )
        self._load()  # without anything that the kernel has added to the page, such as styles
        dialog = self.page.locator(".jp-Dialog", has_text="Select Kernel")
        dialog.get_by_role("button", name="No Kernel").click()
        dialog.wait_for(state="detached")
        self._opened()
        # a cell without outputs, or with safe ones only, is always trusted
        cells = "[...panel.context.model.cells].filter(cell => cell.type === 'code')"
        assert self._model(f"{cells}.every(cell => cell.trusted)") is trusted
        assert self._model("panel.sessionContext.session") is None
        return self

    def reload(self) -> Notebook:
        """Reload the page, as F5 does; the kernel keeps running."""
        self.page.reload()
        self._opened()
        self._model("panel.sessionContext.ready")
        return self

    # running

    def run_all(self) -> None:
        """Choose Run All Cells in the menu; return when all are queued."""
        self._start("notebook:run-all-cells")

    def run_all_held(self) -> None:
        """Run all cells, the first of which calls ``input()``; answer it when all are in the kernel's queue, and
        return. Otherwise a fast kernel may end a failing cell before the next one arrives, and nothing is aborted."""
        self.run_all()
        question = self.output(0).locator(".jp-Stdin-input")
        question.wait_for()
        self.page.wait_for_function(_QUEUED, polling=POLLING)
        question.press("Enter")

    def run_cell(self, index: int) -> None:
        """Run this cell; return when it is queued."""
        self._model(f"panel.content.deselectAll(), panel.content.activeCellIndex = {index}")
        self._start("notebook:run-cell")

    def wait_idle(self, timeout: float = 240) -> None:
        """Wait until no cell is queued or running, and the kernel is idle."""
        self.page.wait_for_function(_IDLE, timeout=timeout * 1000, polling=POLLING)

    def interrupt(self) -> None:
        """Interrupt the kernel, as the stop button does."""
        self._start("notebook:interrupt-kernel")

    def restart(self) -> None:
        """Restart the kernel, and confirm the question."""
        self._start("notebook:restart-kernel")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.wait_idle()

    def shut_down(self) -> None:
        """Shut the kernel down permanently."""
        self._model("panel.sessionContext.shutdown()")

    # looking

    def cell(self, index: int) -> Locator:
        """Return the whole cell."""
        return self.page.locator(f'.jp-Notebook [data-windowed-list-index="{index}"]')

    def output(self, index: int) -> Locator:
        """Return the output area of the cell."""
        return self.cell(index).locator(".jp-Cell-outputArea")

    def output_text(self, index: int) -> str:
        """Return the readable text of the cell's outputs."""
        areas = self.output(index).locator(".jp-OutputArea-output")  # without the number in brackets beside it
        return "\n".join(areas.all_inner_texts())  # at once: an output may be replaced between two looks

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """Return the cell's outputs as they would be saved now."""
        found: list[dict[str, Any]] = self._model(f"panel.content.model.cells.get({index}).outputs.toJSON()")
        return found

    def count(self, index: int) -> int | None:
        """Return the number in the cell's brackets, or None if it has not run to its end."""
        found: int | None = self._model(f"panel.content.model.cells.get({index}).executionCount")
        return found

    def source(self, index: int) -> str:
        """Return the code in the cell."""
        found: str = self._model(f"panel.content.model.cells.get({index}).sharedModel.getSource()")
        return found

    def theme(self, name: str) -> None:
        """Change the theme of this lab, "JupyterLab Light" or "JupyterLab Dark"."""
        self.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", name)
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)

    def screenshot(self, name: str) -> Path | None:
        """Save a screenshot for people as NAME.png in the folder that KLING_TEST_SCREENSHOTS names; return None without
        one."""
        if not (folder := os.environ.get("KLING_TEST_SCREENSHOTS")):
            return None
        path = Path(folder) / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path)
        return path

    # the file

    def save(self) -> dict[str, Any]:
        """Save, as Ctrl+S does, and return the file's content."""
        self._model("panel.context.save()")
        return self.saved()

    def saved(self) -> dict[str, Any]:
        """Return the file as it is on the disk."""
        content: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        return content

    @property
    def _inside(self) -> str:
        return self.path.relative_to(self.lab.folder).as_posix()

    def _go(self) -> None:
        """Go to the JupyterLab of the page, if it has one: loading it takes longer than most tests."""
        if self.page.evaluate("typeof jupyterapp === 'undefined'"):
            self._load()
        else:
            self.page.evaluate(
                "path => { jupyterapp.commands.execute('docmanager:open', {path}); }",  # not awaited, as in _start
                self._inside,
            )

    def _load(self) -> None:
        self.page.goto(self.lab.address(f"lab/tree/{self._inside}?reset"))

    def _opened(self) -> None:
        self.page.wait_for_function(_OPEN, arg=self._inside, polling=POLLING)

    def _model(self, expression: str) -> Any:
        return self.page.evaluate(f"async () => {{ const panel = {_PANEL}; return await ({expression}) ?? null; }}")

    def _start(self, command: str) -> None:
        # not awaited: the promise of a run command lasts as long as the cells
        self.page.evaluate("command => { jupyterapp.commands.execute(command); }", command)
