"""What a session works with: settings, key or demo, journal, prices, the place where it is shown.

``%load_ext`` makes a session, and is to cost nothing: each part is made, and what it is made of loaded, when it is
first asked for. Only what the environment limits is read at once."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kling_widgets.client.credentials.secret import Environment
from kling_widgets.core import forks
from kling_widgets.notebook.kernel.settings import Kling
from kling_widgets.spending import BUDGET

T = TypeVar("T")

if TYPE_CHECKING:
    from kling_widgets.client.credentials.endpoint import Service
    from kling_widgets.jobs.context import JobContext
    from kling_widgets.jobs.watcher import Connect, Watcher
    from kling_widgets.notebook.kernel.front_end import Location
    from kling_widgets.notebook.kernel.live_updates import UpdateThrottle
    from kling_widgets.notebook.kernel.local_files import LocalMedia
    from kling_widgets.notebook.kernel.services import Running, Services
    from kling_widgets.request.estimate import Money
    from kling_widgets.request.request import VideoRequest
    from kling_widgets.spending.guard import Guard
    from kling_widgets.spending.price_table import PriceTable
    from kling_widgets.storage.journal import Journal
    from kling_widgets.storage.presets import PresetStore

    locked_cached_property = cached_property
else:

    class locked_cached_property(cached_property):
        """A cached property that is made once, also when several threads are the first to ask. ``cached_property``
        has no lock since Python 3.12."""

        def __init__(self, make):
            super().__init__(make)
            self._making = self.lock = forks.rlock()  # the second name is that of Python 3.11's own

        def __get__(self, instance, owner=None):
            with self._making:
                return super().__get__(instance, owner)


class Session:
    """The user, the machine and the front end, as one process finds them, and what all front doors share: ``%kling``,
    the form, and ``kw.submit``.

    Args:
        shell: the IPython shell, or None in a script.
        environ: the environment.
        ask: puts a question to the user, as ``Guard`` wants it; None: as the place allows.
        connect: makes the client of a service, where it is not the usual one.
    """

    def __init__(
        self,
        shell: Any = None,
        environ: Mapping[str, str] = os.environ,
        ask: Callable[[str], str] | None = None,
        connect: Connect | None = None,
    ) -> None:
        self.shell = shell
        self.environ = Environment(environ)
        # As it is now: what a cell writes into the environment later lifts no limit.
        self.settings = Kling.of(shell, environ)
        self._limit = environ.get(BUDGET, "")
        self._ask, self._connect = ask, connect
        self._first: Location | None = None
        self._parts: dict[type, Any] = {}
        self._making = forks.rlock()
        self._closing = contextlib.ExitStack()

    def get(self, part: type[T]) -> T:
        """Return the one object of a class that this session has, such as its ``Submitter``: made on first use, as
        ``part(session)``. So the rooms above this one hang their own parts on a session that does not know them."""
        with self._making:
            if part not in self._parts:
                self._parts[part] = part(self)  # type: ignore[call-arg]
            made: T = self._parts[part]
            return made

    def on_close(self, close: Callable[[], object]) -> None:
        """Call this when the session is closed; the last one added is called first."""
        self._closing.callback(close)

    def close(self) -> None:
        """End what was started here: the demo, and the watching of tasks, which go on."""
        with contextlib.closing(self.services):
            self._closing.close()

    @locked_cached_property
    def services(self) -> Services:
        """The service, with which key; or the demo."""
        from kling_widgets.notebook.kernel.services import Services

        return Services(self.environ, self.settings, lambda: self.place.settings or self.place.folder, self._start_demo)

    def _start_demo(self) -> Running:
        try:
            from kling_widgets.demo import service
        except ImportError as missing:
            from kling_widgets.errors import KlingError

            raise KlingError(
                f'The demo needs more packages ({missing.name}): pip install "kling_widgets[demo]".'
            ) from None
        return service.start(self.home / "demo")

    @locked_cached_property
    def guards(self) -> Mapping[bool, Guard]:
        """The spend guards of the service, and of the demo: what that makes costs nothing, and counts for itself."""
        from kling_widgets.notebook.kernel import front_end
        from kling_widgets.spending import guard

        ask = self._ask or (lambda question: front_end.ask(question, self.place, self.shell))
        made = guard.Guard(self.settings, self.price, ask, self._limit, spent=lambda: self.journal.spent())
        return {False: made, True: guard.Guard(self.settings, self.price, ask, self._limit, demo=True)}

    @property
    def attended(self) -> bool:
        """Whether a question finds somebody who can answer it."""
        from kling_widgets.notebook.kernel import front_end

        return self._ask is not None or front_end.attended(self.place, self.shell)

    @property
    def guard(self) -> Guard:
        """The spend guard of what is in charge: the service, or the demo."""
        return self.guards[self.services.demo]

    def price(self, request: VideoRequest) -> Money | None:
        """What a request comes to by this user's own prices, or None."""
        return self.prices.estimate(request)

    @property
    def home(self) -> Path:
        """Where what is kept of this user is."""
        from kling_widgets.files.data_dir import data_dir

        return data_dir(self.environ)

    @locked_cached_property
    def watcher(self) -> Watcher:
        """The background thread of all tasks."""
        from kling_widgets.client.rate_limit import RateLimiter
        from kling_widgets.jobs.watcher import Watcher, connect

        budget = RateLimiter(self.settings.requests_per_second)
        self.settings.observe(lambda change: setattr(budget, "per_second", change["new"]), "requests_per_second")
        return Watcher(budget, self._connect or connect)

    @locked_cached_property
    def pulse(self) -> UpdateThrottle:
        """What moves the live views of all jobs."""
        from kling_widgets.notebook.kernel.live_updates import UpdateThrottle

        return UpdateThrottle()

    @locked_cached_property
    def local(self) -> LocalMedia:
        """The local pictures, clips and sounds of this user's requests."""
        from kling_widgets.notebook.kernel.local_files import LocalMedia

        return LocalMedia(self.home / "uploads")

    @locked_cached_property
    def journal(self) -> Journal:
        """The record of this user's submissions."""
        from kling_widgets.storage.journal import Journal

        return Journal(self.home / "journal.sqlite")

    @locked_cached_property
    def presets(self) -> PresetStore:
        """The requests that this user saved by a name."""
        from kling_widgets.storage.presets import PresetStore

        return PresetStore(self.home / "presets")

    @locked_cached_property
    def prices(self) -> PriceTable:
        """What this user says that videos cost."""
        from kling_widgets.spending.price_table import PriceTable

        return PriceTable(self.home / "prices.json")

    @property
    def place(self) -> Location:
        """Where we are shown now. The folder is the one of the first use, also after ``os.chdir``."""
        from kling_widgets.notebook.kernel.front_end import find

        found = find(self.shell, self.environ)
        self._first = self._first or found
        return replace(self._first, front_end=found.front_end)

    @property
    def videos(self) -> Path:
        """Where videos are saved."""
        from kling_widgets.jobs.video_files import FOLDER

        chosen = self.settings.video_dir
        return self.place.folder / Path(chosen).expanduser() if chosen else self.place.folder / FOLDER

    def desk(self, service: Service, save: str | None = None, timeout: float | None = None) -> JobContext:
        """What a job works with that goes to a service."""
        from kling_widgets.jobs.context import JobContext

        return JobContext(self.watcher, self.journal, service, self.videos, save, timeout or self.settings.timeout)


_session: Session | None = None
_lock = forks.lock()


def session() -> Session:
    """The session of this process."""
    global _session
    with _lock:
        if _session is None:
            _session = Session(_shell())
        if _session.shell is None:
            _session.shell = _shell()
        return _session


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None
