"""API keys in memory: kept out of reprs, tracebacks and pickles, and removed from the service's replies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NoReturn

_SHORTEST = 12  # characters; the service's keys have about fifty, and short words like "demo" occur in harmless links
# "sk-" and a random body: only for such a key is a part of it enough to identify the key.
_STANDARD = re.compile(r"sk-([A-Za-z0-9]{24,})")
_HEAD, _TAIL = 8, 6  # characters of the body that services leave visible when they mask a key


class Secret:
    """A text that never shows: not in a repr, a message, a traceback's variables, ``vars()`` or a pickle."""

    __slots__ = ("__pattern", "__text")

    def __init__(self, text: str) -> None:
        self.__text = text
        self.__pattern: re.Pattern[bytes] | None = None

    @classmethod
    def of(cls, text: str | Secret | None) -> Secret | None:
        """Return the text as a secret; None for None and for blank text."""
        if isinstance(text, Secret):
            return text
        return cls(text) if text and text.strip() else None

    def reveal(self) -> str:
        """Return the text itself, for the one line that puts it into a header."""
        return self.__text

    def redact(self, content: bytes) -> bytes:
        """Return the content with "…" in place of this key, and of parts that identify it.

        If the service repeats the key in an answer, it must not get into an error, a raw reply or the journal.
        """
        if len(self.__text) < _SHORTEST:
            return content
        if self.__pattern is None:
            self.__pattern = re.compile(b"|".join(_patterns(self.__text)))
        return self.__pattern.sub("…".encode(), content)

    def __repr__(self) -> str:
        return "…"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled or copied")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.__text

    def __hash__(self) -> int:
        return hash(self.__text)


def _patterns(key: str) -> Iterator[bytes]:
    """Yield the patterns of a key and its parts; their length is bounded, as the searched text is untrusted."""
    yield _escapable(key)
    yield rb"sk-[A-Za-z0-9_-]{0,64}\*{2,64}[A-Za-z0-9_-]{0,64}"  # the gateway's own "sk-abc***xyz"
    if found := _STANDARD.fullmatch(key):
        rest = rb"(?:[A-Za-z0-9*.]|\\u00[0-9A-Fa-f]{2}){0,200}"
        yield b"(?:%s)?%s%s" % (_escapable("sk-"), _escapable(found[1][:_HEAD]), rest)
        yield _escapable(found[1][-_TAIL:])


def _escapable(text: str) -> bytes:
    """Return a pattern for the text, in which each character may be escaped as in JSON."""
    escaped = (f"\\u{ord(char):04x}".encode() for char in text)
    pairs = zip(text, escaped, strict=True)
    return b"".join(b"(?:%s|(?i:%s))" % (re.escape(char.encode()), re.escape(code)) for char, code in pairs)


class Environment(Mapping[str, str]):
    """The environment with a safe repr: that of ``os.environ``, shown in a verbose traceback, contains the key."""

    __slots__ = ("_environ",)

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        return self._environ[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)

    def __repr__(self) -> str:
        return "<the environment>"


def strip_traceback(error: BaseException) -> None:
    """Remove the frames from an interrupt, or from a bug in a library.

    Their variables hold the key (those of httpx and h11 the header with it), and a verbose traceback would print them.
    """
    error.__context__ = error.__cause__ = error.__traceback__ = None
