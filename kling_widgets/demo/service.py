"""The demo service: an HTTP server on the loopback interface, on a thread of its own in the process that starts it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import secrets
import socket
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType

import uvicorn
from platformdirs import user_data_path
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect

from kling_widgets.demo.routes import Routes
from kling_widgets.demo.store import Store
from kling_widgets.demo.wire import Protocol, RefusedRequest, RequestIds, internal_error, not_found, refused_response
from kling_widgets.demo.worker import Render, Worker, render_in_process
from kling_widgets.errors import KlingError

HOST = "127.0.0.1"
_HOSTS = (HOST, "localhost", "::1")  # the accepted Host headers; a web page elsewhere has none of them
TIMEOUT = 30.0  # seconds for a start or an end
# Modules that only tasks need, and this process does not import: report a missing one at the start.
for _needed in ("av", "numpy", "PIL", "python_multipart"):
    if importlib.util.find_spec(_needed) is None:
        raise ModuleNotFoundError(f"No module named {_needed!r}", name=_needed)


class Demo:
    """Running demo service, created by :func:`start`. As a context manager it stops at the end of the block.

    Attributes:
        base_url: Its address, without ``/v1``; it accepts any key.
        folder: The folder of its tasks and clips.
    """

    def __init__(self, folder: Path, seconds_per_task: float | None, port: int, render: Render) -> None:
        self.folder = folder
        self._stopped = threading.Event()
        self._started = threading.Event()
        try:
            store = Store(folder)
            self._socket = socket.create_server((HOST, port))
        except (OSError, OverflowError, sqlite3.Error) as error:
            raise KlingError(f"The demo cannot start: {error}.") from None
        self.base_url = f"http://{HOST}:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            self._app(store, seconds_per_task, render),
            http=Protocol,
            ws="none",
            lifespan="on",
            log_config=None,  # leave logging to the process that starts the service
            access_log=False,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="kling_widgets demo", daemon=True)
        self._thread.start()
        if not self._started.wait(TIMEOUT) or self._stopped.is_set():
            self.stop()
            raise KlingError("The demo cannot start: its server ended at once.")

    def _app(self, store: Store, seconds_per_task: float | None, render: Render) -> Starlette:
        worker = Worker(store, f"{os.getpid()}-{secrets.token_hex(4)}", render)

        @contextlib.asynccontextmanager
        async def drawing(app: Starlette) -> AsyncIterator[None]:
            task = asyncio.create_task(worker.run())
            self._started.set()
            try:
                yield
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
                store.release(worker.owner)

        return Starlette(
            routes=Routes(store, seconds_per_task, worker.wake.set).all(),
            lifespan=drawing,
            # The Host header is checked, so that a web page cannot read the service by DNS rebinding.
            middleware=[Middleware(RequestIds), Middleware(TrustedHostMiddleware, allowed_hosts=_HOSTS)],
            exception_handlers={
                RefusedRequest: refused_response,
                HTTPException: not_found,
                ClientDisconnect: internal_error,
                Exception: internal_error,
            },
        )

    def _run(self) -> None:
        try:
            # Not asyncio.run, which uvicorn's own run calls, too: nest_asyncio may have replaced it.
            with asyncio.Runner() as runner:
                runner.run(self._server.serve(sockets=[self._socket]))
        finally:
            self._socket.close()
            self._stopped.set()
            self._started.set()

    def stop(self) -> None:
        """Stop the service. The next service on this folder continues unfinished tasks. May be called repeatedly."""
        self._server.should_exit = True
        if threading.current_thread() is not self._thread:
            self._thread.join(TIMEOUT)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait at most ``timeout`` seconds until the service has stopped, and return whether it has."""
        return self._stopped.wait(timeout)

    def __enter__(self) -> Demo:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<Demo {self.base_url}{' (stopped)' if self._stopped.is_set() else ''}>"


def start(
    folder: Path, *, seconds_per_task: float | None = None, port: int = 0, render: Render = render_in_process
) -> Demo:
    """Start a demo service in this process, on a daemon thread, on the loopback interface.

    Args:
        folder: The folder of tasks, uploads and clips; created if needed. Several services may share it.
        seconds_per_task: The minimum time of a task; None for a few seconds.
        port: The port, or 0 for any free one.
        render: Draws a clip; by default in a process of its own.

    Raises:
        KlingError: The folder cannot be written, or the port is taken.
    """
    return Demo(folder, seconds_per_task, port, render)


def default_folder() -> Path:
    """Return the demo's folder, in ``KLING_WIDGETS_HOME`` if set, otherwise in the user's data folder.

    Raises:
        KlingError: There is no such folder.
    """
    home = os.environ.get("KLING_WIDGETS_HOME", "").strip()
    try:
        folder = Path(home).expanduser() if home else user_data_path("kling_widgets", appauthor=False)
    except RuntimeError:
        reason = f"KLING_WIDGETS_HOME is {home}, but there is no such user" if home else "there is no home folder"
        raise KlingError(f"The demo cannot start: {reason}.") from None
    return folder / "demo"
