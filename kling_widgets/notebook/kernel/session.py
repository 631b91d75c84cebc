"""The session of a process: settings, service, journal, prices and location.

``%load_ext`` creates a session and must be fast: each part is imported and created on first use. Only the budget in the
environment is read at once.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

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
        """Cached property that is computed once even if several threads read it first. ``cached_property`` has no
        lock since Python 3.12."""

        def __init__(self, make):
            super().__init__(make)
            self._making = self.lock = forks.rlock()  # ``lock`` replaces the one that Python 3.11 has

        def __get__(self, instance, owner=None):
            with self._making:
                return super().__get__(instance, owner)


class NextStepsOffer(Protocol):
    """Buttons under finished figures, and under ends without a video."""

    def offer(self, job: Any, snapshot: Any, handle: Any = None) -> None:
        """Offer the next steps after the end of a job; ``handle`` updates the output that shows it."""

    def offer_for(self, figure: Any) -> None:
        """Offer the next steps of a figure."""


class Session:
    """Shared state of one process, used by ``%kling``, the form and ``kw.submit``.

    Args:
        shell: the IPython shell, or None in a script.
        environ: the environment.
        ask: asks the user a question, as ``Guard`` needs it; None: use the front end.
        connect: creates the client of a service; None: the default.

    Attributes:
        make_next_steps: Returns a session's buttons under figures; None if there are none. The package sets it, as they
            are in a folder above this one.
    """

    make_next_steps: ClassVar[Callable[[Session], NextStepsOffer] | None] = None

    def __init__(
        self,
        shell: Any = None,
        environ: Mapping[str, str] = os.environ,
        ask: Callable[[str], str] | None = None,
        connect: Connect | None = None,
    ) -> None:
        self.shell = shell
        self.environ = Environment(environ)
        # Read now, so that a cell that changes the environment later cannot raise the limit.
        self.settings = Kling.of(shell, environ)
        self._limit = environ.get(BUDGET, "")
        self._ask, self._connect = ask, connect
        self._first: Location | None = None
        self._parts: dict[type, Any] = {}
        self._making = forks.rlock()
        self._closing = contextlib.ExitStack()

    def get(self, part: type[T]) -> T:
        """Return this session's single instance of a class, such as ``Submitter``; created on first use as
        ``part(session)``. Rooms above this one attach their own parts this way, unknown to the session."""
        with self._making:
            if part not in self._parts:
                self._parts[part] = part(self)  # type: ignore[call-arg]
            made: T = self._parts[part]
            return made

    @property
    def next_steps(self) -> NextStepsOffer | None:
        """Return the buttons under figures, if the front end can show them."""
        make = type(self).make_next_steps
        return make(self) if make is not None and self.location.front_end.widgets else None

    def on_close(self, close: Callable[[], object]) -> None:
        """Register a function to be called when the session is closed; the last one added is called first."""
        self._closing.callback(close)

    def close(self) -> None:
        """Stop the demo, and stop watching tasks; the tasks themselves go on at the service."""
        with contextlib.closing(self.services):
            self._closing.close()

    @locked_cached_property
    def services(self) -> Services:
        """Return the service and its key, or the demo."""
        from kling_widgets.notebook.kernel.services import Services

        def folder() -> Path:
            return self.location.env_folder or self.location.folder

        return Services(self.environ, self.settings, folder, self._start_demo)

    def _start_demo(self) -> Running:
        try:
            from kling_widgets.demo import service
        except ImportError as missing:
            from kling_widgets.errors import KlingError

            raise KlingError(
                f'The demo needs more packages ({missing.name}): pip install "kling_widgets[demo]".'
            ) from None
        return service.start(self.data_dir / "demo")

    @locked_cached_property
    def guards(self) -> Mapping[bool, Guard]:
        """Return the spend guards, by whether they are the demo's: its videos cost nothing and are counted
        separately."""
        from kling_widgets.notebook.kernel import front_end
        from kling_widgets.spending import guard

        ask = self._ask or (lambda question: front_end.ask(question, self.location, self.shell))
        made = guard.Guard(self.settings, self.price, ask, self._limit, spent=lambda: self.journal.spent())
        return {False: made, True: guard.Guard(self.settings, self.price, ask, self._limit, demo=True)}

    @property
    def attended(self) -> bool:
        """Return whether a user can answer a question."""
        from kling_widgets.notebook.kernel import front_end

        return self._ask is not None or front_end.attended(self.location, self.shell)

    @property
    def guard(self) -> Guard:
        """Return the spend guard of the service or demo that is in use."""
        return self.guards[self.services.demo]

    def price(self, request: VideoRequest) -> Money | None:
        """Return the cost of a request by this user's own price table, or None if it has no price."""
        return self.prices.estimate(request)

    @property
    def data_dir(self) -> Path:
        """Return the folder with this user's data."""
        from kling_widgets.files.data_dir import data_dir

        return data_dir(self.environ)

    @locked_cached_property
    def watcher(self) -> Watcher:
        """Return the watcher, which runs all tasks in a background thread."""
        from kling_widgets.client.rate_limit import RateLimiter
        from kling_widgets.jobs.watcher import Watcher, connect

        limiter = RateLimiter(self.settings.requests_per_second)
        self.settings.observe(lambda change: setattr(limiter, "per_second", change["new"]), "requests_per_second")
        return Watcher(limiter, self._connect or connect)

    @locked_cached_property
    def update_throttle(self) -> UpdateThrottle:
        """Return the throttle that updates the live views of all jobs."""
        from kling_widgets.notebook.kernel.live_updates import UpdateThrottle

        return UpdateThrottle()

    @locked_cached_property
    def local(self) -> LocalMedia:
        """Return the local pictures, clips and sounds of this user's requests."""
        from kling_widgets.notebook.kernel.local_files import LocalMedia

        return LocalMedia(self.data_dir / "uploads", lambda: self.videos, lambda: self.sources)

    @locked_cached_property
    def journal(self) -> Journal:
        """Return the record of this user's submissions."""
        from kling_widgets.storage.journal import Journal

        return Journal(self.data_dir / "journal.sqlite")

    @locked_cached_property
    def presets(self) -> PresetStore:
        """Return the requests that this user saved under names."""
        from kling_widgets.storage.presets import PresetStore

        return PresetStore(self.data_dir / "presets")

    @locked_cached_property
    def prices(self) -> PriceTable:
        """Return the user's own price table."""
        from kling_widgets.spending.price_table import PriceTable

        return PriceTable(self.data_dir / "prices.json")

    @property
    def location(self) -> Location:
        """Return the current front end, with the folder of the first use, also after ``os.chdir``."""
        from kling_widgets.notebook.kernel.front_end import find

        found = find(self.shell, self.environ)
        self._first = self._first or found
        return replace(self._first, front_end=found.front_end)

    @property
    def sources(self) -> Path:
        """Return the folder in which relative paths of a request start: the notebook's, also after ``os.chdir``; the
        current one if no notebook is known."""
        return self.location.sources or Path.cwd()

    @property
    def videos(self) -> Path:
        """Return the folder in which videos are saved."""
        from kling_widgets.jobs.video_files import FOLDER

        chosen = self.settings.video_dir
        return self.location.folder / Path(chosen).expanduser() if chosen else self.location.folder / FOLDER

    def job_context(self, service: Service, save: str | None = None, timeout: float | None = None) -> JobContext:
        """Return the context of a job at this service.

        Args:
            service: the service that the job's submission is sent to.
            save: the file or folder for the video; None: the folder of the settings.
            timeout: the longest time to watch the task, in seconds; None: that of the settings.
        """
        from kling_widgets.jobs.context import JobContext

        timeout = timeout or self.settings.timeout
        return JobContext(self.watcher, self.journal, service, self.videos, save, self.sources, timeout)


_session: Session | None = None
_lock = forks.lock()


def session() -> Session:
    """Return the session of this process, which is created on first use."""
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
