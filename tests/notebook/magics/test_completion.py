"""Completions of a line."""

from __future__ import annotations

import pytest

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.models import models
from kling_widgets.errors import InvalidRequestError
from kling_widgets.notebook.magics.completion import complete, options, values
from kling_widgets.request.magic_words import SETTINGS, option_name
from tests.request.lines import parse


def ids() -> list[str]:
    return ["task_2", "task_1", "#3"]


def presets() -> list[str]:
    return ["paper boat", "raft"]


def nobody() -> list[str]:
    raise AssertionError("the journal was read")


def test_every_option_is_offered_once() -> None:
    """Fields, their negations, settings; the prompt is no option that anybody types."""
    found = options()
    assert len(found) == len(set(found))
    assert {f"--{option_name(name)}" for name in FIELDS} - set(found) == {"--prompt"}
    assert {f"-{'-' if len(name) > 1 else ''}{name}" for name in SETTINGS} <= set(found)
    assert {"--no-sound", "--no-multi-shots", "--no-wait", "--metadata"} <= set(found)


@pytest.mark.parametrize("option", options())
def test_what_is_offered_is_an_option(option: str) -> None:
    """The grammar knows each of them; with or without a value."""
    try:
        parse(f"{option} {{}} a boat" if option == "--metadata" else f"{option} 5 a boat")
    except InvalidRequestError as error:
        assert "There is no option" not in str(error)


@pytest.mark.parametrize("model", [model.name for model in models()])
def test_values_fit_the_model(model: str) -> None:
    """Each value that is offered is right for the model of the line."""
    for name in ("seconds", "size", "aspect_ratio", "resolution", "sound"):
        for value in values(name.replace("_", "-"), model):
            request = parse(f"--model {model} --{option_name(name)} {value} a boat").request
            found = [problem for problem in request.problems() if problem.field == name]
            assert not [problem for problem in found if problem.severity == "error"]


def test_values_of_aliases_and_strangers() -> None:
    """``--duration`` is seconds; an unknown model has the line's own values; what has no list offers none."""
    assert values("duration", "2.6") == ["5", "10"]
    assert values("resolution", "no such model") == values("resolution", "2.6")
    assert values("image", "2.6") == values("nonsense", "2.6") == []
    assert values("model", "") == [model.name for model in models()]


@pytest.mark.parametrize(
    ("text", "word", "offered"),
    [
        ("%kling --dry", "--dry", ["--dry-run"]),
        ("%%kling --dry", "--dry", ["--dry-run"]),
        ("  %kling --dry", "--dry", ["--dry-run"]),
        ("x = %kling --dry", "--dry", ["--dry-run"]),
        ("a.b, c=%kling --dry", "--dry", ["--dry-run"]),
        ("%kling -", "-", options()),
        ("%kling --seconds ", "", ["5", "10"]),
        ("%kling --model 3.0-turbo --seconds 1", "1", ["10", "11", "12", "13", "14", "15"]),
        ("%kling --seconds 5 a bo", "bo", []),
        ("%kling a boat --s", "--s", [option for option in options() if option.startswith("--s")]),
        ("%kling ", "", []),
        ("%kling_show ", "", ["task_2", "task_1", "#3"]),
        ("%kling_resume task_1", "task_1", ["task_1"]),
        ("%kling_form --from ", "", ["task_2", "task_1", "#3"]),
        ("%kling_form --f", "--f", ["--from", "--face-choose"]),
        ("%kling_form --pr", "--pr", ["--preset"]),
        ("%kling_form --preset ", "", ["paper boat", "raft"]),
        ("%kling_form --preset r", "r", ["raft"]),
        ("%kling_form --seconds 5 --fr", "--fr", []),
        ("%kling_form --w", "--w", []),
        ("%%kling_form --model 3.0-t", "3.0-t", ["3.0-turbo"]),
        ("%kling_form a bo", "bo", []),
        ("%kling_models 2.6 3.0-t", "3.0-t", ["3.0-turbo"]),
        ("%kling_code ", "", ["task_2", "task_1", "#3", "magic", "python", "curl", "json"]),
        ("%kling_code task_1 j", "j", ["json"]),
        ("%kling_demo ", "", ["off"]),
    ],
)
def test_complete(text: str, word: str, offered: list[str]) -> None:
    """The word before the cursor, and what it may become."""
    assert complete(text, ids, presets) == (word, offered)


@pytest.mark.parametrize(
    "text", ["", "kling --dry", "%klang --dry", "print('%kling --dry", "%kling", "%time %kling --dry"]
)
def test_other_lines_are_left_alone(text: str) -> None:
    """Only our own magics, and only behind their names."""
    assert complete(text, nobody, nobody) == ("", [])


def test_the_journal_is_read_only_for_ids() -> None:
    """Tab behind an option touches no file."""
    for magic in ("%kling", "%kling_form"):
        assert complete(f"{magic} --model 2.6 --se", nobody, nobody) == ("--se", ["--seconds", "--session-id"])


def test_prices_are_completed() -> None:
    """A model, options, and their values."""

    def found(text: str) -> list[str]:
        return complete(f"%kling_prices {text}", nobody)[1]

    assert found("3.0-m") == ["3.0-motion-control"]
    assert found("2.6 f") == ["forget"]
    assert found("f") == ["from"]
    assert found("2.6 0.05 --input i") == ["image"]
    assert found("2.6 0.05 --") == ["--resolution", "--sound", "--input", "--video", "--currency"]
    assert found("2.6 0.05 --video o") == ["on", "off"]
    assert "1080P" in found("2.6 0.05 --resolution ")
    assert found("2.6 0.05 --currency ") == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("%kling_tasks ", ["--model", "--status", "--since", "--until"]),
        ("%kling_tasks 5 --s", ["--status", "--since"]),
        ("%kling_tasks --status u", ["under-way", "unknown"]),
        ("%kling_tasks --model ident", ["identifyface"]),
        ("%kling_tasks --since ", []),
    ],
)
def test_filters_of_tasks(line: str, found: list[str]) -> None:
    """``%kling_tasks`` has options of its own, and words for a status."""
    assert complete(line, nobody)[1] == found
