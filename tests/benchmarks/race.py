"""Clients side by side: each in a process of its own, started at the same moment, served by one simulator."""

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
    """A client and its work.

    Attributes:
        client: a name of ``CLIENTS``.
        tag: marks its tasks; unique.
        progress: the kind of progress that the service reports, a key of ``progress.PROGRESS``.
        prepare: called with the home of kling_widgets, an empty folder, before the start.
        environ: additional environment variables of its process.
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
        """Return its interpreter, or None if it is not installed."""
        environment = CLIENTS[self.client].environment
        return Path(sys.executable) if environment is None else peers.python(environment)


@dataclass(frozen=True)
class Result:
    """The result of a runner: its own report, and the service's log.

    Attributes:
        runner: the runner.
        told: the last line of its process: the tasks in order, CPU seconds, MiB.
        logged: the service's log of its tasks.
    """

    runner: Runner
    told: Mapping[str, Any]
    logged: list[dict[str, Any]]

    @property
    def count(self) -> int:
        """Return the number of tasks that it should make."""
        return len(self.told["tasks"])

    @property
    def finished(self) -> int:
        """Return the number of tasks that succeeded."""
        return sum(task["back"] is not None and task["error"] is None for task in self.told["tasks"])

    @property
    def errors(self) -> list[str]:
        """Return the errors of its tasks and of its process."""
        found = [self.told["trouble"], *(task["error"] for task in self.told["tasks"])]
        return [error for error in found if error]

    @cached_property
    def lags(self) -> list[float]:
        """Return seconds from ready to the first answer that said so, for each task that was seen ready."""
        return sorted(task["seen"] - task["ready"] for task in self.logged if task["seen"] is not None)

    def lag(self, share: float = 0.5) -> float | None:
        """Return the lag that this share of the tasks did not exceed."""
        return self.lags[round(share * (len(self.lags) - 1))] if self.lags else None

    @property
    def median(self) -> float | None:
        return statistics.median(self.lags) if self.lags else None

    @property
    def mean(self) -> float | None:
        return statistics.fmean(self.lags) if self.lags else None

    @property
    def looks(self) -> float:
        """Return the GETs per task."""
        return sum(task["looks"] for task in self.logged) / self.count

    @property
    def cpu(self) -> float:
        """Return the seconds of CPU per task, without the import."""
        return float(self.told["cpu"]) / self.count


def race(simulator: Running, runners: list[Runner], seconds: list[float], limit: float) -> list[Result]:
    """Let each runner make a task of each of ``seconds``, its duration at the service, within ``limit`` seconds in all.

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
    """Return the next line with this start, and skip a profiler's output."""
    assert process.stdout
    for line in process.stdout:
        if line.startswith(start):
            return line
    raise RuntimeError(f"{process.args} ended with {process.wait()}")
