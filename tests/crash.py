"""For the crash test: a service that counts what it makes, and knows how far each kernel has come with each wish."""

from __future__ import annotations

import asyncio
import hashlib
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from tests.servers import Answer, Asked, FaultServer

# How far a kernel has come with a wish, as the service sees it: it was called for nothing yet; for a picture; it sent
# the POST; had the answer; asked for the task; got half of the video; got all of it.
STAGES = ("unsent", "uploading", "sending", "accepted", "polling", "fetching", "fetched")
CREATE = "/v1/video/generations"
LONG = 60.0  # seconds; what takes so long has failed

# What becomes of a submission, and in how many of 100; the first of each is what becomes of it at a gentle service.
_POSTS = {"taken": 74, "busy": 6, "no channel": 4, "answer lost": 6, "lost": 3, "taken, but says 500": 4, "refused": 3}
_LOOKS = {"": 94, "500": 2, "reset": 2, "page": 1, "half": 1}
_CLIPS = {"": 90, "half": 5, "not yet": 5}
_HELD = 0.7  # of the wishes of a kernel that is held; the others go on, so that a kill meets wishes at each stage


class Gateway:
    """The service and the media host. Which kernel asks is known by its key, which wish by its prompt or its task.

    Args:
        seed: what happens to each wish follows from it.

    Attributes:
        created: the ids of the tasks that were made, by prompt.
        refused: how many submissions were refused for good, by prompt.
        opened: how many submissions came that were not told to come again, by prompt.
        posts: how many submissions came, by kernel.
        watchers: the kernels that asked for a task, by its id.
        made: how many submissions met each fate.
        gentle: whether nothing goes wrong by itself.
    """

    def __init__(self, seed: str) -> None:
        self.server = FaultServer(self._answer)
        self.created: dict[str, list[str]] = defaultdict(list)
        self.refused: Counter[str] = Counter()
        self.opened: Counter[str] = Counter()
        self.posts: Counter[str] = Counter()
        self.made: Counter[str] = Counter()
        self.watchers: dict[str, set[str]] = defaultdict(set)
        self.gentle = False
        self._seed = seed
        self._arrivals: Counter[str] = Counter()
        self._fetches: Counter[str] = Counter()
        self._stages: dict[str, dict[str, int]] = defaultdict(dict)
        self._holds: dict[str, tuple[int, int, asyncio.Event]] = {}
        self._changed = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None

    # For the test.

    def hold(self, kernel: str, stage: str, wall: str) -> None:
        """Lets most of this kernel's wishes come to the stage, and no further, until it is released; and none of them
        beyond the wall."""
        self._holds[kernel] = (STAGES.index(stage), STAGES.index(wall), asyncio.Event())

    def release(self, kernel: str) -> None:
        """It may go on, or it is dead."""
        if kernel in self._holds:
            *_, event = self._holds.pop(kernel)
            if self._loop is not None:
                self._loop.call_soon_threadsafe(event.set)

    def reached(self, kernel: str, stage: str, count: int, seconds: float = LONG) -> bool:
        """Whether so many wishes of this kernel come to the stage, or beyond it, in so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count(kernel, stage) >= count, seconds)

    def stages(self, kernel: str, asked: Sequence[str]) -> Counter[str]:
        """How many of this kernel's wishes are at which stage now; ``asked`` are those that it was to make."""
        with self._changed:
            found = Counter(STAGES[stage] for stage in self._stages[kernel].values())
        return found + Counter(unsent=max(0, len(asked) - found.total()))

    def clip(self, task_id: str) -> bytes:
        """The video of a task."""
        digest = hashlib.sha256(task_id.encode()).digest()
        return b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + digest * (600 + 40 * digest[0])

    # What it answers.

    async def _answer(self, asked: Asked) -> Answer:
        self._loop = asyncio.get_running_loop()
        kernel = asked.headers.get("authorization", "").rpartition(" ")[2].removeprefix("sk-crash-")
        match asked.method, asked.path.split("/")[1:]:
            case "POST", ["v1", "files", "uploads"]:
                name = hashlib.sha256(asked.body).hexdigest()[:12]
                await self._come(kernel, name, "uploading")
                self._leave(kernel, name)
                return Answer(body={"url": f"https://files.example/{name}.png"})
            case "POST", ["v1", "video", "generations"]:
                return await self._create(kernel, str(asked.json()["prompt"]))
            case "GET", ["v1", "video", "generations", task_id]:
                return await self._look(kernel, task_id)
            case "GET", ["clip", kernel, task_id]:
                return await self._fetch(kernel, task_id)
        return Answer(404, {"error": {"message": "not here", "code": "not_found"}})

    async def _create(self, kernel: str, prompt: str) -> Answer:
        self.posts[kernel] += 1
        self._arrivals[prompt] += 1
        task_id = f"task-{prompt.split()[0]}-{self._arrivals[prompt]}"
        chance = self._chance(prompt)
        fate, early = self._drawn(chance, _POSTS), chance.random() < 0.5
        if fate in ("busy", "no channel") and self._arrivals[prompt] > 1:
            fate = "taken"
        self.made[fate] += 1
        if fate in ("busy", "no channel"):
            return _BUSY if fate == "busy" else _NO_CHANNEL
        self.opened[prompt] += 1
        if early:
            await self._come(kernel, task_id, "sending")
        if fate == "refused":
            self.refused[prompt] += 1
            self._leave(kernel, task_id)
            return Answer(400, {"error": {"message": "the prompt is refused", "code": "invalid_request"}})
        if fate != "lost":
            self.created[prompt].append(task_id)
        if not early:
            await self._come(kernel, task_id, "sending")
        if fate == "taken":
            self._mark(kernel, task_id, "accepted")
            return Answer(body={"id": task_id, "task_id": task_id, "status": "", "progress": 0})
        self._leave(kernel, task_id)
        return _UPSTREAM if fate == "taken, but says 500" else Answer(fault="reset")

    async def _look(self, kernel: str, task_id: str) -> Answer:
        first = kernel not in self.watchers[task_id]
        self.watchers[task_id].add(kernel)
        await self._come(kernel, task_id, "polling")
        match self._drawn(self._chance(f"{task_id} {kernel}"), _LOOKS) if first else "":
            case "500":
                return _UPSTREAM
            case "reset":
                return Answer(fault="reset")
            case "page":
                return Answer(502, "<html>Bad gateway</html>")
            case "half":
                return Answer(body={"code": "success"}, cut=5)
        url = f"{self.server.url}/clip/{kernel}/{task_id}"
        return Answer(body={"code": "success", "data": {"task_id": task_id, "status": "SUCCESS", "url": url}})

    async def _fetch(self, kernel: str, task_id: str) -> Answer:
        self._fetches[task_id] += 1
        fate = self._drawn(self._chance(f"{task_id} clip"), _CLIPS) if self._fetches[task_id] == 1 else ""
        if fate == "not yet":
            return Answer(404)

        async def halfway() -> None:
            await self._come(kernel, task_id, "fetching")
            if not fate:
                self._mark(kernel, task_id, "fetched")

        clip = self.clip(task_id)
        return Answer(body=clip, halfway=halfway, cut=len(clip) - 1000 if fate else None)

    async def _come(self, kernel: str, wish: str, stage: str) -> None:
        """The wish comes to a stage, and stays there for a random moment, or as long as the kernel is held."""
        self._mark(kernel, wish, stage)
        at, chance = STAGES.index(stage), self._chance(f"{wish} {stage}")
        most, wall, event = self._holds.get(kernel, (len(STAGES), len(STAGES), asyncio.Event()))
        held = at >= wall or (at >= most and chance.random() < _HELD)
        try:
            moment = LONG if held else chance.random() / 20
            await asyncio.wait_for(event.wait(), moment)
        except TimeoutError:
            pass

    def _mark(self, kernel: str, wish: str, stage: str) -> None:
        with self._changed:
            self._stages[kernel][wish] = STAGES.index(stage)
            self._changed.notify_all()

    def _leave(self, kernel: str, wish: str) -> None:
        with self._changed:
            self._stages[kernel].pop(wish, None)

    def _count(self, kernel: str, stage: str) -> int:
        return sum(at >= STAGES.index(stage) for at in self._stages[kernel].values())

    def _chance(self, what: str) -> random.Random:
        return random.Random(f"{self._seed} {what}")

    def _drawn(self, chance: random.Random, fates: Mapping[str, int]) -> str:
        return next(iter(fates)) if self.gentle else chance.choices(list(fates), list(fates.values()))[0]


def _error(status: int, message: str, code: str, **headers: Any) -> Answer:
    return Answer(status, {"error": {"message": message, "code": code}}, headers)


_BUSY = _error(429, "busy", "rate_limit")
_NO_CHANNEL = _error(503, "No available channel", "get_channel_failed")
_UPSTREAM = _error(500, "请求上游地址失败", "do_request_failed")
