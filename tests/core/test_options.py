"""The options of a line, read off its front; what a whole line means is tested with the grammar."""

from __future__ import annotations

import pytest

from kling_widgets.core.options import Reader
from kling_widgets.errors import InvalidRequestError

FILES = {"masks.json": '[{"mask_url": "m.png", "trajectories": []}]'}


def read(text: str, **variables: object) -> Reader:
    """The reader behind the options of a line; a variable's value is placed as (field, value)."""
    reader = Reader(
        text, variables.__getitem__, lambda path: FILES[path.name], lambda name, value: {"of": name, "is": value}
    )
    reader.options()
    return reader


@pytest.mark.parametrize(
    ("line", "fields", "rest"),
    [
        ("a boat", {}, "a boat"),
        ("--seconds 5 a boat", {"seconds": "5"}, " a boat"),
        ("--seconds=5 a boat", {"seconds": "5"}, " a boat"),
        ('--image "my pictures/a.png" x', {"image": "my pictures/a.png"}, " x"),
        (r'--prompt "say \"go\"" x', {"prompt": 'say "go"'}, " x"),
        ("--image 'C:\\clips\\' x", {"image": "C:\\clips\\"}, " x"),
        ("--image-list a.png --image-list b.png x", {"image_list": ["a.png", "b.png"]}, " x"),
        ("--sound off a boat", {"sound": False}, " a boat"),
        ("--sound a boat", {"sound": True}, " a boat"),
        ("--no-sound a boat", {"sound": False}, " a boat"),
        ('--camera-control {"type": "simple"} x', {"camera_control": {"type": "simple"}}, " x"),
    ],
)
def test_options_end_where_the_prompt_begins(line: str, fields: dict[str, object], rest: str) -> None:
    """Each value as it was meant; the prompt stays as it stands."""
    reader = read(line)
    assert reader.fields == fields
    assert line[reader.position :] == rest
    assert not reader.ended


def test_dashes_end_them() -> None:
    """What follows is the prompt, also when it looks like an option."""
    reader = read("--seconds 5 -- --sound")
    assert (reader.fields, reader.ended) == ({"seconds": "5"}, True)
    assert reader.text[reader.position :] == " --sound"


def test_what_to_do_is_kept_apart() -> None:
    """Settings are no fields."""
    reader = read("--count 3 --dry-run -o boat x")
    assert reader.fields == {}
    assert reader.settings == {"count": 3, "dry_run": True, "out": "boat"}


def test_a_file_is_foreign_and_a_variable_has_its_place() -> None:
    """Text in a file names no file of the reader's; a variable's value becomes what the field takes."""
    reader = read("--dynamic-masks @masks.json --camera-control move x", move="pan")
    assert reader.foreign == {"dynamic_masks"}
    assert reader.fields["camera_control"] == {"of": "camera_control", "is": "pan"}
    with pytest.raises(InvalidRequestError, match="sets what is set already"):
        read("--dynamic-masks @masks.json --dynamic-masks [] x")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--second 5 x", "Did you mean --seconds"),
        ("--seconds", "needs a value"),
        ('--image "a.png x', "not closed"),
        ('--camera-control {"a": x', "cannot be read"),
        ("--no-sound=1 x", "takes no value"),
        ("--count many x", "takes"),
        ("--camera-control nothing x", "no variable nothing"),
    ],
)
def test_what_cannot_be_read_is_said(line: str, said: str) -> None:
    """In a sentence, and that nothing was sent."""
    with pytest.raises(InvalidRequestError, match=said) as raised:
        read(line)
    assert "Nothing was sent" in str(raised.value)
