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
    """Blocking client of the service, for scripts: no notebook, no views, no journal.

    It is a context manager, and safe to use from several threads.

    It keeps no journal: if a call is interrupted, its exception has a note (PEP 678) that says what was sent and how to
    continue. If ``KLING_WIDGETS_BUDGET`` is set, each submission counts against it, together with those of all kernels,
    forks and other clients in the last 24 hours, and is recorded in the journal with service, model, seconds and cost,
    without its prompt.

    Proxies and certificates are those of the environment (``HTTPS_PROXY``, ``ALL_PROXY``, ``NO_PROXY``; the first of
    ``REQUESTS_CA_BUNDLE``, ``CURL_CA_BUNDLE``, ``SSL_CERT_FILE``, ``SSL_CERT_DIR`` that is set). Connections to this
    machine ignore them.

    Args:
        api_key: the API key. By default the first that is found: the one entered in ``%kling_key``,
            ``CRAZYROUTER_API_KEY``, a ``.env`` file in the current folder, Colab's secrets, the system's keyring. An
            address other than the service's own, also on this machine, gets only a key from the same source as the
            address, or the one that was entered in ``%kling_key`` for it.
        base_url: the address of the service; by default ``CRAZYROUTER_BASE_URL``, else https://api.crazyrouter.com.
        timeout: seconds to wait for each answer; by default 180 for a submission or an upload, 30 for the rest.
        transport: an ``httpx.BaseTransport``, for tests.
        budget: requests a second, above 0; or a ``RateLimiter`` that is shared with other clients. By default
            ``KLING_WIDGETS_RPS``, else 5.
        clock: a function that returns seconds and never goes back, for tests.
        sleep: a function that waits for a number of seconds, for tests.

    Attributes:
        base_url: the address in use.
        key_source: where the key was found, for people; never the key.

    Raises:
        MissingKeyError: no key was found.
        InvalidRequestError: the address cannot be used.
        ConnectionFailedError: a proxy or certificate setting of the environment cannot be used.

    Example:
        >>> with kw.Client() as client:
        ...     task = client.generate("2.6", prompt="a paper boat in the rain", seconds=5)
        ...     client.download(task, "boat.mp4").name
        'boat.mp4'
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
        forks.after_in_child(self, Client._disconnect)

    def _disconnect(self) -> None:
        """Drop the connections in a forked child: they belong to its parent."""
        self._connected.clear()

    @property
    def _driver(self) -> BlockingDriver:
        if not self._connected:
            self._connected.append(self._connect())
        return self._connected[0]

    def submit(self, request: VideoRequest | Model | str | float, **fields: Any) -> Task:
        """Submit a request and return its task, without waiting for the video. It costs money.

        Local pictures are uploaded first. The request is sent again only if it certainly was not accepted: if the
        connection could not be made, or after "too many requests" (429).

        Args:
            request: a ``VideoRequest``; or a model, with its ``fields``.
            **fields: the fields of the request, as in ``VideoRequest``; with a ``VideoRequest``, they replace its own.

        Returns:
            The task as accepted; keep its ``id``, which is all that leads back to it.

        Raises:
            InvalidRequestError: the request cannot be sent as it is; nothing was sent.
            ConnectionFailedError: the service could not be reached; nothing was sent.
            APIError: the service refused the request; nothing is billed.
            SubmissionUnknownError: the request may have been accepted and billed; it is not sent again.
            KlingError: ``KLING_WIDGETS_BUDGET`` does not allow it; nothing is billed.

        Example:
            >>> client = kw.Client()
            >>> task = client.submit("2.6", prompt="a paper boat in the rain")
            >>> task.status
            'queued'
        """
        return self.create(self.prepare(VideoRequest.of(request, **fields)))

    def prepare(self, request: VideoRequest, folder: Path | None = None) -> dict[str, Any]:
        """Return the JSON body of a request, after uploading its local pictures. Nothing is submitted.

        All files are checked before the first one is uploaded.

        Args:
            request: the request.
            folder: where relative paths of pictures start; None: in the current folder.

        Returns:
            The body for ``create``, with a link in place of each local file.

        Raises:
            InvalidRequestError: the request cannot be sent as it is.
            ConnectionFailedError: the service could not be reached.
            APIError: the service refused an upload.

        Example:
            >>> client = kw.Client()
            >>> client.prepare(kw.VideoRequest("2.6", prompt="a paper boat"))
            {'model': 'aigc-video-kling-2.6', 'prompt': 'a paper boat', 'seconds': '5'}
        """
        with Note("Nothing was submitted, nothing is billed."), self._uploading:  # uploads a shared picture once
            return self._driver.run(uploads.prepare(self._state, request, folder))

    def create(
        self,
        body: Mapping[str, Any],
        *,
        on_trouble: OnTrouble | None = None,
        before: Callable[[], Any] | None = None,
    ) -> Task:
        """Submit a JSON body as it is, unchecked, and return its task. It costs money.

        Args:
            body: the body, as ``prepare`` or ``VideoRequest.payload`` returns it.
            on_trouble: called with each error after which the submission is tried again.
            before: called without arguments before each try; if it raises, nothing is sent.

        Returns:
            The task as accepted.

        Raises:
            ConnectionFailedError: the service could not be reached; nothing was sent.
            APIError: the service refused the body; nothing is billed.
            SubmissionUnknownError: the body may have been accepted and billed; it is not sent again.
            KlingError: ``KLING_WIDGETS_BUDGET`` does not allow it; nothing is billed.

        Example:
            >>> client = kw.Client()
            >>> task = client.create({"model": "aigc-video-kling-2.6", "prompt": "a paper boat", "seconds": "5"})
            >>> task.model
            'aigc-video-kling-2.6'
        """
        with Note() as note:
            return self._driver.run(
                reservations.create(self._state, body, on_trouble, before, note, reserve=self.reserve)
            )

    def get(self, task_id: str) -> Task:
        """Return a task as it is now.

        Args:
            task_id: the service's id of the task.

        Raises:
            TaskNotFoundError: the account of this key has no such task.
            ConnectionFailedError: the service could not be reached, after several tries; the task continues.
            APIError: the service gave no usable answer, after several tries; the task continues.

        Example:
            >>> client = kw.Client()
            >>> task = client.submit("2.6", prompt="a paper boat in the rain")
            >>> client.get(task.id).status in ("queued", "running", "succeeded")
            True
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
        """Wait until a task has succeeded, and return it.

        It polls within 3 s of acceptance and later at most once a second, as often as the progress calls for. An error
        of the network never ends the wait.

        Args:
            task: the task, or its id.
            timeout: seconds to wait at most, not counting those that this machine slept; None for no limit.
            usual: seconds that such tasks usually take (the median), if known: polling is sparse before.
            elapsed: seconds since the service accepted the task, if it is not new.
            on_update: called with the task after each poll.
            on_trouble: called with the error if a poll got no usable answer; the wait continues.

        Returns:
            The succeeded task. Its ``url`` is None if the service does not return the link.

        Raises:
            TaskFailedError: the task ended without a video.
            WaitTimeoutError: the time is over; the task continues, and is billed if it succeeds.
            APIError: the service refuses to report on it: the key, its scope, or no such task.

        Example:
            >>> client = kw.Client()
            >>> task = client.submit("2.6", prompt="a paper boat in the rain")
            >>> client.wait(task, timeout=60).status
            'succeeded'
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
        """Submit a request, wait until its task has succeeded, and return the task. It costs money.

        Args:
            request: a ``VideoRequest``; or a model, with its ``fields``.
            timeout: seconds to wait at most after the submission; None for no limit.
            usual: seconds that such tasks usually take, if known.
            on_update: called with the task after each poll.
            on_trouble: called with the error if a poll got no usable answer; the wait continues.
            **fields: the fields of the request, as in ``submit``.

        Returns:
            The succeeded task.

        Raises:
            InvalidRequestError: the request cannot be sent as it is; nothing was sent.
            ConnectionFailedError: the service could not be reached; nothing was sent.
            APIError: the service refused the request, or later refuses to report on the task.
            SubmissionUnknownError: the request may have been accepted and billed; it is not sent again.
            TaskFailedError: the task ended without a video.
            WaitTimeoutError: the time is over; the task continues, and is billed if it succeeds.

        Example:
            >>> client = kw.Client()
            >>> task = client.generate("2.6", prompt="a paper boat in the rain", timeout=60)
            >>> task.status
            'succeeded'
        """
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
        """Download the video of a task to a file, which appears only when it is complete.

        The API key is sent to the service only, never to a media host.

        Args:
            source: the task, its id, or an http(s) link to a video.
            path: the file to write; missing folders are made.
            overwrite: whether to replace an existing file.
            largest: bytes to accept at most; 2 GiB by default.
            on_progress: called with the number of bytes so far, and of all bytes or None if the host does not say.

        Returns:
            The path of the file.

        Raises:
            VideoMissingError: the task succeeded, but its video cannot be downloaded.
            TaskFailedError: the task ended without a video.
            ConnectionFailedError: the host could not be reached, or broke off again and again.
            APIError: the host refused.
            KlingError: the file exists or cannot be written, the task has not ended, or the host sent no video.

        Example:
            >>> client = kw.Client()
            >>> task = client.generate("2.6", prompt="a paper boat in the rain")
            >>> client.download(task, "clips/boat.mp4").name
            'boat.mp4'
        """
        part = AtomicFile(path, overwrite=overwrite)
        try:
            steps = downloads.download(self._state, source, part, largest=largest, on_progress=on_progress)
            return self._driver.run(steps)
        finally:
            part.discard()

    def upload(self, picture: str | os.PathLike[str] | bytes) -> str:
        """Upload a picture, and return a link to it that the service can read for about 48 hours.

        With Pillow, the picture is turned upright first, and a bmp, tiff, avif or heic (with pillow-heif) is converted
        to png or jpeg. Equal content is uploaded once, until an hour before its link expires.

        Args:
            picture: the path of a file, or its bytes: png, jpeg, webp or gif, at most 20 MB (both this and the 48 hours
                by the gateway's own documents).

        Raises:
            InvalidRequestError: it is not such a picture, is too large, or cannot be read.
            ConnectionFailedError: the service could not be reached.
            APIError: the service refused the upload.

        Example:
            >>> import numpy
            >>> client = kw.Client()
            >>> link = client.upload(kw.picture(numpy.zeros((480, 640), dtype=numpy.uint8)))
            >>> client.submit("2.6", prompt="the night sky", image=link).status
            'queued'
        """
        with self._uploading:
            return self._driver.run(uploads.upload(self._state, picture))

    def available(self) -> tuple[str, ...]:
        """Return the ids of the Kling models that the key may call.

        Returns:
            Those of the catalog in its order, then newer ones in alphabetical order.

        Raises:
            ConnectionFailedError: the service could not be reached.
            APIError: the service refused.

        Example:
            >>> client = kw.Client()
            >>> "aigc-video-kling-2.6" in client.available()
            True
        """
        return self._driver.run(uploads.available(self._state))

    def close(self) -> None:
        """Close the connections; leaving a ``with`` block does the same.

        Example:
            >>> client = kw.Client()
            >>> client.close()
        """
        self._driver.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Client {self.base_url}, key: {self.key_source}>"
