"""The docstrings of the public names: what each must say, and how its examples are run.

An example runs as a cell of a notebook does, in a process of its own with a session, a journal and a folder of its own.
Its service is a demo with an address, so that a test can choose what draws the videos.
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import doctest
import inspect
import io
import os
import re
import textwrap
from collections.abc import Iterator, Mapping
from functools import cached_property
from types import FunctionType
from typing import Any

import kling_widgets as kw
from kling_widgets.catalog.models import Model
from kling_widgets.core.task import Task
from kling_widgets.jobs.batch import Batch
from kling_widgets.jobs.job import Job, Stopped
from kling_widgets.jobs.snapshot import JobSnapshot
from kling_widgets.notebook.output.history import History
from kling_widgets.request.estimate import Estimate

RETURNED = (Batch, Estimate, History, Job, JobSnapshot, Model, Task)  # what the public names return
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
ERRORS = {Stopped.__name__, *kw.__all__, *dir(builtins)}
SAME_AS = re.compile(r"Arguments, result and errors are those of :meth:`(\w+)\.(\w+)`\.")
# The first word of a line that is not in the imperative: an article, a clause, or a verb that ends in s.
DESCRIPTIVE = re.compile(r"(A|An|The|This|What|Which|Who|Whether|When|Where|\w*[^s]s)\b")


def documented() -> Iterator[tuple[str, Any]]:
    """Yield the public names and the public members of their classes: "submit", "Job", "Job.wait", "Job.path"."""
    for thing in (*(getattr(kw, name) for name in kw.__all__), *RETURNED):
        yield thing.__name__, thing
        if isinstance(thing, type):
            for name, member in vars(thing).items():
                plain = getattr(member, "__func__", member)  # of a class method
                if not name.startswith("_") and isinstance(plain, FunctionType | property | cached_property):
                    yield f"{thing.__name__}.{name}", plain


# What a docstring must say


def complaints(thing: Any) -> Iterator[str]:
    """Yield what is wrong with the docstring of a function, a class or a property."""
    text = inspect.cleandoc(thing.__doc__ or "")
    first, *more = text.splitlines() or [""]
    if not first.endswith(".") or (more and more[0]):
        yield "the first line is no sentence with a blank line after it"
    if isinstance(thing, property | cached_property):
        return
    if isinstance(thing, FunctionType) and DESCRIPTIVE.match(first):
        yield f"the first line does not say what to do: {first}"
    if not doctest.DocTestParser().get_examples(text):
        yield "there is no example"
    if same := SAME_AS.search(text):
        if _signature(thing) != _signature(getattr(getattr(kw, same[1]), same[2])):
            yield f"{same[0]} They are not."
        return
    sections = {"Args": _parameters(thing), "Attributes": _attributes(thing), "Raises": _raised(thing)}
    for section, names in sections.items():
        if missing := names - set(_entries(section, text)):
            yield f"{section} does not name {missing}"
    if other := set(_entries("Args", text)) - _parameters(thing):
        yield f"Args names what is not there: {other}"
    if other := set(_entries("Raises", text)) - ERRORS:
        yield f"Raises names what is no error: {other}"


def _entries(section: str, text: str) -> list[str]:
    """Return the names for which a section has an entry, one a line; of a line without a name, the line."""
    found = re.search(rf"^{section}:\n((?: .*\n|\n)+)", f"{text}\n", re.MULTILINE)
    lines = re.findall(r"^ {4}(\S.*)", found[1], re.MULTILINE) if found else []
    return [name if re.fullmatch(r"\*{0,2}\w+", name := line.partition(": ")[0]) else line for line in lines]


def _parameters(thing: Any) -> set[str]:
    """Return the parameters of a function or a class; none of a class whose objects only this package makes."""
    if isinstance(thing, type) and (thing in RETURNED or issubclass(thing, Exception)):
        return set()
    # A parameter's text begins with its name, and its stars: "timeout: float = 5", "**fields: Any".
    texts = map(str, inspect.signature(thing).parameters.values())
    return {found[0] for text in texts if (found := re.match(r"\*{0,2}\w+", text))} - {"self", "cls"}


def _signature(function: Any) -> list[tuple[str, Any, Any]]:
    parameters = inspect.signature(function).parameters.values()
    return [(each.name, each.kind, each.default) for each in parameters]


def _attributes(thing: Any) -> set[str]:
    """Return the fields of a data class, and what an error carries besides its message."""
    if dataclasses.is_dataclass(thing):
        return {field.name for field in dataclasses.fields(thing)}
    if not isinstance(thing, type) or not issubclass(thing, Exception):
        return set()
    maker = next(each for each in thing.__mro__ if "__init__" in vars(each))
    if maker is not thing and not maker.__name__.startswith("_"):  # a public one, which documents them
        return set()
    parameters = inspect.signature(thing).parameters.values()
    return {each.name for each in parameters if each.kind is not each.VAR_KEYWORD} - {"message"}


def _raised(thing: Any) -> set[str]:
    """Return the errors that a function itself raises by name."""
    if not isinstance(thing, FunctionType):
        return set()
    tree = ast.parse(textwrap.dedent(inspect.getsource(thing)))
    raised = (node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc)
    return {name for each in raised for name in re.findall(r"\b[A-Z]\w+", ast.unparse(each)) if name in ERRORS}


# How its examples run


def examples(name: str, thing: Any) -> doctest.DocTest:
    """Return the examples of a docstring, for which ``kw`` is imported."""
    text = inspect.cleandoc(thing.__doc__ or "")
    return doctest.DocTestParser().get_doctest(text, {"kw": kw}, name, None, None)


def failures(test: doctest.DocTest) -> str:
    """Run examples here, and return what went wrong in doctest's words, or ""."""
    report = io.StringIO()
    doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.write)
    return report.getvalue()


def run(name: str, environ: Mapping[str, str], folder: str) -> str:
    """Run the examples of a public name in a notebook in a folder, and return what went wrong, or "".

    It needs a process of its own, which has no session yet.
    """
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output
    from traitlets.config import Config

    from kling_widgets.notebook.kernel.session import session

    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    config = Config()
    config.HistoryManager.enabled = False
    shell: Any = InteractiveShell.instance(config=config)
    shell.kernel = NotebookKernel()
    try:
        with capture_output(stdout=False, stderr=False):  # what is displayed
            return failures(examples(name, dict(documented())[name]))
    finally:
        session().close()


class NotebookKernel:
    """What makes a shell that of a notebook with a reader: a cell is running, and questions can be asked."""

    _allow_stdin = True

    def get_parent(self) -> dict[str, Any]:
        return {"header": {"msg_id": "cell", "msg_type": "execute_request"}, "content": {"code": ""}}
