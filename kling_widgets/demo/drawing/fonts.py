"""Text drawing with the system's fonts: a fallback for each character, and line wrapping."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from PIL import ImageDraw, ImageFont, features

# File names without suffix, best first: a Latin font, then Chinese, Japanese and Korean, then others. The number is the
# index of the font in a collection (simplified Chinese, in Noto's and Source Han's).
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
_NOWHERE = "\U0010fffe"  # a noncharacter: fonts draw it like any missing character
_TOKENS = re.compile(r"\S+|\s+")

Face = ImageFont.FreeTypeFont | ImageFont.ImageFont


def folders() -> tuple[Path, ...]:
    """Return the existing font folders of the system."""
    home = Path.home()
    candidates = [
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
    return tuple(path for path in candidates if path.is_dir())


@cache
def files() -> tuple[tuple[Path, int], ...]:
    """Return the available fonts of ``FACES`` with their indexes, in that order."""
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
        except OSError:  # a font that FreeType cannot read
            continue
    return (*faces, ImageFont.load_default(size))


def _shape(face: Face, text: str) -> tuple[tuple[int, int], bytes]:
    mask = face.getmask(text)
    return mask.size, bytes(mask)


@cache
def _face_of(character: str) -> int | None:
    """Return the index of the first font that has this character, or None. The size does not matter."""
    if unicodedata.bidirectional(character) in ("R", "AL") and not features.check("raqm"):
        return None  # unreadable without text shaping, which draws it from right to left
    for number, face in enumerate(_faces(20)):
        try:
            shape = _shape(face, character)
            if shape != _shape(face, _NOWHERE) and any(shape[1]):
                return number
        except (OSError, UnicodeError):  # a bitmap font without this size; the built-in one without FreeType
            continue
    return None


def printable(text: str) -> str:
    """Return text without invisible characters (joiners, selectors, control characters) and repeated white space."""
    kept = (
        c for c in text if unicodedata.category(c) not in ("Cf", "Cs", "Cn", "Co") and not "\ufe00" <= c <= "\ufe0f"
    )
    return " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in kept).split())


def missing(text: str) -> int:
    """Return how many characters of a printable text no font of this system can draw."""
    return sum(1 for character in text if not character.isspace() and _face_of(character) is None)


class Type:
    """Font of one size in pixels, which takes each character from the first system font that has it."""

    def __init__(self, size: int) -> None:
        self.size = max(8, size)
        self.leading = round(self.size * 1.32)

    def _runs(self, text: str) -> Iterator[tuple[Face, str]]:
        faces = _faces(self.size)
        number, run = 0, ""
        for character in text:
            mark = unicodedata.category(character).startswith("M")  # combines with the previous character
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
        """Return the width of the text in pixels."""
        return sum(face.getlength(run) for face, run in self._runs(text))

    def draw(self, draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, fill: object) -> None:
        """Draw one line with its top left corner at ``at``; all fonts share one baseline."""
        x, y = at
        for face, run in self._runs(text):
            if isinstance(face, ImageFont.FreeTypeFont):
                draw.text((x, y + self.size), run, font=face, fill=fill, anchor="ls")  # type: ignore[arg-type]
            else:
                draw.text((x, y), run, font=face, fill=fill)  # type: ignore[arg-type]
            x += face.getlength(run)

    def wrap(self, text: str, width: float) -> list[str]:
        """Return the text in lines of at most this width; Chinese breaks anywhere, other words only if too long."""
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
        """Return the text on one line, its end replaced by … if it is too long."""
        if self.width(text) <= width:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.width(text[:middle].rstrip() + "…") <= width else (low, middle - 1)
        return text[:low].rstrip() + "…"
