"""Type for the pictures: fonts that the system has, a fallback for each character, lines that fit."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from PIL import ImageDraw, ImageFont, features

# File names without their suffix, best first: one good Latin face, then Chinese, Japanese and Korean, then the rest.
# The number is the face inside a collection (simplified Chinese, in Noto's and Source Han's).
FACES = (
    ("Inter-Regular", 0),
    ("NotoSans-Regular", 0),
    ("DejaVuSans", 0),
    ("LiberationSans-Regular", 0),
    ("SFNS", 0),
    ("Helvetica", 0),
    ("segoeui", 0),
    ("Arial", 0),
    ("NotoSansCJK-Regular", 2),
    ("NotoSansCJKsc-Regular", 0),
    ("NotoSansSC-Regular", 0),
    ("SourceHanSans-Regular", 2),
    ("SourceHanSansSC-Regular", 0),
    ("SourceHanSansCN-Regular", 0),
    ("PingFang", 0),
    ("Hiragino Sans GB", 0),
    ("STHeiti Medium", 0),
    ("msyh", 0),
    ("simsun", 0),
    ("wqy-microhei", 0),
    ("wqy-zenhei", 0),
    ("DroidSansFallbackFull", 0),
    ("DroidSansFallback", 0),
    ("Arial Unicode", 0),
    ("ArialUnicode", 0),
    ("DejaVuSans", 0),
    ("FreeSans", 0),
    ("NotoSansSymbols2-Regular", 0),
    ("Symbola", 0),
    ("unifont", 0),
)
_SUFFIXES = {".ttf", ".otf", ".ttc"}
_NOWHERE = "\U0010fffe"  # a noncharacter: what a font draws for it is what it draws for all that it does not have
_TOKENS = re.compile(r"\S+|\s+")

Face = ImageFont.FreeTypeFont | ImageFont.ImageFont


def folders() -> tuple[Path, ...]:
    """Where systems keep their fonts; the ones that exist."""
    home = Path.home()
    places = [
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        home / ".fonts",
        home / ".local/share/fonts",
        Path("/System/Library/Fonts"),
        Path("/Library/Fonts"),
        home / "Library/Fonts",
        Path(sys.prefix) / "fonts",
        Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts",
    ]
    return tuple(place for place in places if place.is_dir())


@cache
def files() -> tuple[tuple[Path, int], ...]:
    """The fonts of ``FACES`` that this system has, in that order."""
    found: dict[str, Path] = {}
    for folder in folders():
        for parent, subfolders, names in os.walk(folder):
            subfolders.sort()
            for name in sorted(names):
                path = Path(parent, name)
                if path.suffix.lower() in _SUFFIXES:
                    found.setdefault(path.stem, path)
    chosen = {found[stem]: index for stem, index in reversed(FACES) if stem in found}
    return tuple(sorted(chosen.items(), key=lambda item: [stem for stem, _ in FACES].index(item[0].stem)))


@cache
def _faces(size: int) -> tuple[Face, ...]:
    faces: list[Face] = []
    for path, index in files():
        try:
            faces.append(ImageFont.truetype(path, size, index=index))
        except OSError:  # a font that FreeType cannot read is no font
            continue
    return (*faces, ImageFont.load_default(size))


def _shape(face: Face, text: str) -> tuple[tuple[int, int], bytes]:
    mask = face.getmask(text)
    return mask.size, bytes(mask)


@cache
def _face_of(character: str) -> int | None:
    """Which face draws this character, or None. Asked at one size: a font has a character or it does not."""
    if unicodedata.bidirectional(character) in ("R", "AL") and not features.check("raqm"):
        return None  # drawn without shaping, from left to right: not readable
    for number, face in enumerate(_faces(20)):
        try:
            shape = _shape(face, character)
            if shape != _shape(face, _NOWHERE) and any(shape[1]):
                return number
        except (OSError, UnicodeError):  # a bitmap font without this size; the built-in one without FreeType
            continue
    return None


def printable(text: str) -> str:
    """Text without what has no shape of its own (joiners, selectors, control characters), blanks as one space."""
    kept = (
        c for c in text if unicodedata.category(c) not in ("Cf", "Cs", "Cn", "Co") and not "\ufe00" <= c <= "\ufe0f"
    )
    return " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in kept).split())


def missing(text: str) -> int:
    """How many characters of a printable text no font of this system can draw."""
    return sum(1 for character in text if not character.isspace() and _face_of(character) is None)


class Type:
    """Text of one size, in pixels; each character from the first face that has it."""

    def __init__(self, size: int) -> None:
        self.size = max(8, size)
        self.leading = round(self.size * 1.32)

    def _runs(self, text: str) -> Iterator[tuple[Face, str]]:
        faces = _faces(self.size)
        number, run = 0, ""
        for character in text:
            mark = unicodedata.category(character).startswith("M")  # stands on the character before it
            if mark and run.endswith("□"):
                continue
            own = number if mark or character.isspace() else _face_of(character)
            if own is None:
                own, character = 0, "□"
            if own != number and run:
                yield faces[number], run
                run = ""
            number, run = own, run + character
        if run:
            yield faces[number], run

    def width(self, text: str) -> float:
        """Pixels from the first character to the last."""
        return sum(face.getlength(run) for face, run in self._runs(text))

    def draw(self, draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, fill: object) -> None:
        """Draws one line whose top left corner is ``at``; all faces stand on one baseline."""
        x, y = at
        for face, run in self._runs(text):
            if isinstance(face, ImageFont.FreeTypeFont):
                draw.text((x, y + self.size), run, font=face, fill=fill, anchor="ls")  # type: ignore[arg-type]
            else:
                draw.text((x, y), run, font=face, fill=fill)  # type: ignore[arg-type]
            x += face.getlength(run)

    def wrap(self, text: str, width: float) -> list[str]:
        """The text in lines of at most this width; Chinese breaks anywhere, other words only where they must."""
        lines, line = [], ""
        for token in self._tokens(text, width):
            if line and self.width((line + token).rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            if line or not token.isspace():
                line += token
        if line.strip():
            lines.append(line.rstrip())
        return lines

    def _tokens(self, text: str, width: float) -> Iterator[str]:
        for token in _TOKENS.findall(text):
            if any(unicodedata.east_asian_width(c) in "WF" for c in token) or self.width(token) > width:
                yield from token
            else:
                yield token

    def cut(self, text: str, width: float) -> str:
        """The text on one line, its end replaced by … where it is too long."""
        if self.width(text) <= width:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.width(text[:middle].rstrip() + "…") <= width else (low, middle - 1)
        return text[:low].rstrip() + "…"
