"""Clients of video services, each used as its documentation shows, with its defaults: ours and the alternatives.

``python -m tests.benchmarks.clients NAME BASE`` runs one in the current interpreter, in an environment of ``peers.py``.
It prints "ready", reads the tasks as JSON, makes all of them at once and prints the results.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

KEY = "sk-" + "x" * 48


@dataclass
class Made:
    """A task from the client's side; seconds of the machine's monotonic clock, which the simulator uses too."""

    prompt: str
    back: float | None = None  # when the client returned it
    error: str | None = None


Run = Callable[[str, list[Made]], Awaitable[None]]


async def each(tasks: list[Made], make: Callable[[Made], Awaitable[Any]]) -> None:
    """Make all tasks at once, and record errors."""

    async def one(task: Made) -> None:
        try:
            await make(task)
        except Exception as error:  # noqa: BLE001 - a client's failure is a result
            task.error = f"{type(error).__name__}: {str(error)[:200]}"
        task.back = time.monotonic()

    await asyncio.gather(*map(one, tasks))


async def kling_client(base: str, tasks: list[Made]) -> None:
    import kling_widgets as kw

    async with kw.AsyncClient(KEY, base) as client:
        await each(tasks, lambda task: client.generate("2.6", prompt=task.prompt))


async def kling_submit(base: str, tasks: list[Made]) -> None:
    """With a journal, a watcher, and the video saved."""
    import kling_widgets as kw

    os.environ |= {"CRAZYROUTER_API_KEY": KEY, "CRAZYROUTER_BASE_URL": base}
    requests = [kw.VideoRequest("2.6", prompt=task.prompt) for task in tasks]
    jobs = await asyncio.to_thread(kw.submit, requests, wait=False, yes=True)
    by_prompt = {job.request.draft()["prompt"]: job for job in jobs}

    async def ended(task: Made) -> None:
        await by_prompt[task.prompt]

    await each(tasks, ended)


async def openai_videos(base: str, tasks: list[Made]) -> None:
    from openai import AsyncOpenAI

    async with AsyncOpenAI(api_key="x", base_url=f"{base}/v1") as client:
        await each(tasks, lambda task: client.videos.create_and_poll(model="sora-2", prompt=task.prompt))


async def replicate_run(base: str, tasks: list[Made]) -> None:
    import replicate

    client = replicate.Client(api_token="x", base_url=base)
    await each(tasks, lambda task: client.async_run("owner/name", input={"prompt": task.prompt}))


async def replicate_wait(base: str, tasks: list[Made]) -> None:
    import replicate

    client = replicate.Client(api_token="x", base_url=base)

    async def make(task: Made) -> None:
        made = await client.models.predictions.async_create(model=("owner", "name"), input={"prompt": task.prompt})
        await made.async_wait()

    await each(tasks, make)


async def fal_subscribe(base: str, tasks: list[Made]) -> None:
    import fal_client

    fal_client.client.QUEUE_URL_FORMAT = f"{base}/fal/"  # the constant forces https; nothing else is changed
    client = fal_client.AsyncClient(key="x")
    await each(tasks, lambda task: client.subscribe("fal-ai/kling-video/v2", {"prompt": task.prompt}))


async def google_loop(base: str, tasks: list[Made], pause: float) -> None:
    """The loop of its documentation, as it has no poller. Videos need the mode for Google's cloud."""
    from google import genai
    from google.genai.types import GenerateVideosSource
    from google.oauth2.credentials import Credentials

    mode = {"vertexai": True, "project": "p", "location": "us-central1", "credentials": Credentials(token="x")}
    client = genai.Client(**mode, http_options={"base_url": base}).aio

    async def make(task: Made) -> None:
        source = GenerateVideosSource(prompt=task.prompt)
        operation = await client.models.generate_videos(model="veo-3.1-generate-001", source=source)
        while not operation.done:
            await asyncio.sleep(pause)
            operation = await client.operations.get(operation)

    await each(tasks, make)


async def runway_wait(base: str, tasks: list[Made]) -> None:
    from runwayml import AsyncRunwayML

    async with AsyncRunwayML(api_key="x", base_url=base) as client:

        async def make(task: Made) -> None:
            wish = {"model": "gen4.5", "prompt_text": task.prompt, "ratio": "1280:720", "duration": 5}
            made = await client.text_to_video.create(**wish)
            await made.wait_for_task_output()

        await each(tasks, make)


async def luma_loop(base: str, tasks: list[Made]) -> None:
    """The loop of its guide, as it has no poller."""
    from lumaai import AsyncLumaAI

    async with AsyncLumaAI(auth_token="x", base_url=f"{base}/dream-machine/v1") as client:

        async def make(task: Made) -> None:
            made = await client.generations.create(prompt=task.prompt, model="ray-2")
            while made.state not in ("completed", "failed"):
                await asyncio.sleep(3)
                made = await client.generations.get(made.id)

        await each(tasks, make)


async def httpx_loop(base: str, tasks: list[Made]) -> None:
    """A loop that one would write by hand for our service."""
    import httpx

    async with httpx.AsyncClient(base_url=base) as client:

        async def make(task: Made) -> None:
            body = {"model": "aigc-video-kling-2.6", "prompt": task.prompt}
            made = (await client.post("/v1/video/generations", json=body)).raise_for_status().json()
            while made.get("data", {}).get("status") not in ("succeeded", "failed"):
                await asyncio.sleep(5)
                path = f"/v1/video/generations/{made.get('task_id') or made['data']['task_id']}"
                made = (await client.get(path)).raise_for_status().json()

        await each(tasks, make)


@dataclass(frozen=True)
class Client:
    """A client that is measured.

    Attributes:
        title: its name in the tables.
        environment: its environment in ``peers.py``; None for ours, which runs in the current one.
        package: the package that it imports.
    """

    title: str
    environment: str | None
    package: str
    run: Run


CLIENTS = {
    "kling-client": Client("kling_widgets AsyncClient.generate", None, "kling_widgets", kling_client),
    "kling-submit": Client("kling_widgets kw.submit", None, "kling_widgets", kling_submit),
    "openai": Client("openai videos.create_and_poll", "openai", "openai", openai_videos),
    "replicate-run": Client("replicate run", "replicate", "replicate", replicate_run),
    "replicate-wait": Client("replicate predictions.wait", "replicate", "replicate", replicate_wait),
    "fal": Client("fal_client subscribe", "fal-client", "fal_client", fal_subscribe),
    "google-10": Client(
        "google-genai, documented loop, 10 s", "google-genai", "google.genai", partial(google_loop, pause=10)
    ),
    "google-20": Client(
        "google-genai, documented loop, 20 s", "google-genai", "google.genai", partial(google_loop, pause=20)
    ),
    "runway": Client("runwayml wait_for_task_output", "runwayml", "runwayml", runway_wait),
    "luma": Client("lumaai, documented loop, 3 s", "lumaai", "lumaai", luma_loop),
    "httpx": Client("httpx, loop by hand, 5 s", "httpx", "httpx", httpx_loop),
}


def main(name: str, base: str) -> None:
    """Run a client as the module's docstring describes."""
    import importlib
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    client = CLIENTS[name]
    importlib.import_module(client.package)
    out = sys.stdout
    sys.stdout = sys.stderr  # a client's own output is not a result
    out.write("ready\n")
    out.flush()
    order = json.loads(sys.stdin.readline())
    tasks = [Made(prompt) for prompt in order["prompts"]]
    memory, begun = _memory(), time.process_time()

    async def run() -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(order["limit"]):
                await client.run(base, tasks)

    trouble = None
    try:
        asyncio.run(run())
    except Exception as error:  # noqa: BLE001
        trouble = f"{type(error).__name__}: {str(error)[:200]}"
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = {"cpu": time.process_time() - begun, "memory": memory, "largest": largest, "trouble": trouble}
    out.write(json.dumps({"tasks": [asdict(task) for task in tasks], **figures}) + "\n")


def _memory() -> float:
    """Return the MiB that this process uses now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main(*sys.argv[1:])
