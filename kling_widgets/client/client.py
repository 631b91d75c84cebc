"""The blocking client. ``Client`` and ``AsyncClient`` run the same protocols, with a blocking and an async driver.

Neither keeps a journal: if the program ends while a task runs, only the task's id leads back to it. In a notebook,
``kw.submit`` keeps one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import httpx

from kling_widgets.catalog.models import Model
from kling_widgets.client import download as downloads
from kling_widgets.client import operations, reservations, uploads
from kling_widgets.client.credentials.find import find
from kling_widgets.client.credentials.secret import Secret
from kling_widgets.client.download import LARGEST_VIDEO, OnProgress
from kling_widgets.client.http.blocking_driver import BlockingDriver
from kling_widgets.client.http.transport import make
from kling_widgets.client.operations import OnTrouble, OnUpdate
from kling_widgets.client.rate_limit import RateLimiter
from kling_widgets.client.reservations import Reserve
from kling_widgets.client.steps import ClientState, Note
from kling_widgets.core import forks
from kling_widgets.core.public import public
from kling_widgets.core.task import Task
from kling_widgets.files.atomic_file import AtomicFile
from kling_widgets.request.request import VideoRequest


@public
class Client:
    """The service, from a script or a cell: each call returns when it is done.

    Args:
        api_key: else the one told to ``%kling_key``, ``CRAZYROUTER_API_KEY``, a ``.env`` file in the current folder,
            Colab's secrets, or the system's keyring. For an address that is not the service's own, on this machine too,
            only the one that comes from where the address does, or that ``%kling_key`` was told for it.
        base_url: else ``CRAZYROUTER_BASE_URL``, else https://api.crazyrouter.com.
        timeout: seconds to wait for an answer; by default 180 for a submission and an upload, 30 for the rest.
        transport: an ``httpx.BaseTransport``, for tests.
        budget: requests a second, above 0, or a ``RateLimiter`` that is shared with other clients; by default what
            ``KLING_WIDGETS_RPS`` says, else 5.
        clock, sleep: time, for tests.

    It is a context manager. It may be used from several threads. It keeps no journal: the exception of a call that is
    interrupted carries a note (PEP 678) that says what it leaves behind. But where ``KLING_WIDGETS_BUDGET`` is set,
    ``kw.Client`` counts each submission against it, with all that kernels, forks and other clients have submitted in
    the last 24 hours, and writes a row with service, model and cost into the journal.

    Proxies and certificates are those of the environment (``HTTPS_PROXY``, ``ALL_PROXY``, ``NO_PROXY``;
    ``REQUESTS_CA_BUNDLE``, ``CURL_CA_BUNDLE``, ``SSL_CERT_FILE``, ``SSL_CERT_DIR``: the first that is set), except for
    this machine.

    Raises:
        MissingKeyError: no key was found, so that a script stops at its first line.
        InvalidRequestError, ConnectionFailedError: an address, or a proxy or certificate setting, that cannot be used.
    """

    base_url = key_source = ""  # for the repr in a traceback if __init__ fails
    reserve: ClassVar[Reserve | None] = None  # allows and counts each submission if a spending budget is set

    def __init__(
        self,
        api_key: str | Secret | None = None,
        base_url: str | None = None,
        *,
        timeout: float | None = None,
        transport: httpx.BaseTransport | None = None,
        budget: RateLimiter | float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        api_key = Secret.of(api_key)  # a verbose traceback shows the arguments
        credentials = find(api_key, base_url, folder=Path())
        key = credentials.needed()
        self.base_url, self.key_source = credentials.base_url, credentials.source
        self._state = ClientState(self.base_url, timeout, clock)
        self._limiter = RateLimiter.of(budget, os.environ)
        self._uploading = forks.lock()

        def connect() -> BlockingDriver:
            http: httpx.Client = make(httpx.Client, transport, self.base_url)
            return BlockingDriver(http, key, self._state, self._limiter, sleep)

        self._connect, self._connected = connect, [connect()]
        forks.anew(self, Client._disconnect)

    def _disconnect(self) -> None:
        """Drop the connections in a forked child: they belong to its parent."""
        self._connected.clear()

    @property
    def _driver(self) -> BlockingDriver:
        if not self._connected:
            self._connected.append(self._connect())
        return self._connected[0]

    def submit(self, request: VideoRequest | Model | str | float, **fields: Any) -> Task:
        """Submits a request, or a model and its fields; uploads its local pictures first. It costs money.

        Raises:
            InvalidRequestError, ConnectionFailedError, APIError: nothing was accepted.
            SubmissionUnknownError: it may have been accepted; it is never sent twice.
            KlingError: ``KLING_WIDGETS_BUDGET`` does not allow it; nothing is billed.
        """
        return self.create(self.prepare(VideoRequest.of(request, **fields)))

    def prepare(self, request: VideoRequest) -> dict[str, Any]:
        """The body of a request, with links for its local pictures, which it uploads after looking at all of them.

        Raises:
            InvalidRequestError: it cannot be sent.
        """
        with Note("Nothing was submitted, nothing is billed."), self._uploading:  # uploads a shared picture once
            return self._driver.run(uploads.prepare(self._state, request))

    def create(
        self,
        body: Mapping[str, Any],
        *,
        on_trouble: OnTrouble | None = None,
        before: Callable[[], Any] | None = None,
    ) -> Task:
        """Submits a body as it is. ``on_trouble`` hears of each error after which it is tried again; ``before`` is
        called directly before each try, and nothing is sent if it raises."""
        with Note() as note:
            return self._driver.run(
                reservations.create(self._state, body, on_trouble, before, note, reserve=self.reserve)
            )

    def get(self, task_id: str) -> Task:
        """Asks for a task.

        Raises:
            ConnectionFailedError, APIError: no usable answer, also after some tries; the task goes on.
        """
        return self._driver.run(operations.query(self._state, task_id))

    def wait(
        self,
        task: Task | str,
        *,
        timeout: float | None = 1800.0,
        usual: float | None = None,
        elapsed: float = 0.0,
        on_update: OnUpdate | None = None,
        on_trouble: OnTrouble | None = None,
    ) -> Task:
        """Waits until a task has ended, and gives the succeeded one.

        Args:
            task: the task, or its id.
            timeout: seconds; None for ever.
            usual: the median of the seconds that such tasks took, if known.
            elapsed: seconds since the service accepted it, when it is not new.
            on_update: called with the task at every look.
            on_trouble: called with the error when a look got no usable answer; the wait goes on.

        Raises:
            TaskFailedError: it has ended without a video.
            WaitTimeoutError: it goes on, and so does its bill.
            APIError: the service refused to tell (the key, its scope, no such task).
        """
        task_id = task if isinstance(task, str) else task.id
        with Note(f"Task {task_id} {operations.still_running(task_id)}"), self._limiter.polling():
            return self._driver.run(
                operations.wait(
                    self._state,
                    task,
                    timeout=timeout,
                    usual=usual,
                    elapsed=elapsed,
                    on_update=on_update,
                    on_trouble=on_trouble,
                    poll_round=lambda: self._limiter.poll_round,
                )
            )

    def generate(
        self,
        request: VideoRequest | Model | str | float,
        *,
        timeout: float | None = 1800.0,
        usual: float | None = None,
        on_update: OnUpdate | None = None,
        on_trouble: OnTrouble | None = None,
        **fields: Any,
    ) -> Task:
        """Submits and waits; arguments and errors as there."""
        task = self.submit(request, **fields)
        return self.wait(task, timeout=timeout, usual=usual, on_update=on_update, on_trouble=on_trouble)

    def download(
        self,
        source: Task | str,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        largest: int = LARGEST_VIDEO,
        on_progress: OnProgress | None = None,
    ) -> Path:
        """Fetches the video of a task, a task's id or a link into a file that is whole or absent.

        Args:
            source: the task, its id, or an http(s) link. The key goes to the service alone, never to a media host.
            path: the file; missing folders are made.
            overwrite: whether a file that is there is replaced.
            largest: bytes, 2 GiB by default.
            on_progress: called with the bytes so far and in all (None where the host does not say).

        Raises:
            VideoMissingError: the task succeeded, but no video can be had.
            TaskFailedError: the task failed.
            ConnectionFailedError, APIError: the host cannot be reached, or refuses.
            KlingError: the file is there already or cannot be written, the task has not ended, or it is no video.
        """
        part = AtomicFile(path, overwrite=overwrite)
        try:
            steps = downloads.download(self._state, source, part, largest=largest, on_progress=on_progress)
            return self._driver.run(steps)
        finally:
            part.discard()

    def upload(self, picture: str | os.PathLike[str] | bytes) -> str:
        """A link to a picture (png, jpeg, webp, gif; up to 20 MB) that the service can read for about 48 hours.

        With Pillow it goes up upright, and a bmp, tiff, avif or heic (with pillow-heif) as png or jpeg. The same
        content is uploaded once, until an hour before its link expires.
        """
        with self._uploading:
            return self._driver.run(uploads.upload(self._state, picture))

    def available(self) -> tuple[str, ...]:
        """The ids of our models that the key may call, in the catalog's order."""
        return self._driver.run(uploads.available(self._state))

    def close(self) -> None:
        """Closes the connections."""
        self._driver.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Client {self.base_url}, key: {self.key_source}>"
