"""The kinds of field: normalising of values, and their problems."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.fields import Field, Number, Source
from kling_widgets.catalog.models import MODELS
from kling_widgets.core.json_values import plain
from tests.core.samples import KEY, junk

HTTPS = "https://example.com/a.png"


def said(field: Field, value: Any) -> list[tuple[str, str | None]]:
    """Return the severity and the field of each problem of a value after cleaning."""
    return [(problem.severity, problem.field) for problem in field.check(field.clean(value, paths=True))]


@pytest.mark.parametrize(
    ("name", "value", "clean"),
    [
        ("prompt", "  a boat \n", "a boat"),
        ("prompt", " \u3000\x1c\n", None),
        ("prompt", 5, "5"),
        ("prompt", True, True),
        ("seconds", "5", 5),
        ("seconds", " 5 ", 5),
        ("seconds", 5.0, 5),
        ("seconds", 7.5, "7.5"),
        ("seconds", "5s", "5s"),
        ("seconds", "5.0", "5.0"),
        ("seconds", "٥", "٥"),
        ("seconds", "9" * 5000, "9" * 5000),
        ("seconds", "", None),
        ("seconds", True, True),
        ("size", "1280X720", "1280x720"),
        ("size", "1280 × 720", "1280x720"),
        ("size", "1280*720", "1280x720"),
        ("aspect_ratio", "16：9", "16:9"),
        ("aspect_ratio", "16 : 9", "16:9"),
        ("resolution", "720p", "720P"),
        ("resolution", " 4k ", "4K"),
        ("resolution", 720, "720"),
        ("shot_type", "Customize", "customize"),
        ("sound", "on", True),
        ("sound", "OFF", False),
        ("sound", "true", True),
        ("sound", "False", False),
        ("sound", 1, True),
        ("sound", 0, False),
        ("sound", 2, 2),
        ("sound", "maybe", "maybe"),
        ("sound", "", None),
    ],
)
def test_a_value_in_its_one_form(name: str, value: Any, clean: Any) -> None:
    """Input becomes what the service accepts; an invalid value stays unchanged."""
    cleaned = FIELDS[name].clean(value, paths=True)
    assert cleaned == clean and type(cleaned) is type(clean)


@pytest.mark.parametrize(
    ("name", "value", "severity"),
    [
        ("prompt", "x" * 2500, None),
        ("prompt", "x" * 2501, "warning"),
        ("prompt", ["x"], "error"),
        ("prompt", True, "error"),
        ("seconds", 1, None),
        ("seconds", 60, None),
        ("seconds", 5.0, None),
        ("seconds", 0, "error"),
        ("seconds", -5, "error"),
        ("seconds", 60, None),
        ("seconds", 61, "warning"),
        ("seconds", "5s", "error"),
        ("seconds", "5.5", "error"),
        ("seconds", 7.5, "error"),
        ("seconds", "abc", "error"),
        ("seconds", True, "error"),
        ("seconds", [5], "error"),
        ("size", "1280x720", None),
        ("size", "512x512", None),
        ("size", "640x480", "warning"),
        ("size", "big", "error"),
        ("size", "1280", "error"),
        ("size", "0x720", "error"),
        ("size", "１２８０x720", "error"),
        ("size", 1280, "error"),
        ("aspect_ratio", "9:16", None),
        ("aspect_ratio", "21:9", "warning"),
        ("aspect_ratio", "wide", "error"),
        ("aspect_ratio", "16/9", "error"),
        ("resolution", "1080p", None),
        ("resolution", "2K", None),
        ("resolution", "540P", "warning"),
        ("resolution", "8K", "warning"),
        ("resolution", "HD", "error"),
        ("resolution", 720, "error"),
        ("sound", "off", None),
        ("sound", "maybe", "error"),
        ("sound", 2, "error"),
        ("shot_type", "intelligence", None),
        ("shot_type", "other", "warning"),
        ("shot_type", "two words", "error"),
        ("session_id", "x", None),
        ("session_id", ["x"], "error"),
    ],
)
def test_what_is_wrong_with_a_value(name: str, value: Any, severity: str | None) -> None:
    """A wrong format is an error, a value beyond the page's lists a warning; both name the field."""
    assert said(FIELDS[name], value) == ([(severity, name)] if severity else [])


@pytest.mark.parametrize(
    ("model", "seconds", "severity"),
    [
        ("1.6", 5, None),
        ("1.6", 7, "warning"),
        ("3.0", 3, None),
        ("3.0", 15, None),
        ("3.0", 16, "warning"),
        ("o1", 11, "warning"),
    ],
)
def test_a_model_is_documented_for_some_lengths(model: str, seconds: int, severity: str | None) -> None:
    """Other lengths are a warning, as the documented ones do not come from the service's page."""
    field = MODELS[f"aigc-video-kling-{model}"].field("seconds")
    assert said(field, seconds) == ([(severity, "seconds")] if severity else [])


@pytest.mark.parametrize(
    ("usual", "words"),
    [
        ((5, 10), "5 or 10 seconds"),
        ((3, 4, 5), "3 to 5 seconds"),
        ((5,), "5 seconds"),
        ((3, 4, 6), "3 or 4 or 6 seconds"),
    ],
)
def test_usual_values_in_words(usual: tuple[int, ...], words: str) -> None:
    """Consecutive values are written as a range."""
    field = Number(name="n", label="N", help="h.", example="5", low=1, high=60, unit="seconds", usual=usual)
    assert field.usual_words() == words


@pytest.mark.parametrize("name", FIELDS)
@given(value=junk)
def test_no_value_breaks_a_field(name: str, value: Any) -> None:
    """Cleaning and checking never raise, cleaning again changes nothing, and no message shows a key."""
    field = FIELDS[name]
    for paths in (True, False):
        cleaned = field.clean(plain(value), paths=paths)
        if cleaned is None:
            continue
        assert field.clean(cleaned, paths=False) == cleaned
        problems = list(field.check(cleaned))
        assert all(problem.field == name for problem in problems)
        assert all(KEY not in str(problem) for problem in problems)


def test_a_source_decides_how_strict_it_is() -> None:
    """Only limits of the service's page are errors; the rest are warnings, as they may be out of date."""
    assert {source: source.severity for source in Source} == {
        Source.SERVICE: "error",
        Source.DOCUMENTED: "warning",
        Source.READ: "warning",
        Source.INFERRED: "warning",
        Source.OPEN: "warning",
    }
