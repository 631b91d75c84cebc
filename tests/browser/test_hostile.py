"""Hostile texts are only displayed: live, saved, opened again, and as an HTML page."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Dialog, Page, Request, expect

from tests.browser.form import FormInPage
from tests.browser.lab import Lab
from tests.browser.notebook import Notebook
from tests.hostile import LINKS, MARKDOWN, MARKUP, PROBE, TERMINAL
from tests.jobs.conftest import MP4
from tests.servers import Answer, Asked, FaultServer

TEXTS = (*MARKUP, *MARKDOWN, TERMINAL[0], TERMINAL[5])
CREATE, CLIP = "/v1/video/generations", "/clip.mp4"
SECONDS = 60_000  # milliseconds

LOAD = """import json, os
os.environ.pop("KLING_WIDGETS_DEMO")
os.environ.update(json.loads({env!r}))
TEXTS = json.loads({texts!r})
%load_ext kling_widgets
import kling_widgets as kw
from IPython.display import display
from kling_widgets.notebook.kernel.session import session"""
# Every other one is refused; the others are accepted, and fail.
JOBS = """%config Kling.confirm_above = 'off'
try:
    kw.submit([kw.VideoRequest("2.6", prompt=text) for text in TEXTS], wait=True)
except kw.KlingError as error:
    print(error)"""
RAISED = """kw.submit("2.6", prompt=TEXTS[1], wait=True)"""
TABLES = """for text in TEXTS:
    session().presets.save(text.strip()[:70], kw.VideoRequest("3.0", prompt=text))
    try:  # one names a variable in its braces
        get_ipython().run_cell_magic("kling", "--dry-run --model 2.6 --", text)
    except kw.KlingError as error:
        print(error)
    try:
        get_ipython().run_line_magic("kling_tasks", "--status " + text)
    except kw.KlingError as error:
        print(error)
display(kw.history(), kw.history(text="<script>"), kw.history()[0], kw.VideoRequest(TEXTS[0], prompt=TEXTS[1]))"""
FORMS = """for text in TEXTS[:3]:
    display(kw.Form("3.0", prompt=text, multi_prompt=[{"prompt": "shot " + text}], image_list=[text]))"""
SHOWN = """%kling_form --from #1"""
CELLS = (JOBS, RAISED, TABLES, FORMS, SHOWN)

# JupyterLab itself turns a web address in printed text into a link, as in any other output.
_MADE = ", ".join(
    (
        *(f'[{name}="{PROBE}"]' for name in ("id", "name")),
        *(f"[{name}]" for name in ("onerror", "onload", "ontoggle", "onfocus", "onmouseover")),
        *(f'[{name}^="{scheme}:" i]' for name in ("href", "src", "action") for scheme in ("javascript", "vbscript")),
        *(f'[{name}*="{PROBE}.example"]:not(a)' for name in ("href", "src", "action")),
    )
)


class Service:
    """A service that refuses every other submission and lets all others but the first fail, with hostile texts
    everywhere."""

    def __init__(self) -> None:
        self._texts = itertools.cycle(TEXTS)
        self._links = itertools.cycle(LINKS)
        self._count = 0

    def answer(self, asked: Asked) -> Answer:
        text = next(self._texts)
        if asked.path == CREATE:
            self._count += 1
            if self._count % 2:
                return Answer(body={"task_id": f"{self._count} {text}", "status": "queued"})
            error = {"message": text, "code": text, "type": text}
            return Answer(400, {"error": error, "message": text}, {"x-oneapi-request-id": "<b>1</b>"})
        if asked.path == CLIP:
            return Answer(body=MP4)
        if asked.path.startswith(f"{CREATE}/1%20"):
            url = f"http://{asked.headers['host']}{CLIP}"
            return Answer(body={"code": "success", "data": {"status": "SUCCESS", "url": url, "model": text}})
        row = {"status": "FAILURE", "fail_reason": text, "url": next(self._links), "model": text, "progress": text}
        return Answer(body={"code": "success", "data": row})


class Watch:
    """Records unwanted effects in a page: dialogs, errors, requests to other hosts, elements that a text created."""

    def __init__(self, page: Page, own: str) -> None:
        self._page = page
        self._own = urlsplit(own).netloc
        self.happened: list[str] = []
        page.on("dialog", self._dialog)
        page.on("pageerror", lambda error: self.happened.append(f"error: {error}"))
        page.on("console", lambda said: self._said(said.type, said.text))
        page.on("request", self._request)

    def _dialog(self, dialog: Dialog) -> None:
        if dialog.type != "beforeunload":
            self.happened.append(f"dialog: {dialog.message}")

    def _said(self, kind: str, text: str) -> None:
        if kind == "error" and (PROBE in text or "kling" in text.lower()):
            self.happened.append(f"console: {text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self._own:
            self.happened.append(f"request: {request.url}")

    def check(self) -> None:
        """Check that there were none."""
        made = self._page.evaluate("names => [...document.querySelectorAll(names)].map(each => each.outerHTML)", _MADE)
        assert made == []
        assert self.happened == []


@pytest.fixture
def service() -> Iterator[FaultServer]:
    """Run the service on loopback, under the address that the notebook uses."""
    with FaultServer(Service().answer) as server:
        yield server


@pytest.mark.usefixtures("fresh_page")
def test_texts_of_strangers_do_nothing(notebook: Notebook, page: Page, lab: Lab, service: FaultServer) -> None:
    """Hostile prompts, ids, errors, links, names and rows have no effect in a running notebook, in its file opened
    trusted or not, and in the page that nbconvert makes from it."""
    watch = Watch(page, lab.url)
    env = {
        "CRAZYROUTER_API_KEY": "sk-" + "made0up0" * 4,
        "CRAZYROUTER_BASE_URL": service.url,
        "KLING_WIDGETS_RPS": "500",
    }
    notebook.open([LOAD.format(env=json.dumps(env), texts=json.dumps(TEXTS)), *CELLS])
    page.set_viewport_size({"width": 1280, "height": 12_000})
    notebook.run_all()
    notebook.wait_idle()
    if notebook.count(len(CELLS)) is None:  # an error ends Run All
        for index in range(3, 1 + len(CELLS)):
            notebook.run_cell(index)
        notebook.wait_idle()
    expect(notebook.output(1)).to_contain_text(MARKUP[0])
    expect(notebook.output(1).locator("figure video")).to_be_visible()
    expect(notebook.output(1)).to_contain_text("Failed.")
    expect(notebook.output(1)).to_contain_text("Refused.")
    expect(notebook.output(2)).to_contain_text("Error")
    expect(notebook.output(3)).to_contain_text(MARKUP[1])
    expect(notebook.output(3).locator("table").first).to_contain_text(PROBE)
    form = FormInPage(notebook, 5)
    expect(form.box("Prompt")).to_have_value(MARKUP[0])
    form.open("Presets")
    expect(form.choice("Preset")).to_contain_text(PROBE)
    notebook.screenshot("hostile")
    watch.check()

    notebook.save()
    original = notebook.path
    for trusted in (True, False):
        notebook.open_without_kernel(trusted=trusted)
        expect(notebook.output(1)).to_contain_text(MARKUP[0])
        notebook.screenshot(f"hostile-{'trusted' if trusted else 'untrusted'}")
        watch.check()

    subprocess.run(
        [sys.executable, "-m", "jupyter", "nbconvert", "--to", "html", str(original)],
        env=lab.env,
        check=True,
        capture_output=True,
        timeout=60,
    )
    # Its own scripts come from other hosts; a request that a text made contains the marker.
    page.route(lambda url: url.startswith("http"), lambda route: route.abort())
    page.goto(original.with_suffix(".html").as_uri(), wait_until="load")
    expect(page.locator("body")).to_contain_text(MARKUP[0])
    notebook.screenshot("hostile-html")
    watch.happened = [each for each in watch.happened if PROBE in each]
    watch.check()
