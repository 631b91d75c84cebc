"""Atomic writing of files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kling_widgets.errors import KlingError
from kling_widgets.files import atomic_file as parts
from kling_widgets.files.atomic_file import AtomicFile
from tests.client.conftest import MP4
from tests.conftest import need
from tests.servers import Answer, FaultServer

WRITER = """
import sys
from kling_widgets.files.atomic_file import AtomicFile
part = AtomicFile(sys.argv[1])
part.begin()
part.write(b"half")
print("begun", flush=True)
sys.stdin.read()
"""


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file() or path.is_symlink())


@contextmanager
def writer(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run another process that is in the middle of writing a file."""
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == b"begun\n"
            yield process
        finally:
            process.kill()


def test_a_part_can_be_discarded_while_it_is_written(tmp_path: Path) -> None:
    """A thread that still runs after a cancelled wait writes nothing and starts no new file."""
    part = AtomicFile(tmp_path / "a.mp4")
    part.begin()
    writer = threading.Thread(target=lambda: [part.write(b"x" * 1000) for _ in range(200)])
    writer.start()
    part.discard()
    writer.join(60)
    part.begin()
    part.discard()
    assert files(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "link"), reason="no links here")
def test_a_whole_part_takes_its_name(tmp_path: Path) -> None:
    """Only the finished file is left in the folder."""
    part = AtomicFile(tmp_path / "a.mp4")
    part.begin()
    part.write(b"abc")
    part.begin()
    part.write(b"de")
    assert part.finish().read_bytes() == b"de"
    part.discard()
    assert files(tmp_path) == ["a.mp4"]


def test_what_a_killed_kernel_has_left_is_removed(tmp_path: Path) -> None:
    """A temporary file left by ``kill -9`` during a download is removed by the next download into that folder."""
    with writer(tmp_path / "a.mp4") as other:
        other.send_signal(signal.SIGKILL)
        other.wait(60)
    (left,) = files(tmp_path)
    assert (tmp_path / left).suffix == ".part"
    part = AtomicFile(tmp_path / "a.mp4")
    part.begin()
    assert left not in files(tmp_path)
    part.write(b"whole")
    assert part.finish().read_bytes() == b"whole"
    assert files(tmp_path) == ["a.mp4"]


def test_two_kernels_may_fetch_to_one_name(tmp_path: Path) -> None:
    """Neither removes the other's file, their bytes never mix, and the first to finish gets the name."""
    with writer(tmp_path / "a.mp4"):
        first, second = AtomicFile(tmp_path / "a.mp4"), AtomicFile(tmp_path / "a.mp4")
        for part in (first, second):
            part.begin()
            assert len(files(tmp_path)) == 2 + (part is second)
        first.write(b"111")
        second.write(b"22")
        assert second.finish().read_bytes() == b"22"
        with pytest.raises(KlingError, match="already exists"):
            first.finish()
        first.discard()
        assert (tmp_path / "a.mp4").read_bytes() == b"22"
        assert len(files(tmp_path)) == 2
    parts.sweep(tmp_path)
    assert files(tmp_path) == ["a.mp4"]


def test_many_begin_at_once(tmp_path: Path) -> None:
    """With many threads that start, sweep and finish at once, each file is complete, and nothing else is left."""
    errors: list[Exception] = []

    def make(name: int) -> None:
        try:
            for turn in range(20):
                part = AtomicFile(tmp_path / f"{name}-{turn}.mp4")
                part.begin()
                part.write(bytes([name]) * 100)
                part.finish()
                part.discard()
        except (KlingError, OSError) as error:
            errors.append(error)

    threads = [threading.Thread(target=make, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert len(files(tmp_path)) == 160
    assert all(path.read_bytes() == bytes([int(path.name.split("-")[0])]) * 100 for path in tmp_path.glob("*.mp4"))


def test_only_our_own_leftovers_are_swept(tmp_path: Path) -> None:
    """Files with other names are kept, and so are links, pipes and folders with a matching name."""
    name = ".kling-0123456789a{}.part".format
    kept = {"mine.part", ".kling-notes.part", "kling-0123456789ab.part", ".kling-0123456789ab.part.bak"}
    for each in kept:
        (tmp_path / each).write_bytes(b"x")
    (tmp_path / name("a")).write_bytes(b"x")
    (tmp_path / name("b")).symlink_to(tmp_path / "mine.part")
    os.mkfifo(tmp_path / name("c"))
    (tmp_path / name("d")).mkdir()
    parts.sweep(tmp_path)
    assert set(files(tmp_path)) == kept | {name("b")}
    assert (tmp_path / name("c")).exists() and (tmp_path / name("d")).is_dir()
    parts.sweep(tmp_path / "nowhere")


def test_a_leftover_that_is_the_video_too_is_only_a_name_less(tmp_path: Path) -> None:
    """A kernel killed between linking the final name and removing the temporary one has saved its video."""
    (tmp_path / "a.mp4").write_bytes(b"whole")
    os.link(tmp_path / "a.mp4", tmp_path / ".kling-0123456789ab.part")
    part = AtomicFile(tmp_path / "b.mp4")
    part.begin()
    part.discard()
    assert (tmp_path / "a.mp4").read_bytes() == b"whole" and files(tmp_path) == ["a.mp4"]


def test_a_name_that_leads_nowhere_is_taken(tmp_path: Path) -> None:
    """A dangling link counts as an existing file, so that no missing video is reported as saved."""
    part = AtomicFile(tmp_path / "a.mp4")
    part.begin()
    (tmp_path / "a.mp4").symlink_to(tmp_path / "gone")
    with pytest.raises(KlingError, match="already exists"):
        part.finish()
    part.discard()
    assert files(tmp_path) == ["a.mp4"]
    with pytest.raises(KlingError, match="already exists"):
        AtomicFile(tmp_path / "a.mp4").begin()


def test_a_folder_that_goes_meanwhile(tmp_path: Path) -> None:
    """The system's error is raised, and nothing is reported as saved."""
    folder = tmp_path / "clips"
    part = AtomicFile(folder / "a.mp4")
    part.begin()
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    part.write(b"x")
    with pytest.raises(OSError):
        part.finish()
    part.discard()
    assert not folder.exists()


FULL = """
import resource, sys
from pathlib import Path
from kling_widgets.client.client import Client
from kling_widgets.errors import KlingError
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
folder = Path("full")
with Client("sk-test-0123456789abcdef", sys.argv[1]) as client:
    try:
        client.download(sys.argv[2], folder / "a.mp4")
    except KlingError as error:
        print(error)
print(sorted(path.name for path in folder.iterdir()))
"""


@pytest.mark.parametrize("limit", [100, 9000, 70_000])
def test_no_space_left(tmp_path: Path, limit: int) -> None:
    """If the disk fills up, the error is one line, the video stays at the service, and no partial file is left."""
    need("a limit of file sizes", sys.platform != "win32", "this system has none")
    with FaultServer(lambda asked: Answer(body=MP4 * 7)) as server:
        command = [sys.executable, "-c", FULL, server.url, f"{server.url}/a.mp4", str(limit)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    said, left = done.stdout.splitlines()
    assert "cannot be written" in said and "still at the service" in said
    assert left == "[]"
