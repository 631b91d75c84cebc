"""One JupyterLab, one Chromium and one page for all browser tests of a worker, cleaned up after each test."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from tests.browser.lab import Lab
from tests.browser.notebook import Notebook
from tests.browser.pages import SECONDS, Pages
from tests.conftest import need

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",  # required as root
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
    """Record on the test whether it has failed, for the screenshot that ``page`` takes."""
    report = yield
    item.stash[_failed] = item.stash.get(_failed, False) or report.failed
    return report


# For this package, not the session: while Playwright runs, this thread has a running event loop.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium or the machine's own; it must play H.264."""
    need("browser tests", CHROMIUM is not None, "no Chromium was found; on Debian: apt-get install chromium")
    expect.set_options(timeout=SECONDS / 2)  # four workers share two cores, and may pause for seconds
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Run a JupyterLab with kernels in demo mode, and a folder for notebooks, ``lab.folder``."""
    with Lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="package")
def pages(browser: Browser, lab: Lab) -> Iterator[Pages]:
    """Return the page that the tests of this worker share."""
    pages = Pages(browser)
    yield pages
    pages.throw_away()


@pytest.fixture
def page(pages: Pages, lab: Lab, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Return a page of 1280 × 900 with nothing open, usually that of the previous test; afterwards clean up the lab.
    Add event handlers with ``notebook.on``, which removes them at the end. Tests that reload the page, or change it
    permanently (scripts for each document), use ``fresh_page`` too."""
    fresh = "fresh_page" in request.fixturenames
    page = pages.new() if fresh else pages.shared()
    yield page
    failed = request.node.stash.get(_failed, False)
    if failed and (folder := os.environ.get("KLING_TEST_SCREENSHOTS")):
        with contextlib.suppress(Error):
            page.screenshot(path=Path(folder) / f"{request.node.name}.png")
    if fresh:
        page.context.close()
    elif failed:
        pages.throw_away()  # otherwise one failure could cause others
    else:
        pages.clear()
    lab.forget()


@pytest.fixture
def fresh_page(page: Page) -> Page:
    """Return a page that no other test uses."""
    return page


@pytest.fixture
def notebook(page: Page, lab: Lab) -> Iterator[Notebook]:
    """Return a helper for one notebook in this page: ``notebook.open([cells])``."""
    notebook = Notebook(page, lab)
    yield notebook
    notebook.off()
