"""A model that comes: its entry in the catalog is all that there is to write.

The entry is what is told elsewhere of a Kling 4.0 (D), which this service does not have yet.
"""

from __future__ import annotations

from typing import Any

import pytest

from kling_widgets.catalog.all_fields import FIELDS, PREFIX
from kling_widgets.catalog.compare import gains_and_losses
from kling_widgets.catalog.fields import FieldLimit, Source
from kling_widgets.catalog.models import MODELS, Capability, Model, entry
from kling_widgets.notebook.controls import kind_of
from kling_widgets.notebook.controls.basic import Dropdown, Slider, Toggle
from kling_widgets.notebook.controls.clips import ClipRows
from kling_widgets.notebook.controls.media import LinksBox
from kling_widgets.notebook.form.form import Form
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.magics.completion import values
from kling_widgets.notebook.output.model_tables import comparison_table, fields_table, models_table
from kling_widgets.notebook.widgets.factory import within
from kling_widgets.request.request import VideoRequest

D = Source.DOCUMENTED
RATIOS = ("16:9", "9:16", "1:1", "21:9", "4:3", "3:4")
FOUR = entry(
    "4.0",
    "Kling 4.0",
    ("prompt", "seconds", "aspect_ratio", "resolution", "sound", "image", "image_list", "video_list", "voice_list"),
    (Capability("text", D), Capability("first frame", D), Capability("references", D), Capability("video in", D)),
    seconds=tuple(range(3, 31)),
    ratios=RATIOS,
    sound="always",
    references=(FieldLimit(10, D),),
    videos=5,
    sounds=3,
    native=("720P", "1080P", "4K"),
)
A, VIDEO, VOICE = "https://example.com/a.png", "https://example.com/v.mp4", "https://example.com/v.mp3"


def links(link: str, count: int) -> list[str]:
    """So many different ones."""
    return [f"{link}?{number}" for number in range(count)]


def marks(model: Model = FOUR, **fields: Any) -> list[str]:
    """The problems: "!field" is an error, "field" a warning."""
    problems = VideoRequest(model, **{"prompt": "x", **fields}).problems()
    return sorted(("!" if each.severity == "error" else "") + str(each.field) for each in problems)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"seconds": 30, "resolution": "4K"}, []),
        ({"seconds": 31}, ["seconds"]),
        ({"seconds": 2}, ["seconds"]),
        *(({"aspect_ratio": ratio}, []) for ratio in RATIOS),
        ({"aspect_ratio": "2:1"}, ["aspect_ratio"]),
        ({"aspect_ratio": "wide"}, ["!aspect_ratio"]),
        ({"sound": True}, []),
        ({"sound": False}, ["sound"]),
        ({"image_list": links(A, 10)}, []),
        ({"image_list": links(A, 11)}, ["image_list"]),
        ({"video_list": links(VIDEO, 5)}, []),
        ({"video_list": links(VIDEO, 6)}, ["video_list"]),
        ({"voice_list": links(VOICE, 3)}, []),
        ({"voice_list": links(VOICE, 4)}, ["voice_list"]),
        ({"camera_control": "down_back"}, ["camera_control"]),
    ],
)
def test_the_checks_follow(fields: dict[str, Any], expected: list[str]) -> None:
    """Its own seconds, shapes, sound and lengths of lists; nothing of the page's is held against it."""
    assert marks(**fields) == expected


def test_the_other_models_are_as_they_were() -> None:
    """Its limits are its own."""
    old = MODELS[PREFIX + "2.6"]
    assert marks(old, aspect_ratio="21:9") == ["aspect_ratio"]
    assert marks(old, image_list=links(A, 10)) == ["!image_list"]
    assert marks(old, video_list=links(VIDEO, 2)) == ["video_list"]
    assert FOUR.id not in MODELS and FOUR.field("size") is FIELDS["size"]


def test_what_is_sent_follows() -> None:
    """As of any model."""
    request = VideoRequest(FOUR, prompt="x", aspect_ratio="21:9", video_list=links(VIDEO, 2))
    assert request.payload() == {
        "model": "aigc-video-kling-4.0",
        "prompt": "x",
        "seconds": "5",
        "metadata": {"aspect_ratio": "21:9", "video_list": [{"url": f"{VIDEO}?0"}, {"url": f"{VIDEO}?1"}]},
    }
    assert request.replace(seconds=7).spec is FOUR


def test_the_completions_follow() -> None:
    """Behind an option, what this model takes."""
    assert values("aspect-ratio", FOUR) == [*RATIOS]
    assert values("seconds", FOUR) == [str(number) for number in range(3, 31)]
    assert values("sound", FOUR) == ["on"]
    assert values("sound", "2.6") == ["on", "off"]


def test_the_controls_follow(session: Session) -> None:
    """A slider of its seconds, a list of its shapes, sound that can only be on, lists that grow as long as it takes."""
    form = Form.from_request(VideoRequest(FOUR, prompt="x", video_list=[VIDEO], image_list=links(A, 10)), session)
    assert kind_of(FOUR.field("aspect_ratio")) is Dropdown  # more than a few choices
    seconds, shape, sound = (form.controls[name] for name in ("seconds", "aspect_ratio", "sound"))
    assert isinstance(seconds, Slider) and (seconds.number.min, seconds.number.max) == (3, 30)
    assert isinstance(shape, Dropdown) and shape.box.options == ("default", *RATIOS)
    assert isinstance(sound, Toggle) and sound.box.options == ("default", "on")
    for section in form._sections.values():
        section.open()
    form._refresh()
    clips, pictures = form.controls["video_list"], form.controls["image_list"]
    assert isinstance(clips, ClipRows) and isinstance(pictures, LinksBox)
    for _ in range(4):
        assert clips._add is not None and not clips._add.disabled
        clips._add.click()
    assert clips._add is not None and clips._add.disabled
    assert len(pictures.references._rows) == 10
    titles = " ".join(getattr(each, "description", "") for each in within(form.widget))
    assert "10 of 10" in titles and "1 of 5" in titles


def test_a_form_of_another_model_takes_its_limits_and_gives_them_back(session: Session) -> None:
    """When the model is changed, in both directions."""
    form = Form.from_request(VideoRequest(FOUR, prompt="x"), session)
    shape, sound = form.controls["aspect_ratio"], form.controls["sound"]
    form._switch(MODELS[PREFIX + "2.6"])
    assert form.controls["sound"] is sound and sound.box.options == ("default", "off", "on")  # type: ignore[attr-defined]
    form._switch(FOUR)
    assert sound.box.options == ("default", "on")  # type: ignore[attr-defined]
    assert shape is not form.controls["aspect_ratio"]  # pills there, a list here


def test_the_tables_follow() -> None:
    """That of all models, that of two, and that of its fields."""
    table = models_table([MODELS[PREFIX + "3.0"], FOUR])
    row = dict(zip(table.titles, table.rows[1], strict=True))
    assert (row["references"], row["video in"], row["voice"]) == ("○ ≤10", "○ ≤5", "○ ≤3")
    assert (row["sound"], row["seconds"], row["native up to"]) == ("○", "3 to 30", "4K")
    rows = {row[0]: row[1:] for row in comparison_table([MODELS[PREFIX + "3.0"], FOUR]).rows}
    assert rows["sound"] == ("○", "○ always")
    assert rows["shape"] == ("○", f"○ {', '.join(RATIOS)}")
    helps = {row[0]: row[2] for row in fields_table(FOUR).rows}
    assert "3 to 30 seconds (D)" in helps["--seconds"]
    assert helps["--image-list"] == "Pictures of what should appear, at most 10 (D)."
    assert helps["--video-list"].startswith("Up to 5 public links, each to an mp4 or mov")
    assert helps["--sound"] == "This model always makes sound (D)."


def test_what_is_gained_follows() -> None:
    """Against 3.0, and back."""
    gained, lost = gains_and_losses(MODELS[PREFIX + "3.0"], FOUR)
    assert {"video in", "more than 9 references", "more than 1 sound", "21:9", "4:3", "3:4", "3 to 30 seconds"} >= {
        *gained
    } - {"16 to 30 seconds"}
    assert {"video in", "more than 9 references", "more than 1 sound", "21:9"} <= {*gained}
    assert {"last frame", "shots", "size"} <= {*lost} and "sound" not in lost
