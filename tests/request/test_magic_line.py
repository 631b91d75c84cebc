"""Parsing of the magic line into model, values and prompt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.fields import Flag
from kling_widgets.catalog.model_names import ALIASES
from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.magic_words import MAGICS, SETTINGS
from kling_widgets.request.request import VideoRequest
from tests.core.samples import BODIES, KEY, PROMPTS, as_the_shell_gives_it
from tests.request.lines import Understood, parse

A, B = "https://example.com/a.png", "https://example.com/b.png"
FILES = {
    "camera.json": '{"type": "down_back"}',
    "my camera.json": '{"type": "forward_up"}',
    "masks.json": '[{"mask_url": "local.png", "trajectories": [{"x": 1, "y": 1}, {"x": 2, "y": 2}]}]',
    "more.json": '{"seed": 7, "image_tail": "local.png"}',
    "broken.json": "{",
    "deep.json": "[" * 100_000,
    "key.json": json.dumps({"a": KEY}),
}
VARIABLES: dict[str, Any] = {
    "name": "boat",
    "n": 10,
    "folder": Path("clips"),
    "camera": {"type": "simple", "config": {"pan": 4}},
    "url": A,
    "masks": [{"mask_url": "mine.png", "trajectories": [{"x": 1, "y": 1}, {"x": 2, "y": 2}]}],
    "secret": KEY,
}


def read(path: Path) -> str:
    """Return the content of a file of these tests."""
    try:
        return FILES[str(path)]
    except KeyError:
        raise FileNotFoundError(path) from None


def understood(line: str, cell: str | None = None, **options: Any) -> Understood:
    """Parse the line with the files and variables of these tests."""
    return parse(line, cell, **{"variables": VARIABLES.__getitem__, "read": read, **options})


def values(line: str) -> dict[str, Any]:
    """Return the fields of the line without the prompt "p" at its end."""
    found = dict(understood(f"{line} p").request.values)
    assert found.pop("prompt") == "p"
    return found


def refused(line: str, cell: str | None = None) -> str:
    """Return the message of a refusal, which says that nothing was sent."""
    with pytest.raises(InvalidRequestError) as caught:
        understood(line, cell)
    assert "Nothing was sent." in str(caught.value)
    return str(caught.value)


# The service page's eight bodies, as a user would write them in a cell.
WRITTEN = {
    "text_to_video": "%kling --model 2.6 --size 1280x720 --seconds 5 --resolution 720p --sound off "
    "a red square logo slowly rotating on a clean white background",
    "image_to_video": "%kling --model 2.5-turbo --image https://example.com/input.png --size 1280x720 --seconds 5 "
    "--resolution 720P make the picture gently move with a slow camera push in",
    "first_last_frame": "%%kling --model 2.6 --images https://example.com/first.png "
    "--images https://example.com/last.png --seconds 5 --resolution 720P --no-sound\n"
    "transition naturally from the first frame to the last frame",
    "reference_images": "%kling --model 3.0 --image-list https://example.com/ref-1.png "
    "--image-list https://example.com/ref-2.png --duration 5 --resolution 720P "
    "keep the same character identity and create a cinematic walking shot",
    "video_input": '%kling --model o1 --video-list [{"url": "https://example.com/reference.mp4"}] --seconds 5 '
    "--resolution 720P use the reference video motion style and generate a new cinematic shot",
    "motion_control": "%kling --model 3.0-motion-control --image https://example.com/input.png --dynamic-masks "
    '[{"mask_url": "https://example.com/mask.png", "trajectories": [{"x": 220, "y": 380}, {"x": 620, "y": 380}]}] '
    "--seconds 5 --resolution 720P animate the selected subject moving from left to right",
    "avatar": "job = %kling --model avatar --image https://example.com/avatar.png --voice-list "
    "https://example.com/voice.wav --seconds 5 --resolution 720P a presenter speaks naturally to the camera",
    "lip_sync": "%kling --model identifyface --image https://example.com/face.png --session-id SESSION_ID "
    "--face-choose FACE_ID --voice-list https://example.com/voice.wav --seconds 5 --resolution 720P "
    "lip sync the face with the provided voice",
}


@pytest.mark.parametrize("name", BODIES)
def test_cells_give_the_bodies_of_the_service_page(name: str) -> None:
    """The cells go through IPython's own transformations."""
    assert parse(*as_the_shell_gives_it(WRITTEN[name])).request.payload() == BODIES[name]


@pytest.mark.parametrize("name", [name for name in FIELDS if name != "prompt"])
def test_every_field_is_an_option(name: str) -> None:
    """In kebab case, with a space or =, and with underscores too."""
    example = FIELDS[name].example
    expected = {name: VideoRequest("2.6", **{name: example}).get(name)}
    option = name.replace("_", "-")
    assert expected[name] is not None
    assert values(f"--{option} {example}") == expected
    assert values(f"--{option}={example}") == expected
    assert values(f"--{name} {example}") == expected
    assert values(f"--{option.upper()}   {example}") == expected


@pytest.mark.parametrize("alias", ALIASES)
def test_every_alias_is_an_option(alias: str) -> None:
    """These are the names in brackets on the service's page."""
    example = FIELDS[ALIASES[alias]].example
    option = alias.replace("_", "-")
    assert values(f"--{option} {example}") == values(f"--{ALIASES[alias].replace('_', '-')} {example}")


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if isinstance(field, Flag)])
def test_a_switch(name: str) -> None:
    """On, off, by a word or by --no-; any other word starts the prompt."""
    option = name.replace("_", "-")
    assert values(f"--{option}") == values(f"--{option} on") == values(f"--{option}=on") == {name: True}
    assert values(f"--{option} TRUE") == {name: True}
    assert values(f"--no-{option}") == values(f"--{option} off") == values(f"--{option}=False") == {name: False}
    assert understood(f"--{option} onwards").request.get("prompt") == "onwards"
    assert understood(f"--{option} -- on the road").request.get("prompt") == "on the road"
    assert "takes no value" in refused(f"--no-{option}=on x")


def test_no_multi_shot_by_its_alias() -> None:
    """--no- works with aliases too, and only with switches."""
    assert values("--no-multi-shot") == {"multi_shots": False}
    assert "There is no option" in refused("--no-seconds x")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"--image-list {A} --image-list {B}", {"image_list": [A, B]}),
        (f'--image-list ["{A}", "{B}"] --image-list c.png', {"image_list": [A, B, Path("c.png")]}),
        (f"--images {A} --images {B}", {"image": A, "image_tail": B}),
        ('--image "my first.png"', {"image": Path("my first.png")}),
        ("--image 'my first.png'", {"image": Path("my first.png")}),
        ('--image "C:\\clips\\new\\"', {"image": Path("C:\\clips\\new\\")}),
        ('--image "C:\\a\\" --session-id "b"', {"image": Path("C:\\a\\"), "session_id": "b"}),
        ('--session-id "a \\"b\\" \\u000a\\u0041"', {"session_id": 'a "b" \n\\u0041'}),
        ('--image "\\\\nas\\photos\\a.png"', {"image": Path("\\\\nas\\photos\\a.png")}),
        ("--session-id '{name}'", {"session_id": "boat"}),
        ("--session-id {{name}}", {"session_id": "{name}"}),
        ("--seconds {n}", {"seconds": 10}),
        ("--image {folder}/{name}.png", {"image": Path("clips/boat.png")}),
        ("--seconds abc", {"seconds": "abc"}),
        ('--camera-control {"type": "simple", "config": {"pan": 4}}', {"camera_control": VARIABLES["camera"]}),
        ('--camera-control={ "type" : "down_back" }', {"camera_control": {"type": "down_back"}}),
        ('--camera-control \'{"type": "down_back"}\'', {"camera_control": {"type": "down_back"}}),
        ("--camera-control camera", {"camera_control": VARIABLES["camera"]}),
        ("--camera-control @camera.json", {"camera_control": {"type": "down_back"}}),
        ('--camera-control @"my camera.json"', {"camera_control": {"type": "forward_up"}}),
        ("--dynamic-masks masks", {"dynamic_masks": [{**VARIABLES["masks"][0], "mask_url": Path("mine.png")}]}),
        ("--dynamic-masks @masks.json", {"dynamic_masks": json.loads(FILES["masks.json"])}),
        ("--video-list url", {"video_list": [{"url": A}]}),
        ('--voice-list {"url": "{url}"}', {"voice_list": [{"url": A}]}),
        ("--face-choose FACE", {"face_choose": "FACE"}),
        ("--face-choose name", {"face_choose": "boat"}),
        ('--face-choose "name"', {"face_choose": "name"}),
        ("--kling-elements 12 --kling-elements 13", {"kling_elements": [{"element_id": "12"}, {"element_id": "13"}]}),
        ('--metadata {"seed": 7, "x": {"y": "{name}"}}', {"metadata": {"seed": 7, "x": {"y": "boat"}}}),
        ("--metadata @more.json", {"metadata": {"seed": 7}, "image_tail": "local.png"}),
        ("--image-list {folder} --image-list {folder}/2.png", {"image_list": [Path("clips"), Path("clips/2.png")]}),
        ("--voice-list {folder}", {"voice_list": [{"url": Path("clips")}]}),
        ('--prompt "p" --seconds 5', {"seconds": 5}),
    ],
)
def test_values_of_options(line: str, expected: dict[str, Any]) -> None:
    """Words, quotes, JSON, files and variables; options are split before variables are expanded."""
    found = dict(understood(line if "--prompt" in line else f"{line} p").request.values)
    assert found.pop("prompt") == "p"
    assert found == expected


def test_text_in_a_file_is_never_a_path() -> None:
    """Only text in the line itself is the user's own input."""
    assert understood("--dynamic-masks @masks.json p").request.files() == ()
    assert understood("--metadata @more.json p").request.files() == ()
    assert understood("--dynamic-masks masks p").request.files() == (Path("mine.png"),)


def test_a_file_and_the_line_do_not_mix() -> None:
    """A list comes either from the user or from a file."""
    assert "already set" in refused("--dynamic-masks masks --dynamic-masks @masks.json p")
    request = understood("--image-tail b.png --metadata @more.json p").request
    assert "image_tail is given twice" in str(request.errors()[0])


@pytest.mark.parametrize(
    ("line", "settings"),
    [
        ("--dry-run", {"dry_run": True}),
        ("--wait", {"wait": True}),
        ("--no-wait", {"wait": False}),
        ("--timeout 600", {"timeout": 600.0}),
        ("--timeout=0.5", {"timeout": 0.5}),
        ("--count 1000", {"count": 1000}),
        ("--count {n}", {"count": 10}),
        ('--save "my clips/boat.mp4"', {"save": "my clips/boat.mp4"}),
        ("--save {folder}/x.mp4", {"save": "clips/x.mp4"}),
        ("-o boat", {"out": "boat"}),
        ("-o=boat", {"out": "boat"}),
        ("--o boat", {"out": "boat"}),
        ("-o boat --count 2 --dry-run", {"out": "boat", "count": 2, "dry_run": True}),
        ("", {}),
    ],
)
def test_settings(line: str, settings: dict[str, Any]) -> None:
    """Only settings that were given are present."""
    command = understood(f"{line} a boat")
    assert command.settings == settings
    assert command.request == VideoRequest("2.6", prompt="a boat")
    assert not command.empty


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--secnds 5 x", "There is no option “--secnds”. Did you mean --seconds"),
        ("--zzzzzz x", "%kling? lists them"),
        ("--seconds 5 --seconds 6 x", "--seconds sets something that is already set"),
        ("--sound --no-sound x", "--no-sound sets something that is already set"),
        ("--wait --no-wait x", "already set"),
        ("--model 2.6 --model 3.0 x", "already set"),
        ("--camera-control camera --camera-control camera x", "already set"),
        ("--metadata {} --metadata {} x", "already set"),
        ("--face-choose a --face-choose b x", "already set"),
        ("--seconds", "--seconds: needs a value, for example --seconds 5"),
        ("--seconds --sound x", "needs a value"),
        ("--seconds= 5 x", "needs a value"),
        ("--metadata", 'for example --metadata {"name": "value"}'),
        ("--images", "needs a value, for example --images https://"),
        ("-o", "-o: needs a value, for example -o boat"),
        ("--count x", "--count takes a whole number, not “x”"),
        ("--count 1.5 x", "a whole number"),
        ("--timeout soon x", "a number of seconds"),
        ("-o 1x x", "the name of a variable"),
        ("-o class x", "the name of a variable"),
        ("--dry-run=yes x", "--dry-run takes no value"),
        ("--wait=off x", "--wait takes no value"),
        ('--image "a.png x', "a quotation mark is not closed"),
        ("--image 'a.png x", "a quotation mark is not closed"),
        ('--camera-control {"type": x', "this JSON cannot be read"),
        ("--camera-control " + "[" * 100_000, "this JSON cannot be read"),
        (f"--metadata [{'9' * 5000}]", "this JSON cannot be read"),
        ("--camera-control {type: simple} x", "this JSON cannot be read"),
        ("--camera-control {camera} x", "“{camera}” is a value of type dict, not text, a number or a path"),
        ('--camera-control {"type": "down_back"}x', "leave a space after the JSON"),
        (
            "--camera-control nothing x",
            "there is no variable nothing. Give JSON, @file.json, or the name of a variable.",
        ),
        ("--metadata nothing x", "there is no variable nothing"),
        ("--camera-control @missing.json x", "the file “missing.json” cannot be read"),
        ("--camera-control @broken.json x", "the file “broken.json” is not JSON"),
        ("--camera-control @deep.json x", "the file “deep.json” cannot be read"),
        ("--camera-control @~nobody-here/x.json x", "cannot be read"),
        ("--camera-control @ x", "needs a value"),
        ("--image {nothing}.png x", "There is no variable nothing"),
        ('--metadata {"a": "{nothing}"} x', "There is no variable nothing"),
        ("a {nothing}", "There is no variable nothing"),
        ("a boat —seconds 10", "an option there has two hyphens: --seconds. Nothing was sent."),
        ("--save “my clips/a.mp4” a boat", '--save: use straight quotes, "…", around a value'),
        ("{url} moves", "The prompt begins with a link, which is an option: --image {url}."),
        ('--prompt "a" b', "The prompt is given twice"),
    ],
)
def test_what_is_refused(line: str, said: str) -> None:
    """The message says what to do instead; nothing is guessed that would cost money."""
    assert said in refused(line)


@pytest.mark.parametrize(
    ("line", "prompt"),
    [
        ("a cat's dream", "a cat's dream"),
        ("  a   boat  ", "a   boat"),
        ('"a boat"', "a boat"),
        ('"models"', "models"),
        ('""', None),
        ('""a""', '"a"'),
        ('"Yes", she said, "go"', '"Yes", she said, "go"'),
        ('"a --seconds 5"', "a --seconds 5"),
        ("--sound -- --seconds 5", "--seconds 5"),
        ("-- models", "models"),
        ("-- -- x", "-- x"),
        ("- a list", "- a list"),
        ("-old boats", "-old boats"),
        ("--5 boats", "--5 boats"),
        ("a {name} {{name}}", "a boat {name}"),
        ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
        ("models of boats", "models of boats"),
        ("$HOME !ls", "$HOME !ls"),
        ("纸船", "纸船"),
    ],
)
def test_the_prompt_is_verbatim(line: str, prompt: str | None) -> None:
    """Options come first; the first word that is not an option starts the prompt."""
    assert understood(line).request.get("prompt") == prompt


@pytest.mark.parametrize("magic", MAGICS)
def test_a_command_is_refused_with_the_magic_named(magic: str) -> None:
    """The text "%kling models" asks for the table, not for a paid video; in a cell it is a prompt."""
    assert f"type %kling_{magic} for that" in refused(magic)
    assert f"type %kling_{magic} abc for that" in refused(f"--seconds 5 {magic} abc")
    assert understood("", magic).request.get("prompt") == magic
    assert understood(f'"{magic}"').request.get("prompt") == magic


def test_help_names_the_question_mark() -> None:
    """%kling? is IPython's help."""
    assert "type %kling?" in refused("help")


def test_a_cell_magic_takes_its_prompt_from_the_body() -> None:
    """An empty body is not a prompt, and text on the first line is refused."""
    command = understood("--seconds 5", "a boat\n  in the rain\n\n")
    assert command.request == VideoRequest("2.6", seconds=5, prompt="a boat\n  in the rain")
    assert "a boat" in refused("--seconds 5 a boat", "x")
    empty = understood("", "")
    assert empty.request.get("prompt") is None and not empty.empty
    assert understood("--", "--seconds 5 {name}").request.get("prompt") == "--seconds 5 boat"


def test_nothing_at_all_asks_for_the_form() -> None:
    """Only an empty line opens the form."""
    assert understood("").empty and understood("  ").empty
    assert not understood("--model 3.0").empty


def test_the_model() -> None:
    """The model comes from the line, then from the settings, then from the catalog."""
    assert understood("x").request.model == "aigc-video-kling-2.6"
    assert understood("x", default="3.0").request.model == "aigc-video-kling-3.0"
    assert understood("--model o1 x", default="3.0").request.model == "aigc-video-kling-o1"
    assert understood("--model kling-v2-6 x").request.errors()[0].field == "model"


@pytest.mark.parametrize("line", [f"a {KEY}", KEY, f"--session-id {KEY} x", f"--image https://e.com/?k={KEY} x"])
def test_a_key_is_refused_and_not_repeated(line: str) -> None:
    """This covers the line and the cell; the message says to delete the key."""
    for message in (refused(line), refused("", line)):
        assert KEY not in message
        assert "%kling_key" in message


def test_a_key_from_a_variable_or_a_file_is_an_error_of_the_request() -> None:
    """Such a request cannot be sent, and the key is not shown."""
    for line in ("a {secret}", "--metadata @key.json x"):
        request = understood(line).request
        assert request.errors() and KEY not in repr(request) + str(request.errors())
    assert KEY not in refused("--count {secret} x")


def test_files_and_variables_are_the_shell_s_to_give() -> None:
    """By default the parser reads no files and knows no variables."""
    for line in ("--metadata @camera.json x", "--metadata camera x", "a {name}"):
        with pytest.raises(InvalidRequestError):
            parse(line)


def test_a_setting_is_told_in_the_help() -> None:
    """Every setting has the texts that the help needs."""
    assert set(SETTINGS) == {"model", "dry-run", "wait", "timeout", "count", "new", "reuse", "yes", "save", "o"}


pieces = st.sampled_from(
    [
        *(f"--{name.replace('_', '-')}" for name in (*FIELDS, *ALIASES, "images", "metadata")),
        *(f"--{name}" for name in SETTINGS),
        *(
            "--no-sound",
            "--no-wait",
            "-o",
            "--",
            "=",
            " ",
            "\n",
            "\\",
            '"',
            "'",
            "{",
            "}",
            "[",
            "]",
            "@",
            "@camera.json",
        ),
        *("camera", "{name}", "{nothing}", "on", "5", '{"a": 1}', '["b"]', "NaN", "\x00", "\ud800", KEY),
        *PROMPTS,
    ]
)


@given(st.one_of(st.text(), st.lists(pieces).map("".join), st.lists(pieces).map(" ".join)), st.none() | st.text())
def test_any_text_is_understood_or_refused(line: str, cell: str | None) -> None:
    """Only InvalidRequestError is ever raised, and no key is repeated."""
    try:
        command = understood(line, cell)
    except InvalidRequestError as error:
        assert KEY not in str(error)
    else:
        command.request.problems()
        command.request.to_magic()


@pytest.mark.parametrize(
    "line",
    [
        "a boat " * 15_000,
        '--image "' + "\\" * 100_000,
        '--image "' + '\\"' * 50_000 + "x",
        "--image " + "'" * 99_999,
        "--sound" + " " * 100_000,
        "{" * 100_000,
        "{a" + ".b" * 50_000,
        "{a" + "['x']" * 20_000,
        "}}" * 50_000,
        "--" + "x" * 100_000,
        "--metadata " + '{"a":' * 20_000,
        "--kling-elements 1 " * 5_000,
        "sk-" * 40_000,
        "kling-" + "v2-" * 30_000,
        '"' * 100_000,
        "-" * 100_000,
        "—" * 100_000,
        "-\u200b" * 50_000,
        "\u200b" * 100_000,
        "$" * 100_000,
        "$a" * 50_000,
        "{a(" * 30_000,
        "{{ a" * 25_000,
        "{{" + " " * 100_000,
        " ".join(f"-ab{number}" for number in range(6_000)),
        " ".join(f"—word{number}" for number in range(6_000)),
        "a --foo 1" * 10_000,
        "a --ar 16:9 --v 6 " * 2_000,
        "-a " * 30_000,
        "— " * 50_000,
        '"a" -b ' * 15_000,
        "x--seconds" * 10_000,
        "a" * 100_000 + " --seconds 5 x",
    ],
    ids=lambda line: line[:12],
)
def test_a_very_long_line_does_not_hang(line: str) -> None:
    """No pattern takes exponential or quadratic time; the time limit of the test checks it."""
    for text in (line, f"--model {line}", f"-- {line}"):
        try:
            understood(text).request.to_magic()
        except InvalidRequestError as error:
            assert len(str(error)) < 3000
