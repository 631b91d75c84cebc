"""Names of models and fields as people type them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from kling_widgets.catalog.all_fields import FIELDS, PREFIX
from kling_widgets.catalog.model_names import ALIASES, model, nearest, resolve, unknown_fields
from kling_widgets.catalog.models import models
from kling_widgets.errors import InvalidRequestError
from tests.core.samples import KEY, junk


@pytest.mark.parametrize("known", models(), ids=lambda known: known.name)
def test_a_model_by_id_or_short_name(known: object) -> None:
    """In any case, with whitespace around it, or the model itself."""
    found = next(each for each in models() if each is known)
    for name in (found.id, found.name, found.id.upper(), f" {found.name} "):
        assert resolve(name) == (found, None)
    assert resolve(found) == (found, None)


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("kling-v1-6", "1.6"),
        ("kling-v2", "2.0"),
        ("kling-v2-1", "2.1"),
        ("kling-v2-1-std", "2.1"),
        ("kling-v2-6-pro", "2.6"),
        ("kling-v2-5-turbo-pro", "2.5-turbo"),
        ("kling-v2-5-turbo", "2.5-turbo"),
        ("kling-v2-6", "2.6"),
        ("kling-v3", "3.0"),
        ("kling-v3-turbo", "3.0-turbo"),
        ("kling-v2-6-motion-control", "2.6-motion-control"),
        ("kling-v3-motion-control", "3.0-motion-control"),
        ("kling-video-o1", "o1"),
        ("kling-o1", "o1"),
        ("kling-avatar", "avatar"),
        ("kling-2.6", "2.6"),
        ("Kling-V2-6", "2.6"),
    ],
)
def test_names_of_kling_s_own_line_are_refused_with_the_right_one(name: str, right: str) -> None:
    """Such names can reach another line of models, at other prices (S)."""
    found, problem = resolve(name)
    assert problem and problem.severity == "error" and problem.field == "model"
    assert f"Use {PREFIX}{right}:" in problem.hint
    assert problem.fix == {"model": PREFIX + right}
    assert not found.known


# Every known name of Kling's own API, by its parts, and some possible future ones.
NATIVE = [
    f"kling-v{version}{kind}{mode}"
    for version in ("1", "1-5", "1-6", "2", "2-0", "2-1", "2-5", "2-6", "3", "3-0", "4", "4-0")
    for kind in ("", "-turbo", "-master", "-omni", "-motion-control")
    for mode in ("", "-pro", "-std")
] + ["kling-video-o1", "kling-video-o3", "kling-image-o1", "kling-o1-pro"]


@pytest.mark.parametrize("name", NATIVE)
def test_only_the_very_model_is_offered_by_a_button(name: str) -> None:
    """A similar name is another model, at another price: then all models are listed, and there is no fix."""
    _, problem = resolve(name)
    assert problem and problem.severity == "error"
    if not problem.fix:
        assert all(known.name in problem.hint for known in models()) and "Use " not in problem.hint
        return
    right = str(problem.fix["model"]).removeprefix(PREFIX)
    plain = re.sub("-(pro|std)$", "", name).replace("kling-video-", "").replace("kling-v", "").replace("kling-", "")
    version, kind = re.fullmatch(r"(\d(?:-\d)?|o1)(-\D+)?", plain).groups()  # type: ignore[union-attr]
    versions = {version.replace("-", "."), f"{version}.0"}
    assert right in {each + (kind or "") for each in versions}


@pytest.mark.parametrize(
    "name", ["kling-v1", "kling-v4-0", "kling-v3-omni", "kling-v2-master", "kling-v2-1-master-pro"]
)
def test_another_model_of_kling_s_own_line_has_no_button(name: str) -> None:
    """This holds however similar its name is to one of this line."""
    _, problem = resolve(name)
    assert problem and problem.severity == "error" and not problem.fix and "name of another line" in problem.message


@pytest.mark.parametrize("before", ["aigc-video-kling-", "kling-v", "kling-", ""])
@pytest.mark.parametrize("name", ["3.1", "3.1-fast", "3.1-lite", "3-1", "3.1-Pro"])
def test_3_1_is_veo_s(before: str, name: str) -> None:
    """According to the service's page, such a name is refused, not treated as a new model."""
    _, problem = resolve(before + name)
    assert problem and problem.severity == "error" and "3.1" in problem.hint and "Veo" in problem.hint
    assert not problem.fix


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("aigc-video-gv-3.1", "Google Veo"),
        ("sora-2", "is not a model of this service"),
        ("kling-zzzzzz", "is not a model of this service"),
        ("kling-identify-face", "Did you mean identifyface"),
        ("2.5turbo", "Did you mean 2.5-turbo"),
        ("avatr", "Did you mean avatar"),
        ("", "No model is chosen"),
        (None, "No model is chosen"),
        ("  ", "No model is chosen"),
    ],
)
def test_other_names_are_refused_with_the_nearest(name: str | None, said: str) -> None:
    """Names of other lines, misspelt names, and an empty name are refused."""
    _, problem = resolve(name)
    assert problem and problem.severity == "error"
    assert said in str(problem)


@pytest.mark.parametrize("name", ["aigc-video-kling-9", "aigc-video-kling-3.2", "AIGC-video-kling-4.0-turbo"])
def test_a_newer_model_is_allowed_with_a_warning_and_all_fields(name: str) -> None:
    """The catalog may be older than the service."""
    found, problem = resolve(name)
    assert problem and problem.severity == "warning"
    assert found.id == name.lower()
    assert found.fields == tuple(FIELDS.values())
    assert not found.known


def test_a_newer_model_names_what_is_near() -> None:
    """The name may be misspelt."""
    _, problem = resolve("aigc-video-kling-2.5-turb")
    assert problem and "2.5-turbo" in problem.hint


def test_numbers_are_names_too() -> None:
    """``VideoRequest(2.6)`` is what people type."""
    assert resolve(2.6)[0].name == "2.6"
    assert resolve(3.0)[0].name == "3.0"


@given(junk)
def test_any_name_gives_a_model(name: object) -> None:
    """So a mistaken request can still be shown."""
    found, problem = resolve(name)
    assert found.known or problem
    assert KEY not in str(problem)


def test_model_finds_or_says_which_there_are() -> None:
    """``kw.model`` returns the model, or names similar ones."""
    assert model("3.0").title == "Kling 3.0"
    with pytest.raises(InvalidRequestError, match="Did you mean avatar") as caught:
        model("avatarr")
    assert caught.value.problems[0].field == "model"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("imagetail", "image_tail"),
        ("sond", "sound"),
        ("aspect", "aspect_ratio"),
        ("Prompt", "prompt"),
        ("second", "seconds"),
    ],
)
def test_a_misspelt_field_gets_the_nearest(name: str, near: str) -> None:
    """The gateway would silently ignore it (R)."""
    (problem,) = unknown_fields([name])
    assert problem.severity == "error"
    assert near in problem.hint


def test_a_field_like_no_other_goes_into_metadata() -> None:
    """A field that the catalog lacks can still be sent."""
    (problem,) = unknown_fields(["cfg_scale", "seconds"])
    assert problem.field == "cfg_scale"
    assert "metadata" in problem.hint


def test_the_aliases_of_the_service_page() -> None:
    """These are the names in brackets in the table of the service's page."""
    assert dict(ALIASES) == {
        "duration": "seconds",
        "last_frame_url": "image_tail",
        "multi_shot": "multi_shots",
        "element_list": "kling_elements",
    }


def test_nearest_is_quick_on_absurd_words() -> None:
    """A whole book as a name is rejected quickly."""
    assert nearest("x" * 1_000_000, FIELDS) == ()
