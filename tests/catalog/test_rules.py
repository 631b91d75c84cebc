"""Every rule of the service, with requests and the errors and warnings that they cause."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kling_widgets.catalog.rules import RULES
from kling_widgets.request.request import VideoRequest
from tests.core.samples import KEY

A, B = "https://example.com/a.png", "https://example.com/b.png"
VIDEO, VOICE = "https://example.com/v.mp4", "https://example.com/v.mp3"
SHOTS = [{"index": 1, "prompt": "a", "duration": "2"}, {"index": 2, "prompt": "b", "duration": "3"}]
MASK = [{"mask_url": A, "trajectories": [{"x": 1, "y": 1}, {"x": 2, "y": 2}]}]
SIMPLE = {"type": "simple", "config": {"pan": 4}}


def links(count: int) -> list[str]:
    """Return that many different links."""
    return [f"{A}?{number}" for number in range(count)]


OTHER_KEY = "AKIA" + "ABCD1234" * 2
# A model, its fields (beside a prompt), and all problems: "!field" is an error, "field" a warning.
CASES: list[tuple[str, dict[str, Any], str]] = [
    # no problems
    ("2.6", {}, ""),
    ("2.6", {"seconds": 5, "size": "1280x720", "resolution": "720p", "sound": False}, ""),
    ("2.6", {"image": A}, ""),
    ("2.6", {"image": "first.png"}, ""),
    ("2.6", {"image": A, "image_tail": B, "sound": False}, ""),
    ("o1", {"image_list": links(7)}, ""),
    ("3.0", {"seconds": 15}, ""),
    # the model
    ("aigc-video-kling-9", {}, "model"),
    ("aigc-video-kling-9", {"seconds": 20, "sound": True, "voice_list": VOICE, "resolution": "4K"}, "model"),
    ("kling-v2-6", {}, "!model"),
    ("aigc-video-gv-3.1", {}, "!model"),
    ("", {}, "!model"),
    # the prompt
    ("2.6", {"prompt": ""}, "!prompt"),
    ("2.6", {"prompt": " \n"}, "!prompt"),
    ("2.6", {"prompt": None}, "!prompt"),
    ("2.6", {"prompt": None, "metadata": {"prompt": "x"}}, ""),
    ("2.6", {"metadata": {"prompt": "y"}}, "!prompt"),
    ("2.6", {"metadata": {"prompt": "x"}}, ""),
    ("2.6", {"prompt": None, "image": A}, "prompt"),
    ("3.0", {"prompt": None, "image_list": [A]}, "prompt"),
    ("o1", {"prompt": None, "video_list": VIDEO}, "prompt video_list"),
    ("avatar", {"prompt": None, "image": A, "voice_list": VOICE}, "prompt"),
    ("3.0", {"prompt": None, "multi_shots": True, "shot_type": "customize", "multi_prompt": SHOTS}, ""),
    ("2.6", {"prompt": "x" * 2501}, "prompt"),
    # seconds
    ("2.6", {"seconds": "5s"}, "!seconds"),
    ("2.6", {"seconds": 7.5}, "!seconds"),
    ("2.6", {"seconds": 0}, "!seconds"),
    ("2.6", {"seconds": 61}, "seconds"),
    ("aigc-video-kling-9", {"seconds": 61}, "model seconds"),
    ("2.6", {"seconds": -1}, "!seconds"),
    ("2.6", {"seconds": "abc"}, "!seconds"),
    ("2.6", {"seconds": True}, "!seconds"),
    ("2.6", {"seconds": 5.0}, ""),
    ("2.6", {"seconds": "10"}, ""),
    ("2.6", {"seconds": 7}, "seconds"),
    ("3.0", {"seconds": 2}, "seconds"),
    ("3.0-turbo", {"seconds": 16}, "seconds"),
    ("o1", {"seconds": 11}, "seconds"),
    ("o1", {"seconds": 10}, ""),
    ("o1", {"seconds": 7}, "seconds"),
    ("o1", {"seconds": 7, "image": A}, "seconds"),
    ("o1", {"seconds": 7, "image_list": [A]}, ""),
    ("o1", {"seconds": 7, "video_list": VIDEO}, "video_list"),
    ("avatar", {"seconds": 37, "image": A, "voice_list": VOICE}, ""),
    ("2.6", {"duration": 5}, ""),
    ("2.6", {"seconds": 5, "duration": "5"}, ""),
    ("2.6", {"seconds": 5, "duration": 10}, "!seconds"),
    # metadata that could override the body
    ("2.6", {"metadata": {"seconds": "5"}}, "!metadata"),
    ("2.6", {"metadata": {"duration": 5}}, "!metadata"),
    ("2.6", {"metadata": {"model": "x", "model_name": "y"}}, "!metadata !metadata"),
    ("2.6", {"metadata": {"resolution": "720P"}}, ""),
    ("2.6", {"resolution": "720P", "metadata": {"resolution": "1080P"}}, "!resolution"),
    ("2.6", {"sound": True, "metadata": {"sound": "off"}}, "!sound resolution"),
    ("2.6", {"image_tail": A, "image": B, "sound": False, "metadata": {"last_frame_url": B}}, "!image_tail"),
    ("2.6", {"metadata": {"negative_prompt": "x"}}, "metadata"),
    ("2.6", {"metadata": "x"}, "!metadata"),
    ("2.6", {"metadata": {"picture": Path("a.png")}}, "!metadata metadata"),
    # size, ratio, resolution
    ("2.6", {"size": "big"}, "!size"),
    ("2.6", {"size": "640x480"}, "size"),
    ("2.6", {"aspect_ratio": "21:9"}, "aspect_ratio"),
    ("2.6", {"aspect_ratio": "wide"}, "!aspect_ratio"),
    ("2.6", {"size": "1280x720", "aspect_ratio": "16:9"}, ""),
    ("2.6", {"size": "1280x720", "aspect_ratio": "9:16"}, "aspect_ratio"),
    ("2.6", {"size": "1280x720", "image": A}, "size"),
    ("2.6", {"aspect_ratio": "16:9", "image": A}, "aspect_ratio"),
    ("2.6", {"resolution": "1080P"}, ""),
    ("2.6", {"resolution": "2K"}, "resolution"),
    ("2.6", {"resolution": "4K"}, "resolution"),
    ("3.0", {"resolution": "4K"}, ""),
    ("3.0", {"resolution": "2K"}, "resolution"),
    ("2.6", {"resolution": "HD"}, "!resolution"),
    # frames
    ("2.6", {"image_tail": B, "sound": False}, "image_tail"),
    ("2.6", {"image": A, "image_tail": B}, "sound"),
    ("2.6", {"image": A, "image_tail": B, "sound": True}, "sound resolution"),
    ("2.6", {"image": A, "last_frame_url": B, "sound": False}, ""),
    ("2.6", {"images": [A, B], "sound": False}, ""),
    ("2.6", {"metadata": {"image_urls": [A, B]}, "sound": False}, ""),
    ("2.6", {"metadata": {"image_urls": links(3)}}, "!image"),
    ("2.6", {"images": links(3)}, "image"),
    ("2.6", {"images": links(3), "image": B}, "!image"),
    ("o1", {"images": [A, B], "image_tail": A}, "!image image_tail"),
    ("o1", {"images": [A, "b"]}, "image"),
    ("o1", {"images": [A, "ftp://b"]}, "!image image"),
    ("o1", {"images": [A, {"url": B}]}, "!image image"),
    ("avatar", {"images": [A, B], "voice_list": VOICE}, "image"),
    ("2.6-motion-control", {"images": [A, B], "video_list": VIDEO}, "image"),
    ("o1", {"images": [A, B], "prompt": None}, "prompt image"),
    ("o1", {"images": [A, B], "size": "1280x720"}, "size image"),
    ("o1", {"metadata": {"image_urls": [A, B]}}, "image_tail"),
    ("2.6", {"image": A, "images": [B]}, "!image"),
    ("2.6", {"images": {"a": A}}, "!image"),
    ("1.6", {"image": A, "image_tail": B}, "resolution"),
    ("1.6", {"image": A, "image_tail": B, "resolution": "1080P"}, ""),
    ("2.1", {"image": A, "image_tail": B, "resolution": "720P"}, "resolution"),
    ("2.5-turbo", {"image": A, "image_tail": B}, "resolution"),
    ("2.0", {"image": A, "image_tail": B}, ""),
    ("3.0", {"image": A, "image_tail": B}, ""),
    ("o1", {"image": A, "image_tail": B}, "image_tail"),
    ("o1", {"images": [A, B]}, "image"),
    ("o1", {"image": A, "image_tail": B, "image_list": [A]}, "image_tail image_tail"),
    # sound
    ("2.6", {"sound": True}, "resolution"),
    ("2.6", {"sound": True, "resolution": "720P"}, "resolution"),
    ("2.6", {"sound": True, "resolution": "1080P"}, ""),
    ("3.0", {"sound": True}, ""),
    ("3.0-turbo", {"sound": True}, "sound"),
    ("2.6", {"sound": True, "resolution": "1080P", "video_list": VIDEO}, "sound"),
    ("o1", {"sound": False, "video_list": VIDEO}, "sound video_list"),
    # a video to edit
    ("2.6", {"video_list": [{"url": VIDEO, "refer_type": "base"}], "image": A}, "video_list"),
    ("2.6", {"video_list": [{"url": VIDEO, "refer_type": "feature"}], "image": A}, ""),
    ("2.6", {"video_list": [{"url": VIDEO, "refer_type": "base"}]}, ""),
    ("2.6", {"image": "ftp://example.com/a.png"}, "!image"),
    # references
    ("2.6", {"image_list": links(9)}, ""),
    ("2.6", {"image_list": links(10)}, "!image_list"),
    ("1.6", {"image_list": links(4)}, ""),
    ("1.6", {"image_list": links(5)}, "image_list"),
    ("1.6", {"image_list": links(10)}, "!image_list"),
    ("o1", {"image_list": links(8)}, "image_list"),
    ("o1", {"image_list": links(4), "video_list": VIDEO}, "video_list"),
    ("o1", {"image_list": links(5), "video_list": VIDEO}, "video_list image_list"),
    # exclusive controls
    ("2.6", {"camera_control": SIMPLE}, ""),
    ("2.6", {"camera_control": {"type": "simple", "config": {"pan": 1, "tilt": 1}}}, "camera_control"),
    ("2.0", {"camera_control": SIMPLE, "image": A, "image_tail": B}, "camera_control"),
    (
        "2.6-motion-control",
        {"image": A, "dynamic_masks": MASK, "camera_control": SIMPLE},
        "camera_control camera_control",
    ),
    # motion control, avatar, lip sync
    ("2.6-motion-control", {}, "!image video_list"),
    ("3.0-motion-control", {}, "!image video_list"),
    ("3.0-motion-control", {"image": A}, "video_list"),
    ("3.0-motion-control", {"image": A, "video_list": VIDEO}, ""),
    ("3.0-motion-control", {"image": A, "dynamic_masks": MASK}, ""),
    ("3.0-motion-control", {"image": A, "motion_brush": {"any": 1}}, "motion_brush"),
    ("avatar", {"image": A, "voice_list": VOICE}, ""),
    ("avatar", {"image": A}, "voice_list"),
    ("avatar", {"voice_list": VOICE}, "!image"),
    ("identifyface", {"image": A}, "voice_list session_id face_choose"),
    ("identifyface", {"image": A, "voice_list": VOICE}, "session_id face_choose"),
    ("identifyface", {"image": A, "voice_list": VOICE, "session_id": "S"}, "face_choose"),
    ("identifyface", {"image": A, "voice_list": VOICE, "session_id": "S", "face_choose": "F"}, ""),
    ("identifyface", {"image": A, "voice_list": VOICE, "face_choose": [{"id": 1}]}, "session_id"),
    ("avatar", {"image": A, "voice_list": "my voice.mp3"}, "!voice_list"),
    ("o1", {"video_list": "clip.mp4"}, "!video_list video_list"),
    # several shots
    ("3.0", {"multi_shots": True, "shot_type": "customize", "multi_prompt": SHOTS}, ""),
    ("3.0", {"multi_shot": True, "shot_type": "intelligence"}, ""),
    ("3.0", {"multi_prompt": SHOTS}, "multi_shots"),
    ("3.0", {"multi_shots": True, "multi_prompt": SHOTS}, "shot_type"),
    ("3.0", {"multi_shots": True, "shot_type": "customize"}, "multi_prompt"),
    ("3.0", {"multi_shots": True, "shot_type": "customize", "multi_prompt": SHOTS, "seconds": 10}, "multi_prompt"),
    ("3.0", {"multi_shots": True, "shot_type": "customize", "multi_prompt": SHOTS[:1]}, "multi_prompt"),
    ("3.0", {"multi_shots": True, "shot_type": "customize", "multi_prompt": SHOTS, "image": A}, "multi_prompt"),
    ("3.0", {"multi_shots": True, "shot_type": "customize", "multi_prompt": SHOTS[0]}, "multi_prompt"),
    (
        "3.0",
        {"multi_shots": True, "shot_type": "customize", "multi_prompt": [{"index": 1, "prompt": "a"}]},
        "multi_prompt",
    ),
    (
        "3.0",
        {"multi_shots": True, "shot_type": "customize", "multi_prompt": [{"index": 1, "duration": "5"}]},
        "multi_prompt",
    ),
    (
        "3.0",
        {
            "prompt": None,
            "multi_shots": True,
            "shot_type": "customize",
            "multi_prompt": [{"index": 1, "duration": "5"}],
        },
        "!prompt multi_prompt",
    ),
    # elements
    ("3.0", {"prompt": "<<<element_1>>> runs", "element_list": ["e"]}, ""),
    ("3.0", {"kling_elements": ["e"]}, "kling_elements"),
    ("3.0", {"prompt": "<<<element_1>>>", "kling_elements": ["e"], "voice_list": VOICE}, "kling_elements"),
    ("3.0", {"prompt": "<<<element_1>>>", "kling_elements": [{"x": 1}]}, "kling_elements"),
    ("3.0", {"prompt": "<<<element_1>>>", "kling_elements": [{"element_id": ""}]}, "!kling_elements"),
    # names that only related services document
    (
        "3.0",
        {
            "prompt": "<<<element_1>>>",
            "kling_elements": [{"name": "cat", "description": "grey", "element_input_urls": [A]}],
        },
        "kling_elements",
    ),
    (
        "3.0",
        {"prompt": "<<<element_1>>>", "kling_elements": [{"element_input_urls": ["ftp://a"]}]},
        "!kling_elements kling_elements",
    ),
    ("3.0", {"voice_list": [{"voice_id": "v"}]}, "voice_list"),
    ("3.0", {"voice_list": [{"audio_url": VOICE}]}, ""),
    ("3.0", {"voice_list": [{}]}, "!voice_list"),
    ("2.6", {"video_list": [{"video_url": VIDEO}]}, ""),
    ("2.6", {"video_list": [{"video_url": VIDEO, "url": VIDEO}]}, ""),
    ("2.6", {"video_list": [{"video_url": VIDEO, "url": VIDEO + "x"}]}, "!video_list"),
    ("2.6", {"video_list": [{"video_url": VIDEO, "weight": 1}]}, "video_list"),
    ("2.6", {"image_list": [{"image_url": A}, {"url": B}]}, ""),
    ("2.6", {"image_list": [{"url": A, "reference_type": "subject"}, B]}, "image_list"),
    ("2.6", {"image_list": [{"url": A, "image_url": B}]}, "!image_list image_list"),
    ("2.6", {"image_list": [{"url": "ftp://a", "type": 1}]}, "!image_list image_list"),
    ("2.6", {"image_list": [{"url": each, "type": 1} for each in links(10)]}, "!image_list image_list"),
    ("2.6", {"image_list": [{"x": 1}]}, "!image_list"),
    ("3.0-motion-control", {"image": A, "dynamic_masks": [{**MASK[0], "mask": A}]}, ""),
    ("3.0-motion-control", {"image": A, "dynamic_masks": [{**MASK[0], "mask": B}]}, "!dynamic_masks"),
    ("3.0-motion-control", {"image": A, "dynamic_masks": [{"mask": A, "trajectories": MASK[0]["trajectories"]}]}, ""),
    ("3.0", {"prompt": None, "multi_shots": True, "shot_type": "customize", "multi_prompt": ["a", "b"]}, ""),
    (
        "3.0",
        {"multi_shots": True, "shot_type": "customize", "multi_prompt": list("abcd"), "seconds": 3},
        "!multi_prompt",
    ),
    # fields of other models are sent, with a note
    ("1.6", {"sound": True}, "sound"),
    ("3.0", {"video_list": VIDEO}, "video_list"),
    ("avatar", {"image": A, "voice_list": VOICE, "size": "1280x720"}, "size size"),
    # API keys
    ("2.6", {"prompt": f"use {KEY}"}, "!prompt"),
    ("2.6", {"session_id": KEY}, "!session_id session_id"),
    ("2.6", {"image": f"https://example.com/?key={KEY}"}, "!image"),
    ("2.6", {"image": f"{KEY}.png"}, "!image"),
    ("2.6", {"metadata": {"a": [f"x\n{KEY}"]}}, "!metadata metadata"),
    ("2.6", {"metadata": {KEY: 1}}, "!metadata metadata"),
    (f"aigc-video-kling-{KEY}", {}, "!model model"),
    ("2.6", {"prompt": "use sk-…, a boat"}, "!prompt"),  # a masked key is never sent
    ("2.6", {"metadata": {"sk-…": 1}}, "!metadata metadata"),
    # keys of other services: warnings, only in text that people write
    ("2.6", {"prompt": f"use {OTHER_KEY}"}, "prompt"),
    ("2.6", {"metadata": {"a": [f"x\n{OTHER_KEY}"]}}, "metadata metadata"),
    ("2.6", {"image": f"https://example.com/a.png?X-Amz-Credential={OTHER_KEY}"}, ""),
    ("2.6", {"prompt": f"like https://example.com/a.png?X-Amz-Credential={OTHER_KEY}"}, ""),
]


def marks(request: VideoRequest) -> list[str]:
    """Return the problems in the format of ``CASES``."""
    return sorted(("!" if problem.severity == "error" else "") + str(problem.field) for problem in request.problems())


@pytest.mark.parametrize(("model", "fields", "expected"), CASES)
def test_what_each_request_gives(model: str, fields: dict[str, Any], expected: str) -> None:
    """The request has exactly these errors and warnings, in these fields, and a key is never repeated."""
    request = VideoRequest(model, **{"prompt": "x", **fields})
    assert marks(request) == sorted(expected.split())
    assert KEY not in str(request.problems()) and OTHER_KEY not in str(request.problems())


def test_every_rule_speaks_in_the_table() -> None:
    """Every rule has a case."""
    silent = set(RULES)
    for model, fields, _ in CASES:
        request = VideoRequest(model, **{"prompt": "x", **fields})
        silent -= {rule for rule in RULES if any(rule(request.spec, request.values))}
    assert silent == set()


@pytest.mark.parametrize(("model", "fields", "expected"), [case for case in CASES if case[2]])
def test_what_a_fix_says_ends_the_problem(model: str, fields: dict[str, Any], expected: str) -> None:
    """Setting the values of a problem's fix solves it."""
    request = VideoRequest(model, **{"prompt": "x", **fields})
    for problem in request.problems():
        if problem.fix:
            assert problem not in request.replace(**problem.fix).problems()


def test_messages_say_what_to_do() -> None:
    """The messages that people see most often."""
    said = " ".join(map(str, VideoRequest("2.6", image=A, image_tail=B, prompt="x").problems()))
    assert "sound=false" in said
    said = " ".join(map(str, VideoRequest("avatar", prompt="x", image=A, voice_list="v.mp3").problems()))
    assert "Put the audio where everybody can read it and give its http(s) link." in said
    said = " ".join(map(str, VideoRequest("2.6", prompt="x", seconds=5, duration=10).problems()))
    assert "seconds and duration are the same field" in said


@pytest.mark.parametrize(
    ("model", "fields", "asked"),
    [
        ("2.6", {"seconds": 7}, {"seconds"}),
        ("3.0", {"seconds": 2}, {"seconds"}),
        ("o1", {"seconds": 7}, {"seconds"}),
        ("o1", {"seconds": 7, "image_list": [A]}, set()),
        ("3.0", {"camera_control": {"type": "simple", "config": {"zoom": 60}}}, {"camera_control"}),
        ("3.0", {"multi_shots": True, "multi_prompt": [{"prompt": "a", "duration": "0"}]}, {"multi_prompt"}),
        ("3.0", {"multi_shots": True, "multi_prompt": [{"prompt": "a"}]}, set()),
        ("2.5-turbo", {"sound": True}, {"sound"}),
        ("3.0-turbo", {"image": A, "image_tail": B}, {"image_tail"}),
        ("2.6", {"dynamic_masks": MASK, "multi_shots": True}, {"dynamic_masks", "multi_shots"}),
        ("2.6", {"size": "640x480", "aspect_ratio": "21:9", "resolution": "4K", "image_tail": B}, set()),
        ("1.6", {"image_list": links(6), "prompt": "a" * 2600, "metadata": {"seed": 1}}, set()),
        ("aigc-video-kling-9", {"sound": True, "seconds": 33}, set()),
    ],
)
def test_a_number_out_of_range_and_a_field_of_other_models_ask(
    model: str, fields: dict[str, Any], asked: set[str]
) -> None:
    """Both are as likely a mistake as an intention; no other warning asks."""
    request = VideoRequest(model, **{"prompt": "a boat", **fields})
    assert {problem.field for problem in request.problems() if problem.asks} == asked
    assert not request.errors()


@pytest.mark.parametrize(("model", "fields", "expected"), CASES)
def test_an_error_never_asks(model: str, fields: dict[str, Any], expected: str) -> None:
    """An error cannot be confirmed."""
    assert not [each for each in VideoRequest(model, **fields).problems() if each.asks and each.severity == "error"]
