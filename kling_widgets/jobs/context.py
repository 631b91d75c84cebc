"""The services that a job uses, passed to it as one object."""

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
    """The services that a job uses.

    Attributes:
        watcher: runs the job's work in the background.
        journal: records the submission.
        service: makes the video.
        folder: the default folder for the video.
        save: the file or folder that the user asked for, or None.
        sources: the folder in which relative paths of pictures start; None: the current one.
        timeout: seconds to watch at most; the task continues after that. None: no limit.
        clock: unix seconds, as a task, and so its age, outlives the process.
        monotonic: seconds that nobody can set; shows whether the clock was set meanwhile.
    """

    watcher: Watcher
    journal: Journal
    service: Service
    folder: Path
    save: str | None = None
    sources: Path | None = None
    timeout: float | None = 3600.0
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic

    def ready(self) -> JobContext:
        """Return a copy with absolute paths, which a later os.chdir does not change.

        Raises:
            KlingError: no video can be saved there; nothing was sent.
        """
        video_files.ensure_writable(video_files.choose_path(self.folder, self.save, "probe.mp4").parent)
        save = str(video_files.save_path(self.save)) if self.save else None
        sources = (self.sources or Path()).absolute()
        return replace(self, folder=self.folder.absolute(), save=save, sources=sources)
