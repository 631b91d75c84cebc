"""Vocabulary of the magic line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.model_names import ACCEPTED
from kling_widgets.core.json_values import is_blank
from kling_widgets.request.magic_words import (
    MAGICS,
    SETTINGS,
    breaks_line,
    escape_word,
    option_name,
    suggest_magic,
    unescape,
)
from tests.core.samples import PROMPTS
from tests.request.lines import parse


@pytest.mark.parametrize("magic", MAGICS)
def test_a_magic_s_name_is_meant_as_a_magic(magic: str) -> None:
    """One or two words in any case are a command; a longer prompt is a prompt."""
    assert suggest_magic(magic) == f"%kling_{magic}"
    assert suggest_magic(f" {magic.upper()}  Abc ") == f"%kling_{magic} Abc"
    assert suggest_magic(f"{magic} of a boat") is None
    assert suggest_magic(f"the {magic}") is None


def test_help_is_a_question() -> None:
    """IPython's own help explains the magic."""
    assert suggest_magic("help") == "%kling?"
    assert suggest_magic("") is None


def test_options_and_fields_do_not_meet() -> None:
    """No setting has the name of a field."""
    assert {setting.key for setting in SETTINGS.values()}.isdisjoint(ACCEPTED)
    assert {option_name(name) for name in ACCEPTED}.isdisjoint(SETTINGS)
    assert option_name("image_tail") == "image-tail"


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_each_setting_takes_its_own_example(setting: object) -> None:
    """The examples in the help can be typed."""
    known = SETTINGS[getattr(setting, "name", "")]
    assert known.help.endswith(".")
    assert bool(known.parse) == bool(known.takes) == bool(known.example)
    if known.parse:
        known.parse(known.example)


@given(
    st.one_of(st.text(), st.sampled_from(PROMPTS), st.text(st.sampled_from('\\"u02ae8/ \n\u2028-—{$}'))), st.booleans()
)
def test_a_word_is_one_word(text: str, always: bool) -> None:
    """Any value is parsed back from its word in a line, and so is the prompt after it."""
    word = escape_word(text, always=always)
    assert not breaks_line(word)
    request = parse(f"--session-id {word} the prompt").request
    assert request.get("session_id") == (None if is_blank(text) else text.strip())
    assert request.get("prompt") == "the prompt"


def test_plain_words_stay_plain() -> None:
    """Quotes are used only if needed."""
    assert escape_word("https://example.com/a.png?x=1#y") == "https://example.com/a.png?x=1#y"
    assert escape_word("C:\\clips\\a.png") == "C:\\clips\\a.png"
    assert escape_word("a b") == '"a b"'
    assert escape_word("") == '""'
    assert escape_word("a", always=True) == '"a"'
    assert escape_word("@a") == '"@a"'
    assert escape_word("-a") == '"-a"'
    assert escape_word("—a") == '"—a"'
    assert escape_word("纸船.png") == "纸船.png"
    assert escape_word(r"\\nas\a b.png") == r'"\\nas\a b.png"'


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (r"C:\clips\new", r"C:\clips\new"),
        (r"\\nas\photos\a.png", r"\\nas\photos\a.png"),
        (r"C:\photos\u2024\a.png", r"C:\photos\u2024\a.png"),
        (r"C:\u00e9\a.png", r"C:\u00e9\a.png"),
        (r"C:\clips\\", "C:\\clips\\"),
        (r"a\"b\c\u000ad", 'a"b\\c\nd'),
        (r"a\\\"b", 'a\\"b'),
        (r"a\\u000a", r"a\u000a"),
    ],
)
def test_a_backslash_is_itself_unless_it_escapes(written: str, text: str) -> None:
    r"""Paths, including UNC paths, stay the same; ``\"`` is a quote, and ``\u000a`` a line feed."""
    assert unescape(written) == text
    assert unescape(escape_word(text, always=True)[1:-1]) == text


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_each_field_has_words_for_people(field: object) -> None:
    """Every field has the label, help and example that the form, the help and errors show."""
    known = FIELDS[getattr(field, "name", "")]
    assert known.label and known.help.endswith(".") and known.example
