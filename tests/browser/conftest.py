"""One JupyterLab, one Chromium and one page for all browser tests of a worker; nothing is left in them for the next."""

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
    expect.set_options(timeout=SECONDS / 2)  # three workers share two cores, and may stand still for seconds
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab whose kernels are in demo mode, with a folder for notebooks, ``lab.folder``."""
    with Lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="package")
def pages(browser: Browser, lab: Lab) -> Iterator[Pages]:
    """The page that the tests of this worker share."""
    pages = Pages(browser)
    yield pages
    pages.throw_away()


@pytest.fixture
def page(pages: Pages, lab: Lab, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of 1280 × 900 with nothing open, mostly the one of the test before; what it leaves in the lab is ended and
    forgotten. Handlers are added by ``notebook.on``, which takes them away again. A test that does what cannot be
    undone in a page (scripts for each document), or reloads it, asks for ``fresh_page`` too."""
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
        pages.throw_away()  # or one failure would bring others
    else:
        pages.clear()
    lab.forget()


@pytest.fixture
def fresh_page(page: Page) -> Page:
    """The page, which nobody had before this test and nobody gets after it."""
    return page


@pytest.fixture
def notebook(page: Page, lab: Lab) -> Iterator[Notebook]:
    """A helper for one notebook in this page: ``notebook.open([cells])``."""
    notebook = Notebook(page, lab)
    yield notebook
    notebook.off()
