"""The demo service as a separate program that requires a key, in place of the real service."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KEY = "sk-" + "Qw7Zr2Lk9Vb4Nx1Mc6Tp3Hs8Jd5Fg0YaUeIoKiWvBnMqXzRt"  # as long as the service's keys


class Service:
    """A running demo service.

    Attributes:
        url: its address.
        env: environment variables that make a kernel use it.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self._folder = url, folder
        self.env = {"CRAZYROUTER_API_KEY": KEY, "CRAZYROUTER_BASE_URL": url}

    def bodies(self) -> list[dict[str, Any]]:
        """Return the bodies of the accepted submissions, oldest first."""
        with contextlib.closing(sqlite3.connect(self._folder / "tasks.sqlite")) as store:
            return [json.loads(body) for (body,) in store.execute("select body from tasks order by created")]


@contextlib.contextmanager
def service(folder: Path, seconds: float) -> Iterator[Service]:
    """Run a demo service on a free port until the end of the block; each task takes at least ``seconds``."""
    program = subprocess.Popen(
        [sys.executable, "-m", "kling_widgets.demo", "--folder", str(folder), "--seconds", str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout
        yield Service(next(found[0] for line in program.stdout if (found := _URL.search(line))), folder)
    finally:
        program.terminate()
        program.wait(60)


_URL = re.compile(r"http://127\.0\.0\.1:\d+")
