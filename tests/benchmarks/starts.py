"""Start times: import, %load_ext, and each first magic.

Each start is a new process with warm .pyc files; those of a table take turns, so that other work on the machine affects
all of them, and the table shows the median. "Above bare" is the time above the same Python without the import. CPU is
that of the process, which does not grow when others use the machine. Peers have environments of their own; the
extension that does nothing is one magic with an empty body. In a kernel, a start ends with the first output, or with
the return of the magic; the demo replaces the service.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import peers
from tests.benchmarks.table import Table, reach
from tests.kernel import Kernel

PEERS = ("httpx", "ipywidgets", "openai", "jupyter-ai-magics", "ipyautoui")
IMPORTS = {  # the import, and its environment; None is the current one
    "kling_widgets": None,
    "httpx": "httpx",
    "ipywidgets": "ipywidgets",
    "openai": "openai",
    "jupyter_ai_magics": "jupyter-ai-magics",
    "ipyautoui": "ipyautoui",
}
EXTENSIONS = {"empty_extension": None, "kling_widgets": None, "jupyter_ai_magics": "jupyter-ai-magics"}
EMPTY = """
from IPython.core.magic import register_line_cell_magic
def load_ipython_extension(shell):
    @register_line_cell_magic
    def empty(line, cell=None): pass
"""
HEAVY = ("httpx", "ipywidgets", "anywidget", "asyncio", "sqlite3")
# Only the code in the middle is measured; the preparation is not.
MEASURED = """
import json as _json, sys as _sys, time as _time
_before = set(_sys.modules)
_first = []
def _now():
    _first or _first.append((_time.perf_counter() - _wall, _time.process_time() - _cpu, set(_sys.modules) - _before))
{listen}
_wall, _cpu = _time.perf_counter(), _time.process_time()
{code}
_now()
_new = _first[0][2]
print("@@" + _json.dumps(
    dict(ms=1e3 * _first[0][0], cpu=1e3 * _first[0][1], modules=len(_new), heavy=sorted(_new & set({heavy!r})))
))
"""
SHELL = "from IPython.core.interactiveshell import InteractiveShell\nshell = InteractiveShell.instance()\n"
LISTEN = """
shell = get_ipython()
_publish = shell.display_pub.publish
def _published(*given, **named):
    _now()
    return _publish(*given, **named)
shell.display_pub.publish = _published
"""
LOAD = "shell.run_line_magic('load_ext', 'kling_widgets')"
KERNEL = {  # in a kernel: the preparation, and what is measured
    "%load_ext kling_widgets": ("", LOAD),
    "%kling_models": (LOAD, "shell.run_line_magic('kling_models', '')"),
    "%kling_demo": (LOAD, "shell.run_line_magic('kling_demo', '')"),
    "%kling a boat (in the demo, which runs)": (
        f"{LOAD}; shell.run_line_magic('kling_demo', '')",
        "shell.run_line_magic('kling', '--no-wait a boat')",
    ),
    "import ipywidgets, which live output and the form need": ("", "import ipywidgets"),
    "%kling_form 3.0": (
        f"{LOAD}; shell.run_line_magic('kling_demo', '')",
        "shell.run_line_magic('kling_form', '3.0').open()",
    ),
    "%kling_form 3.0, ipywidgets loaded": (
        f"import ipywidgets; {LOAD}; shell.run_line_magic('kling_demo', '')",
        "shell.run_line_magic('kling_form', '3.0').open()",
    ),
}
TO_REACH = {"import": 15.0, "%load_ext": 10.0, "%kling_models": 50.0}  # milliseconds


@dataclass(frozen=True)
class Start:
    """One start.

    Attributes:
        ms, cpu: milliseconds, of the clock and of the processor.
        modules: number of loaded modules.
        heavy: the loaded modules of HEAVY.
    """

    ms: float
    cpu: float
    modules: int = 0
    heavy: tuple[str, ...] = ()

    @classmethod
    def told(cls, text: str) -> Start:
        """Return the start that the measured code has printed."""
        said: dict[str, Any] = json.loads(next(line[2:] for line in text.splitlines() if line.startswith("@@")))
        return cls(said["ms"], said["cpu"], said["modules"], tuple(said["heavy"]))


def measure(quick: bool = False) -> Iterable[Table]:
    """Measure import, %load_ext and %kling_models in new processes; then the first magics in kernels."""
    rounds, kernels = (3, 1) if quick else (20, 7)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "empty_extension.py").write_text(EMPTY, encoding="utf-8")
        environ = {
            "PYTHONPATH": os.pathsep.join((str(peers.ROOT), name)),
            "PYTHONPYCACHEPREFIX": str(folder / "pyc"),
            "PYTHONDONTWRITEBYTECODE": "",  # as users have it: the second start is quicker than the first
            "IPYTHONDIR": str(folder / "ipython"),
            "KLING_WIDGETS_HOME": str(folder / "home"),
        }
        yield _imports(environ, rounds)
        yield from _extension(environ, rounds)
        yield _kernels(environ, folder, kernels)


def _imports(environ: Mapping[str, str], rounds: int) -> Table:
    ways: dict[str, Callable[[], Start]] = {}
    for module, environment in IMPORTS.items():
        if python := _python(environment):
            ways[module] = _process(python, f"import {module}", environ)
            ways[f"bare {module}"] = _process(python, "pass", environ)
    starts = _in_turns(ways, rounds)
    rows: list[tuple[object, ...]] = []
    for module in [module for module in IMPORTS if module in ways]:
        here, bare = starts[module], starts[f"bare {module}"]
        rows.append((module, here.ms, here.ms - bare.ms, here.cpu - bare.cpu, here.modules - bare.modules))
    return Table(
        "import, in a fresh Python",
        ("module", "the process, ms", "above bare, ms", "CPU above bare, ms", "modules"),
        rows,
        (
            reach("import kling_widgets above bare Python", float(str(rows[0][2])), TO_REACH["import"], " ms"),
            *peers.missing(tuple(environment for environment in IMPORTS.values() if environment)),
        ),
    )


def _extension(environ: Mapping[str, str], rounds: int) -> Iterable[Table]:
    ways = {
        f"%load_ext {module}": _inside(python, SHELL, f"shell.run_line_magic('load_ext', '{module}')", environ)
        for module, environment in EXTENSIONS.items()
        if (python := _python(environment))
    }
    models = "shell.run_line_magic('kling_models', '')"
    ways["the first %kling_models"] = _inside(Path(sys.executable), SHELL + LOAD, models, environ)
    starts = _in_turns(ways, rounds)
    yield Table(
        "%load_ext and %kling_models, in a fresh IPython",
        ("what", "ms", "CPU ms", "modules", "heavy ones"),
        [_row(what, start) for what, start in starts.items()],
        (
            *_reached(starts["%load_ext kling_widgets"], "%load_ext"),
            *_reached(starts["the first %kling_models"], "%kling_models"),
            *peers.missing(("jupyter-ai-magics",)),
        ),
    )


def _kernels(environ: Mapping[str, str], folder: Path, rounds: int) -> Table:
    def start(before: str, code: str) -> Start:
        with Kernel(folder=folder, env=dict(environ)) as kernel:
            kernel.run(f"shell = get_ipython()\n{before}")
            (cell,) = kernel.run(MEASURED.format(code=code, listen=LISTEN, heavy=HEAVY))
            return Start.told(cell.text)

    starts = _in_turns({what: lambda given=given: start(*given) for what, given in KERNEL.items()}, rounds)
    return Table(
        "The first of each, in a fresh kernel",
        ("what", "ms", "CPU ms", "modules", "heavy ones"),
        [_row(what, start) for what, start in starts.items()],
        (
            *_reached(starts["%load_ext kling_widgets"], "%load_ext"),
            *_reached(starts["%kling_models"], "%kling_models"),
            "a kernel has asyncio and sqlite3 before anything of ours",
        ),
    )


def _in_turns(ways: Mapping[str, Callable[[], Start]], rounds: int) -> dict[str, Start]:
    """Return the median of each way over ``rounds`` runs; one more run before them writes the .pyc files."""
    found: dict[str, list[Start]] = {what: [] for what in ways}
    for turn in range(rounds + 1):
        for what, start in ways.items():
            one = start()
            if turn:
                found[what].append(one)
    return {
        what: Start(
            statistics.median(one.ms for one in starts),
            statistics.median(one.cpu for one in starts),
            starts[-1].modules,
            starts[-1].heavy,
        )
        for what, starts in found.items()
    }


def _process(python: Path, code: str, environ: Mapping[str, str]) -> Callable[[], Start]:
    """Return a function that measures a whole process that runs the code."""

    def start() -> Start:
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([python, "-c", code], check=True, env=os.environ | environ, capture_output=True)
        ended, after = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Start(1e3 * (ended - began), 1e3 * cpu, modules)

    count = f"{code}\nimport sys; print(len(sys.modules))"
    modules = int(subprocess.check_output([python, "-c", count], env=os.environ | environ, text=True).split()[-1])
    return start


def _inside(python: Path, before: str, code: str, environ: Mapping[str, str]) -> Callable[[], Start]:
    """Return a function that measures the code alone, in a process that has run ``before``."""
    program = f"{before}\n{MEASURED.format(code=code, listen='', heavy=HEAVY)}"

    def start() -> Start:
        run = subprocess.run([python, "-c", program], env=os.environ | environ, capture_output=True, text=True)
        return Start.told(run.stdout)

    return start


def _python(environment: str | None) -> Path | None:
    return peers.python(environment) if environment else Path(sys.executable)


def _row(what: str, start: Start) -> tuple[object, ...]:
    return what, start.ms, start.cpu, start.modules, ", ".join(start.heavy) or "none"


def _reached(start: Start, what: str) -> tuple[str, ...]:
    light = "neither loaded" if not {"httpx", "ipywidgets"} & {*start.heavy} else "**loaded**"
    return reach(what, start.ms, TO_REACH[what], " ms"), f"{what}: httpx, ipywidgets – {light}"
