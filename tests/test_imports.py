"""Import rules: a folder imports only from folders below it, and nothing heavy is loaded before it is used."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "kling_widgets"

# The folders from the bottom up. A module imports from its own folder and from those below it, also inside functions;
# folders on one level do not import each other.
FLOORS = (
    ("_version", "core"),
    ("errors",),
    ("catalog", "files"),
    ("request", "media"),
    ("client",),
    ("storage",),
    ("jobs",),
    ("spending",),
    ("notebook.kernel",),
    ("notebook.widgets",),
    ("notebook.output", "notebook.controls"),
    ("notebook.submit",),
    ("notebook.form",),
    ("notebook.next_steps",),
    ("notebook.doctor",),
    ("notebook.magics",),
    ("notebook.api",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
DEMO = {"core", "errors", "catalog", "request", "demo"}  # what the demo of the service may import
# Further allowed imports, only inside a function.
LAZILY = {("notebook.kernel.session", "demo")}
# libraries that only one folder may import
HOME_OF = {
    "nest_asyncio": "jobs.waiting",
    "ipywidgets": "notebook",
    "anywidget": "notebook",
    "starlette": "demo",
    "uvicorn": "demo",
    "numpy": "demo",
    "httpx": "client",
    "keyring": "client",
    "dotenv": "client",
}
MOST = 15  # modules in a folder: more are hard to survey
HEAVY = ("httpx", "ipywidgets", "nest_asyncio", "anywidget", "av", "PIL", "numpy", "starlette", "uvicorn")


@dataclass(frozen=True)
class Import:
    """One import: the module, the line, whether it is inside a function, and whether it is for the type checker
    only."""

    target: str
    line: int
    lazy: bool = False
    typing: bool = False


def imports(tree: ast.AST, module: str, *, lazy: bool = False, typing: bool = False) -> Iterator[Import]:
    """Yield all imports of a module, including relative ones and our module names as text (``import_module``)."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.Import():
                yield from (Import(alias.name, node.lineno, lazy, typing) for alias in node.names)
            case ast.ImportFrom():
                base = ".".join(module.split(".")[: -node.level]) + "." * bool(node.module) if node.level else ""
                source = base + (node.module or "")
                # a name may be a module: kling_widgets.client of "from kling_widgets import client"
                yield from (Import(f"{source}.{alias.name}", node.lineno, lazy, typing) for alias in node.names)
            case ast.Constant(value=str(text)) if re.fullmatch(r"kling_widgets(\.\w+)+", text) and _is_ours(text):
                yield Import(text, node.lineno, lazy, typing)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                yield from imports(node, module, lazy=True, typing=typing)
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                yield from imports(ast.Module(node.body, []), module, lazy=lazy, typing=True)
                yield from imports(ast.Module(node.orelse, []), module, lazy=lazy, typing=typing)
            case _:
                yield from imports(node, module, lazy=lazy, typing=typing)


def _is_ours(text: str) -> bool:
    path = ROOT / text.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


def room_of(module: str) -> str:
    """Return the folder of a module that is named without "kling_widgets.": the longest one that matches."""
    parts = module.split(".")
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((name for name in names if name in FLOOR), parts[0])


def violations(module: str, source: str) -> list[str]:
    """Return the violations of the rules in a module of this name, such as ``kling_widgets.request.body``."""
    own = module.partition(".")[2]  # "request.body"; "" for the package itself
    return [
        f"{module}:{found.line} imports {found.target}: {why}"
        for found in imports(ast.parse(source), module)
        if (why := _why_not(own, room_of(own), found))
    ]


def _why_not(own: str, room: str, found: Import) -> str:
    top, _, rest = found.target.partition(".")
    if top == "kling_widgets":
        other = room_of(rest)
        if not own or other == room:
            return "only the session knows the demo" if other == "demo" and not own else ""
        if room == "demo":
            return "" if other in DEMO else f"the demo does not know {other or 'the package itself'}"
        if (own, other) in LAZILY:
            return "" if found.lazy else "only inside a function"
        return "" if FLOOR.get(other, len(FLOORS)) < FLOOR[room] else f"{room} does not know {other or 'the package'}"
    if room in ("core", "errors") and top not in sys.stdlib_module_names:
        return f"{room} needs the standard library alone"
    if not own and top not in sys.stdlib_module_names and not found.lazy and not found.typing:
        return "the package itself loads nothing"
    home = HOME_OF.get(top)
    if home and not found.typing and not f"{own}.".startswith(f"{home}."):
        return f"{top} belongs to {home}"
    return ""


def modules() -> list[tuple[str, str]]:
    """Return the name and source of each of our modules."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found.append((".".join(parts[:-1] if parts[-1] == "__init__" else parts), path.read_text(encoding="utf-8")))
    return found


def test_every_import_is_allowed() -> None:
    """No module imports anything that its folder may not, also inside functions."""
    sources = modules()
    rooms = {room_of(name.partition(".")[2]) for name, _ in sources}
    assert rooms - {"", "demo", "notebook"} == FLOOR.keys()
    assert [line for name, source in sources for line in violations(name, source)] == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("kling_widgets.core.text", "import httpx"),
        ("kling_widgets.request.body", "def f():\n    from kling_widgets.client import replies"),
        ("kling_widgets.request.body", "def f():\n    from kling_widgets import client"),
        ("kling_widgets.request.body", "from ..client import replies"),
        ("kling_widgets.request.body", "from kling_widgets.media import probe"),
        ("kling_widgets.core.problem", "import_module('kling_widgets.jobs.watcher')"),
        ("kling_widgets.client.replies", "if TYPE_CHECKING:\n    from kling_widgets.jobs.job import Job"),
        ("kling_widgets.client.client", "import ipywidgets"),
        ("kling_widgets.jobs.job", "import nest_asyncio"),
        ("kling_widgets.jobs.job", "import kling_widgets.notebook.output.job_view as view"),
        ("kling_widgets.storage.journal", "from kling_widgets.spending.guard import Guard"),
        ("kling_widgets.notebook.output.display", "def f():\n    import kling_widgets.demo"),
        ("kling_widgets.notebook.output.display", "from kling_widgets.notebook.submit.submitter import Submitter"),
        ("kling_widgets.notebook.kernel.session", "from kling_widgets import demo"),
        ("kling_widgets.demo.service", "from kling_widgets.client.replies import as_task"),
        ("kling_widgets.errors", "if TYPE_CHECKING:\n    from kling_widgets.catalog.fields import Field"),
        ("kling_widgets", "import httpx"),
        ("kling_widgets", "def f():\n    from kling_widgets.demo import service"),
    ],
)
def test_an_import_that_is_not_allowed_is_found(module: str, source: str) -> None:
    """The rules catch each way to break them."""
    assert len(violations(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("kling_widgets.request.body", "import json\nfrom kling_widgets.catalog.fields import Field"),
        ("kling_widgets.client.client", "import httpx\nfrom kling_widgets.errors import APIError"),
        ("kling_widgets.jobs.waiting", "def f():\n    import nest_asyncio"),
        ("kling_widgets.notebook.kernel.session", "def f():\n    from kling_widgets.demo import service"),
        ("kling_widgets.errors", "from kling_widgets.core.problem import Problem"),
        ("kling_widgets.demo.wire", "from kling_widgets.request.body import to_body"),
        ("kling_widgets", "def f():\n    import_module('kling_widgets.notebook.magics.magics')"),
    ],
)
def test_an_import_that_is_allowed_is_left_alone(module: str, source: str) -> None:
    """The rules accept every allowed import."""
    assert violations(module, source) == []


def circles(sources: dict[str, str]) -> list[set[str]]:
    """Return the sets of modules with import cycles, counting imports inside functions and for the type checker."""
    graph = {name: set[str]() for name in sources}
    for name, source in sources.items():
        for found in imports(ast.parse(source), name):
            # "from a import b" names the module a, unless b is one.
            whole = found.target if found.target in sources else found.target.rpartition(".")[0]
            if whole in sources and whole != name:
                graph[name].add(whole)
    return [set(group) for group in _groups(graph) if len(group) > 1]


def _groups(graph: dict[str, set[str]]) -> Iterator[list[str]]:
    """Yield Tarjan's strongly connected components."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []

    def visit(node: str) -> Iterator[list[str]]:
        number[node] = lowest[node] = len(number)
        path.append(node)
        for other in graph[node]:
            if other not in number:
                yield from visit(other)
                lowest[node] = min(lowest[node], lowest[other])
            elif other in path:
                lowest[node] = min(lowest[node], number[other])
        if lowest[node] == number[node]:
            at = path.index(node)
            yield path[at:]
            del path[at:]

    for node in graph:
        if node not in number:
            yield from visit(node)


def test_there_is_no_circle() -> None:
    """There is no import cycle, neither between folders nor inside one."""
    assert circles(dict(modules())) == []


def test_a_circle_is_found() -> None:
    """A cycle is found even if it runs through a function, or exists for the type checker only."""
    sources = {
        "a": "def f():\n    from b import thing",
        "b": "if TYPE_CHECKING:\n    import c",
        "c": "import a",
        "d": "import a",
    }
    assert circles(sources) == [{"a", "b", "c"}]


def test_each_name_is_given_once() -> None:
    """Every class and module name is unique, so that it can be found by its name alone."""
    names = [name.rpartition(".")[2] for name, _ in modules() if not (PACKAGE.parent / name.replace(".", "/")).is_dir()]
    given = Counter(name for name in names if name != "__main__")
    given += Counter(
        node.name for _, source in modules() for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in given.items() if count > 1] == []


def test_no_folder_is_crowded() -> None:
    """No folder has more than the allowed number of modules, not counting ``__init__.py``."""
    folders = Counter(path.parent.name for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
    assert {name: count for name, count in folders.items() if count > MOST} == {}


# Other modules that cost milliseconds and are not needed before the first video. IPython may have loaded them.
LATER = (*HEAVY, "asyncio", "ssl", "sqlite3", "email", "hashlib", "statistics", "platformdirs", "filelock", "keyring")


def _loaded(first: str, steps: dict[str, str]) -> dict[str, set[str]]:
    """Return the modules that each step loads in a fresh Python, in order; ``first`` runs before them."""
    code = f"""
import json, sys
{first}
loaded = {{}}
for name, step in {steps!r}.items():
    print(name, file=sys.stderr)  # which one failed
    before = set(sys.modules)
    exec(step)
    loaded[name] = sorted(set(sys.modules) - before)
print(json.dumps(loaded))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return {name: set(modules) for name, modules in json.loads(run.stdout.splitlines()[-1]).items()}


def test_importing_the_package_loads_nothing() -> None:
    """``import kling_widgets`` loads one module of ours, and not even ``typing``."""
    loaded = _loaded("", {"import": "import kling_widgets"})["import"]
    assert {name for name in loaded if name.startswith("kling_widgets")} == {"kling_widgets"}
    assert len(loaded) <= 6


def test_nothing_heavy_is_loaded_before_the_first_video() -> None:
    """The first steps in a notebook load few modules, counted and not timed, and none that is for sending, watching or
    showing a video."""
    shell = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "from IPython.core.completer import provisionalcompleter\n"
        "shell = InteractiveShell.instance()\n"
        "def tab(line):\n"
        "    with provisionalcompleter():\n"
        "        return [each.text for each in shell.Completer.completions(line, len(line))]\n"
        "def magic(name, line=''):\n"
        "    return shell.run_line_magic(name, line)\n"
        "magic('lsmagic'), magic('config'), tab('import js')"  # IPython loads its own when they are first used
    )
    most = {  # of ours
        "assert magic('load_ext', 'kling_widgets') is None": 20,
        "assert {'kling', 'kling_models'} <= set(shell.magics_manager.magics['line'])": 0,
        "magic('config', 'Kling')": 0,
        "assert tab('import js')": 0,  # no line of ours
        "assert 'Show all models' in shell.magics_manager.magics['line']['kling_models'].__doc__": 0,
        "assert '2.6' in magic('kling_models').to_markdown()": 19,
        "magic('config', 'Kling.model = \\'3.0\\'')": 0,
        "assert tab('%kling --model 2.6-') == ['2.6-motion-control']": 25,
        "assert '--seconds' in tab('%kling --sec')": 0,
        "assert '--seconds' in shell.magics_manager.magics['line']['kling'].getdoc()": 1,
        "magic('reload_ext', 'kling_widgets')": 0,
    }
    loaded = _loaded(shell, {step: step for step in most})
    for step, modules in loaded.items():
        assert not modules & set(LATER), step
        ours = {name for name in modules if name.startswith("kling_widgets")}
        assert len(ours) <= most[step], (step, ours)
        assert len(modules - ours) <= 10, (step, modules)
