"""Presets: saved content, names, several kernels at once, and what a foreign file may not bring in."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.errors import KlingError
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.presets import LARGEST, LONGEST_NAME, PresetStore, tidy
from tests.core.samples import KEY, given_fields
from tests.kernel import Kernel

LINK = "https://example.com/a.png"
BOAT = VideoRequest("2.6", prompt="a paper boat", seconds=5, image=LINK)
SHIP = VideoRequest("3.0", prompt="a ship")


@pytest.fixture
def store(tmp_path: Path) -> PresetStore:
    return PresetStore(tmp_path / "presets")


def files(store: PresetStore) -> list[str]:
    """Return the names of all files in the folder."""
    return sorted(path.name for path in store.folder.iterdir())


def test_what_is_saved_is_there_later(store: PresetStore) -> None:
    """It is found by its name, by every store of the folder; no folder is created before."""
    assert store.names() == () and not store.folder.exists()
    assert store.save("boat", BOAT) == ()
    again = PresetStore(store.folder)
    assert again.names() == ("boat",)
    assert again.load("boat") == BOAT
    assert again.trouble == ""


def test_the_last_one_counts(store: PresetStore) -> None:
    """The same name replaces the preset, in one file; another name is another preset."""
    for request in (BOAT, SHIP):
        store.save("boat", request)
    store.save("Boat", BOAT)
    assert store.load("boat") == SHIP
    assert store.load("Boat") == BOAT
    assert store.names() == ("Boat", "boat")
    assert len(files(store)) == 2


def test_deleted_is_gone(store: PresetStore) -> None:
    """Only that one is deleted."""
    store.save("boat", BOAT)
    store.save("ship", SHIP)
    store.delete("boat")
    assert store.names() == ("ship",)
    assert len(files(store)) == 1


@pytest.mark.parametrize("work", [PresetStore.load, PresetStore.delete])
def test_a_name_that_there_is_not(store: PresetStore, work: Any) -> None:
    """The error lists the saved names."""
    with pytest.raises(KlingError, match=r"There is no preset “boat”. No preset is saved yet\."):
        work(store, "boat")
    store.save("ship", SHIP)
    with pytest.raises(KlingError, match="Saved presets: ship"):
        work(store, "boat")


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        "../../x",
        "C:\\x",
        "con",
        "nul.json",
        ".",
        "..",
        ".hidden",
        "~",
        "a:b*c?d|e",
        '"quoted"',
        "纸船",
        "مركب",
        "👩‍🚀",
        "é",
        "e\u0301",
        "I\u0307",
        "x" * LONGEST_NAME,
        "纸" * LONGEST_NAME,
    ],
)
def test_any_name_is_a_file_of_its_own(store: PresetStore, name: str) -> None:
    """In any script, with slashes and dots: the file is in this folder, with a name that every file system accepts."""
    store.save("other", SHIP)
    store.save(name, BOAT)
    assert store.load(name) == BOAT
    assert {*store.names()} == {tidy(name), "other"}
    (file,) = (each for each in files(store) if not each.startswith("other-"))
    assert file.endswith(".json") and len(file.encode()) <= 143 and file[0] not in ".-"
    assert not {*file} & {*'/\\:*?"<>|'}
    assert file.partition(".")[0].upper() not in ("CON", "NUL")


@given(st.lists(st.text(max_size=LONGEST_NAME).filter(lambda name: bool(name.strip())), max_size=8), st.data())
def test_no_two_names_meet(tmp_path_factory: pytest.TempPathFactory, names: list[str], data: st.DataObject) -> None:
    """Whatever the names are, each has its own request."""
    store = PresetStore(tmp_path_factory.mktemp("presets"))
    saved = {}
    for number, name in enumerate(names):
        try:
            store.save(name, request := VideoRequest("2.6", prompt=f"boat {number}"))
        except KlingError:
            with pytest.raises(KlingError):
                tidy(name)
        else:
            saved[tidy(name)] = request
    assert {name: store.load(name) for name in store.names()} == saved


def test_a_name_is_one_line(store: PresetStore) -> None:
    """Blanks at the ends and line breaks are removed; the Unicode form of an accent makes no difference."""
    store.save("  a \n paper\tboat ", BOAT)
    assert store.names() == ("a paper boat",)
    store.save("e\u0301", SHIP)
    assert store.load("\u00e9") == SHIP


@pytest.mark.parametrize(("name", "said"), [("", "a name"), (" \n ", "a name"), ("x" * 81, "at most 80")])
def test_a_name_that_cannot_be(store: PresetStore, name: str, said: str) -> None:
    """An empty name, or one too long for a list, is an error."""
    with pytest.raises(KlingError, match=said):
        store.save(name, BOAT)
    assert not store.folder.exists()


@given(given_fields())
def test_any_request_can_be_saved(tmp_path_factory: pytest.TempPathFactory, asked: tuple[str, dict[str, Any]]) -> None:
    """Complete or not, valid or not; fields that hold files are saved, and invalid when loaded."""
    store = PresetStore(tmp_path_factory.mktemp("presets"))
    request = VideoRequest(asked[0], **asked[1])
    left = store.save("x", request)
    loaded = store.load("x")
    assert not loaded.files()
    assert loaded.values.keys() == request.values.keys()
    assert bool(request.files()) == bool(left) <= bool(loaded.errors())
    if not left:
        assert loaded == request


def test_a_file_is_not_kept_and_that_is_said(store: PresetStore) -> None:
    """It is reported by the field's label, and by an error if the preset is submitted; other fields are kept."""
    request = BOAT.replace(image_tail="last.png", image_list=[LINK, "b.png"], voice_list="https://example.com/v.wav")
    masks = [{"mask_url": Path("/home/me/m.png"), "trajectories": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}]
    left = store.save("boat", request.replace(dynamic_masks=masks, video_list="v.mp4"))
    assert sorted(left) == ["Last frame", "Motion brush", "References", "Video"]
    (path,) = store.folder.iterdir()
    assert "/home" not in path.read_text(encoding="utf-8")
    loaded = PresetStore(store.folder).load("boat")
    wrong = {"image_tail", "image_list", "dynamic_masks", "video_list"}
    assert {problem.field for problem in loaded.errors()} == wrong
    assert "last.png" in str(loaded.errors())
    assert loaded.replace(**dict.fromkeys(wrong)) == BOAT.replace(voice_list="https://example.com/v.wav")


def test_of_two_pictures_a_file_is_not_kept_either(store: PresetStore) -> None:
    """Two pictures of one field are one value."""
    request = VideoRequest("o1", prompt="x", images=[LINK, "b.png"])
    assert store.save("pair", request) == ("First and second picture",)
    loaded = store.load("pair")
    assert not loaded.files() and [problem.field for problem in loaded.errors()] == ["image"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("face_choose", [{"face_id": "1", "sound": Path("a.wav")}]),
        ("camera_control", {"type": "down_back", "more": Path("a.json")}),
        ("voice_list", [{"url": "https://example.com/v.wav", "cover": Path("a.png")}]),
        ("prompt", Path("prompt.txt")),
        ("metadata", {"deep": [Path("a.png")]}),
    ],
)
def test_a_file_that_nobody_would_miss_is_refused(store: PresetStore, field: str, value: Any) -> None:
    """A field that takes any text would send the file's name in its place."""
    store.save("boat", BOAT)
    with pytest.raises(KlingError, match="holds a file, which a preset cannot save"):
        store.save("boat", SHIP.replace(**{field: value}))
    assert store.load("boat") == BOAT


@pytest.mark.parametrize("name", ["a\ud800.png", "two\nlines.png", "data:x", "<Image>", "."])
def test_whatever_the_file_is_called(store: PresetStore, name: str) -> None:
    """Its name becomes no link, no path, and causes no error."""
    assert store.save("boat", BOAT.replace(image=Path(name))) == ("First frame",)
    loaded = store.load("boat")
    assert not loaded.files() and [problem.field for problem in loaded.errors()] == ["image"]


def test_what_is_too_large_to_be_read_again_is_not_saved(store: PresetStore) -> None:
    """The preset that was there stays; the largest one that is accepted can be read."""
    store.save("boat", BOAT)
    (path,) = store.folder.iterdir()
    room = LARGEST - path.stat().st_size + len(BOAT.get("prompt"))
    with pytest.raises(KlingError, match="too large for a preset: 1,000,001 bytes, 1,000,000 at most"):
        store.save("boat", BOAT.replace(prompt="x" * (room + 1)))
    with pytest.raises(KlingError, match="too large"):
        store.save("boat", BOAT.replace(prompt="纸" * (room // 2)))
    assert store.load("boat") == BOAT and files(store) == [path.name]
    store.save("boat", largest := BOAT.replace(prompt="x" * room))
    assert path.stat().st_size == LARGEST
    assert store.load("boat") == largest


def test_a_path_in_a_file_is_never_a_path(store: PresetStore) -> None:
    """A shared preset cannot cause an upload of the reader's files."""
    store.save("boat", BOAT)
    (path,) = store.folder.iterdir()
    content = json.loads(path.read_text(encoding="utf-8"))
    content["fields"] |= {"image": "/etc/passwd", "image_list": ["~/a.png"]}
    path.write_text(json.dumps(content), encoding="utf-8")
    loaded = store.load("boat")
    assert loaded.files() == ()
    assert {problem.field for problem in loaded.errors()} == {"image", "image_list"}


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        (KEY, BOAT),
        (f"my {KEY}", BOAT),
        ("x", BOAT.replace(prompt=f"a {KEY}")),
        ("x", BOAT.replace(metadata={"deep": [{KEY: 1}]})),
        ("x", BOAT.replace(image=Path(f"{KEY}.png"))),
        ("x", VideoRequest(KEY, prompt="a boat")),
    ],
)
def test_a_key_is_never_saved(store: PresetStore, name: str, request_: VideoRequest) -> None:
    """A key is neither saved nor repeated in the error."""
    with pytest.raises(KlingError, match="API key") as raised:
        store.save(name, request_)
    assert KEY not in str(raised.value)
    assert not store.folder.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"[" * 100_000,
        b'{"name": "x"}',
        b'{"name": "x", "model": "2.6", "fields": {"secnds": 5}}',
        b'{"name": "", "model": "2.6", "fields": {}}',
        b'{"name": 5, "model": "2.6", "fields": {}}',
        b'{"name": "x", "model": "2.6", "fields": []}',
        b'{"name": "x", "model": "2.6", "fields": {"prompt": "' + b"x" * 2_000_000 + b'"}}',
        b'{"name": "x", "model": "2.6", "fields": {"seconds": ' + b"9" * 5000 + b"}}",
    ],
    ids=lambda content: content[:40],
)
def test_a_broken_file_is_said_and_not_fatal(store: PresetStore, content: bytes) -> None:
    """The other presets are there; ``trouble`` names the file, and so does the error for a missing name."""
    store.save("boat", BOAT)
    (store.folder / "broken.json").write_bytes(content)
    assert store.names() == ("boat",)
    assert "broken.json" in store.trouble
    assert store.load("boat") == BOAT
    with pytest.raises(KlingError, match=r"broken\.json"):
        store.load("x")
    (store.folder / "broken.json").unlink()
    assert store.names() == ("boat",) and store.trouble == ""


def test_strange_things_in_the_folder(store: PresetStore) -> None:
    """A folder named like a preset cannot be read; other files are ignored; a copy adds nothing."""
    store.save("boat", BOAT)
    (path,) = store.folder.iterdir()
    (store.folder / "a.json").mkdir()
    (store.folder / "notes.txt").write_text("x")
    (store.folder / "copy.json").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    assert store.names() == ("boat",)
    assert "a.json" in store.trouble and "notes" not in store.trouble
    store.save("boat", SHIP)
    assert store.load("boat") == SHIP


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes of a POSIX system")
def test_a_pipe_is_not_waited_for(store: PresetStore) -> None:
    """A pipe is reported, does not block, and the other presets are there."""
    store.save("boat", BOAT)
    os.mkfifo(store.folder / "x.json")
    with ThreadPoolExecutor(1) as pool:
        names = pool.submit(store.names)
        try:
            assert names.result(timeout=60) == ("boat",)
        finally:  # whoever waits is let go
            os.close(os.open(store.folder / "x.json", os.O_RDWR | os.O_NONBLOCK))
    assert "x.json" in store.trouble


@pytest.mark.parametrize("theirs", ["!first.json", "~last.json"])
def test_a_file_of_another_s_has_the_same_name(store: PresetStore, theirs: str) -> None:
    """Our file takes precedence when it is loaded or deleted; theirs is never overwritten."""
    store.save("boat", SHIP)
    (ours,) = store.folder.iterdir()
    foreign = ours.rename(store.folder / theirs)
    content = foreign.read_bytes()
    assert store.load("boat") == SHIP
    store.save("boat", BOAT)
    assert store.names() == ("boat",) and store.load("boat") == BOAT
    assert {*store.folder.iterdir()} == {ours, foreign} and foreign.read_bytes() == content
    store.delete("boat")
    assert store.load("boat") == SHIP and files(store) == [theirs]
    store.delete("boat")
    assert store.names() == ()


@pytest.mark.skipif(os.name != "posix", reason="permissions of a POSIX system")
def test_presets_are_private(store: PresetStore) -> None:
    """Their prompts are readable for their owner only."""
    store.save("boat", BOAT)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (store.folder, *store.folder.iterdir())]
    assert modes == [0o700, 0o600]


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    """The error is one line that says where and why."""
    (tmp_path / "file").write_text("x")
    store = PresetStore(tmp_path / "file" / "presets")
    with pytest.raises(KlingError, match=r"cannot be saved in .*presets"):
        store.save("boat", BOAT)
    assert store.names() == ()


def test_a_failure_leaves_what_was_there(store: PresetStore) -> None:
    """A file name that became a folder cannot be replaced; no draft is left."""
    store.save("boat", BOAT)
    (path,) = store.folder.iterdir()
    path.unlink()
    path.mkdir()
    (path / "x").write_text("x")
    with pytest.raises(KlingError):
        store.save("boat", SHIP)
    assert files(store) == [path.name]


def test_threads_lose_nothing(store: PresetStore) -> None:
    """Different names are all saved; of one name, one complete request is."""
    requests = [VideoRequest("2.6", prompt=f"boat {number}" * 500) for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: store.save(f"boat {each[0]}", each[1]), enumerate(requests)))
        list(pool.map(lambda request: PresetStore(store.folder).save("one", request), requests))
    assert {store.load(f"boat {number}") for number in range(20)} == {*requests}
    assert store.load("one") in requests
    assert store.trouble == "" and len(files(store)) == 21


_WRITER = """
import sys
from pathlib import Path
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.presets import PresetStore
who, store = sys.argv[1], PresetStore(Path(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(30):
    store.save(f"{who} {number}", VideoRequest("2.6", prompt=f"{who} {number}"))
    store.save("both", VideoRequest("2.6", prompt=who * 5000))
    store.names()
    assert not store.trouble, store.trouble
"""


def test_two_processes_lose_nothing(store: PresetStore) -> None:
    """Both save at once: everything is saved, and nobody ever reads a partial file."""
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, who, str(store.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for who in ("a", "b")
    ]
    for program in programs:
        assert program.stdout and program.stdout.readline() == "ready\n"
    for program in programs:
        assert program.stdin
        program.stdin.write("go\n")
        program.stdin.flush()
    assert [program.communicate(timeout=100)[1] for program in programs] == ["", ""]
    assert {*store.names()} == {f"{who} {number}" for who in "ab" for number in range(30)} | {"both"}
    assert store.load("both").get("prompt") in ("a" * 5000, "b" * 5000)


def test_they_survive_a_restart(tmp_path: Path) -> None:
    """One kernel saves a preset, another one loads it."""
    code = (
        "from pathlib import Path\nfrom kling_widgets.storage.presets import PresetStore\n"
        "from kling_widgets.request.request import VideoRequest\n"
        f"store = PresetStore(Path({str(tmp_path / 'presets')!r}))\n"
    )
    with Kernel("python3") as kernel:
        kernel.run(code + "store.save('boat', VideoRequest('2.6', prompt='a paper boat', seconds=5))")
        kernel.restart()
        (cell,) = kernel.run(code + "print(store.load('boat').to_magic())")
        assert cell.text == "%kling --model 2.6 --seconds 5 a paper boat\n"
