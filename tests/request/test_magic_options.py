"""Parsing of the options at the start of a line; whole lines are tested in ``test_magic_line``."""

from __future__ import annotations

import pytest

from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.magic_options import UnknownOptionError, Values, read_all
from kling_widgets.request.magic_words import FOREIGN_OPTIONS, OPTIONS, SWITCHES

FILES = {"masks.json": '[{"mask_url": "m.png", "trajectories": []}]'}


def read(text: str, **variables: object) -> tuple[Values, str]:
    """Return the values of a line's options and the text after them; a variable's value is marked with its field."""
    options = read_all(text)
    values = Values(variables.__getitem__, lambda path: FILES[path.name], lambda name, value: {"of": name, "is": value})
    values.add(options)
    return values, text[options[-1].end if options else 0 :]


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
        ('--sound "no people"', {"sound": True}, ' "no people"'),
        ("--wait -- no people", {}, " -- no people"),
        ("--wait no-one, offshore", {}, " no-one, offshore"),
        ("--no-sound a boat", {"sound": False}, " a boat"),
        ('--camera-control {"type": "simple"} x', {"camera_control": {"type": "simple"}}, " x"),
    ],
)
def test_options_end_where_the_prompt_begins(line: str, fields: dict[str, object], rest: str) -> None:
    """Each value is parsed, and the prompt stays unchanged."""
    values, left = read(line)
    assert values.fields == fields
    assert left == rest


def test_dashes_end_them() -> None:
    """Text after them is the prompt, even if it looks like an option."""
    values, rest = read("--seconds 5 -- --sound")
    assert (values.fields, rest) == ({"seconds": "5"}, " -- --sound")


def test_what_to_do_is_kept_apart() -> None:
    """Settings are not fields."""
    values, _ = read("--count 3 --dry-run -o boat x")
    assert values.fields == {}
    assert values.settings == {"count": 3, "dry_run": True, "out": "boat"}


def test_a_file_is_foreign_and_a_variable_has_its_place() -> None:
    """Text in a file never names a local file; a variable's value is converted for its field."""
    values, _ = read("--dynamic-masks @masks.json --camera-control move x", move="pan")
    assert values.untrusted == {"dynamic_masks"}
    assert values.fields["camera_control"] == {"of": "camera_control", "is": "pan"}
    with pytest.raises(InvalidRequestError, match="sets something that is already set"):
        read("--dynamic-masks @masks.json --dynamic-masks [] x")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--seconds", "needs a value"),
        ('--image "a.png x', "not closed"),
        ('--camera-control {"a": x', "cannot be read"),
        ("--no-sound=1 x", "takes no value"),
        ("--count many x", "takes"),
        *((f"--sound {word} x", f"--sound is on or off, not “{word}”") for word in ("no", "YES")),
        ("--sound off, x", "--sound is on or off, not “off”"),
        *((f"--{switch} off x", "takes no value, not “off”") for switch in SWITCHES),
        *((f"--dry-run {word} x", "takes no value") for word in ("on", "True", "false", "yes", "no", "no.")),
        ("--camera-control nothing x", "no variable nothing"),
    ],
)
def test_what_cannot_be_read_is_said(line: str, said: str) -> None:
    """The message is a sentence that says that nothing was sent."""
    with pytest.raises(InvalidRequestError, match=said) as raised:
        read(line)
    assert "Nothing was sent" in str(raised.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--second 5 x", "There is no option “--second”. Did you mean --seconds"),
        ("--zzzzzz x", "There is no option “--zzzzzz”. %kling? lists them."),
        ("--seconds, x", "There is no option “--seconds,”. Did you mean --seconds"),
        ("--ar 16:9 x", "--ar is not an option here: use --aspect-ratio 16:9."),
        ("--v 6 x", "--v is not an option here: use --model 2.6."),
        ("--seed 7 x", '--seed is not an option here: use --metadata {"seed": …}.'),
        ("--cfg-scale 7 x", '--cfg-scale is not an option here: use --metadata {"cfg_scale": …}.'),
        ("--stylize 250 x", "--stylize is not an option here, and there is no equivalent."),
    ],
)
def test_what_is_no_option_is_named(line: str, said: str) -> None:
    """The message names the nearest option, or the equivalent of another tool's option."""
    with pytest.raises(UnknownOptionError) as raised:
        read(line)
    assert said in str(raised.value)


def test_each_of_others_has_what_there_is() -> None:
    """Each equivalent is an option, and no option here counts as another tool's."""
    assert {*FOREIGN_OPTIONS.values()} - {""} <= OPTIONS
    assert FOREIGN_OPTIONS.keys().isdisjoint(OPTIONS)


@pytest.mark.parametrize(
    "line",
    [
        "--seconds 5 a --seconds 6",
        "--duration 5 a --seconds 6",
        "--sound a --no-sound",
        "--image-list a b --image-list c",
    ],
)
def test_an_option_stands_at_one_end(line: str) -> None:
    """The same option at both ends is an error, under any name, even for a list."""
    before, _, behind = line.rpartition(" --")
    values = Values({}.__getitem__, lambda path: "", lambda name, value: value)
    with pytest.raises(InvalidRequestError, match=r"is at both ends of the line: give it once\. Nothing was sent"):
        values.add(read_all(before), read_all(f"--{behind}"))
