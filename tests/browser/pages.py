"""The JupyterLab page that all tests use one after the other, as a user does who never closes the browser."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, Error, Page, ViewportSize

VIEWPORT: ViewportSize = {"width": 1280, "height": 900}
SECONDS = 60_000  # milliseconds for anything in a page, as the machine may be busy
DRAWN = 180_000  # milliseconds for a video: the renderer runs at low priority

# Closed without saving; the launcher appears by itself if nothing is open.
_CLEAR = """() => {
    for (const one of [...jupyterapp.shell.widgets('main')]) if (!one.id.startsWith('launcher')) one.dispose();
    if (document.body.dataset.jpThemeName !== 'JupyterLab Light')
        jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'});
    localStorage.clear();
    sessionStorage.clear();
    getSelection().removeAllRanges();
}"""
_CLEAR_NOW = """() => [...jupyterapp.shell.widgets('main')].every(one => one.id.startsWith('launcher'))
    && !document.querySelector('.jp-Dialog, .Toastify__toast')
    && document.body.dataset.jpThemeName === 'JupyterLab Light'"""


class Pages:
    """Pages of 1280 × 900 of one browser: a shared one that is used again and again, and any number of others."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._shared: Page | None = None

    def new(self) -> Page:
        """Return a page without a history, for one user only, who closes its context."""
        return ready(self._browser, viewport=VIEWPORT, reduced_motion="reduce")

    def shared(self) -> Page:
        """Return the shared page: JupyterLab with nothing open, or an empty page before the first test."""
        self._shared = self._shared or self.new()
        return self._shared

    def clear(self) -> None:
        """Prepare the shared page for the next test; if that fails, close it."""
        page = self.shared()
        try:
            page.unroute_all(behavior="ignoreErrors")
            page.context.clear_permissions()
            page.emulate_media(media="null", color_scheme="null", forced_colors="null", reduced_motion="reduce")
            page.set_viewport_size(VIEWPORT)
            page.mouse.move(0, 0)
            page.evaluate(_CLEAR)
            page.wait_for_function(_CLEAR_NOW, timeout=10_000)
        except Error:
            self.throw_away()

    def throw_away(self) -> None:
        """Close the shared page: the next test gets a new one."""
        if self._shared is not None:
            self._shared.context.close()
            self._shared = None


def ready(browser: Browser, **options: Any) -> Page:
    """Return a page in its own context with these options, with long timeouts, which accepts dialogs."""
    context = browser.new_context(**options)
    context.set_default_timeout(SECONDS)
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())  # "leave this page?" at reload
    return page
