"""What a job works with."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from kling_widgets.client.credentials.endpoint import Service
from kling_widgets.jobs import video_files
from kling_widgets.jobs.watcher import Watcher
from kling_widgets.storage.journal import Journal


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a job works with.

    Attributes:
        watcher: runs it.
        journal: remembers it.
        service: makes it.
        folder: takes its video.
        save: the file or folder that the user asked for, or None.
        timeout: seconds to watch at the most; the task goes on after that. None: as long as it takes.
        clock: unix seconds: a task outlives the process, and so does its age.
        steady: seconds that nobody sets, by which it is seen whether the clock was.
    """

    watcher: Watcher
    journal: Journal
    service: Service
    folder: Path
    save: str | None = None
    timeout: float | None = 3600.0
    clock: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic

    def ready(self) -> JobContext:
        """Return it with the place of the video fixed, whatever os.chdir does from now on.

        Raises:
            KlingError: no video could be saved there: nothing was sent.
        """
        video_files.make_ready(video_files.choose(self.folder, self.save, "probe.mp4").parent)
        save = str(video_files.place(self.save)) if self.save else None
        return replace(self, folder=self.folder.absolute(), save=save)
