"""The services of a process: the real one with a key, or the embedded demo in its place."""

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
        """Its address."""

    def stop(self) -> None:
        """Ends it."""


_SETTING = "%config Kling.base_url"
NO_KEY = "no key found"
DEMO_ON = "Demo: videos are drawn on this machine. Nothing is sent, nothing is billed."


class Services:
    """Where submissions go, and with which key.

    Args:
        environ: the environment, wrapped so that it shows itself nowhere.
        settings: those of the kernel.
        folder: gives the notebook's folder, in which a ``.env`` may lie.
        start: starts the demo.
    """

    def __init__(
        self, environ: Mapping[str, str], settings: Kling, folder: Callable[[], Path], start: Callable[[], Running]
    ) -> None:
        self._environ, self._settings, self._folder, self._start = environ, settings, folder, start
        self._wanted = False
        self._running: Running | None = None
        self._lock = forks.lock()

    @property
    def demo_forced(self) -> bool:
        """Whether the environment asks for the demo; a notebook cannot switch that off."""
        return self._environ.get("KLING_WIDGETS_DEMO", "").strip().lower() not in ("", "0", "off", "false", "no")

    @property
    def demo(self) -> bool:
        """Whether the embedded demo takes the place of the service."""
        return self._wanted or self.demo_forced

    def use_demo(self, on: bool = True) -> None:
        """Takes the embedded demo instead of the service, or goes back.

        Raises:
            KlingError: the extra ``demo`` is not installed; or ``KLING_WIDGETS_DEMO`` is set, and it is to go off.
        """
        if not on and self.demo_forced:
            raise KlingError("The demo was switched on by KLING_WIDGETS_DEMO=1 and cannot be switched off from here.")
        if on:
            self._the_demo()
        self._wanted = on

    def key_status(self) -> str:
        """Where the key comes from, without any character of it.

        Raises:
            KlingError: a key is there, and cannot be used.
        """
        if self.demo:
            return "demo: no key needed"
        found = self._find(self._settings.base_url)
        return f"key: found in {found.source}" if found.key else NO_KEY

    def key_hint(self) -> str:
        """Why no key was found where one might have been, in sentences, or "".

        Raises:
            KlingError: a key is there, and cannot be used.
        """
        return "" if self.demo else self._find(self._settings.base_url).hint

    def get(self, name: str | None = None) -> Service:
        """The service that a new submission goes to; with a name, the one that an old submission went to.

        Raises:
            MissingKeyError: there is no key.
            KlingError: the service of an old submission cannot be reached from here.
        """
        if name == DEMO or (name is None and self.demo):
            return Service(DEMO, self._the_demo().base_url, Secret("demo"), "demo: no key needed")
        found = self._find(name if name in credentials.OWN_URLS else self._settings.base_url)
        if name is not None and found.base_url != name:
            raise KlingError(
                f"This task was sent to {name}, but the address is {found.base_url} now. Set CRAZYROUTER_BASE_URL, and "
                "the key that belongs to it."
            )
        return Service(found.base_url, found.base_url, found.needed(), found.source)

    def address(self) -> str:
        """Return the service's address in force, also while the demo takes its place.

        Raises:
            InvalidRequestError: it cannot be used.
        """
        return credentials.address(self._settings.base_url or None, environ=self._environ, folder=self._folder())

    def _find(self, url: str | None) -> Credentials:
        return credentials.find(base_url=url or None, environ=self._environ, folder=self._folder(), origin=_SETTING)

    def _the_demo(self) -> Running:
        with self._lock:
            if self._running is None:
                self._running = self._start()
                atexit.register(self._running.stop)
            return self._running

    def close(self) -> None:
        """Ends the demo."""
        with self._lock:
            if self._running is not None:
                self._running.stop()
                self._running = None
