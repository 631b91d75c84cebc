"""A key in memory: what holds it, so that it is shown nowhere, and what takes it out of a text of the service's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NoReturn

_SHORTEST = 12  # characters; the keys of the service have about fifty, and a word like "demo" stands in innocent links
# "sk-" and a body without words in it: only of such a key does a part mean the key.
_USUAL = re.compile(r"sk-([A-Za-z0-9]{24,})")
_HEAD, _TAIL = 8, 6  # characters of the body by which services "mask" a key


class Secret:
    """A text that shows itself nowhere: not in a repr, a message, a traceback's variables, ``vars()`` or a pickle."""

    __slots__ = ("__text", "__traces")

    def __init__(self, text: str) -> None:
        self.__text = text
        self.__traces: re.Pattern[bytes] | None = None

    @classmethod
    def of(cls, text: str | Secret | None) -> Secret | None:
        """The secret of a text; None for none, and for blanks."""
        if isinstance(text, Secret):
            return text
        return cls(text) if text and text.strip() else None

    def reveal(self) -> str:
        """The text itself, for the one line that puts it into a header."""
        return self.__text

    def taken_from(self, content: bytes) -> bytes:
        """The content with "…" where this key stood, or a part of it by which it could be told: a service that repeats
        the key in its answer must not bring it into an error, a raw reply or a journal."""
        if len(self.__text) < _SHORTEST:
            return content
        if self.__traces is None:
            self.__traces = re.compile(b"|".join(_traces(self.__text)))
        return self.__traces.sub("…".encode(), content)

    def __repr__(self) -> str:
        return "…"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled or copied")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.__text

    def __hash__(self) -> int:
        return hash(self.__text)


def _traces(key: str) -> Iterator[bytes]:
    """Patterns, each of bounded length: what they search may be megabytes of anything."""
    yield _spelt(key)
    yield rb"sk-[A-Za-z0-9_-]{0,64}\*{2,64}[A-Za-z0-9_-]{0,64}"  # the gateway's own "sk-abc***xyz"
    if found := _USUAL.fullmatch(key):
        rest = rb"(?:[A-Za-z0-9*.]|\\u00[0-9A-Fa-f]{2}){0,200}"
        yield b"(?:%s)?%s%s" % (_spelt("sk-"), _spelt(found[1][:_HEAD]), rest)
        yield _spelt(found[1][-_TAIL:])


def _spelt(text: str) -> bytes:
    """A pattern of the text, each character of it as it is or escaped as JSON allows."""
    escaped = (f"\\u{ord(char):04x}".encode() for char in text)
    pairs = zip(text, escaped, strict=True)
    return b"".join(b"(?:%s|(?i:%s))" % (re.escape(char.encode()), re.escape(code)) for char, code in pairs)


class Environment(Mapping[str, str]):
    """The environment, which shows itself nowhere: ``repr(os.environ)`` in a traceback's variables holds the key."""

    __slots__ = ("_of",)

    def __init__(self, of: Mapping[str, str]) -> None:
        self._of = of

    def __getitem__(self, name: str) -> str:
        return self._of[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._of)

    def __len__(self) -> int:
        return len(self._of)

    def __repr__(self) -> str:
        return "<the environment>"


def strip_traceback(error: BaseException) -> None:
    """Takes the frames from an interrupt or a bug in somebody else's code: their variables hold the key (httpx's and
    h11's the header with it), and a verbose traceback would print them."""
    error.__context__ = error.__cause__ = error.__traceback__ = None
