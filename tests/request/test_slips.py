"""Words that look like options, and first words that are an option's value."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest

from kling_widgets.request.magic_words import OPTIONS
from kling_widgets.request.slips import (
    DASHES,
    DashedWord,
    begins_with_dash,
    dash_alone,
    misplaced,
    misspelt,
    option_at,
    slips,
    visible,
)


def words(text: str) -> list[str]:
    """Return the names of the words that look like options."""
    return [slip.name for slip in slips(text)]


def test_every_dash_of_unicode_is_one() -> None:
    """These are the category Pd and the few other characters with the property Dash."""
    known = re.compile(f"[{DASHES}]")
    dashes = {char for char in map(chr, range(sys.maxunicode)) if unicodedata.category(char) == "Pd"} | {*"⁓⁻₋−"}
    assert not {char for char in dashes if not known.match(char)}
    assert not {char for char in "_~=+.·•ー一|/\\ a\u00b7" if known.match(char)}


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_each_option_is_found_behind_each_dash(name: str) -> None:
    """At the start, in the middle, in quotes and in any case; at the start of a line it is parsed as an option."""
    for dash in ("--", "—", "–", "−", "－－", "-\u200b-", "‑"):
        for text in ("{}", "a {} b", 'a "{}" b', "({})", "a\n{}", "纸船，{}"):
            assert words(text.format(dash + name)) == [name]
            assert words(text.format(dash + name.upper())) == [name]
        found = option_at(f"  {dash}{name} 5", 0)
        assert found is not None and found.name == name
    assert words(f"a -{name} b") == [name]
    if "-" in name:
        assert words(f"a —{name.replace('-', '_')} —{name.replace('-', '–')} —{name.replace('-', '‑')}") == [name] * 3


def test_what_is_no_slip() -> None:
    """Dashes within words, before digits, alone, and before other scripts are not slips."""
    assert words("a-seconds x--y -5 --5 -- — – 她——说 ——在 -old —old x-o image-sound sci–fi") == []
    assert words("x --在") == ["在"]


def test_a_slip_may_be_glued_to_what_stands_before() -> None:
    """After a letter it needs two hyphens or what editors substitute for them; in Chinese, any dash is enough."""
    assert words("boat--seconds 10") == words("boat—seconds 10") == words("纸船–seconds 10") == ["seconds"]
    assert words("boat--ar 16:9") == words("🚢--ar 16:9") == ["ar"]
    assert words("🚢--foo 🌧️--bar →--baz") == ["foo", "bar", "baz"]
    assert words("boat--secnds 10") == ["secnds"]
    assert words("a boat,--seconds 10 (-save x) \u200b-seconds") == ["seconds", "save", "seconds"]
    assert words('boat--ar boat--secnds boat-seconds 10 boat–seconds 10 100%-sound "x"-image') == []


def test_at_the_start_one_letter_is_one() -> None:
    """Elsewhere it is a slip only if it is another tool's option followed by a number."""
    assert words("-n 3 a boat") == ["n"]
    assert words("a boat -n x -b") == []
    assert words("a boat -v 6 —s 250") == ["v", "s"]


@pytest.mark.parametrize(
    ("name", "option"),
    [
        *(("secnds", "seconds"), ("second", "seconds"), ("aspectratio", "aspect-ratio"), ("dryrun", "dry-run")),
        *(("imagetail", "image-tail"), ("promt", "prompt"), ("seconds", "seconds")),
        *(("old", None), ("boat", None), ("new-york", None), ("x" * 50, None), ("some", None)),
    ],
)
def test_a_misspelling_is_near_to_one(name: str, option: str | None) -> None:
    """Short names, and those that are not similar to an option, are words."""
    assert misspelt(name) == option


def test_a_dash_alone() -> None:
    """Two hyphens make the prompt verbatim; a substituted dash only ends the options; one hyphen is prose."""
    assert dash_alone("-- x", 0) == (2, True)
    assert dash_alone("a  — x", 1) == (4, False)
    assert dash_alone("—— x", 0) == (2, False)
    assert dash_alone("- x", 0) is None
    assert dash_alone("--- x", 0) is None
    assert dash_alone("--x", 0) is None
    assert begins_with_dash(" —x") and begins_with_dash("\u200b-x") and not begins_with_dash("x—")


def test_what_is_found_says_how_it_is_written() -> None:
    """Only an option in plain hyphens may be at the end of a line."""
    (found,) = slips("a --seconds 5")
    assert found == DashedWord(2, 11, "--", "seconds", plain=True, spaced=True, apart=True)
    assert not next(slips("a -\u200b-seconds")).plain
    assert not next(slips("a \u200b--seconds")).spaced
    assert not next(slips("a --dry‑run")).plain
    assert not next(slips('a "--seconds')).spaced
    assert not next(slips("a--seconds")).apart
    assert next(slips("a -o x")).option == "-o"
    assert visible("a\u200bb\ufeff") == "ab"


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("3.0 x", "--model 3.0"),
        ("2.5-TURBO: x", "--model 2.5-turbo"),
        ("o1", "--model o1"),
        ("３.０ x", "--model 3.0"),
        ("“3.0” x", "--model 3.0"),
        ("aigc-video-kling-2.6 x", "--model 2.6"),
        ("aigc-video-kling-9 x", "--model aigc-video-kling-9"),
        ("kling-v2-6 x", "--model 2.6"),
        ("HTTPS://e.com/a.png x", "--image HTTPS://e.com/a.png"),
        ("https://e.com/a.webm x", "--video-list https://e.com/a.webm"),
        ("https://e.com/a.wav, x", "--voice-list https://e.com/a.wav"),
        ("http://[ x", "--image http://["),
        ("<https://e.com/a.png> x", "--image https://e.com/a.png"),
        ("![boat](https://e.com/a.png), x", "--image https://e.com/a.png"),
        ("![](first.png) x", "--image first.png"),
        ("(3.0) x", "--model 3.0"),
        ("[boat](a) x", None),
        ("<b> x", None),
        ("first.PNG x", "--image first.PNG"),
        ('"my first.jpg" x', '--image "my first.jpg"'),
        ("'my first.jpg' x", "--image 'my first.jpg'"),
        *(
            ("avatar x", None),
            ("identifyface", None),
            ("2.5 x", None),
            ("a 3.0", None),
            ("", None),
            ("kling-on x", None),
        ),
        *(("first.txt x", None), ("http x", None), ("my first.jpg x", None), ("9.png.zip", None)),
    ],
)
def test_a_first_word_that_is_a_value(text: str, option: str | None) -> None:
    """A model's number or id, a link or a picture is refused; the words avatar and identifyface may start a prompt."""
    found = misplaced(text, lambda path: True)
    assert (found and found.option) == option


def test_a_picture_that_is_not_there_is_a_word() -> None:
    """Only the name of an existing file is refused."""
    assert misplaced("first.png x", lambda path: False) is None
