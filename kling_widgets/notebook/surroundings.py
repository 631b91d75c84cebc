"""What a session works with: settings, key or demo, journal, prices, the place where it is shown.

``%load_ext`` makes a session, and is to cost nothing: each part is made, and what it is made of loaded, when it is
first asked for. Only what the environment limits is read at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kling_widgets.client.secret import Environment
from kling_widgets.core import forks
from kling_widgets.notebook.settings import BUDGET, Kling

if TYPE_CHECKING:
    from kling_widgets.core.request import VideoRequest
    from kling_widgets.core.spend import Money
    from kling_widgets.jobs.desk import Desk
    from kling_widgets.jobs.journal import Journal
    from kling_widgets.jobs.presets import PresetStore
    from kling_widgets.jobs.prices import PriceTable
    from kling_widgets.jobs.service import Service
    from kling_widgets.jobs.watch import Connect, Watcher
    from kling_widgets.notebook.guard import Guard
    from kling_widgets.notebook.local_media import LocalMedia
    from kling_widgets.notebook.place import Place
    from kling_widgets.notebook.pulse import Pulse
    from kling_widgets.notebook.services import Running, Services

    once = cached_property
else:

    class once(cached_property):
        """A cached property that is made once, also when several threads are the first to ask. ``cached_property``
        has no lock since Python 3.12."""

        def __init__(self, make):
            super().__init__(make)
            self._making = self.lock = forks.rlock()  # the second name is that of Python 3.11's own

        def __get__(self, instance, owner=None):
            with self._making:
                return super().__get__(instance, owner)


class Surroundings:
    """The user, the machine and the front end, as one process finds them.

    Args:
        shell: the IPython shell, or None in a script.
        environ: the environment.
        ask: puts a question to the user, as ``Guard`` wants it; None: as the place allows.
        connect: makes the client of a service, where it is not the usual one.
        demo: starts the demo.
    """

    def __init__(
        self,
        shell: Any,
        environ: Mapping[str, str],
        ask: Callable[[str], str] | None,
        connect: Connect | None,
        demo: Callable[[], Running],
    ) -> None:
        self.shell = shell
        self.environ = Environment(environ)
        # As it is now: what a cell writes into the environment later lifts no limit.
        self.settings = Kling.of(shell, environ)
        self._limit = environ.get(BUDGET, "")
        self._ask, self._connect, self._start = ask, connect, demo
        self._first: Place | None = None

    @once
    def services(self) -> Services:
        """The service, with which key; or the demo."""
        from kling_widgets.notebook.services import Services

        return Services(self.environ, self.settings, lambda: self.place.settings or self.place.folder, self._start)

    @once
    def guards(self) -> Mapping[bool, Guard]:
        """The spend guards of the service, and of the demo: what that makes costs nothing, and counts for itself."""
        from kling_widgets.notebook import guard

        ask = self._ask or (lambda question: guard.ask(question, self.place, self.shell))
        made = guard.Guard(self.settings, self.price, ask, self._limit, spent=lambda: self.journal.spent())
        return {False: made, True: guard.Guard(self.settings, self.price, ask, self._limit, demo=True)}

    @property
    def attended(self) -> bool:
        """Whether a question finds somebody who can answer it."""
        from kling_widgets.notebook import guard

        return self._ask is not None or guard.attended(self.place, self.shell)

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
        from kling_widgets.jobs.home import home

        return home(self.environ)

    @once
    def watcher(self) -> Watcher:
        """The background thread of all tasks."""
        from kling_widgets.client.budget import Budget
        from kling_widgets.jobs.watch import Watcher, connect

        budget = Budget(self.settings.requests_per_second)
        self.settings.observe(lambda change: setattr(budget, "per_second", change["new"]), "requests_per_second")
        return Watcher(budget, self._connect or connect)

    @once
    def pulse(self) -> Pulse:
        """What moves the live views of all jobs."""
        from kling_widgets.notebook.pulse import Pulse

        return Pulse()

    @once
    def local(self) -> LocalMedia:
        """The local pictures, clips and sounds of this user's requests."""
        from kling_widgets.notebook.local_media import LocalMedia

        return LocalMedia(self.home / "uploads")

    @once
    def journal(self) -> Journal:
        """The record of this user's submissions."""
        from kling_widgets.jobs.journal import Journal

        return Journal(self.home / "journal.sqlite")

    @once
    def presets(self) -> PresetStore:
        """The requests that this user saved by a name."""
        from kling_widgets.jobs.presets import PresetStore

        return PresetStore(self.home / "presets")

    @once
    def prices(self) -> PriceTable:
        """What this user says that videos cost."""
        from kling_widgets.jobs.prices import PriceTable

        return PriceTable(self.home / "prices.json")

    @property
    def place(self) -> Place:
        """Where we are shown now. The folder is the one of the first use, also after ``os.chdir``."""
        from kling_widgets.notebook.place import find

        found = find(self.shell, self.environ)
        self._first = self._first or found
        return replace(self._first, front_end=found.front_end)

    @property
    def videos(self) -> Path:
        """Where videos are saved."""
        from kling_widgets.jobs.files import FOLDER

        chosen = self.settings.video_dir
        return self.place.folder / Path(chosen).expanduser() if chosen else self.place.folder / FOLDER

    def desk(self, service: Service, save: str | None = None, timeout: float | None = None) -> Desk:
        """What a job works with that goes to a service."""
        from kling_widgets.jobs.desk import Desk

        return Desk(self.watcher, self.journal, service, self.videos, save, timeout or self.settings.timeout)
