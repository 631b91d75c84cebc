"""The draft behind a form: what was typed, for this model and for others."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_widgets.catalog.all_fields import FIELDS, IMAGES
from kling_widgets.catalog.models import MODELS
from kling_widgets.notebook.form.draft import Draft
from kling_widgets.request.request import VideoRequest

SOUND, IMAGE = FIELDS["sound"], FIELDS["image"]
TURBO, THREE = MODELS["aigc-video-kling-3.0-turbo"], MODELS["aigc-video-kling-3.0"]


def test_it_is_the_request_that_it_was_made_of() -> None:
    """Also with fields that are not documented for the model, with paths and with errors."""
    request = VideoRequest("2.1", prompt="x", sound=True, image="first.png", seconds="abc", metadata={"a": 1})
    assert Draft(request).request == request


def test_what_the_model_does_not_take_waits() -> None:
    """It is not sent with another model, and is there when the first one comes back."""
    draft = Draft(VideoRequest("3.0", prompt="x", sound=True))
    draft.model = TURBO
    assert draft.request == VideoRequest("3.0-turbo", prompt="x")
    assert draft.get(SOUND) is None
    draft.set_typed(SOUND, False)  # under "Not documented for this model"
    assert draft.request.get("sound") is False
    draft.model = THREE
    assert draft.request.get("sound") is True


def test_text_from_elsewhere_is_no_path_until_it_is_typed() -> None:
    """A body's "first.png" is nobody's file; the same words typed here are the user's own."""
    draft = Draft(VideoRequest.from_payload({"model": "aigc-video-kling-2.6", "prompt": "x", "image": "first.png"}))
    assert draft.omitted == [IMAGE]
    assert "image" not in draft.request.values
    draft.set_typed(IMAGE, "first.png")
    assert draft.request.files() == (Path("first.png"),)
    assert draft.touched == {"image"}


def test_values_that_nobody_typed_touch_nothing() -> None:
    """A fix or a preset sets fields; the user has not touched them."""
    draft = Draft(VideoRequest("3.0"))
    draft.set_values({"sound": False, "image": "https://example.com/a.png"})
    assert draft.request == VideoRequest("3.0", sound=False, image="https://example.com/a.png")
    draft.set_values({"image": None})
    assert draft.request == VideoRequest("3.0", sound=False)
    assert draft.touched == set()


def test_to_a_model_that_was_offered_all_goes_along() -> None:
    """Also values that the previous model did not take: the other one was offered for them."""
    draft = Draft(VideoRequest("3.0-turbo", prompt="x", image="first.png", sound=True))
    draft.switch_model(THREE)
    assert draft.request == VideoRequest("3.0", prompt="x", image="first.png", sound=True)
    draft.model = TURBO
    assert draft.request.get("image") == Path("first.png")


FOREIGN = [
    {"image": "~/secret.png"},
    {"metadata": {"image_list": ["https://example.com/a.png\n/home/me/private.png"]}},
    {"metadata": {"image_list": ["https://example.com/a.png", "https://example.com/b.png\u2028private.png"]}},
    {"metadata": {"voice_list": [{"url": "/home/me/secret.wav"}]}},
    {"metadata": {"video_list": "secret.mp4"}},
    {"metadata": {"dynamic_masks": {"mask_url": "secret.png", "trajectories": []}}},
    {"metadata": {"dynamic_masks": '[{"mask_url": "https://example.com/a.png"}, {"mask_url": "secret.png"'}},
]


@pytest.mark.parametrize("body", FOREIGN)
def test_no_part_of_a_foreign_value_becomes_a_path(body: dict[str, object]) -> None:
    """Neither by a line break in a link, nor in a list, a clip or invalid JSON: it is omitted, with a note."""
    draft = Draft(VideoRequest.from_payload({"model": "aigc-video-kling-2.6", "prompt": "x", **body}))
    assert len(draft.omitted) == 1
    assert draft.request == VideoRequest("2.6", prompt="x")


def test_what_is_shown_in_another_way_is_not_typed() -> None:
    """A control that shows the same value as JSON, or a list as lines, makes nothing the user's own."""
    link = {"url": "ftp://example.com/a.mp4"}
    request = VideoRequest.from_payload({"model": "aigc-video-kling-2.6", "metadata": {"video_list": [link]}})
    draft = Draft(request)
    draft.set_typed(FIELDS["video_list"], '[{"url": "ftp://example.com/a.mp4"}]')
    assert draft.request == request
    draft.set_typed(FIELDS["video_list"], '[{"url": "mine.mp4"}]')
    assert draft.request.files() == (Path("mine.mp4"),)


A, B, C = (f"https://example.com/{name}.png" for name in "abc")
TAIL, REFERENCES = FIELDS["image_tail"], FIELDS["image_list"]


@pytest.mark.parametrize(
    ("model", "second"),
    [
        ("o1", {"image_list": [B]}),
        ("3.0-turbo", {"image_list": [B]}),
        ("avatar", {"image_tail": B}),
        ("2.6-motion-control", {"image_tail": B}),
    ],
)
def test_to_edit_one_of_two_pictures_is_to_decide(model: str, second: dict[str, object]) -> None:
    """As long as nobody does, they are sent as they are; the first shows as the first frame."""
    draft = Draft(VideoRequest(model, prompt="x", images=[A, B]))
    assert draft.request == VideoRequest(model, prompt="x", images=[A, B])
    assert (draft.get(IMAGE), draft.get(TAIL), draft.get(REFERENCES)) == (A, None, None)
    draft.set_typed(FIELDS["prompt"], "y")
    assert draft.request.get("images") == [A, B]
    assert draft.set_typed(IMAGE, C) == set(second)
    assert draft.request == VideoRequest(model, prompt="y", image=C, **second)


def test_to_add_a_reference_keeps_the_second_picture() -> None:
    """A value typed below it replaces the one shown there, and the first stays the first."""
    draft = Draft(VideoRequest("o1", prompt="x", images=[A, B], image_list=[C]))
    assert draft.set_typed(TAIL, C) == {"image", "image_list"}
    assert draft.request == VideoRequest("o1", prompt="x", image=A, image_list=[C, B], image_tail=C)


def test_with_a_last_frame_two_pictures_are_both_frames() -> None:
    """As soon as the model has one; three are a first frame and references once one is edited."""
    draft = Draft(VideoRequest("o1", prompt="x", images=[A, B]))
    draft.model = THREE
    assert (draft.get(IMAGE), draft.get(TAIL)) == (A, B)
    draft.set_typed(TAIL, C)
    assert draft.request == VideoRequest("3.0", prompt="x", image=A, image_tail=C)
    draft = Draft(VideoRequest("3.0", prompt="x", images=[A, B, C]))
    draft.set_typed(IMAGE, C)
    assert draft.request == VideoRequest("3.0", prompt="x", image=C, image_list=[B, C])


def test_two_pictures_of_a_stranger_are_no_files() -> None:
    """Not when they come, and not when one of them is edited."""
    body = {"model": "aigc-video-kling-o1", "prompt": "x", "images": [A, "/etc/passwd"]}
    draft = Draft(VideoRequest.from_payload(body))
    assert draft.omitted == [IMAGES] and "images" not in draft.request.values
    draft = Draft(VideoRequest.from_payload({**body, "images": [A, "ftp://x"]}))
    draft.set_typed(IMAGE, "mine.png")
    assert draft.request.files() == (Path("mine.png"),)
    assert draft.request.get("image_list") == ["ftp://x"]


def test_a_stranger_s_path_in_an_object_is_no_file() -> None:
    """In a reference that says more than its link, and in an element that is described."""
    metadata = {"image_list": [{"url": "a.png", "type": 1}], "kling_elements": [{"element_input_urls": ["b.png"]}]}
    draft = Draft(VideoRequest.from_payload({"model": "aigc-video-kling-3.0", "prompt": "x", "metadata": metadata}))
    assert [field.name for field in draft.omitted] == ["image_list", "kling_elements"]
    assert draft.request.files() == ()
