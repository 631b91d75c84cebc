"""Which processes are alive: each holds a file lock, which the system releases however the process ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kling_widgets.storage.journal import Journal
from kling_widgets.storage.processes import ProcessRegistry, is_anonymous, process_registry
from tests.jobs.conftest import Clock

OTHER = """
import sys
from pathlib import Path
from kling_widgets.storage.processes import ProcessRegistry
own = ProcessRegistry(Path(sys.argv[1]))
print(own.name, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kernels"


def begin(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Start another process; return it and its name."""
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_a_process_is_alive_until_it_is_killed(folder: Path) -> None:
    """However it ends; its file is removed afterwards."""
    own = ProcessRegistry(folder)
    process, name = begin(folder)
    try:
        assert own.name != name
        assert own.alive(name)
        assert own.alive(name)  # asking does not end it
    finally:
        process.kill()
        process.communicate(timeout=60)
    assert not own.alive(name)
    assert [file.stem for file in folder.iterdir()] == [own.name]


def test_a_new_process_sweeps_up_after_the_dead(folder: Path) -> None:
    """A thousand kernels leave no thousand files; those of living ones stay."""
    living, name = begin(folder)
    dead, _ = begin(folder)
    dead.kill()
    dead.communicate(timeout=60)
    own = ProcessRegistry(folder)
    assert own.name
    try:
        assert own.alive(name)
        assert {file.stem for file in folder.iterdir()} == {own.name, name}
    finally:
        living.kill()
        living.communicate(timeout=60)


def test_this_process_is_alive(tmp_path: Path) -> None:
    """Its name stays the same, and all callers share the registry of the folder."""
    own = process_registry(tmp_path)
    assert own is process_registry(tmp_path)
    assert own.name == own.name
    assert own.alive(own.name)


@pytest.mark.parametrize("name", [None, "", "never", "../../etc/passwd", "a/b", "\x00"])
def test_nobody_is_dead(tmp_path: Path, name: str | None) -> None:
    """No name, an unknown name and an invalid name are dead, and no file is created for them."""
    assert not ProcessRegistry(tmp_path / "kernels").alive(name)
    assert not (tmp_path / "kernels").exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """The process has an anonymous name and is alive for itself; nothing raises. It tries again later."""
    (tmp_path / "file").touch()
    clock = Clock()
    own = ProcessRegistry(tmp_path / "file" / "kernels", clock)
    name = own.name
    assert is_anonymous(name)
    assert own.alive(name)
    assert not own.alive("abc")
    assert not ProcessRegistry(tmp_path / "kernels").alive(name)
    (tmp_path / "file").unlink()
    assert own.name == name  # not so soon
    clock.now += 1
    assert not is_anonymous(own.name)
    assert own.names == (name, own.name)
    assert own.alive(name)
    assert own.alive(own.name)
    assert ProcessRegistry(tmp_path / "file" / "kernels").alive(own.name)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_is_another_process(tmp_path: Path) -> None:
    """It has a name of its own."""
    code = f"""
import os
from pathlib import Path
from kling_widgets.storage.processes import ProcessRegistry
own = ProcessRegistry(Path({str(tmp_path)!r}))
name = own.name
child = os.fork()
if child == 0:
    os._exit(0 if own.name not in (None, name) and own.alive(name) else 1)
print(os.waitpid(child, 0)[1], own.name == name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "0 True\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_does_not_end_its_parent(folder: Path) -> None:
    """After the child has used the journal and ended, the parent is still alive for others."""
    code = """
import os, sys
from pathlib import Path
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.journal import Journal
from kling_widgets.storage.processes import process_registry
home = Path(sys.argv[1])
journal = Journal(home / "journal.sqlite")
journal.write(VideoRequest("2.6", prompt="parent"), "a")
child = os.fork()
if child == 0:
    journal.recover_orphans()
    journal.write(VideoRequest("2.6", prompt="child"), "a")
    sys.exit()
os.waitpid(child, 0)
print(process_registry(home / "kernels").name, flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", code, str(folder.parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        journal = Journal(folder.parent / "journal.sqlite")
        try:
            assert [entry.body["prompt"] for entry in journal.recover_orphans()] == ["child"]
            (parent,) = journal.in_state("written")
            assert parent.owner == name
            assert ProcessRegistry(folder).alive(name)
        finally:
            process.kill()
    assert not ProcessRegistry(folder).alive(name)
