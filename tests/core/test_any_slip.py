"""No option, misspelt option or other tool's option is ever sent in a prompt, with any dashes, place and quotes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from kling_widgets.catalog.model_names import ACCEPTED
from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.magic_words import SETTINGS, option_name
from tests.conftest import tries
from tests.core.samples import PROMPTS, TIMES, as_the_shell_gives_it
from tests.request.lines import Understood, parse

OURS = [*map(option_name, ACCEPTED), *SETTINGS, "no-sound", "no-wait", "no-multi-shots", "IMAGE_TAIL", "Seconds"]
OTHERS = ["ar", "v", "stylize", "chaos", "seed", "no", "niji", "cref", "negative-prompt", "fps", "style", "hd", "cfg"]
# Typical misspellings: a letter left out, doubled, or swapped with the next.
misspelt = st.sampled_from([name for name in OURS if len(name) > 5]).flatmap(
    lambda name: st.integers(1, len(name) - 2).flatmap(
        lambda at: st.sampled_from(
            [
                name[:at] + name[at + 1 :],
                name[:at] + name[at] * (1 + (name[at] != "-")) + name[at + 1 :],
                name[:at] + name[at + 1] + name[at] + name[at + 2 :],
            ]
        )
    )
)
names = st.one_of(st.sampled_from(OURS), misspelt, st.sampled_from(OTHERS), st.sampled_from(["zzz", "foo-bar", "x1"]))
HYPHENS = ["--", "---", "－－", "‑‑", "-\u200b-", "\u200b--", "\u00ad--", "−−", "–-", "-—"]
SINGLE = ["—", "–", "−", "―", "－", "‐", "⸺", "——", "\u200b—", "—\u2060"]
VALUES = ["", " 10", "=10", " 16:9", " on", ' "a b"', " x.png", ",", ".", ": 10", ' {"a": 1}', " {name}", "\u00a010"]
BEFORE = ["", "a boat ", "a boat\u00a0", "a boat, ", "is it a boat? ", 'say "go" ', "纸船 ", "a cat's\t", "مركب "]
BEHIND = ["", " in the rain", ", at night", " ?", " (slowly)", " 在雨中", " -- at sea", " and a ship --"]
AROUND = ["{}", "“{}”", "'{}'", "({})", "«{}»", "„{}“"]
WITHIN = ["{}", '"{}"', "“{}”", "'{}'", "({})", "[{}"]


def understood(line: str, cell: str | None = None) -> Understood:
    """Parse the line in a notebook with a few variables."""
    return parse(line, cell, variables={"name": "boat"}.__getitem__, read=lambda path: "{}", exists=lambda path: False)


def refused(line: str, cell: str | None) -> str | None:
    """Return the error's message, or None."""
    try:
        understood(line, cell)
    except InvalidRequestError as error:
        return str(error)
    return None


def shown(message: str, cell: str | None) -> tuple[str, str | None] | None:
    """Return the line and the body that a refusal suggests, or None."""
    found = re.search(r"(?:write|Otherwise write)(?:[^:]|“[^”]*”)*: (%.*)$", message)
    if found is None:
        return None
    if not found[1].startswith("%%"):
        return found[1], None
    assert cell is not None
    return (found[1].removeprefix("%%kling"), cell) if found[1].endswith(" --") else None


def holds(prompt: object, dashes: str, name: str) -> bool:
    """Return whether the word is in the prompt."""
    return isinstance(prompt, str) and f"{dashes}{name}" in prompt


@st.composite
def slipped(draw: st.DrawFn) -> tuple[str, str, str]:
    """A text with one word that looks like an option, and that word's dashes and name."""
    name = draw(names)
    dashes = draw(st.sampled_from(HYPHENS if name in ("zzz", "foo-bar", "x1") else HYPHENS + SINGLE))
    if len(name) == 1 and name != "o" and dashes in SINGLE:
        dashes = "--"
    value = " people" if name == "no" else draw(st.sampled_from(VALUES))  # "—No, she says" is prose
    word = draw(st.sampled_from(WITHIN)).replace("{}", f"{dashes}{name}{value}")
    text = f"{draw(st.sampled_from(BEFORE))}{word}{draw(st.sampled_from(BEHIND))}"
    text = draw(st.sampled_from(AROUND)).replace("{}", text)
    assume(not (text[0] == text[-1] == '"' and '"' not in text[1:-1]))  # entirely in double quotes, so verbatim
    return text, dashes, name


@settings(max_examples=tries(500) * TIMES)
@given(slipped(), st.sampled_from(["", "--model 2.6 ", "--sound ", "—seconds 5 "]))
@example(("a boat --dry-run", "--", "dry-run"), "")
@example(("—dry-run a boat", "—", "dry-run"), "")
def test_no_slip_is_sent_in_a_line(slip: tuple[str, str, str], before: str) -> None:
    """It counts as an option, or the line is refused with a correction that is accepted."""
    text, dashes, name = slip
    line = before + text
    message = refused(line, None)
    if message is None:
        assert not holds(understood(line).request.get("prompt"), dashes, name)
        return
    assert "Nothing was sent." in message
    again = shown(message, None)
    if again is not None:
        code = again[0].replace("%kling_form", "%kling --model")  # the correction for a model's name alone
        assert refused(*as_the_shell_gives_it(code)) is None


@settings(max_examples=tries(300) * TIMES)
@given(slipped(), st.sampled_from(["", "\n", "a ship\n", "\n\n  "]), st.sampled_from(["", "--model 2.6"]))
def test_no_slip_is_sent_in_a_cell(slip: tuple[str, str, str], above: str, line: str) -> None:
    """The body of a cell contains no options, not even at its end; a first line that ends in -- keeps it unchanged."""
    text, dashes, name = slip
    body = above + text
    message = refused(line, body)
    assert message is not None
    assert "Nothing was sent." in message
    again = shown(message, body)
    if again is not None:
        assert refused(*again) is None
    kept = understood(f"{line} --", body.replace("{name}", "name")).request
    assert holds(kept.get("prompt"), dashes, name)


@given(slipped())
def test_the_verbatim_places_keep_it(slip: tuple[str, str, str]) -> None:
    """These are a prompt entirely in double quotes, and a prompt after --."""
    text, dashes, name = slip
    text = text.replace("{name}", "name")
    assert holds(understood(f"-- {text}").request.get("prompt"), dashes, name)
    if '"' not in text:
        assert understood(f'"{text}"').request.get("prompt") == text.strip()
        assert understood(f'--seconds 5 "{text}" --sound').request.get("prompt") == text.strip()


@given(slipped())
def test_a_dash_of_a_phone_ends_options_and_protects_nothing(slip: tuple[str, str, str]) -> None:
    """A phone may replace -- by a dash; the text after it is still checked."""
    text, dashes, name = slip
    try:
        prompt = understood(f"— {text}").request.get("prompt")
    except InvalidRequestError:
        return
    assert not holds(prompt, dashes, name)


@given(slipped())
def test_an_option_takes_no_slip_for_its_value(slip: tuple[str, str, str]) -> None:
    """A value that looks like an option must follow = or be in quotes."""
    _, dashes, name = slip
    if dashes in HYPHENS or name in OURS:
        message = refused(f"--session-id {dashes}{name} a boat", None)
        assert message is not None
        assert understood(f'--session-id "{dashes}{name}" a boat').request.get("session_id") == f"{dashes}{name}"


HONEST = (
    *("a cat -- in the rain", "a boat - at night", "twenty-one pilots", "a sci-fi city", "x--y", "well-known --"),
    *("a long–dashed sentence — and more", "-5 degrees", "--5 boats", "→ a ship →", "a text-to-video model"),
    *("a high-resolution image of a split-image camera", "an image–sound pair", "a well‑known boat", "1990–1999"),
    *("她说——你好", "纸船——在雨中，慢慢地", "纸船 —— 在雨中", "一只猫 ——在雨中", "夏の海〜静か", "アニメーション"),
    *("a cat's dream, the boats' rest", "“a boat”, she said", "👩‍🚀 in 🌧️ - slow", "مركب ورقي - في المطر"),
    *("the year 2.6 million", "2.5 meters tall", "3 boats", "avatar of a queen", "identifyface", "v2.0 of a robot"),
    *("first.txt moves", "a first.png", "see https://example.com/a.png", "-old boats", "<--> x", "a --> b", "a <-- b"),
    *("a\ttab", "a\u00a0blank", "a " * 5000, "a—b—c", "boat—harbour", "the end—", "—5 °C", "50 %", "a --", "- a list"),
    *("a $100 bill", "C'est-à-dire", "e-mail@x-y.example", "--- a --- b", "a -1", "a --1", "T-o", "no-sound film"),
    *('a "Blade Runner"-style city', "a “Ghibli”-style image", "100%-new", "(2046)-image", "a face :-o", "🚢-style"),
    *("scene: -camera pans left -slow", "这就是——iPhone 的样子", "a 🌧️-image", "-style of the 80s", "-sounding x"),
    *("--", "-", "—", "ー", "a woman: —No, she says. —¿Por qué?"),
)


@pytest.mark.parametrize("prompt", dict.fromkeys(HONEST))
def test_what_people_write_is_sent(prompt: str) -> None:
    """Dashes of prose, lists, numbers and other scripts are not slips."""
    alone = re.fullmatch("[—–-]+", prompt)
    begins = re.match("[—–]", prompt)
    if not (alone or begins):
        assert understood(prompt).request.get("prompt") == prompt.strip()
        assert understood(f"--seconds 5 {prompt}").request.get("prompt") == prompt.strip()
        assert understood(f"{prompt} --seconds 5").request.get("prompt") == prompt.strip()
    assert understood("", prompt).request.get("prompt") == prompt.strip()


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("a boat --secnds 10", "%kling --seconds 10 a boat"),
        ("a boat --ar 16:9 --v 6", "%kling --aspect-ratio 16:9 a boat"),
        ("a boat --v 3.0", "%kling --model 3.0 a boat"),
        ("a boat —seconds 10", "%kling --seconds 10 a boat"),
        ("a boat --seconds 10 in the rain", "%kling --seconds 10 a boat in the rain"),
        ("a boat --seconds 10, at night", "%kling --seconds 10 a boat, at night"),
        ("a boat --dry-run.", "%kling --dry-run a boat"),
        ("a boat --count: 3 please", "%kling --count 3 a boat please"),
        ("boat--seconds 10", "%kling --seconds 10 boat"),
        ("-seconds 10 a boat", "%kling --seconds 10 a boat"),
        ("-n 3 a boat", "%kling --count 3 a boat"),
        ("--secnds 10 a boat", "%kling --seconds 10 a boat"),
        ('a boat --save "my clips/a.mp4" in the rain', '%kling --save "my clips/a.mp4" a boat in the rain'),
        ('a boat --metadata {"a": 1} in the rain', '%kling --metadata {"a": 1} a boat in the rain'),
        ("a boat —sound off in the rain", "%kling --sound off a boat in the rain"),
        ("on the road --sound in rain", "%kling on the road in rain --sound"),
        ("is it a boat? --secnds 10", "%kling is it a boat? --seconds 10"),
        ("a boat --no people, cars", "%kling a boat"),
        ("a boat --foo bar", '%kling "a boat --foo bar"'),
        ("--sound a boat --foo bar", '%kling --sound "a boat --foo bar"'),
        ('a sign "--sound off"', '%kling -- a sign "--sound off"'),
        ("“a boat --seconds 10”", '%kling "a boat --seconds 10"'),
        ("—old boats", '%kling "—old boats"'),
        ("silence—sound of nothing", '%kling "silence—sound of nothing"'),
        ("3.0 a lighthouse", "%kling --model 3.0 a lighthouse"),
        ("aigc-video-kling-o1 a boat", "%kling --model o1 a boat"),
        ("O1: a boat", "%kling --model o1 a boat"),
        ("kling-v2-6 a boat", "%kling --model 2.6 a boat"),
        ("3.0", "%kling_form 3.0"),
        ("--model 3.0 2.6 million boats", '%kling --model 3.0 "2.6 million boats"'),
        ("https://e.com/a.png it moves", "%kling --image https://e.com/a.png it moves"),
        ("3.0 https://e.com/a.mp4 as it is", "%kling --model 3.0 --video-list https://e.com/a.mp4 as it is"),
        ("https://e.com/a.MP3?x=1 she speaks", "%kling --voice-list https://e.com/a.MP3?x=1 she speaks"),
        ("first.png moves", "%kling --image first.png moves"),
        ('"my first.png" moves --ar 1:1', '%kling --aspect-ratio 1:1 --image "my first.png" moves'),
    ],
)
def test_a_refused_line_is_shown_as_it_should_be(line: str, instead: str) -> None:
    """The correction is at the end of the error, ready to paste."""
    pictures = {Path("first.png"), Path("my first.png")}
    with pytest.raises(InvalidRequestError) as caught:
        parse(line, exists=pictures.__contains__)
    assert "Nothing was sent." in str(caught.value)
    assert str(caught.value).endswith(f": {instead}")
    again, cell = as_the_shell_gives_it(instead.replace("_form 3.0", " --model 3.0"))
    parse(again, cell, exists=pictures.__contains__)


@pytest.mark.parametrize(
    ("body", "first"),
    [
        ("--seconds 10\na boat", "%%kling --sound --seconds 10"),
        ("a boat\n--seconds 10\nin the rain", "%%kling --sound --seconds 10"),
        ("3.0 a boat", "%%kling --sound --model 3.0"),
        ("a boat --foo bar", "%%kling --sound --"),
        ("-n 3\na boat", "%%kling --sound --count 3"),
    ],
)
def test_of_a_refused_cell_the_first_line_is_shown(body: str, first: str) -> None:
    """The error is one line; the body is kept, without the option."""
    message = refused("--sound", body)
    assert message is not None and message.endswith(f": {first}")
    assert ("remove it from the text" in message) == (not first.endswith("--"))


@given(st.sampled_from(PROMPTS), st.sampled_from(HYPHENS[:3]), st.sampled_from(OURS))
def test_a_value_that_goes_in_is_no_option(prompt: str, dashes: str, name: str) -> None:
    """Options are split before variables are expanded."""
    text = f"{dashes}{name} {prompt}"
    assert parse("a boat {x}", variables={"x": text}.__getitem__).request.get("prompt") == f"a boat {text}".strip()
    assert parse("{x}", variables={"x": text}.__getitem__).request.get("prompt") == text.strip()


def test_a_line_that_is_too_long_is_not_shown() -> None:
    """The error stays short and describes the correction in words."""
    message = refused("a boat " * 1000 + "--secnds 10", None)
    assert message is not None and len(message) < 400
    assert "Options go before the prompt." in message
