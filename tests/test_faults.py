"""Every fault, at every step, through every interface: nothing is paid twice, and messages and journal are true."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from kling_widgets.client.async_client import AsyncClient
from kling_widgets.client.client import Client
from kling_widgets.client.credentials.endpoint import Service
from kling_widgets.client.rate_limit import RateLimiter
from kling_widgets.core.task import Task
from kling_widgets.errors import APIError, ConnectionFailedError, KlingError, VideoMissingError, WaitTimeoutError
from kling_widgets.notebook.form.form import Form
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.magics import magics
from kling_widgets.request.request import VideoRequest
from tests.client.conftest import Time
from tests.client.samples import picture
from tests.faults import CREATED, FAULTS, MP4, Fault
from tests.jobs.conftest import until
from tests.patience import AsyncPatient, Patient
from tests.servers import Answer, Asked, FaultServer

pytestmark = pytest.mark.slow

KEY = "sk-" + "Fault5xyz" * 4
CREATE = "/v1/video/generations"
ALWAYS = 10**9
LIMIT, SHORT_LIMIT = 60.0, 12.0  # seconds to wait for a task, by a clock that only waiting moves


class Clock(Time):
    """A clock that advances with each wait, and with each reading if a test needs time to pass while bytes drip in."""

    def __init__(self) -> None:
        super().__init__()
        self.step = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return super().__call__()


class Gateway:
    """The service: one step fails a number of times, then succeeds.

    Attributes:
        made: the tasks that it has created.
        counts: number of requests, by step.
        strayed: requests that carried the key to a host that must not get it.
    """

    def __init__(self) -> None:
        self.server = FaultServer(self.answer)
        self.steps: tuple[str, ...] = ()
        self.clock = Clock()
        self.made, self.counts, self.strayed = 0, Counter[str](), list[Asked]()

    def plan(self, steps: tuple[str, ...], fault: Fault, times: int, clock: Clock) -> None:
        """Set the steps that fail from now on; the clock is the client's."""
        self.steps, self.fault, self.times, self.clock = steps, fault, times, clock
        self.made, self.counts, self.strayed = 0, Counter(), []
        self.server.listen()

    def answer(self, asked: Asked) -> Answer:
        step = self.step(asked.path)
        self.counts[step] += 1
        if asked.path == "/clip.mp4" and "authorization" in asked.headers:
            self.strayed.append(asked)
        if step in self.steps and self.counts[step] <= self.times:
            # The worst case: the outcome is open, and the task exists.
            self.made += step == "submit" and self.fault.post == "open"
            assert self.fault.answer is not None
            self.clock.step = 0.25 if self.fault.answer.fault == "drip" else 0.0
            return self.fault.answer
        self.clock.step = 0.0
        return self._good(step)

    def _good(self, step: str) -> Answer:
        match step:
            case "submit":
                self.made += 1
                return Answer(body=CREATED)
            case "upload":
                return Answer(body={"url": "https://files.example/first.png"})
            case "poll":
                link = f"{self.server.url}/clip.mp4"
                return Answer(body={"code": "success", "data": {"task_id": "t1", "status": "SUCCESS", "url": link}})
            case "download" | "copy":
                return Answer(body=MP4)
            case "other":
                return Answer(404)
        return Answer(body={"data": [{"id": "aigc-video-kling-2.6"}]})

    @staticmethod
    def step(path: str) -> str:
        if path == CREATE:
            return "submit"
        if path.startswith(f"{CREATE}/"):
            return "poll"
        if path.startswith("/v1/videos/"):
            return "copy"
        steps = {"/v1/files/uploads": "upload", "/clip.mp4": "download", "/v1/models": "available"}
        return steps.get(path, "other")


class Way:
    """A way to use the service.

    Args:
        gateway: the service.
        folder: holds videos and pictures.
        slow: whether the faults are those that show only by a timeout.
    """

    def __init__(self, gateway: Gateway, folder: Path, slow: bool) -> None:
        self.gateway, self.folder = gateway, folder
        self.patience, self.limit = (0.1, SHORT_LIMIT) if slow else (30.0, LIMIT)
        self.clock, self.budget, self.turn = Clock(), RateLimiter(1e9), 0
        self.given_up = Counter[str]()

    def short(self, request: httpx.Request) -> bool:
        """Return whether a request gets no answer in time; count them by step."""
        step = self.gateway.step(request.url.path)
        if slow := self.gateway.fault.slow and step in self.gateway.steps:
            self.given_up[step] += 1
        return slow

    def go(self, step: str) -> None:
        """Run everything up to the step, and the step itself."""
        raise NotImplementedError

    def state(self) -> str | None:
        """Return the last submission's state in the journal; None without a journal."""
        return None

    def close(self) -> None:
        """Close its client."""

    def picture(self) -> Path:
        """Return a picture that was never uploaded."""
        self.turn += 1
        path = self.folder / "first.png"
        path.write_bytes(PNG + str(self.turn).encode())
        return path

    @property
    def videos(self) -> list[Path]:
        return [path for path in (self.folder / "clips").iterdir() if path.is_file()]


class Script(Way):
    """A client in a script."""

    def __init__(self, gateway: Gateway, folder: Path, slow: bool) -> None:
        super().__init__(gateway, folder, slow)
        self.client: Any = self.make(gateway.server.url)

    def make(self, url: str) -> Any:
        ways = Patient(self.short)
        sleep = self.clock.sleep
        return Client(
            KEY, url, transport=ways, timeout=self.patience, budget=self.budget, clock=self.clock, sleep=sleep
        )

    def take(self, result: Any) -> Any:
        return result

    def go(self, step: str) -> None:
        client, take = self.client, self.take
        match step:
            case "submit":
                take(client.submit("2.6", prompt="a boat", seconds=5))
            case "upload":
                take(client.submit("2.6", prompt="a boat", seconds=5, image=self.picture()))
            case "poll":
                take(client.wait(Task("t1", status="queued"), timeout=self.limit))
            case "download":
                task = Task("t1", status="succeeded", url=f"{self.gateway.server.url}/clip.mp4")
                take(client.download(task, self.folder / "clips" / "a.mp4"))
            case "available":
                assert take(client.available()) == ("aigc-video-kling-2.6",)

    def close(self) -> None:
        self.take(self.client.close())


class Heard(httpx.BaseTransport):
    """A transport that gives a client the gateway's answers without a socket, as it would receive them over one."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        gateway, path = self.gateway, request.url.raw_path.decode()
        if gateway.fault.answer is None and gateway.times:
            raise httpx.ConnectError("nobody there")
        headers = {name.lower(): value for name, value in request.headers.items()}
        answer = gateway.answer(Asked(request.method, path, headers, request.read()))
        if answer.fault or answer.raw is not None or answer.cut is not None:
            return heard(answer)
        content = answer.content()
        told = {**answer.headers, "Content-Length": str(len(content))}
        return httpx.Response(answer.status, headers=told, stream=httpx.ByteStream(content))


class Pieces(httpx.SyncByteStream):
    """A recorded body, up to its end or to the point where it broke."""

    def __init__(self, pieces: Sequence[bytes], error: httpx.TransportError | None) -> None:
        self.pieces, self.error = pieces, error

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces
        if self.error is not None:
            raise type(self.error)(str(self.error))


_ONCE: dict[int, tuple[httpx.Response | None, list[bytes], httpx.TransportError | None]] = {}


def heard(answer: Answer) -> httpx.Response:
    """Return what a plain client receives of an answer that is not HTTP, or breaks off; recorded over a socket once."""
    if id(answer) not in _ONCE:
        response, pieces, error = None, list[bytes](), None
        with FaultServer(lambda asked: answer) as server, httpx.Client(trust_env=False) as client:
            try:
                with client.stream("GET", server.url) as response:
                    pieces.extend(response.iter_raw())
            except httpx.TransportError as raised:
                error = raised
        _ONCE[id(answer)] = response, pieces, error
    response, pieces, error = _ONCE[id(answer)]
    if response is None:
        assert error is not None
        raise type(error)(str(error))
    return httpx.Response(response.status_code, headers=response.headers, stream=Pieces(pieces, error))


class Plain(Script):
    """The same without a socket."""

    def make(self, url: str) -> Any:
        transport = Heard(self.gateway)
        clock = self.clock
        return Client(KEY, url, transport=transport, budget=self.budget, clock=clock, sleep=clock.sleep)


class AsyncScript(Script):
    """The same with the async client."""

    def __init__(self, gateway: Gateway, folder: Path, slow: bool) -> None:
        self.runner = asyncio.Runner()
        super().__init__(gateway, folder, slow)

    def make(self, url: str) -> Any:
        async def make() -> AsyncClient:
            ways = AsyncPatient(self.short)
            sleep = self.clock.asleep
            return AsyncClient(
                KEY, url, transport=ways, timeout=self.patience, budget=self.budget, clock=self.clock, sleep=sleep
            )

        return self.take(make())

    def take(self, result: Any) -> Any:
        return self.runner.run(result)

    def close(self) -> None:
        super().close()
        self.runner.close()


class Line(Way):
    """``%kling`` in a terminal, which waits for its video."""

    def __init__(self, gateway: Gateway, folder: Path, slow: bool) -> None:
        super().__init__(gateway, folder, slow)
        config = Config()
        config.HistoryManager.enabled = False
        self.shell: Any = InteractiveShell.instance(config=config)
        home, url = str(folder / "home"), gateway.server.url
        environ = {"KLING_WIDGETS_HOME": home, "CRAZYROUTER_API_KEY": KEY, "CRAZYROUTER_BASE_URL": url}
        self.session = Session(self.shell, {**environ, "KLING_WIDGETS_RPS": "1000000"}, connect=self.connect)
        self.session.settings.video_dir = str(folder / "clips")
        self.session.settings.timeout = self.limit
        magics.register(self.shell, self.session)

    def connect(self, service: Service, budget: RateLimiter) -> AsyncClient:
        return AsyncClient(
            service.key,
            service.base_url,
            transport=AsyncPatient(self.short),
            timeout=self.patience,
            budget=self.budget,
            clock=self.clock,
            sleep=self.clock.asleep,
        )

    def go(self, step: str) -> None:
        self.ask({"image": str(self.picture())} if step == "upload" else {})

    def ask(self, media: dict[str, str]) -> None:
        options = "".join(f"--{name} {value} " for name, value in media.items())
        self.shell.run_line_magic("kling", f"--model 2.6 --seconds 5 --wait --new {options}a boat")

    def state(self) -> str | None:
        return self.session.journal.entries()[0].state

    def close(self) -> None:
        magics.unregister(self.shell)
        self.session.close()
        InteractiveShell.clear_instance()


class Clicks(Line):
    """The form."""

    def ask(self, media: dict[str, str]) -> None:
        request = VideoRequest("2.6", prompt="a boat", seconds=5, **media)
        # Earlier cells lost some answers, and a form would ask about those submissions.
        Form.from_request(request, self.session).submit(yes=True).wait()


PNG = picture(size=(320, 320))
WAYS: dict[str, type[Way]] = {
    "plain": Plain,
    "sync": Script,
    "async": AsyncScript,
    "magic": Line,
    "form": Clicks,
}
# Over a socket each fault runs once through each interface for submissions, where money is at stake. The other steps
# run without a socket; over one they run the slow faults, and one of each other kind.
EACH_KIND = ("refused-connection", "reset", "cut-chunks", "page-403", "page-429", "page-503", "redirect-0", "half-json")


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    """Run the service."""
    gateway = Gateway()
    with gateway.server:
        yield gateway


@pytest.fixture(scope="module")
def ways(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, Fault], Way]]:
    """Return a function that opens an interface by name; it closes the previous one."""
    at: list[tuple[tuple[str, bool], Way]] = []

    def of(name: str, fault: Fault) -> Way:
        key = (name, fault.slow)
        if not at or at[0][0] != key:
            while at:
                at.pop()[1].close()
            folder = tmp_path_factory.mktemp(name)
            (folder / "clips").mkdir()
            at.append((key, WAYS[name](gateway, folder, fault.slow)))
        return at[0][1]

    yield of
    while at:
        at.pop()[1].close()


class Cell:
    """A fault at a step, through one interface."""

    def __init__(self, gateway: Gateway, way: Way, fault: Fault, *steps: str) -> None:
        self.gateway, self.way, self.fault, self.steps = gateway, way, fault, steps

    def run(self, times: int) -> KlingError | None:
        """Let the step fail a number of times; check what holds for every run, and return the error."""
        gateway, clock = self.gateway, self.way.clock
        gateway.plan(self.steps, self.fault, times, clock)
        clock.waits.clear()
        self.way.given_up.clear()
        for path in self.way.videos:
            path.unlink()
        if self.fault.answer is None and times:
            gateway.server.refuse()
        error = None
        try:
            self.way.go(self.steps[0])
        except KlingError as raised:
            error = raised
        for step, count in self.way.given_up.items():  # a client that gave up may be faster than the service
            until(lambda step=step, count=count: gateway.counts[step] >= count)  # type: ignore[misc]
        assert gateway.made <= 1
        assert gateway.strayed == []
        assert all(0 <= wait <= 301 for wait in clock.waits)
        assert sum(clock.waits) <= 600
        if error is not None:
            self.check(str(error))
        # Hidden partial files count too.
        assert [path.read_bytes() for path in self.way.videos] in ([], [MP4])
        return error

    @staticmethod
    def check(text: str) -> None:
        """Check that the text is one readable line."""
        assert text.isprintable() and text.strip() and len(text) <= 2000
        assert not re.search(r"[<>]\w|\w[<>]|[\u202a-\u202e\u2028]|\bNone\b", text), text
        assert KEY not in text

    def journal(self, *states: str) -> None:
        assert self.way.state() in (None, *states)


def cells(
    fits: Callable[[str, Fault], bool] = lambda name, fault: True, everything: bool = False
) -> pytest.MarkDecorator:
    """Parametrize a test by faults and interfaces, or by representatives of them; those that need another timeout come
    one after the other."""
    return pytest.mark.parametrize(
        ("name", "fault"),
        [
            pytest.param(name, fault, id=f"{name}-{fault.name}")
            for name in WAYS
            for slow in (False, True)
            for fault in FAULTS
            if fault.slow is slow and fits(name, fault)
            if (fault.blocking or name != "sync") and not (fault.slow and name == "plain")
            if everything or fault.slow or name == "plain" or fault.name in EACH_KIND
        ],
    )


def scripted(name: str, fault: Fault) -> bool:
    """Return whether a client runs one step at a time; a line or a click runs all steps, and needs a connection."""
    return name in ("plain", "sync", "async")


def connected(name: str, fault: Fault) -> bool:
    """Return whether a connection is accepted."""
    return fault.answer is not None


def quick(name: str, fault: Fault) -> bool:
    """Return whether the fault shows at once; of the slow faults one is tried at each step, and all at the two that
    matter."""
    return not fault.slow or (fault.name == "stall" and name in ("sync", "async"))


Ways = Callable[[str, Fault], Way]


@cells(everything=True)
def test_a_submission(gateway: Gateway, ways: Ways, name: str, fault: Fault) -> None:
    """A submission is repeated only if nothing was accepted; its error and its state say which of the three outcomes it
    is."""
    cell = Cell(gateway, ways(name, fault), fault, "submit")
    error = cell.run(ALWAYS)
    assert type(error) is fault.error
    if fault.post == "open":
        assert gateway.counts["submit"] == gateway.made == 1
        assert "may have been accepted and billed" in str(error)
        cell.journal("unknown")
        return
    assert gateway.made == 0
    assert "nothing is billed" in str(error)
    cell.journal("refused")
    if fault.post == "refused":
        assert gateway.counts["submit"] == 1
        return
    pauses = [wait for wait in cell.way.clock.waits if wait > 0.1]  # the rest is the rate limiter's
    assert len(pauses) in (2, 5)
    if fault.answer is not None:
        assert gateway.counts["submit"] == len(pauses) + 1
        assert cell.run(1) is None
        assert gateway.counts["submit"] == 2 and gateway.made == 1
        cell.journal("saved")


@cells(connected)
def test_looks_that_go_wrong(gateway: Gateway, ways: Ways, name: str, fault: Fault) -> None:
    """Two failing polls do not end a wait. If they never stop, it ends with its timeout, or earlier by the service's
    own verdict."""
    cell = Cell(gateway, ways(name, fault), fault, "poll")
    assert cell.run(2) is None
    assert gateway.counts["poll"] == 3
    cell.journal("saved")
    error = cell.run(ALWAYS)
    assert isinstance(error, KlingError)
    assert "%kling_resume t1" in str(error)
    cell.journal("accepted")
    if fault.last_word is not None:
        assert isinstance(error, fault.last_word) and gateway.counts["poll"] == 3
    else:
        assert isinstance(error, WaitTimeoutError) and error.task.id == "t1"


@cells(lambda name, fault: connected(name, fault) and quick(name, fault))
def test_a_link_that_goes_wrong(gateway: Gateway, ways: Ways, name: str, fault: Fault) -> None:
    """If the link fails, the service's own copy is fetched, with the key that the link's host never gets."""
    cell = Cell(gateway, ways(name, fault), fault, "download")
    assert cell.run(ALWAYS) is None
    assert len(cell.way.videos) == 1
    assert gateway.counts["copy"] == 1
    cell.journal("saved")


@cells(lambda name, fault: connected(name, fault) and not fault.slow and name != "form")
def test_a_video_that_cannot_be_had(gateway: Gateway, ways: Ways, name: str, fault: Fault) -> None:
    """If neither the link nor the copy delivers the video, no file is left, and it can be fetched later."""
    cell = Cell(gateway, ways(name, fault), fault, "download", "copy")
    assert isinstance(cell.run(ALWAYS), VideoMissingError | ConnectionFailedError | APIError)
    assert cell.way.videos == []
    assert gateway.counts["download"] <= 4 and 1 <= gateway.counts["copy"] <= 4
    cell.journal("succeeded")


@cells(lambda name, fault: quick(name, fault) and name != "form")  # a form's job works like a line's
def test_an_upload(gateway: Gateway, ways: Ways, name: str, fault: Fault) -> None:
    """A failed upload costs nothing, and nothing is submitted without the picture."""
    cell = Cell(gateway, ways(name, fault), fault, "upload")
    assert isinstance(cell.run(ALWAYS), KlingError)
    assert gateway.counts["submit"] == gateway.made == 0
    assert gateway.counts["upload"] <= 4
    cell.journal("refused")
    if fault.mends and fault.answer is not None:
        assert cell.run(2) is None
        assert gateway.counts["upload"] == 3
        cell.journal("saved")


@cells(lambda name, fault: scripted(name, fault) and quick(name, fault))
def test_the_models(gateway: Gateway, ways: Ways, name: str, fault: Fault) -> None:
    """The list of models, which only clients request, is retried or fails with one of our errors."""
    cell = Cell(gateway, ways(name, fault), fault, "available")
    assert isinstance(cell.run(ALWAYS), KlingError)
    assert gateway.counts["available"] <= 4
    if fault.mends and fault.answer is not None:
        assert cell.run(2) is None


@cells(lambda name, fault: scripted(name, fault) and fault.answer is None)
def test_nobody_there(gateway: Gateway, ways: Ways, name: str, fault: Fault) -> None:
    """If nobody accepts connections, a wait lasts until its timeout, and a download says that the video still
    exists."""
    way = ways(name, fault)
    error = Cell(gateway, way, fault, "poll").run(ALWAYS)
    assert isinstance(error, WaitTimeoutError) and "could not be reached" in str(error)
    error = Cell(gateway, way, fault, "download").run(ALWAYS)
    assert isinstance(error, ConnectionFailedError) and "still there" in str(error)
