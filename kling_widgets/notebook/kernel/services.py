"""The service that a process uses: the real one with a key, or the embedded demo."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from kling_widgets.client.credentials import find as credentials
from kling_widgets.client.credentials.endpoint import DEMO, Service
from kling_widgets.client.credentials.find import Credentials
from kling_widgets.client.credentials.secret import Secret
from kling_widgets.core import forks
from kling_widgets.errors import KlingError
from kling_widgets.notebook.kernel.settings import Kling


class Running(Protocol):
    """A demo service that runs in this process."""

    @property
    def base_url(self) -> str:
        """Return its address."""

    def stop(self) -> None:
        """Stop it."""


_SETTING = "%config Kling.base_url"
NO_KEY = "no key found"
DEMO_ON = "Demo: videos are drawn on this machine. Nothing is sent, nothing is billed."


class Services:
    """Source of the service, its address and its key for submissions.

    Args:
        environ: the environment, wrapped so that its repr shows no values.
        settings: those of the kernel.
        folder: returns the notebook's folder, which may contain a ``.env`` file.
        start: starts the demo.
    """

    def __init__(
        self, environ: Mapping[str, str], settings: Kling, folder: Callable[[], Path], start: Callable[[], Running]
    ) -> None:
        self._environ, self._settings, self._folder, self._start = environ, settings, folder, start
        self._demo_on = False
        self._running: Running | None = None
        self._lock = forks.lock()

    @property
    def demo_forced(self) -> bool:
        """Return whether the environment switches the demo on; a notebook cannot switch it off then."""
        return self._environ.get("KLING_WIDGETS_DEMO", "").strip().lower() not in ("", "0", "off", "false", "no")

    @property
    def demo(self) -> bool:
        """Return whether the embedded demo is used instead of the service."""
        return self._demo_on or self.demo_forced

    def use_demo(self, on: bool = True) -> None:
        """Switch to the embedded demo, or back to the service.

        Raises:
            KlingError: The extra ``demo`` is not installed, or ``KLING_WIDGETS_DEMO`` keeps the demo on.
        """
        if not on and self.demo_forced:
            raise KlingError("The demo was switched on by KLING_WIDGETS_DEMO=1 and cannot be switched off from here.")
        if on:
            self._running_demo()
        self._demo_on = on

    def key_status(self) -> str:
        """Return where the key was found, without any character of the key.

        Raises:
            KlingError: A key was found that cannot be used.
        """
        if self.demo:
            return "demo: no key needed"
        found = self._find(self._settings.base_url)
        return f"key: found in {found.source}" if found.key else NO_KEY

    def key_hint(self) -> str:
        """Return sentences that say why a likely source had no key, or "".

        Raises:
            KlingError: A key was found that cannot be used.
        """
        return "" if self.demo else self._find(self._settings.base_url).hint

    def get(self, name: str | None = None) -> Service:
        """Return the service for new submissions; with a name, the service of an earlier submission.

        Raises:
            MissingKeyError: There is no key.
            KlingError: The service of the earlier submission is at another address than the one in use.
        """
        if name == DEMO or (name is None and self.demo):
            return Service(DEMO, self._running_demo().base_url, Secret("demo"), "demo: no key needed")
        found = self._find(name if name in credentials.OWN_URLS else self._settings.base_url)
        if name is not None and found.base_url != name:
            raise KlingError(
                f"This task was sent to {name}, but the address is {found.base_url} now. Set CRAZYROUTER_BASE_URL, and "
                "the key that belongs to it."
            )
        return Service(found.base_url, found.base_url, found.needed(), found.source)

    def address(self) -> str:
        """Return the address of the real service, also while the demo is on.

        Raises:
            InvalidRequestError: The configured address cannot be used.
        """
        return credentials.address(self._settings.base_url or None, environ=self._environ, folder=self._folder())

    def _find(self, url: str | None) -> Credentials:
        return credentials.find(base_url=url or None, environ=self._environ, folder=self._folder(), origin=_SETTING)

    def _running_demo(self) -> Running:
        with self._lock:
            if self._running is None:
                self._running = self._start()
                atexit.register(self._running.stop)
            return self._running

    def close(self) -> None:
        """Stop the demo if it runs."""
        with self._lock:
            if self._running is not None:
                self._running.stop()
                self._running = None
