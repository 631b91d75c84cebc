"""Conversion between values and the JSON body."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.catalog.model_names import resolve
from kling_widgets.catalog.models import MODELS, Model, models
from kling_widgets.catalog.shot_fields import split_evenly
from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.body import from_body, normalise, to_body
from kling_widgets.request.request import VideoRequest
from tests.core.samples import BODIES, KEY, given_fields, junk

A, B, C = (f"https://example.com/{name}.png" for name in "abc")
KLING_26, O1 = MODELS["aigc-video-kling-2.6"], MODELS["aigc-video-kling-o1"]
SHOTS = [{"index": 1, "prompt": "a", "duration": "2"}, {"index": 2, "prompt": "b", "duration": "3"}]


@pytest.mark.parametrize(
    ("given_values", "values"),
    [
        ({"duration": "10"}, {"seconds": 10}),
        ({"last_frame_url": B, "image": A}, {"image": A, "image_tail": B}),
        ({"multi_shot": "on"}, {"multi_shots": True}),
        ({"element_list": ["x"]}, {"kling_elements": [{"element_id": "x"}]}),
        ({"seconds": 5, "duration": "5"}, {"seconds": 5}),
        ({"images": [A]}, {"image": A}),
        ({"images": A}, {"image": A}),
        ({"images": [A, B]}, {"image": A, "image_tail": B}),
        ({"images": []}, {}),
        ({"images": None, "prompt": None}, {}),
        ({"metadata": {"image_urls": [A, B]}}, {"image": A, "image_tail": B}),
        ({"image": A, "images": [A, B]}, {"image": A, "image_tail": B}),
        ({"images": [A, B], "image_list": [C], "metadata": {}}, {"image_list": [C], "image": A, "image_tail": B}),
        ({"image_tail": C, "metadata": {"image_urls": [A, B]}}, {"image_tail": C, "image": A}),
        ({"metadata": {"image_tail": C, "image_urls": [A, B]}}, {"image_tail": C, "image": A}),
        ({"metadata": {"resolution": "720p", "sound": "off"}}, {"resolution": "720P", "sound": False}),
        ({"metadata": {"prompt": "x"}}, {"prompt": "x"}),
        ({"prompt": "x", "metadata": {"prompt": " x "}}, {"prompt": "x"}),
        ({"metadata": {"motion_brush": {"any": 1}}}, {"motion_brush": {"any": 1}}),
        ({"metadata": {"cfg_scale": 0.5, "x": None}}, {"metadata": {"cfg_scale": 0.5}}),
        ({"multi_prompt": SHOTS, "prompt": "a b"}, {"multi_prompt": SHOTS}),
        ({"multi_prompt": SHOTS, "prompt": "more"}, {"multi_prompt": SHOTS, "prompt": "more"}),
    ],
)
def test_many_ways_to_say_the_same(given_values: dict[str, Any], values: dict[str, Any]) -> None:
    """Aliases, frames in lists and fields in metadata have the same normal form."""
    assert normalise(KLING_26, given_values) == values


@pytest.mark.parametrize(
    ("given_values", "left"),
    [
        ({"seconds": 5, "duration": 10}, {"duration": 10}),
        ({"image": A, "images": [B]}, {"images": [B]}),
        ({"images": [A, B, C], "image": B}, {"images": [A, B, C], "image": B}),
        ({"image_urls": [A, B, C]}, {"image_urls": [A, B, C]}),
        ({"images": [A, B], "metadata": {"image_urls": [A, C]}}, {"metadata": {"image_urls": [A, C]}}),
        ({"images": 5}, {"images": 5}),
        ({"image_tail": C, "images": [A, B]}, {"images": [A, B]}),
        ({"resolution": "720P", "metadata": {"resolution": "4K"}}, {"metadata": {"resolution": "4K"}}),
        ({"metadata": {"seconds": "5"}}, {"metadata": {"seconds": "5"}}),
        ({"metadata": "x"}, {"metadata": "x"}),
    ],
)
def test_what_contradicts_is_kept_under_its_own_name(given_values: dict[str, Any], left: dict[str, Any]) -> None:
    """Nothing is decided for the user; a rule reports the contradiction."""
    values = normalise(KLING_26, given_values)
    assert {name: values.get(name) for name in left} == left


# Models without a last frame, according to the service's page.
NO_LAST = [model for model in models() if "image_tail" not in model.by_name]


@pytest.mark.parametrize("model", models(), ids=lambda model: model.name)
def test_the_second_of_image_urls_is_the_last_frame(model: Model) -> None:
    """This holds for every model (S): the page says "last frame or reference" of ``images`` only."""
    given_values = {"metadata": {"image_urls": [A, B]}}
    assert normalise(model, given_values) == {"image": A, "image_tail": B}
    for name in ("image_tail", "last_frame_url"):
        beaten = {"metadata": {"image_urls": [A, B], name: C}}
        assert normalise(model, beaten) == {"image": A, "image_tail": C}  # B is dropped


@pytest.mark.parametrize("model", NO_LAST, ids=lambda model: model.name)
def test_of_images_the_service_decides_where_there_is_no_last_frame(model: Model) -> None:
    """The second picture stays in the list as it was given, and is reported only once."""
    assert normalise(model, {"images": [A, B]}) == {"images": [A, B]}
    assert to_body(model, {"images": [A, B]}) == {"model": model.id, "images": [A, B], "seconds": "5"}
    assert normalise(model, {"images": [A, B], "image": A}) == {"images": [A, B]}
    assert normalise(model, {"images": [A, B], "image_tail": B}) == {"image": A, "image_tail": B}
    assert normalise(model, {"images": [A, B], "image_list": [C]}) == {"images": [A, B], "image_list": [C]}
    assert normalise(model, {"images": [A]}) == {"image": A}


@pytest.mark.parametrize("model", models(), ids=lambda model: model.name)
def test_more_than_two_images_stay(model: Model) -> None:
    """They are not documented, and are sent as they are."""
    assert normalise(model, {"images": [A, B, C]}) == {"images": [A, B, C]}
    assert to_body(model, {"images": [A, B, C]})["images"] == [A, B, C]


@pytest.mark.parametrize(
    ("texts", "seconds", "lengths"),
    [
        (["a", "b"], None, ["3", "2"]),
        (["a", "b", "c"], 10, ["4", "3", "3"]),
        (["a"], 15, ["15"]),
        (["a", "b", "c", "d", "e"], 5, ["1"] * 5),
        ("a", None, ["5"]),
    ],
)
def test_texts_are_shots_that_share_the_seconds(texts: Any, seconds: int | None, lengths: list[str]) -> None:
    """The seconds are shared evenly, the first shots getting the remainder, under either name of the seconds."""
    for name in ("seconds", "duration"):
        shots = normalise(MODELS["aigc-video-kling-3.0"], {"multi_prompt": texts, name: seconds})["multi_prompt"]
        assert [shot["duration"] for shot in shots] == lengths
        assert [shot["prompt"] for shot in shots] == list(texts)
        assert [shot["index"] for shot in shots] == [*range(1, len(texts) + 1)]


@given(st.lists(st.text(min_size=1), min_size=1, max_size=20), st.integers(1, 200))
def test_split_shots_fill_the_clip(texts: list[str], seconds: int) -> None:
    """Each shot has at least a second, none is longer than one before it, and they fill the clip; or none is made."""
    lengths = [int(shot["duration"]) for shot in split_evenly(texts, seconds)]
    if len(texts) > seconds:
        assert lengths == []
    else:
        assert sum(lengths) == seconds and min(lengths) >= 1
        assert lengths == sorted(lengths, reverse=True) and lengths[0] - lengths[-1] <= 1


@pytest.mark.parametrize("model", models(), ids=lambda model: model.name)
def test_seconds_are_always_sent(model: Model) -> None:
    """5 if not set, as in the eight bodies of the page; a draft has none."""
    assert to_body(model, {"prompt": "x"})["seconds"] == "5"
    assert to_body(model, {"prompt": "x", "seconds": 7})["seconds"] == "7"
    assert "seconds" not in VideoRequest(model, prompt="x").draft()


def test_a_foreign_name_holds_no_path() -> None:
    """Such text stays text, in metadata too, while the user's own path becomes a file."""
    values = normalise(KLING_26, {"image": "a.png", "image_tail": "b.png"}, untrusted={"image_tail"})
    assert values == {"image": Path("a.png"), "image_tail": "b.png"}
    assert normalise(KLING_26, {"metadata": {"image_tail": "b.png"}}, untrusted={"metadata"}) == {"image_tail": "b.png"}
    assert normalise(KLING_26, {"images": ["a.png"]}, untrusted={"images"}) == {"image": "a.png"}
    assert normalise(KLING_26, {"images": ["a.png", Path("b.png")]}) == {
        "image": Path("a.png"),
        "image_tail": Path("b.png"),
    }


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_keeps_the_order_of_the_service_page(body: dict[str, Any]) -> None:
    """The order is the page's in the text too, except within metadata."""
    name, given_values = from_body(body)
    model, _ = resolve(name)
    again = to_body(model, normalise(model, given_values, given_values))
    order = ["model", "prompt", "image", "images", "size", "seconds", "metadata"]
    assert again == body
    assert list(again) == [key for key in order if key in body]


def test_frames_travel_as_the_page_shows() -> None:
    """One is sent as ``image``, two as ``images``, and a last frame alone in metadata."""
    assert to_body(KLING_26, {"image": A}) == {"model": KLING_26.id, "image": A, "seconds": "5"}
    both = {"model": KLING_26.id, "images": [A, B], "seconds": "5"}
    assert to_body(KLING_26, {"image": A, "image_tail": B}) == both
    assert to_body(KLING_26, {"image_tail": B})["metadata"] == {"image_tail": B}
    assert to_body(O1, {"image": A, "image_tail": B}) == {
        "model": O1.id,
        "image": A,
        "seconds": "5",
        "metadata": {"image_tail": B},
    }


def test_what_is_sent_is_what_the_gateway_reads() -> None:
    """Seconds are sent as text, the switch as true or false, and the shots' prompts as one prompt."""
    body = to_body(KLING_26, {"seconds": 5, "sound": True, "multi_prompt": SHOTS, "metadata": {"seed": 1}})
    assert body["seconds"] == "5"
    assert body["prompt"] == "a b"
    assert body["metadata"] == {"sound": True, "multi_prompt": SHOTS, "seed": 1}


def test_links_replace_paths_wherever_they_stand() -> None:
    """Masks are included, and the original values do not change."""
    request = VideoRequest(
        KLING_26, image=Path("a.png"), dynamic_masks=[{"mask_url": Path("m.png"), "trajectories": []}]
    )
    body = request.body(lambda path: f"https://example.com/{path}")
    assert body["image"] == A
    assert body["metadata"]["dynamic_masks"][0]["mask_url"] == "https://example.com/m.png"
    assert request.image == Path("a.png")
    assert request.body(str)["image"] == "a.png"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([], "A request is a JSON object, not “[]”"),
        ("text", "A request is a JSON object"),
        (None, "A request is a JSON object"),
        ({"model": "x", "second": 5}, "Did you mean seconds"),
        ({"model": "x", "resolution": "720P"}, "resolution is at the top level of the body. Move it into metadata."),
        ({"model": "x", "image_urls": [A]}, "Move it into metadata."),
        ({"model": "x", "mode": "pro"}, "There is no field “mode”"),
        ({KEY: 1}, "There is no field “sk-…”"),
        ([KEY], 'not “["sk-…"]”'),
    ],
)
def test_a_body_that_is_none(body: object, said: str) -> None:
    """The gateway silently ignores unknown keys (R); here they are errors that say where the keys belong."""
    with pytest.raises(InvalidRequestError) as caught:
        from_body(body)
    assert said in str(caught.value)
    assert KEY not in str(caught.value)


@given(given_fields())
def test_the_one_form_is_final(asked: tuple[str, dict[str, Any]]) -> None:
    """Normalising twice changes nothing, whether the values are trusted or not."""
    model, _ = resolve(asked[0])
    values = normalise(model, asked[1])
    assert normalise(model, values) == values
    assert normalise(model, values, untrusted=values) == values


@given(junk)
def test_any_body_is_taken_or_refused(body: object) -> None:
    """No other exception is raised."""
    try:
        from_body(body)
    except InvalidRequestError as error:
        assert KEY not in str(error)
