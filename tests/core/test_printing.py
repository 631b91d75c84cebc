"""Printing never raises, whatever the stream."""

from __future__ import annotations

import ast
import errno
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import kling_widgets
from kling_widgets.core.printing import say, writable

PACKAGE = Path(kling_widgets.__file__).parent
TEXT = "Saved 纸船 🛶 · 5 s \udc80"


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "Saved 纸船 🛶 · 5 s \\udc80"),
        ("gbk", "Saved 纸船 \\U0001f6f6 · 5 s \\udc80"),
        ("cp1252", "Saved \\u7eb8\\u8239 \\U0001f6f6 · 5 s \\udc80"),
        ("ascii", "Saved \\u7eb8\\u8239 \\U0001f6f6 \\xb7 5 s \\udc80"),
        ("utf-16", "Saved 纸船 🛶 · 5 s \\udc80"),
    ],
)
def test_what_an_encoding_has_not_is_escaped(encoding: str, said: str) -> None:
    """The rest is unchanged, and the line is flushed at once."""
    content = io.BytesIO()
    stream = io.TextIOWrapper(content, encoding, newline="\n")
    say(TEXT, stream)
    assert content.getvalue().decode(encoding) == f"{said}\n"
    assert writable(TEXT, stream) == said


class Broken(io.StringIO):
    """A stream that fails as if its reader were gone, or in another way."""

    def __init__(self, error: BaseException, at: str) -> None:
        super().__init__()
        setattr(self, at, self.fail)
        self.error = error

    def fail(self, *_: object) -> int:
        raise self.error


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


STREAMS: dict[str, Any] = {
    "closed": closed(),
    "no stream": object(),
    "a broken pipe": Broken(BrokenPipeError(), "write"),
    "a broken pipe that was buffered": Broken(BrokenPipeError(), "flush"),
    "a full disk": Broken(OSError(errno.ENOSPC, "full"), "flush"),
    "anything else": Broken(ZeroDivisionError(), "write"),
}


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS.keys())
def test_a_stream_that_is_none(stream: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written, whether it is the argument or the standard output; but an interrupt is raised."""
    say(TEXT, stream)
    monkeypatch.setattr(sys, "stdout", stream)
    say(TEXT)
    with pytest.raises(KeyboardInterrupt):
        say(TEXT, Broken(KeyboardInterrupt(), "write"))


def test_no_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is none under pythonw."""
    monkeypatch.setattr(sys, "stdout", None)
    say(TEXT)
    assert writable("纸船") == "纸船"


@pytest.mark.parametrize("encoding", [None, "none-such", 7])
def test_a_stream_with_a_strange_encoding(encoding: object) -> None:
    """A stream without an encoding takes everything; an unknown encoding is treated as ASCII."""

    class Strange:
        def __init__(self) -> None:
            self.encoding, self.said = encoding, ""

        def write(self, text: str) -> None:
            self.said += text

        def flush(self) -> None:
            pass

    stream = Strange()
    say("纸船", stream)
    assert stream.said == ("纸船\n" if encoding is None else "\\u7eb8\\u8239\n")


def test_everything_is_printed_so() -> None:
    """Nothing else in the package prints, except the demo's renderer, whose output the demo reads."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            prints = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
            writes = isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("sys.stdout.", "sys.stderr."))
            if prints or writes:
                found.add(path.relative_to(PACKAGE).as_posix())
    assert found == {"demo/render.py"}


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "cp1252"])
def test_the_demos_help(encoding: str) -> None:
    """The help can be printed to any stream."""
    command = [sys.executable, "-m", "kling_widgets.demo", "--help"]
    env = os.environ | {"PYTHONIOENCODING": encoding}
    done = subprocess.run(command, env=env, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"usage: python -m kling_widgets.demo" in done.stdout
