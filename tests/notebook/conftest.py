"""A shell, a service on this machine, and a session between them."""

from __future__ import annotations

import asyncio
import atexit
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import RichOutput, capture_output
from traitlets.config import Config

from kling_widgets.client.async_client import AsyncClient
from kling_widgets.client.credentials import find
from kling_widgets.client.credentials.endpoint import Service
from kling_widgets.client.rate_limit import RateLimiter
from kling_widgets.demo import service
from kling_widgets.demo.service import Demo
from kling_widgets.demo.worker import Render
from kling_widgets.notebook.kernel.session import Session

KEY = "sk-" + "Abc123xyz" * 4


@pytest.fixture
def shell() -> Iterator[Any]:
    """A real IPython in this process, the one that ``get_ipython`` and ``display`` find."""
    config = Config()
    config.HistoryManager.enabled = False
    made = InteractiveShell.instance(config=config)
    yield made
    InteractiveShell.clear_instance()
    # Each would tidy up once more when the tests end: hundreds of shells, a second and more each.
    atexit.unregister(made.atexit_operations)


class Kernel:
    """What we ask of a kernel: whether it may ask, which run of a cell this is, what stands in the cell, and on which
    kind of message it works."""

    def __init__(self, *, stdin: bool = True) -> None:
        self._allow_stdin = stdin
        self.cell = 1
        self.source = ""
        self.kind = "execute_request"

    def get_parent(self) -> dict[str, Any]:
        which = "cell" if self.kind == "execute_request" else "click"
        return {"header": {"msg_id": f"{which}-{self.cell}", "msg_type": self.kind}, "content": {"code": self.source}}


@pytest.fixture
def kernel(shell: Any) -> Kernel:
    """Makes the shell one of a notebook; ``kernel.cell`` is the cell that runs."""
    shell.kernel = Kernel()
    kernel: Kernel = shell.kernel
    return kernel


@pytest.fixture
def headless(shell: Any) -> None:
    """Makes the shell one of a notebook that is run by program."""
    shell.kernel = Kernel(stdin=False)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, ready_made: Render) -> Iterator[Demo]:
    """A service of real HTTP and a real video on this machine: a task is done before the first look at it, but never at
    once; ``demo:slow`` takes ten times as long."""
    with service.start(tmp_path_factory.mktemp("service"), seconds_per_task=0.5, render=ready_made) as demo:
        yield demo


@pytest.fixture
def environ(isolated: Path) -> dict[str, str]:
    """The environment of a user without a key."""
    return {"KLING_WIDGETS_HOME": str(isolated), "KLING_WIDGETS_RPS": "50"}


@pytest.fixture
def keyed(environ: dict[str, str], demo: Demo) -> dict[str, str]:
    """The environment of a user with a key, for the service on this machine."""
    return environ | {"CRAZYROUTER_API_KEY": KEY, "CRAZYROUTER_BASE_URL": demo.base_url}


SPEED = 3  # times as fast a client's waits pass: it looks for the first time when the service's task has just ended


def quick(service: Service, budget: RateLimiter) -> AsyncClient:
    """A client whose time passes more quickly."""

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)

    def clock() -> float:
        return time.monotonic() * SPEED

    return AsyncClient(service.key, service.base_url, budget=budget, clock=clock, sleep=sleep)


@pytest.fixture
def make(shell: Any) -> Iterator[Callable[..., Session]]:
    """Makes sessions of the shell; what they started is ended with the test."""
    made: list[Session] = []

    def maker(environ: dict[str, str], shell: Any = shell) -> Session:
        made.append(Session(shell, environ, connect=quick))
        return made[-1]

    yield maker
    for session in made:
        session.close()
    find.forget()


@pytest.fixture
def session(make: Callable[..., Session], keyed: dict[str, str]) -> Session:
    """The session of a user with a key."""
    return make(keyed)


@pytest.fixture
def nobody(make: Callable[..., Session], environ: dict[str, str]) -> Session:
    """The session of a user without a key."""
    return make(environ)


def run(shell: Any, code: str) -> Any:
    """The value of a cell; raises what it raised."""
    result = shell.run_cell(code)
    result.raise_error()
    return result.result


def shown(work: Callable[[], Any]) -> SimpleNamespace:
    """What work displays and prints: ``outputs`` (with ``.data`` and ``.metadata``), ``text``, and its ``value``."""
    with capture_output() as captured:
        value = work()
    outputs: list[RichOutput] = captured.outputs
    return SimpleNamespace(outputs=outputs, text=captured.stdout, value=value)


def mp4(path: Path | None) -> bool:
    """Whether a video is there, whole."""
    return path is not None and path.read_bytes()[4:8] == b"ftyp"
