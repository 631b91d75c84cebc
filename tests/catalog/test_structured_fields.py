"""Structured fields."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.structured_fields import CAMERA_MOVES

PNG, MP3 = "https://example.com/m.png", "https://example.com/v.mp3"


def shots(*prompts: str, **changes: Any) -> list[dict[str, Any]]:
    """Return valid shots with these changes."""
    return [{"index": n, "prompt": prompt, "duration": "1", **changes} for n, prompt in enumerate(prompts, 1)]


def mask(points: int, url: object = PNG) -> dict[str, Any]:
    """Return a painted region with that many points."""
    return {"mask_url": url, "trajectories": [{"x": n, "y": 0.5} for n in range(points)]}


@pytest.mark.parametrize(
    ("name", "value", "clean"),
    [
        ("voice_list", MP3, [{"url": MP3}]),
        ("voice_list", [MP3], [{"url": MP3}]),
        ("voice_list", {"url": f" {MP3} "}, [{"url": MP3}]),
        ("voice_list", "voice.mp3", [{"url": Path("voice.mp3")}]),
        ("voice_list", f'[{{"url": "{MP3}"}}]', [{"url": MP3}]),
        ("voice_list", [], None),
        ("voice_list", "", None),
        ("video_list", [{"url": MP3, "refer_type": "base"}], [{"url": MP3, "refer_type": "base"}]),
        ("video_list", 5, 5),
        ("kling_elements", "12", [{"element_id": "12"}]),
        ("kling_elements", 12, [{"element_id": 12}]),
        ("kling_elements", ["a", {"element_id": "b"}], [{"element_id": "a"}, {"element_id": "b"}]),
        ("kling_elements", True, True),
        ("camera_control", '{"type": "down_back"}', {"type": "down_back"}),
        *(("camera_control", f" {move} ", {"type": move}) for move in CAMERA_MOVES),
        ("camera_control", "spin", "spin"),
        ("camera_control", ["down_back"], ["down_back"]),
        ("camera_control", "{broken", "{broken"),
        ("camera_control", {}, None),
        ("camera_control", "[" * 100_000, "[" * 100_000),
        ("camera_control", '{"a": NaN}', {"a": "<unusable: NaN>"}),
        ("dynamic_masks", mask(2, "m.png"), [mask(2, Path("m.png"))]),
        ("dynamic_masks", [{"trajectories": []}], [{"trajectories": []}]),
        ("multi_prompt", [{"index": 1, "prompt": "a", "duration": 3}], [{"index": 1, "prompt": "a", "duration": "3"}]),
        ("multi_prompt", [{"prompt": "a"}], [{"prompt": "a"}]),
        ("multi_prompt", {"prompt": "a", "duration": 3}, [{"prompt": "a", "duration": "3"}]),
        *(
            ("multi_prompt", [{"duration": given}], [{"duration": taken}])
            for given, taken in (
                (5.0, "5"),
                ("05", "5"),
                (" 5 ", "5"),
                (0, "0"),
                (-1, "-1"),
                (2.5, "2.5"),
                (" 2.5", "2.5"),
                ("5 s", "5 s"),
                ("9" * 5000, "9" * 5000),
                ("", ""),
                (None, None),
                (True, True),
                ([5], [5]),
            )
        ),
        ("face_choose", "FACE", "FACE"),
        ("face_choose", [{"a": 1}], [{"a": 1}]),
        ("face_choose", 7, "7"),
        ("motion_brush", {"any": [1, {"b": None}]}, {"any": [1, {"b": None}]}),
    ],
)
def test_a_value_in_its_one_form(name: str, value: Any, clean: Any) -> None:
    """A link becomes a list of links, JSON text is parsed, and a single item becomes a list."""
    assert FIELDS[name].clean(value, paths=True) == clean


@pytest.mark.parametrize(
    ("name", "value"),
    [("voice_list", ["v.mp3"]), ("video_list", [{"url": "v.mp4"}]), ("dynamic_masks", [mask(2, "m.png")])],
)
def test_nested_text_from_elsewhere_is_never_a_path(name: str, value: Any) -> None:
    """It stays text, which is an error."""
    field = FIELDS[name]
    cleaned = field.clean(value, paths=False)
    assert "Path" not in repr(cleaned)
    assert [problem.severity for problem in field.check(cleaned)] == ["error"]


@pytest.mark.parametrize(
    ("name", "value", "severities"),
    [
        ("voice_list", [{"url": MP3}], []),
        ("voice_list", [{"url": MP3}, {"url": MP3}], ["warning"]),
        ("voice_list", [{"url": "x"}], ["error"]),
        ("voice_list", [{}], ["error"]),
        ("voice_list", [5], ["error"]),
        ("voice_list", {"url": MP3}, ["error"]),
        ("video_list", [{"url": MP3, "refer_type": "feature", "keep_original_sound": "no"}], []),
        ("video_list", [{"url": MP3, "refer_type": "x", "keep_original_sound": True}], ["warning", "warning"]),
        ("multi_prompt", shots("a", "b"), []),
        ("multi_prompt", shots(*"abcdef"), []),
        ("multi_prompt", shots(*"abcdefg"), ["warning"]),
        ("multi_prompt", shots("a" * 512), []),
        ("multi_prompt", shots("a" * 513), ["warning"]),
        ("multi_prompt", shots("a", duration="0"), ["warning"]),
        ("multi_prompt", shots("a", duration="1.5"), ["warning"]),
        ("multi_prompt", shots("a", duration=None), ["warning"]),
        ("multi_prompt", shots("a", duration=[5]), ["warning"]),
        ("multi_prompt", shots("a", prompt=5), ["warning"]),
        ("multi_prompt", shots("a", prompt=None), ["warning"]),
        ("multi_prompt", shots(" "), ["warning"]),
        ("multi_prompt", [{"index": 1}, {"index": 2}], ["warning"] * 4),
        ("multi_prompt", shots("a", "b", index=1), ["warning"]),
        ("multi_prompt", shots("a", index="1"), ["warning"]),
        ("multi_prompt", "a, then b", ["error"]),
        ("multi_prompt", ["a"], []),  # reported by a rule, as their length depends on the clip
        ("multi_prompt", ["a", {"prompt": "b"}], ["error"]),
        ("multi_prompt", [{"index": 1, "prompt": "a", "duration": "5", "camera": "left"}], ["warning"]),
        ("kling_elements", [{"element_id": "a"}] * 3, []),
        ("kling_elements", [{"element_id": "a"}] * 4, ["warning"]),
        ("kling_elements", [{}], ["error"]),
        ("kling_elements", [{"element_id": ""}], ["error"]),
        ("kling_elements", "a", ["error"]),
        ("camera_control", {"type": "down_back"}, []),
        ("camera_control", {"type": "simple", "config": {"pan": -10}}, []),
        ("camera_control", {"type": "simple", "config": {"pan": 4, "tilt": 0, "zoom": 0}}, []),
        ("camera_control", {"type": "simple", "config": {"pan": 4, "tilt": 1}}, ["warning"]),
        ("camera_control", {"type": "simple", "config": {"pan": 0}}, ["warning"]),
        ("camera_control", {"type": "simple"}, ["warning"]),
        ("camera_control", {"type": "simple", "config": {"pan": 11}}, ["warning"]),
        ("camera_control", {"type": "simple", "config": {"pan": "fast"}}, ["warning"]),
        ("camera_control", {"type": "simple", "config": {"pan": True}}, ["warning"]),
        ("camera_control", {"type": "simple", "config": {"dolly": 4}}, ["warning"]),
        ("camera_control", {"type": "simple", "config": [1]}, ["error"]),
        ("camera_control", {"type": "down_back", "config": {"pan": 1}}, ["warning"]),
        ("camera_control", {"type": "spin"}, ["warning"]),
        ("camera_control", {"config": {}}, ["error"]),
        ("camera_control", "pan left", ["error"]),
        ("dynamic_masks", [mask(0)], ["warning"]),
        ("dynamic_masks", [mask(2)], []),
        ("dynamic_masks", [mask(77)], []),
        ("dynamic_masks", [mask(1)], ["warning"]),
        ("dynamic_masks", [mask(78)], ["warning"]),
        ("dynamic_masks", [mask(2)] * 6, []),
        ("dynamic_masks", [mask(2)] * 7, ["warning"]),
        ("dynamic_masks", [mask(2, Path("m.png"))], []),
        ("dynamic_masks", [mask(2, "x")], ["error"]),
        ("dynamic_masks", [{"mask_url": PNG}], ["error"]),
        ("dynamic_masks", [{"mask_url": PNG, "trajectories": [{"x": 1}, {"x": 1, "y": "2"}]}], ["error"]),
        ("dynamic_masks", [{"mask_url": PNG, "trajectories": [{"x": True, "y": 1}]}], ["error"]),
        ("dynamic_masks", "x", ["error"]),
        ("face_choose", [{"anything": 1}], []),
        ("motion_brush", "anything", []),
    ],
)
def test_what_is_wrong_with_a_value(name: str, value: Any, severities: list[str]) -> None:
    """A wrong structure is an error with an example; exceeding a documented limit is a warning."""
    problems = list(FIELDS[name].check(value))
    assert [problem.severity for problem in problems] == severities
    assert all(problem.field == name for problem in problems)


def test_what_was_found_before_a_wrong_shape_is_kept() -> None:
    """One problem does not hide another."""
    problems = list(FIELDS["dynamic_masks"].check([mask(1), mask(2, "x"), {"mask_url": PNG, "trajectories": 5}]))
    assert [problem.severity for problem in problems] == ["warning", "error", "error"]
    assert "For example" in problems[-1].hint


@pytest.mark.parametrize(("name", "media"), [("video_list", "video"), ("voice_list", "audio")])
def test_only_pictures_can_be_uploaded(name: str, media: str) -> None:
    """A local video or sound is an error that asks for a public link (D)."""
    (problem,) = FIELDS[name].check([{"url": Path("my/clip.mp4")}])
    assert problem.severity == "error"
    assert "clip.mp4" in problem.message
    assert f"Put the {media} where everybody can read it and give its http(s) link." == problem.hint


def test_an_unfinished_region_says_what_it_still_needs() -> None:
    """A missing mask and a missing path are separate errors, and the next regions are checked too."""
    problems = list(FIELDS["dynamic_masks"].check([{}, {"mask_url": PNG}, {"trajectories": mask(2)["trajectories"]}]))
    assert [(problem.severity, problem.message) for problem in problems] == [
        ("error", "Motion brush 1 has no mask."),
        ("error", "Motion brush 1 has no path."),
        ("error", "Motion brush 2 has no path."),
        ("error", "Motion brush 3 has no mask."),
    ]
