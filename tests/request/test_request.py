"""``VideoRequest``: creation, problems, body and code."""

from __future__ import annotations

import copy
import json
import pickle
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from kling_widgets.catalog.model_names import ACCEPTED, ALIASES
from kling_widgets.catalog.models import MODELS, Model
from kling_widgets.core.problem import Problem
from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.request import VideoRequest
from tests.core.samples import BODIES, KEY, PROMPTS, given_fields

A, B = "https://example.com/a.png", "https://example.com/b.png"
RESOLUTION = {"resolution": "720P"}
# The service page's eight bodies, as a user would write them in Python.
WRITTEN = {
    "text_to_video": VideoRequest(
        "2.6",
        prompt="a red square logo slowly rotating on a clean white background",
        size="1280x720",
        seconds=5,
        sound=False,
        **RESOLUTION,
    ),
    "image_to_video": VideoRequest(
        "2.5-turbo",
        prompt="make the picture gently move with a slow camera push in",
        image="https://example.com/input.png",
        size="1280x720",
        seconds=5,
        **RESOLUTION,
    ),
    "first_last_frame": VideoRequest(
        "2.6",
        prompt="transition naturally from the first frame to the last frame",
        image="https://example.com/first.png",
        image_tail="https://example.com/last.png",
        seconds=5,
        sound=False,
        **RESOLUTION,
    ),
    "reference_images": VideoRequest(
        "3.0",
        prompt="keep the same character identity and create a cinematic walking shot",
        image_list=["https://example.com/ref-1.png", "https://example.com/ref-2.png"],
        seconds=5,
        **RESOLUTION,
    ),
    "video_input": VideoRequest(
        "o1",
        prompt="use the reference video motion style and generate a new cinematic shot",
        video_list="https://example.com/reference.mp4",
        seconds=5,
        **RESOLUTION,
    ),
    "motion_control": VideoRequest(
        "3.0-motion-control",
        prompt="animate the selected subject moving from left to right",
        image="https://example.com/input.png",
        dynamic_masks={
            "mask_url": "https://example.com/mask.png",
            "trajectories": [{"x": 220, "y": 380}, {"x": 620, "y": 380}],
        },
        seconds=5,
        **RESOLUTION,
    ),
    "avatar": VideoRequest(
        "avatar",
        prompt="a presenter speaks naturally to the camera",
        image="https://example.com/avatar.png",
        voice_list="https://example.com/voice.wav",
        seconds=5,
        **RESOLUTION,
    ),
    "lip_sync": VideoRequest(
        "identifyface",
        prompt="lip sync the face with the provided voice",
        image="https://example.com/face.png",
        session_id="SESSION_ID",
        face_choose="FACE_ID",
        voice_list="https://example.com/voice.wav",
        seconds=5,
        **RESOLUTION,
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_python_gives_the_bodies_of_the_service_page(name: str) -> None:
    """The bodies are exactly the page's, and convert back to the same requests."""
    assert WRITTEN[name].payload() == BODIES[name]
    assert VideoRequest.from_payload(BODIES[name]) == WRITTEN[name]
    assert VideoRequest.from_payload(BODIES[name]).payload() == BODIES[name]


def test_what_is_set_can_be_read() -> None:
    """Values are read by field name, in their normal form; fields that are not set are missing."""
    request = VideoRequest("2.6", prompt=" a boat ", seconds="5", image="first.png", sound=None)
    assert request.model == "aigc-video-kling-2.6"
    assert request.spec is MODELS["aigc-video-kling-2.6"]
    assert dict(request.values) == {"prompt": "a boat", "seconds": 5, "image": Path("first.png")}
    assert request.get("sound") is None
    assert request.get("sound", "off") == "off"


def test_a_request_does_not_change() -> None:
    """Neither its arguments nor its return values can change it."""
    given_values = {"seed": [1]}
    request = VideoRequest("2.6", prompt="x", metadata=given_values)
    given_values["seed"].append(2)
    request.payload()["metadata"]["seed"].append(3)
    with pytest.raises(TypeError):
        request.values["seconds"] = 5  # type: ignore[index]
    assert request.payload()["metadata"] == {"seed": [1]}


def test_an_unknown_name_raises_and_a_wrong_value_does_not() -> None:
    """The gateway would silently ignore a misspelt name (R); an invalid value is reported as a problem."""
    with pytest.raises(InvalidRequestError, match="Did you mean image_tail") as caught:
        VideoRequest("2.6", imagetail=A)
    assert [problem.field for problem in caught.value.problems] == ["imagetail"]
    assert VideoRequest("2.6", prompt="x", seconds="never").errors()


def test_errors_come_first_and_once() -> None:
    """Errors come before warnings, each once."""
    problems = VideoRequest("1.6", prompt="x" * 2501, sound=True, seconds="99 s").problems()
    assert [problem.severity for problem in problems] == ["error", "warning", "warning"]
    assert len(set(problems)) == len(problems)


def test_a_request_with_errors_gives_no_body() -> None:
    """The error lists all problems and says that nothing was sent; the draft still shows the body."""
    request = VideoRequest("2.6", seconds="99 s", size="big")
    with pytest.raises(InvalidRequestError) as caught:
        request.payload()
    assert {problem.field for problem in caught.value.problems} == {"seconds", "size", "prompt"}
    assert str(caught.value).endswith("Nothing was sent.")
    assert request.draft()["size"] == "big"


def test_a_warning_does_not_keep_it_from_being_sent() -> None:
    """Sources other than the service's page may be out of date."""
    request = VideoRequest("2.6", prompt="x", seconds=7)
    assert request.problems() and not request.errors()
    assert request.payload()["seconds"] == "7"


class TestLocalFiles:
    """A path counts only if the user wrote it."""

    def test_nested_ones_are_found_each_once(self) -> None:
        """The files are in order; pictures in masks are included."""
        mask = {"mask_url": "mask.png", "trajectories": [{"x": 1, "y": 1}, {"x": 2, "y": 2}]}
        request = VideoRequest("2.6", image="a.png", image_list=[Path("b.png"), A, "a.png"], dynamic_masks=[mask])
        assert request.files() == (Path("a.png"), Path("b.png"), Path("mask.png"))
        assert VideoRequest("2.6", image=A).files() == ()

    def test_each_needs_a_link(self) -> None:
        """The error names the file; with its link the body is complete."""
        request = VideoRequest("2.6", prompt="x", image="my/first.png")
        with pytest.raises(InvalidRequestError, match=r"“first\.png” has no link yet"):
            request.payload()
        assert request.payload({Path("my/first.png"): A})["image"] == A
        assert request.errors() == ()

    @pytest.mark.parametrize(
        "body",
        [
            {"image": "first.png"},
            {"images": ["first.png", B]},
            {"images": [A, "/etc/passwd"]},
            {"metadata": {"image_tail": "a.png"}},
            {"metadata": {"image_list": ["a.png"]}},
            {"metadata": {"image_urls": ["a.png"]}},
            {"metadata": {"dynamic_masks": [{"mask_url": "a.png", "trajectories": []}]}},
            {"metadata": {"voice_list": [{"url": "a.mp3"}]}},
        ],
    )
    def test_never_from_a_body(self, body: dict[str, Any]) -> None:
        """Text in a body is not a file, and is an error, even after another field was changed."""
        request = VideoRequest.from_payload({"model": "aigc-video-kling-2.6", "prompt": "x", **body})
        for each in (request, request.replace(seconds=5), request.replace("3.0"), VideoRequest.of(request, prompt="y")):
            assert each.files() == ()
            assert any("not an http(s) link" in str(problem) for problem in each.errors())

    def test_a_path_with_a_link_s_name_is_still_a_path(self) -> None:
        """A file and a text are different requests, even if they have the same name."""
        foreign = VideoRequest.from_payload({"model": "2.6", "image": "a.png"})
        assert foreign != VideoRequest("2.6", image="a.png")
        assert VideoRequest("2.6", image="a.png") == VideoRequest("2.6", image=Path("a.png"))


# Models with which the service decides whether the second of ``images`` is a last frame or a reference.
UNDECIDED = [model for model in MODELS.values() if "image_tail" not in model.by_name]


@pytest.mark.parametrize("model", UNDECIDED, ids=lambda model: model.name)
class TestImages:
    """Two pictures in ``images``, of which the page calls the second the last frame or a reference (S)."""

    def test_they_stay_what_they_are(self, model: Model) -> None:
        """They stay as values, in Python, magic, JSON and the body, and nothing is set instead; a note says so."""
        request = VideoRequest(model, prompt="x", images=[A, B], seconds=5)
        assert request.get("images") == [A, B]
        assert {"image", "image_tail", "image_list"}.isdisjoint(request.values)
        assert request.payload() == {"model": model.id, "prompt": "x", "images": [A, B], "seconds": "5"}
        assert VideoRequest.from_payload(request.payload()) == request
        assert VideoRequest.from_payload(json.loads(request.to_json())) == request
        assert VideoRequest.from_magic(request.to_magic()) == request
        assert "images=" in request.to_python()
        (note,) = (each for each in request.problems() if "service decides" in each.message)
        assert (note.severity, note.field) == ("warning", "image")

    def test_local_pictures_are_uploaded(self, model: Model) -> None:
        """They are uploaded only if the user wrote them, never from a body."""
        request = VideoRequest(model, prompt="x", images=["a.png", Path("my/b.png")])
        assert request.files() == (Path("a.png"), Path("my/b.png"))
        assert VideoRequest.from_magic(request.to_magic()) == request
        assert request.payload({Path("a.png"): A, Path("my/b.png"): B})["images"] == [A, B]
        foreign = VideoRequest.from_payload({"model": model.id, "prompt": "x", "images": [A, "/etc/passwd"]})
        assert foreign.files() == () and foreign.errors()
        assert foreign.replace(seconds=5).files() == ()

    def test_with_a_model_that_has_a_last_frame_the_second_is_that(self, model: Model) -> None:
        """This happens as soon as the model changes."""
        request = VideoRequest(model, prompt="x", images=[A, B]).replace("2.6")
        assert (request.get("image"), request.get("image_tail"), request.get("images")) == (A, B, None)


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.name)
def test_seconds_are_sent_also_where_none_are_set(model: Model) -> None:
    """The page's default is sent, as in its eight bodies; the request, its line and its draft have no seconds."""
    given_values = {"prompt": "x", "image": A}
    body = {"model": model.id, **given_values}
    for request in (VideoRequest(model, **given_values), VideoRequest.from_payload(body)):
        assert request.payload() == {**body, "seconds": "5"}
        assert request.get("seconds") is None
        assert "seconds" not in request.to_magic() and "seconds" not in request.to_python()
        assert "seconds" not in request.draft()
        assert json.loads(request.to_json()) == request.payload()  # the text is the body that is sent
        assert json.loads(shlex.split(request.to_curl())[-1]) == request.payload()
        assert VideoRequest.from_payload(request.payload()).get("seconds") == 5
        assert VideoRequest.from_payload(request.payload()).payload() == request.payload()


class TestOtherSpellings:
    """Names that the page lacks but the documents of related services have (D)."""

    @pytest.mark.parametrize(
        ("given_values", "sent"),
        [
            ({"video_list": {"video_url": A}}, {"video_list": [{"url": A}]}),
            (
                {"video_list": [{"video_url": A, "refer_type": "base"}]},
                {"video_list": [{"url": A, "refer_type": "base"}]},
            ),
            ({"voice_list": [{"voice_id": "v", "x": 1}]}, {"voice_list": [{"voice_id": "v", "x": 1}]}),
            ({"image_list": [{"image_url": A}, {"url": B}]}, {"image_list": [A, B]}),
            (
                {"image_list": [{"image_url": A, "type": "subject"}, B]},
                {"image_list": [{"image_url": A, "type": "subject"}, B]},
            ),
            ({"image_list": f'{{"url": "{A}"}}'}, {"image_list": [A]}),
            (
                {"dynamic_masks": [{"mask": A, "trajectories": [{"x": 1, "y": 1}, {"x": 2, "y": 2}]}]},
                {"dynamic_masks": [{"mask_url": A, "trajectories": [{"x": 1, "y": 1}, {"x": 2, "y": 2}]}]},
            ),
            (
                {"kling_elements": [{"name": "cat", "element_input_urls": [A]}]},
                {"kling_elements": [{"name": "cat", "element_input_urls": [A]}]},
            ),
            (
                {"multi_prompt": ["a", "b"], "multi_shots": True},
                {
                    "multi_prompt": [
                        {"index": 1, "prompt": "a", "duration": "3"},
                        {"index": 2, "prompt": "b", "duration": "2"},
                    ],
                    "multi_shots": True,
                },
            ),
        ],
    )
    def test_it_is_sent_in_the_page_s_or_as_it_is(self, given_values: dict[str, Any], sent: dict[str, Any]) -> None:
        """This holds for every way to pass them; they are never refused."""
        request = VideoRequest("3.0", prompt="x", **given_values)
        assert request.payload()["metadata"] == sent
        assert VideoRequest.from_magic(request.to_magic()) == request
        body = {"model": "aigc-video-kling-3.0", "prompt": "x", "metadata": given_values}
        assert VideoRequest.from_payload(body).payload()["metadata"] == sent

    def test_local_pictures_in_objects_are_found(self) -> None:
        """Files in references, elements and masks are found, but never from a body."""
        request = VideoRequest(
            "3.0",
            prompt="x",
            image_list=[{"url": "a.png", "reference_type": "subject"}, {"image_url": Path("b.png")}],
            kling_elements=[{"name": "cat", "element_input_urls": ["c.png"]}],
            dynamic_masks=[{"mask": "d.png", "trajectories": [{"x": 1, "y": 1}, {"x": 2, "y": 2}]}],
        )
        assert request.files() == tuple(Path(f"{name}.png") for name in "abcd")
        assert VideoRequest.from_magic(request.to_magic()) == request
        links = {path: f"https://example.com/{path}" for path in request.files()}
        assert request.payload(links)["metadata"]["image_list"][0]["url"] == A
        foreign = VideoRequest.from_payload({"model": "3.0", "prompt": "x", "metadata": request.draft()["metadata"]})
        assert foreign.files() == () and foreign.errors()

    def test_more_shots_than_seconds_are_an_error_that_says_so(self) -> None:
        """More seconds solve it."""
        request = VideoRequest("3.0", multi_prompt=[*"abcdef"], multi_shots=True, shot_type="customize")
        (error,) = request.errors()
        assert error.field == "multi_prompt" and "6 shots do not fit into" in error.message
        assert request.replace(seconds=6).errors() == ()


class TestReplace:
    """A request with some fields changed."""

    def test_a_field_is_set_changed_and_unset(self) -> None:
        """The other fields stay."""
        request = VideoRequest("2.6", prompt="x", seconds=5, image=A)
        assert request.replace(seconds=10, image=None, sound=True) == VideoRequest(
            "2.6", prompt="x", seconds=10, sound=True
        )
        assert request.replace("3.0").values == request.values
        assert request.replace("3.0").model == "aigc-video-kling-3.0"

    def test_an_alias_replaces_its_field(self) -> None:
        """It does not contradict the previous value."""
        request = VideoRequest("2.6", prompt="x", seconds=5, image=A, image_tail=B, sound=False)
        assert request.replace(duration=10).get("seconds") == 10
        changed = request.replace(images=[B, A])
        assert (changed.get("image"), changed.get("image_tail")) == (B, A)
        assert changed.errors() == ()

    def test_a_contradiction_ends_with_it(self) -> None:
        """Both previous names are dropped."""
        request = VideoRequest("2.6", prompt="x", seconds=5, duration=10)
        assert request.errors()
        assert request.replace(seconds=10).errors() == ()

    def test_a_wrong_model_stays_wrong(self) -> None:
        """Changing a field does not make another line's name valid."""
        request = VideoRequest("kling-v2-6", prompt="x").replace(seconds=5)
        assert [problem.field for problem in request.errors()] == ["model"]
        assert request.replace("2.6").errors() == ()

    @given(given_fields())
    def test_replacing_nothing_changes_nothing(self, asked: tuple[str, dict[str, Any]]) -> None:
        """This holds for any request."""
        request = VideoRequest(asked[0], **asked[1])
        assert request.replace() == request
        assert request.replace().problems() == request.problems()

    def test_of_takes_a_request_or_what_makes_one(self) -> None:
        """Both are accepted everywhere."""
        request = VideoRequest("2.6", prompt="x")
        assert VideoRequest.of(request) is request
        assert VideoRequest.of(request, seconds=5) == VideoRequest("2.6", prompt="x", seconds=5)
        assert VideoRequest.of("2.6", prompt="x") == request
        assert VideoRequest.of(MODELS[request.model], prompt="x") == request


class TestFromMagic:
    @given(given_fields())
    def test_what_to_magic_writes_comes_back(self, asked: tuple[str, dict[str, Any]]) -> None:
        """Any model and any fields come back, valid or not, with local files, from a line or a cell."""
        request = VideoRequest(asked[0], **asked[1])
        assert VideoRequest.from_magic(request.to_magic()) == request

    @pytest.mark.parametrize("prompt", PROMPTS)
    def test_any_prompt_comes_back(self, prompt: str) -> None:
        """Prompts that look like a shell's or like options come back too."""
        request = VideoRequest("2.6", prompt=prompt)
        assert VideoRequest.from_magic(request.to_magic()) == request

    @pytest.mark.parametrize(
        "code",
        [
            "%kling --seconds 5 a boat",
            "\n  %kling --seconds 5 a boat  \n",
            "boat = %kling --seconds 5 --wait -o x --count 3 a boat",
            "job.first, y =%kling --seconds 5 a boat",
            "%%kling --seconds 5\na boat",
            "%%kling --seconds 5\n\n  a boat\n\n",
        ],
    )
    def test_as_people_copy_it(self, code: str) -> None:
        """Blank lines around it and an assignment are accepted; settings are not part of the request."""
        assert VideoRequest.from_magic(code) == VideoRequest("2.6", seconds=5, prompt="a boat")

    def test_a_path_in_it_is_its_user_s(self) -> None:
        """This is the same in the magic itself."""
        assert VideoRequest.from_magic("%kling --image a.png x").files() == (Path("a.png"),)

    def test_alone_it_is_a_request_of_nothing(self) -> None:
        """It is the empty request that ``%kling`` alone shows in its form."""
        assert VideoRequest.from_magic("%kling") == VideoRequest("2.6")

    @pytest.mark.parametrize(
        ("code", "said"),
        [
            ("", "neither a line of %kling"),
            ("a boat", "neither a line of %kling"),
            ("%kling_form 3.0", "neither a line of %kling"),
            ("%kling?", "neither a line of %kling"),
            ("%klings a boat", "neither a line of %kling"),
            ("%kling a boat\n%kling a ship", "There is more code below"),
            ("%%kling a boat\na ship", "“a boat” is on its first line"),
            ("%kling a {boat}", "no variable boat"),
            ("%kling --metadata @x.json a boat", "cannot be read"),
            ("%kling --secnds 5 a boat", "--seconds"),
            (f"%kling {KEY}", "looks like an API key"),
            (f"{KEY}", "neither a line of %kling"),
            ("%kling " + "= " * 50_000, ""),
            (" " * 100_000 + "x", "neither a line of %kling"),
        ],
        ids=lambda text: text[:20],
    )
    def test_anything_else_is_refused_in_one_line(self, code: str, said: str) -> None:
        """The error says what is wrong, never contains a key, and does not take long."""
        try:
            VideoRequest.from_magic(code)
        except InvalidRequestError as error:
            assert said in str(error)
            assert KEY not in str(error)
        else:
            assert not said


def test_equal_requests_ask_the_same() -> None:
    """Requests are equal under any field names; but true is not 1, and 5 not 5.0, if sent as they are."""
    assert VideoRequest("2.6", prompt="x", duration="5") == VideoRequest("aigc-video-kling-2.6", prompt=" x", seconds=5)
    assert hash(VideoRequest("2.6", seconds=5, prompt="x")) == hash(VideoRequest("2.6", prompt="x", seconds=5))
    assert VideoRequest("2.6", prompt="x") != VideoRequest("3.0", prompt="x")
    assert VideoRequest("2.6", metadata={"a": True}) != VideoRequest("2.6", metadata={"a": 1})
    assert VideoRequest("2.6", metadata={"a": 1, "b": 2}) == VideoRequest("2.6", metadata={"b": 2, "a": 1})
    assert VideoRequest("2.6") != "2.6"


@given(given_fields())
def test_a_request_can_be_copied_and_pickled(asked: tuple[str, dict[str, Any]]) -> None:
    """Requests are sent to other processes and kept in caches."""
    request = VideoRequest(asked[0], **asked[1])
    for _ in range(2):  # before and after the first check
        assert copy.deepcopy(request) == request
        again = pickle.loads(pickle.dumps(request))
        assert again == request
        assert (again.problems(), again.draft()) == (request.problems(), request.draft())


def test_no_body_is_made_of_what_was_not_checked() -> None:
    """Changes to a list after the check, or to a returned body, do not affect the next body."""
    request = VideoRequest("2.6", prompt="a boat", image_list=[A], metadata={"seed": 1})
    before = request.payload()
    request.values["image_list"].append(KEY)
    request.get("metadata")["note"] = KEY
    assert request.payload() == before and not request.errors()
    for body in (request.payload(), request.draft(), request.body(str)):
        body["prompt"] = KEY
        body["metadata"]["image_list"].append(KEY)
    assert request.payload() == before
    assert KEY not in str(request.draft())


def test_a_check_looks_at_the_files_each_time() -> None:
    """Files may change; the problems of the request itself do not, and come first."""
    request = VideoRequest("2.6", prompt="a boat", seconds=7)
    gone, odd = Problem("error", "image", "It is gone."), Problem("warning", "image", "It is odd.")
    found = [(gone,), (odd,), ()]
    looks = [request.check(lambda _: found.pop(0)) for _ in range(3)]
    assert [look.problems for look in looks] == [(*request.problems(), *each) for each in ((gone,), (odd,), ())]
    assert [look.errors for look in looks] == [(gone,), (), ()]
    assert looks[0].body == request.payload()
    assert KEY not in repr(VideoRequest("2.6", prompt=KEY).check(lambda _: ()))


def test_a_surrogate_is_replaced() -> None:
    """It could not be sent; the rest of the prompt is kept."""
    assert VideoRequest("2.6", prompt="a\ud800b").get("prompt") == "a?b"


def test_repr_is_short_and_shows_no_key() -> None:
    """It shows the model and the beginning of each value."""
    assert repr(VideoRequest("2.6", prompt="a boat", seconds=5)) == "<VideoRequest 2.6, prompt=“a boat”, seconds=“5”>"
    assert repr(VideoRequest("")) == "<VideoRequest no model>"
    assert KEY not in repr(VideoRequest(KEY, prompt=KEY))
    assert "\n" not in repr(VideoRequest("a\nb"))


def test_a_body_of_an_unknown_model_is_taken() -> None:
    """The request has a warning, and all fields."""
    body = {"model": "aigc-video-kling-9", "prompt": "x", "metadata": {"new": 1}}
    request = VideoRequest.from_payload(body)
    assert request.payload() == {**body, "seconds": "5"}
    assert {problem.field for problem in request.problems()} == {"model", "metadata"}


@pytest.mark.parametrize("model", [None, "", 5, {"a": 1}, []])
def test_a_body_without_a_model_is_an_error_later(model: object) -> None:
    """Such a request can be shown, and its problems say what is wrong."""
    request = VideoRequest.from_payload({"model": model, "prompt": "x"})
    assert [problem.field for problem in request.errors()] == ["model"]


class TestAttributes:
    """Every field is an attribute."""

    @given(given_fields())
    def test_they_are_what_is_set(self, asked: tuple[str, dict[str, Any]]) -> None:
        """A field can be read under each of its names; it is None if not set."""
        request = VideoRequest(asked[0], **asked[1])
        for name in ACCEPTED:
            assert getattr(request, name) == request.values.get(ALIASES.get(name, name))

    def test_they_are_read_and_not_set(self) -> None:
        """The request is immutable, and so is a value read from an attribute."""
        request = VideoRequest("2.6", prompt="x", image_list=[A], multi_prompt=[{"index": 1}], duration=5)
        assert (request.seconds, request.duration, request.sound, request.images) == (5, 5, None, None)
        assert VideoRequest("2.6", image="a.png").image == Path("a.png")
        assert request.image_list is not None and request.multi_prompt is not None
        request.image_list.append(B)
        request.multi_prompt[0]["index"] = 2
        assert request.values == {"prompt": "x", "image_list": [A], "multi_prompt": [{"index": 1}], "seconds": 5}
        with pytest.raises(AttributeError):
            request.prompt = "y"
        with pytest.raises(AttributeError):
            request.colour = "red"  # type: ignore[attr-defined]

    def test_an_unknown_name_has_none(self) -> None:
        """AttributeError is raised as for any object, even before a request is initialised, as pickle needs."""
        with pytest.raises(AttributeError, match="secnds"):
            VideoRequest("2.6", prompt="x").secnds  # type: ignore[attr-defined]  # noqa: B018
        with pytest.raises(AttributeError):
            VideoRequest.__new__(VideoRequest).prompt  # noqa: B018

    def test_editors_know_them(self) -> None:
        """Attributes have a type and a sentence; none of them hides a method."""
        assert {*ACCEPTED} <= {*dir(VideoRequest("2.6"))}
        assert {*ACCEPTED} == {*VideoRequest.__annotations__}
        assert all(getattr(VideoRequest, name).__doc__ for name in ACCEPTED)
        assert not {*ACCEPTED} & {
            "model",
            "spec",
            "values",
            "get",
            "of",
            "replace",
            "problems",
            "errors",
            "files",
            "settings",
        }


@pytest.mark.parametrize("prompt", ["\u3164", "\u2800", "\u200b\ufeff", "\x00\x1b", "\xad", " \u2028 "])
def test_an_invisible_prompt_is_none(prompt: str) -> None:
    """Nobody intends to pay for such a prompt, nor for such a shot."""
    assert VideoRequest("2.6", prompt=prompt) == VideoRequest("2.6")
    assert [problem.field for problem in VideoRequest("2.6", prompt=prompt).errors()] == ["prompt"]
    request = VideoRequest("3.0", multi_shots=True, multi_prompt=[{"index": 1, "prompt": prompt, "duration": 5}])
    assert [problem.field for problem in request.errors()] == ["prompt"]
    assert any("Shot 1 has no prompt" in str(problem) for problem in request.problems())
    assert VideoRequest("2.6", image=A, prompt=prompt).payload() == VideoRequest("2.6", image=A).payload()
