"""Code of a request: it makes the same request again, never raises and never shows a key."""

from __future__ import annotations

import ast
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.model_names import ACCEPTED
from kling_widgets.core.json_values import plain, to_json
from kling_widgets.request.request import VideoRequest
from tests.conftest import tries
from tests.core.samples import BODIES, KEY, PROMPTS, TIMES, as_the_shell_gives_it, given_fields, junk, prompts
from tests.request.lines import parse


def from_magic(code: str) -> VideoRequest:
    """Return the request of a magic, parsed through IPython both with every name and file existing and with none."""
    line, cell = as_the_shell_gives_it(code)
    request = parse(line, cell, default="1.6").request
    everything = parse(line, cell, default="1.6", variables=lambda name: f"<{name}>", exists=lambda path: True)
    assert everything.request == request
    return request


def from_python(code: str) -> VideoRequest:
    """Return the request of a ``kw.submit(…)`` call, whose arguments must be literals."""
    call = ast.parse(code).body[-1].value  # type: ignore[attr-defined]
    assert ast.unparse(call.func) == "kw.submit"
    arguments = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    return VideoRequest(*map(ast.literal_eval, call.args), **arguments)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_the_bodies_of_the_service_page_survive_every_snippet(body: dict[str, Any]) -> None:
    """The eight bodies are converted to magic, Python and JSON, and back."""
    request = VideoRequest.from_payload(body)
    assert from_magic(request.to_magic()).payload() == body
    assert from_python(request.to_python()).payload() == body
    assert VideoRequest.from_payload(json.loads(request.to_json())).payload() == body


@pytest.mark.parametrize("prompt", PROMPTS)
def test_no_prompt_is_taken_for_something_else(prompt: str) -> None:
    """Quotes, braces, options, commands, help, shell syntax and other line separators come back unchanged."""
    beside: tuple[dict[str, Any], ...] = ({}, {"sound": True}, {"image": "https://example.com/?"}, {"face_choose": "x"})
    for fields in beside:
        request = VideoRequest("2.6", prompt=prompt, **fields)
        assert from_magic(request.to_magic()) == request
        assert from_python(request.to_python()) == request


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_line_leaves_the_next_line_alone(prompt: str) -> None:
    """A line magic in the middle of a cell must not join the next line, for example by a backslash at its end."""
    code = VideoRequest("2.6", prompt=prompt).to_magic()
    if not code.startswith("%%"):
        both = ast.parse(TransformerManager().transform_cell(f"{code}\nafter = 1\n")).body
        alone = ast.parse(TransformerManager().transform_cell(code)).body
        assert [ast.unparse(statement) for statement in both] == [ast.unparse(alone[0]), "after = 1"]


@settings(max_examples=tries(400) * TIMES)
@given(prompts)
def test_any_prompt_survives_the_magic(prompt: str) -> None:
    """Dashes, names, quotes and braces may come in any order, and every name may be a variable."""
    request = VideoRequest("2.6", prompt=prompt)
    assert from_magic(request.to_magic()) == request


@given(given_fields())
def test_every_field_survives_the_magic(asked: tuple[str, dict[str, Any]]) -> None:
    """Any model and any fields, valid or not, with local files: the magic makes the same request."""
    request = VideoRequest(asked[0], **asked[1])
    assert from_magic(request.to_magic()) == request


@pytest.mark.parametrize(
    "fields",
    [
        {"seconds": 5, "duration": 10},
        {"image": "a.png", "images": ["https://example.com/a.png"]},
        {"sound": True, "metadata": {"sound": False, "model": "x", "image_urls": ["a", "b", "c"]}},
        {"metadata": "{x}"},
        {"multi_shots": True, "multi_shot": "off"},
    ],
)
def test_a_contradiction_survives_too(fields: dict[str, Any]) -> None:
    """The code of a request that cannot be sent shows why."""
    request = VideoRequest("2.6", prompt="x", **fields)
    assert request.errors()
    assert from_magic(request.to_magic()) == request
    assert from_python(request.to_python()) == request


@given(given_fields())
def test_every_field_survives_python_and_json(asked: tuple[str, dict[str, Any]]) -> None:
    """Python and JSON make the same request; JSON names the default seconds, and cannot name a local file."""
    request = VideoRequest(asked[0], **asked[1])
    assert from_python(request.to_python()) == request
    if not request.files():
        sent = request if "seconds" in request.values else request.replace(seconds=5)
        assert VideoRequest.from_payload(json.loads(request.to_json())) == sent


@given(
    st.one_of(junk, st.sampled_from(["2.6", "o1", "3.0"])),
    st.dictionaries(st.sampled_from(ACCEPTED), junk, max_size=5),
)
@example("o1", {"images": ["a", "b"], "image_list": 5})
@example("2.6", {"multi_prompt": [{"prompt": "a", "duration": 10**6000}], "seconds": 10**6000})
@example("3.0", {"camera_control": {"type": "simple", "config": {KEY: 3}}, "shot_type": KEY})
@example(KEY, {"prompt": f"a\n{KEY}", "metadata": {KEY: f"\n{KEY}"}, "image": Path(f"{KEY}.png")})
def test_nothing_raises_and_no_key_shows_whatever_the_values(model: Any, fields: dict[str, Any]) -> None:
    """An unfinished or absurd request can still be shown, as text that can be saved and contains no key."""
    request = VideoRequest(model, **fields)
    said = [str(problem) + repr(problem) for problem in request.problems()]
    shown = [request.to_magic(), request.to_python(), request.to_curl(), request.to_json(), request.settings()]
    for text in (*said, *shown, repr(request), json.dumps(request.draft())):
        text.encode()
        assert KEY not in text
    assert request == VideoRequest(model, **fields)
    assert hash(request) == hash(VideoRequest(model, **fields))
    assert len(repr(request)) <= 300
    assert request.files() == request.files()
    json.loads(request.to_json(), parse_constant=pytest.fail)


def test_a_file_shows_as_its_name() -> None:
    """JSON and curl show what has to be uploaded; the magic and Python name the file itself."""
    request = VideoRequest("2.6", prompt="x", image="my/first.png")
    assert request.draft()["image"] == "<upload: first.png>"
    assert "<upload: first.png>" in request.to_curl()
    assert "--image my/first.png" in request.to_magic()
    assert "image='my/first.png'" in request.to_python()


def test_curl_gives_the_shell_the_body_and_no_key() -> None:
    """The shell passes exactly the body to curl, and the key stays in its variable."""
    body = {**BODIES["text_to_video"], "prompt": 'a cat\'s "dream" $HOME `ls` \\ \n!x'}
    words = shlex.split(VideoRequest.from_payload(body).to_curl("https://example.com"))
    assert words[:4] == ["curl", "-X", "POST", "https://example.com/v1/video/generations"]
    assert json.loads(words[-1]) == body
    assert "Authorization: Bearer $CRAZYROUTER_API_KEY" in words


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
def test_a_real_shell_agrees() -> None:
    """``sh`` parses the quoting like ``shlex`` does."""
    request = VideoRequest("2.6", prompt="a cat's $HOME `ls` \\n")
    command = request.to_curl().replace("curl", "printf '%s\\n'", 1)
    printed = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout
    assert json.dumps(request.payload(), ensure_ascii=False, indent=2) in printed


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"prompt": "a boat"}, "%kling --model 2.6 a boat"),
        ({"prompt": "a boat?"}, "%%kling --model 2.6\na boat?"),
        ({"prompt": "a\nb", "seconds": 5}, "%%kling --model 2.6 --seconds 5\na\nb"),
        ({"prompt": "a\u2028b"}, '%kling --model 2.6 --prompt "a\\u2028b"'),
        ({"prompt": "models"}, "%kling --model 2.6 -- models"),
        ({"sound": False, "prompt": "x"}, "%kling --model 2.6 --no-sound x"),
        ({"image_list": ["a.png", "b c.png"]}, '%kling --model 2.6 --image-list a.png --image-list "b c.png"'),
        ({"voice_list": "https://e.com/a.mp3"}, "%kling --model 2.6 --voice-list https://e.com/a.mp3"),
        ({"image": "https://e.com/?"}, "%kling --model 2.6 --image https://e.com/? --"),
        ({}, "%kling --model 2.6"),
    ],
)
def test_the_magic_is_as_plain_as_it_can_be(fields: dict[str, Any], line: str) -> None:
    """A line if possible, else a cell, and escapes only if nothing else can hold the prompt."""
    assert VideoRequest("2.6", **fields).to_magic() == line


def test_a_model_newer_than_the_catalog_keeps_its_whole_name() -> None:
    """Its short name would not be recognised."""
    assert VideoRequest("aigc-video-kling-9", prompt="x").to_magic() == "%kling --model aigc-video-kling-9 x"


def test_settings_in_a_few_words() -> None:
    """The settings are the fields besides the prompt, in the order of a form."""
    request = VideoRequest(
        "3.0", prompt="x", image_list=["https://e.com/1", "https://e.com/2"], seconds=5, sound=False, resolution="720p"
    )
    assert request.settings() == "5 s · 720P · sound off · references (2)"
    assert VideoRequest("3.0", multi_shots=True).settings() == "several shots"
    assert VideoRequest("3.0", multi_shots=False).settings() == ""
    assert VideoRequest("3.0").settings() == ""


@pytest.mark.parametrize("name", FIELDS)
def test_the_example_of_each_field_works_as_an_option(name: str) -> None:
    """The example in the help of an option can be typed, and is valid."""
    field = FIELDS[name]
    if name == "prompt":
        return
    request = parse(f"--{name.replace('_', '-')} {field.example} a prompt").request
    assert request.get("prompt") == "a prompt"
    assert [problem for problem in request.errors() if problem.field == name] == []
    assert request.get(name) is not None


@pytest.mark.parametrize(
    ("fields", "left", "kept"),
    [
        ({"image": "/home/ada/a.png"}, "First frame", {}),
        ({"image": "a.png", "metadata": {"sound": True}}, "First frame", {"sound"}),
        ({"images": ["C:\\a.png", "https://media.example/b.png"]}, "First frame", {"image_tail"}),
        ({"images": ["https://media.example/a.png", "../b.png"]}, "Last frame", {"image"}),
        ({"metadata": {"image_list": ["~/a.png", "https://media.example/b.png"]}}, "References", {"image_list"}),
        ({"metadata": {"video_list": [{"url": "/a.mp4"}]}}, "Video", {}),
        ({"metadata": {"voice_list": '[{"url": "/a.mp3"}]'}}, "Voice", {}),
        (
            {"metadata": {"dynamic_masks": [{"mask_url": "a.png", "trajectories": [{"x": 1, "y": 1}]}]}},
            "Motion brush",
            {},
        ),
        (
            {"image": "https://media.example/a.png", "metadata": {"image": "/b.png", "x": 1}},
            "metadata",
            {"image", "metadata"},
        ),
        ({"image": "<upload: first.png>"}, "First frame", {}),
    ],
)
def test_code_leaves_out_a_path_that_is_nobodys(fields: dict[str, Any], left: str, kept: Any) -> None:
    """Text of a body, a file or a journal is not a local path, but in code it would become one."""
    request = VideoRequest.from_payload({"model": "aigc-video-kling-3.0", "prompt": "a boat", **fields})
    assert request.left_out() == f"Left out, as it is not a link: {left}. Add it before you run this."
    for again in (from_magic(request.to_magic()), from_python(request.to_python())):
        assert again.files() == () and set(again.values) == {"prompt", *kept}
    assert f"# {request.left_out()}" in request.to_python() and request.to_curl().startswith(f"# {request.left_out()}")
    assert "Left out" not in request.to_magic() + request.to_json()
    own = VideoRequest("3.0", prompt="a boat", image="a.png", image_list=["b.png"])
    assert own.left_out() == "" and from_magic(own.to_magic()) == own


@given(junk)
def test_no_body_makes_a_path_of_its_readers(value: Any) -> None:
    """This holds for any body."""
    value = json.loads(to_json(plain(value)))
    for name in FIELDS:
        for body in ({name: value}, {"metadata": {name: value}}):
            try:
                request = VideoRequest.from_payload({"model": "3.0", **body})
            except ValueError:
                continue
            assert from_python(request.to_python()).files() == ()
