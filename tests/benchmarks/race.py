"""Clients side by side: each in a process of its own, all begin at the same moment, one simulator serves them."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.benchmarks import peers
from tests.benchmarks.clients import CLIENTS
from tests.benchmarks.simulator import Running, prompt

_FOREIGN = ("CRAZYROUTER_", "KLING_WIDGETS_", "OPENAI_", "REPLICATE_", "FAL_", "GOOGLE_", "GEMINI_", "RUNWAY", "LUMA")


@dataclass(frozen=True)
class Runner:
    """A client and what it is to make.

    Attributes:
        client: a name of ``CLIENTS``.
        tag: of its tasks, unlike those of all others.
        progress: what the service tells of the progress, a word of ``progress.PROGRESS``.
        prepare: called with the home of kling_widgets, an empty folder, before the start.
        environ: what its process finds in the environment besides.
        under: a command that runs it, such as a profiler.
    """

    client: str
    tag: str
    progress: str = "none"
    prepare: Callable[[Path, str], object] | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    under: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return CLIENTS[self.client].title

    @property
    def python(self) -> Path | None:
        """What runs it, or None where it is not installed."""
        environment = CLIENTS[self.client].environment
        return Path(sys.executable) if environment is None else peers.python(environment)


@dataclass(frozen=True)
class Result:
    """What came of a runner: what it says, and what the service has seen.

    Attributes:
        runner: who.
        told: the last line of its process: the tasks in their order, CPU seconds, MiB.
        logged: the service's log of its tasks.
    """

    runner: Runner
    told: Mapping[str, Any]
    logged: list[dict[str, Any]]

    @property
    def count(self) -> int:
        """How many tasks it was to make."""
        return len(self.told["tasks"])

    @property
    def finished(self) -> int:
        """How many it gave back well."""
        return sum(task["back"] is not None and task["error"] is None for task in self.told["tasks"])

    @property
    def errors(self) -> list[str]:
        """What its tasks ended with, and what it itself did."""
        found = [self.told["trouble"], *(task["error"] for task in self.told["tasks"])]
        return [error for error in found if error]

    @cached_property
    def lags(self) -> list[float]:
        """Seconds from ready to the first answer that said so, of each task that was seen ready."""
        return sorted(task["seen"] - task["ready"] for task in self.logged if task["seen"] is not None)

    def lag(self, share: float = 0.5) -> float | None:
        """The lag that so large a share of the tasks did not exceed."""
        return self.lags[round(share * (len(self.lags) - 1))] if self.lags else None

    @property
    def median(self) -> float | None:
        return statistics.median(self.lags) if self.lags else None

    @property
    def mean(self) -> float | None:
        return statistics.fmean(self.lags) if self.lags else None

    @property
    def looks(self) -> float:
        """GETs for each task."""
        return sum(task["looks"] for task in self.logged) / self.count

    @property
    def cpu(self) -> float:
        """Seconds of CPU for each task, without the import."""
        return float(self.told["cpu"]) / self.count


def race(simulator: Running, runners: list[Runner], seconds: list[float], limit: float) -> list[Result]:
    """Each runner makes a task for each of ``seconds``, its time at the service; ``limit``: seconds for all of it.

    Runners that are not installed are left out.
    """
    with ExitStack() as stack:
        started = [(one, _start(one, simulator, stack)) for one in runners if one.python]
        for _, process in started:
            _line(process, "ready")
        for one, process in started:
            prompts = [prompt(one.tag, number, each, one.progress) for number, each in enumerate(seconds)]
            assert process.stdin
            process.stdin.write(json.dumps({"prompts": prompts, "limit": limit}) + "\n")
            process.stdin.flush()
        results = [Result(one, json.loads(_line(process, "{")), simulator.log(one.tag)) for one, process in started]
        for _, process in started:
            process.wait(60)
        return results


def _start(runner: Runner, simulator: Running, stack: ExitStack) -> subprocess.Popen[str]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    home = folder / "home"
    if runner.prepare is not None:
        runner.prepare(home, simulator.base)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    environ |= {"PYTHONPATH": str(peers.ROOT), "KLING_WIDGETS_HOME": str(home), "NO_PROXY": "127.0.0.1"}
    environ |= runner.environ
    command = [*runner.under, str(runner.python), "-m", "tests.benchmarks.clients", runner.client, simulator.base]
    errors = stack.enter_context((folder / "errors").open("w"))
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=folder, env=environ, stdin=pipe, stdout=pipe, stderr=errors, text=True)
    stack.enter_context(process)
    stack.callback(process.terminate)
    return process


def _line(process: subprocess.Popen[str], start: str) -> str:
    """The next line that begins so; what a profiler says stands between them."""
    assert process.stdout
    for line in process.stdout:
        if line.startswith(start):
            return line
    raise RuntimeError(f"{process.args} ended with {process.wait()}")
