"""Every kind of object in every field is an error before sending, or its plain value, and never its repr."""

from __future__ import annotations

from typing import Any

import pytest

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.model_names import ACCEPTED, ALIASES, FRAME_LISTS
from kling_widgets.core.json_values import kind_of
from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.request import VideoRequest
from tests.core.objects import HOLES, MEANT, WRONG, City
from tests.core.samples import Hostile

LINK = "https://example.com/a.png"
# The fields that complete a request, besides the one under test.
REST = {"prompt": "a boat", "image": LINK}
NESTED = ("multi_prompt", "kling_elements", "camera_control", "dynamic_masks", "video_list", "motion_brush", "metadata")


def asked(**fields: Any) -> VideoRequest:
    """Return a request that is complete with these fields."""
    names = {ALIASES.get(name, name) for name in fields}
    pictures = names & set(FRAME_LISTS)
    return VideoRequest(
        "3.0", **{k: v for k, v in REST.items() if k not in names and not (pictures and k == "image")}, **fields
    )


def refused(request: VideoRequest, name: str) -> str:
    """Return the error of a refused request, which names the field."""
    field = "image" if name in FRAME_LISTS else ALIASES.get(name, name)
    with pytest.raises(InvalidRequestError, match=r"Nothing was sent\.$") as caught:
        request.payload(dict.fromkeys(request.files(), LINK))
    problems = [str(problem) for problem in caught.value.problems if problem.field in (field, name)]
    assert problems, caught.value.problems
    assert "\n" not in str(caught.value)
    assert " at 0x" not in str(caught.value)
    return " ".join(problems)


@pytest.mark.parametrize("kind", WRONG)
def test_what_means_nothing_is_an_error(kind: str) -> None:
    """This holds for every field under every name, and in lists and objects; the error names the field and the kind."""
    value = WRONG[kind]
    called = kind_of(value)
    assert called in ("infinity", type(value).__name__)
    for name in ACCEPTED:
        assert called in refused(asked(**{name: value}), name), name
    for name in NESTED:
        for inner in ([value], {"a": value}, [{"a": {"b": [value]}}]):
            if name != "metadata" or isinstance(inner, dict):
                assert called in refused(asked(**{name: inner}), name), name
    for name, stands in (("image_list", "image_list"), ("images", "image_tail"), ("image_tail", "image_tail")):
        assert called in refused(asked(**{name: [LINK, value]}), stands)
    refused(asked(metadata={"prompt": value}).replace(prompt=None), "prompt")
    assert called in str(VideoRequest(value, prompt="x").errors()[0])


@pytest.mark.parametrize("kind", MEANT)
def test_what_is_plain_is_taken(kind: str) -> None:
    """It is treated like the plain Python value, valid or not."""
    value, plainly = MEANT[kind]
    for name in ACCEPTED:
        request, same = asked(**{name: value}), asked(**{name: plainly})
        assert request == same
        assert request.problems() == same.problems()
    for name in NESTED:
        assert asked(**{name: [{"a": (value,)}]}) == asked(**{name: [{"a": [plainly]}]})
    assert VideoRequest(value) == VideoRequest(plainly)


@pytest.mark.parametrize("kind", HOLES)
def test_a_hole_in_a_table_is_not_set(kind: str) -> None:
    """A missing prompt is an error, and so is a missing value inside an object."""
    hole = HOLES[kind]
    for name in ACCEPTED:
        if name != "prompt":
            assert asked(**{name: hole}) == asked(**{name: None})
            assert asked(metadata={name: hole}) == asked()
    said = refused(asked(prompt=hole), "prompt")
    assert "Prompt: a value is missing" in said
    assert kind_of(hole) in said
    assert "a value is missing" in refused(asked(metadata={"prompt": hole}).replace(prompt=None), "prompt")
    assert asked(image_list=[LINK, hole]) == asked(image_list=[LINK])
    assert "missing" in refused(asked(multi_prompt=[{"index": 1, "prompt": hole, "duration": "5"}]), "multi_prompt")
    assert "missing" in refused(asked(kling_elements=[{"element_id": hole}]), "kling_elements")
    assert VideoRequest(hole).errors()


def test_a_model_may_be_a_number() -> None:
    """A number is treated like the model's name."""
    for number in (2.6, MEANT["np.float32"][0], MEANT["Decimal"][0]):
        assert VideoRequest(number).model == "aigc-video-kling-2.6"  # type: ignore[arg-type]
    assert VideoRequest(3.0).model == "aigc-video-kling-3.0"


@pytest.mark.parametrize("value", [object(), City.__str__, City().__str__, iter("abc"), lambda: 0, len])
def test_what_python_prints_for_an_object_is_no_prompt(value: object) -> None:
    """An f-string can insert such a text; the error names the class."""
    text = f"a view of {value}, at dawn"
    if " at 0x" in text:
        assert "is not text, a number or a path" in refused(asked(prompt=text), "prompt")
        assert refused(asked(multi_prompt=[{"index": 1, "prompt": text, "duration": 5}]), "multi_prompt")
        assert refused(asked(metadata={"style": text}), "metadata")
        assert refused(asked(image=text), "image")


@pytest.mark.parametrize(
    "prompt",
    [
        "a <b> at 0x7f",
        "meet me at 0x7f00aa11>",
        "<a> at 0x7f00aa",
        "<<<element_1>>> at 0x1",
        "<lora:x:0.5> cat",
        "<sks>",
    ],
)
def test_other_angle_brackets_stay(prompt: str) -> None:
    """Other text in angle brackets is kept in the prompt."""
    assert asked(prompt=prompt).errors() == ()


def test_an_object_stays_an_error_on_every_way() -> None:
    """Copying, changing and converting a request to code and back never turn the object into a prompt."""
    request = asked(prompt=Hostile())
    assert refused(request.replace(seconds=10), "prompt")
    assert refused(VideoRequest.from_magic(request.to_magic()), "prompt")
    assert refused(VideoRequest.from_payload(request.draft()), "prompt")
    assert refused(asked(prompt=f"{request.prompt} in the rain"), "prompt")


def test_the_list_is_long_enough() -> None:
    """About 60 kinds are tried, so that the list is not emptied by accident; and each field is checked."""
    assert len({type(value) for value in WRONG.values()}) >= 45
    assert len(MEANT) + len(HOLES) + len(WRONG) >= 80
    assert set(FIELDS) <= set(ACCEPTED)
