"""One JupyterLab and one Chromium for all browser tests; a fresh page, and no kernels left, for each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.lab import Lab
from tests.browser.notebook import Notebook
from tests.conftest import need

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",  # as root it does not start otherwise
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


_failed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Leaves at the test whether it has failed, for the picture that ``page`` takes."""
    report = yield
    item.stash[_failed] = item.stash.get(_failed, False) or report.failed
    return report


# For this package, not the session: while Playwright runs, this thread has a running event loop.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium or whatever the machine has; it must play H.264."""
    need("browser tests", CHROMIUM is not None, "no Chromium was found; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab whose kernels are in demo mode, with a folder for notebooks, ``lab.folder``."""
    with Lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def page(browser: Browser, lab: Lab, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of 1280 × 900 without a history; what it leaves in the lab is ended and forgotten."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())  # "leave this page?" at reload
    yield page
    if request.node.stash.get(_failed, False) and (folder := os.environ.get("KLING_TEST_SCREENSHOTS")):
        page.screenshot(path=Path(folder) / f"{request.node.name}.png")
    context.close()
    lab.forget()


@pytest.fixture
def notebook(page: Page, lab: Lab) -> Notebook:
    """A helper for one notebook in this page: ``notebook.open([cells])``."""
    return Notebook(page, lab)
