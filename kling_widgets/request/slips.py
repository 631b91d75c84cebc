"""Detection of slips in a prompt, so that a mistyped option does not become part of a paid prompt.

Slips are words that look like an option, including those whose dashes were changed by a phone, a chat or an editor, and
a first word that is an option's value. They are allowed only in a verbatim prompt.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from kling_widgets.catalog.all_fields import PREFIX
from kling_widgets.catalog.model_names import resolve
from kling_widgets.catalog.models import MODELS
from kling_widgets.core.json_values import INVISIBLE
from kling_widgets.request.magic_words import FOREIGN_OPTIONS, OPTIONS

# Unicode's property Dash: an editor or an input method may substitute any of them for a hyphen.
DASHES = (
    "\\-\u058a\u05be\u1400\u1806\u2010-\u2015\u2053\u207b\u208b\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d\u301c\u3030"
    "\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d\U00010d6e\U00010ead"
)
_HYPHENS = "\\-\u2010-\u2013\u2212\ufe63\uff0d"  # those that join the parts of a word, as in image-tail
_LONG = "\u2014\u2015\u2e3a\u2e3b\ufe31\ufe58"  # those that editors substitute for two hyphens
# Dashes and a name. Possessive quantifiers (*+) prevent backtracking, so that no text takes long.
_DASHED = (
    rf"(?P<run>[{DASHES}](?:[{INVISIBLE}]*[{DASHES}])*+)[{INVISIBLE}]*+"
    rf"(?P<name>[^\W\d_][\w{INVISIBLE}]*+(?:[{_HYPHENS}][{INVISIBLE}]*[^\W{INVISIBLE}][\w{INVISIBLE}]*+)*+)"
)
_ANYWHERE = re.compile(rf"(?<![{DASHES}{INVISIBLE}])(?P<unseen>[{INVISIBLE}]*+){_DASHED}")
_AT_START = re.compile(rf"(?P<unseen>[\s{INVISIBLE}]*+){_DASHED}")
_ALONE = re.compile(rf"[\s{INVISIBLE}]*+(?P<run>[{DASHES}](?:[{INVISIBLE}]*[{DASHES}])*+)[{INVISIBLE}]*+(?=\s|$)")
_VALUE = re.compile(r"[\s=:：]*\d")
_END = re.compile(r"[\s=:：]|$")
_SENTENCE = re.compile("[,.;!?…，。；！？]")
STOPS = ",;.:!?…，。；：！？、"
_SPOKEN = ("no", "stop", "help", "fast", "first", "last", "start", "end", "time", "out")  # —No, she said.


@dataclass(frozen=True, slots=True)
class DashedWord:
    """A word that consists of dashes and a name.

    Attributes:
        start, end: its position, including invisible characters before it.
        dashes: its dashes.
        name: its name in lower case, with plain hyphens.
        plain: whether it is written like a valid option: two ASCII hyphens, or -o, and an ASCII name.
        spaced: whether it follows whitespace or starts the text.
        apart: whether it is a word of its own, not the continuation of one.
    """

    start: int
    end: int
    dashes: str
    name: str
    plain: bool
    spaced: bool
    apart: bool

    @property
    def option(self) -> str:
        """The name with plain dashes, as a valid option is written."""
        return f"-{self.name}" if self.name == "o" else f"--{self.name}"


def slips(text: str, position: int = 0, *, start: bool = True) -> Iterator[DashedWord]:
    """Yield the words of a prompt that look like options, in order.

    Args:
        text: the prompt.
        position: where to start.
        start: whether the text starts where options are expected; a dash and one letter, such as -n 3, is a slip there.
    """
    begins = len(text) - len(text.lstrip())
    for match in _ANYWHERE.finditer(text, position):
        found = _dashed(match, text)
        if _is_slip(found, text, first=start and match.start() <= begins):
            yield found


def option_at(text: str, position: int) -> DashedWord | None:
    """Return the option at the position, with any dashes and after whitespace; None if the prompt starts there.

    A single hyphen starts an option only in -o. Dashes before a letter of another script are prose, unless they are
    hyphens.
    """
    match = _AT_START.match(text, position)
    if match is None:
        return None
    found = _dashed(match, text)
    if found.dashes == "-":
        return found if found.name == "o" and _END.match(text, found.end) else None
    return found if found.name[0].isascii() or (len(found.dashes) > 1 and _hyphens(found.dashes)) else None


def dash_alone(text: str, position: int) -> tuple[int, bool] | None:
    """Return the end of a word of dashes that ends the options, and whether it is exactly "--"; otherwise None."""
    match = _ALONE.match(text, position)
    if match is None or (match["run"].isascii() and match["run"] != "--"):
        return None
    return match.end(), match[0].strip() == "--"


def begins_with_dash(text: str) -> bool:
    """Return whether the first visible character is a dash."""
    return re.match(rf"[\s{INVISIBLE}]*[{DASHES}]", text) is not None


def _dashed(match: re.Match[str], text: str) -> DashedWord:
    before = text[match.start() - 1 : match.start()]
    dashes, name = visible(match["run"]), visible(match["name"])
    tidy = re.sub(f"[{DASHES}_]", "-", unicodedata.normalize("NFKC", name)).lower()
    written = text[match.start("run") : match.end()]
    return DashedWord(
        match.start(),
        match.end(),
        dashes,
        tidy,
        written.isascii() and written.isprintable() and (dashes == "--" or (dashes, tidy) == ("-", "o")),
        not before.strip() and not match["unseen"].strip(),
        _apart(text, match.start(), match["unseen"], one_hyphen=len(dashes) == 1 and _hyphens(dashes)),
    )


def _apart(text: str, start: int, unseen: str, *, one_hyphen: bool) -> bool:
    """Return whether a new word starts at the position."""
    blanks = re.sub("[\ufe00-\ufe0f\u200c\u200d]", "", unseen)  # these may be part of an emoji
    if visible(blanks) != blanks:
        return True
    before, one_more = text[start - 1 : start], text[start - 2 : start - 1]
    if not before.strip():
        return True
    category = unicodedata.category(before)
    if category[0] in "LNM" or before == "_" or (one_hyphen and category == "So"):
        return False
    # '"Blade Runner"-style' and "100%-new" are words, '"-seconds' and "a boat,-seconds" are not.
    joins = one_hyphen and category not in ("Ps", "Pi") and before not in STOPS
    return not (joins and one_more and unicodedata.category(one_more)[0] in "LNM")


def visible(text: str) -> str:
    """Return the text without invisible characters."""
    return re.sub(f"[{INVISIBLE}]", "", text)


def _hyphens(dashes: str) -> bool:
    return re.fullmatch(f"[{_HYPHENS}]+", dashes) is not None


def _is_slip(found: DashedWord, text: str, *, first: bool) -> bool:
    name, several = found.name, len(found.dashes) > 1
    before, value = text[found.start - 1 : found.start], _VALUE.match(text, found.end) is not None
    if not found.apart:  # x--y and text-to-video are prose; "boat--seconds 10", or a phone's version of it, is not
        long = several or re.fullmatch(f"[{_LONG}]", found.dashes) is not None
        if name in OPTIONS:
            return len(name) > 1 and (long or (value and unicodedata.category(before) == "Lo"))  # Chinese has no spaces
        return long and value and ((len(name) > 1 and name in FOREIGN_OPTIONS) or misspelt(name) is not None)
    if several and (name[0].isascii() or _hyphens(found.dashes)):
        return True
    if name in OPTIONS:
        return not (found.dashes == "-" and name == "o" and before and before in ":;=")  # :-o
    if found.dashes == "-" and not value:  # as in a list: -camera pans left
        return first and len(name) == 1
    if name in FOREIGN_OPTIONS:
        return value or (len(name) > 1 and not (name in _SPOKEN and _SENTENCE.match(text, found.end)))
    return misspelt(name) is not None or (first and found.dashes == "-" and len(name) == 1)


@lru_cache(maxsize=1000)
def misspelt(name: str) -> str | None:
    """Return the option of which a name is a likely misspelling, or None.

    Names of fewer than four letters are similar to too many words.
    """
    if not 4 <= len(name) <= 20:
        return None
    from difflib import SequenceMatcher  # imported only after a likely slip

    letters, matcher = set(name), SequenceMatcher(b=name)
    best, found = 0.8, None
    for known, others in _LONGER.items():
        # A quick check before the slow one: with more letters than this in only one of them, they are not similar.
        a, b = len(name), len(known)
        if 5 * len(letters - others) <= 3 * a - 2 * b and 5 * len(others - letters) <= 3 * b - 2 * a:
            matcher.set_seq1(known)
            if (ratio := matcher.ratio()) >= best:
                best, found = ratio, known
    return found


_LONGER = {name: set(name) for name in sorted(OPTIONS) if len(name) >= 4}

# The first word; it may be in quotes, like a path with spaces.
_FIRST = re.compile(rf"[\s{INVISIBLE}]*(?:\"([^\"]+)\"(?=\s|$)|'([^']+)'(?=\s|$)|(\S+))")
_MARKED = re.compile(r"!?(?:\[[^\[\]]*\])?\((\S+)\)|<(\S+)>")
_NUMBERED = frozenset(model.name for model in MODELS.values() if any(map(str.isdigit, model.name)))
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif")
_CLIPS = (".mp4", ".mov", ".webm", ".m4v", ".mkv", ".avi")
_SOUNDS = (".mp3", ".wav", ".m4a", ".aac", ".ogg", ".flac")


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A first word that is an option's value.

    Attributes:
        end: the position after the word.
        kind: what it is, such as "a link".
        option: the option and its value.
    """

    end: int
    kind: str
    option: str


def misplaced(text: str, exists: Callable[[Path], bool]) -> Misplaced | None:
    """Return the first word of a prompt if it is a model's number or id, a link, or an existing picture; else None.

    Args:
        text: the prompt.
        exists: returns whether a file exists.
    """
    match = _FIRST.match(text)
    if match is None:
        return None
    bare = match[3]
    word = (_bare(bare) if bare else match[1] or match[2]).strip()
    plain = unicodedata.normalize("NFKC", visible(word))
    if bare is None:
        shown = text[match.start(1) - 1 : match.end()] if match[1] else match[0].strip()
    else:
        shown = word
    if model := _model(plain):
        return Misplaced(match.end(), "a model", f"--model {model}")
    if re.match(r"https?://\S", plain, re.IGNORECASE):
        return Misplaced(match.end(), "a link", f"--{_option_of_link(plain)} {shown}")
    if word.lower().endswith(_PICTURES) and exists(Path(word)):
        return Misplaced(match.end(), "a picture", f"--image {shown}")
    return None


def _bare(word: str) -> str:
    """Return a word without surrounding punctuation or Markdown: <https://…>, ![a boat](first.png)."""
    word = word.rstrip(",;:，；：")
    inside = _MARKED.fullmatch(word)
    return (inside[1] or inside[2] if inside else word).strip("“”„‟\"'«»「」").rstrip(",;:，；：")


def _model(word: str) -> str | None:
    name = word.lower()
    if name.removeprefix(PREFIX) in _NUMBERED:
        return name.removeprefix(PREFIX)
    if name.startswith("aigc-"):
        return name
    problem = resolve(name)[1] if name.startswith("kling-") and any(map(str.isdigit, name)) else None
    return str(problem.fix["model"]).removeprefix(PREFIX) if problem and "model" in problem.fix else None


def _option_of_link(link: str) -> str:
    try:
        path = urlsplit(link).path.lower()
    except ValueError:
        return "image"
    return "video-list" if path.endswith(_CLIPS) else "voice-list" if path.endswith(_SOUNDS) else "image"
