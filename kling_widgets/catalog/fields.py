"""The kinds of field that a request is made of, and what is checked in each of them alone.

A field cleans a value at the door (``clean``: what cannot be cleaned stays as it was given) and later says what is
wrong with it (``check``). What concerns several fields at once is in ``rules.py``.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Literal

from kling_widgets.core.json_values import JSON, MISSING, is_blank, shorten, unusable_kinds
from kling_widgets.core.problem import Problem, Severity

Media = Literal["image", "video", "audio"]


class Source(StrEnum):
    """How a fact about the service is known, and so how strictly it is held."""

    SERVICE = "S"  # the service's own page
    DOCUMENTED = "D"  # documented elsewhere, by the gateway, by Tencent or by Kling
    READ = "R"  # read in the source of the gateway's family or of a real client
    INFERRED = "I"
    OPEN = "?"  # the sources contradict each other

    @property
    def severity(self) -> Severity:
        """Only what the service itself says is refused; other sources may be behind it."""
        return "error" if self is Source.SERVICE else "warning"


@dataclass(frozen=True, slots=True)
class FieldLimit:
    """A number that a service sets, and where that is said."""

    value: int
    source: Source


@dataclass(frozen=True, kw_only=True)
class Field(ABC):
    """One field of a request.

    Attributes:
        name: the wire's name.
        label: what a form calls it.
        help: one sentence, with the limits in words.
        example: a value as it stands in a magic line.
        section: the form's section; "" for what everybody sets.
        aliases: other names that the service page gives it.
        in_metadata: whether it travels in ``metadata`` or at the top of the body.
    """

    kind: ClassVar[str]  # a word for the control that a form gives it
    many: ClassVar[bool] = False  # whether it is a list, to which a repeated option adds

    name: str
    label: str
    help: str
    example: str
    section: str = ""
    aliases: tuple[str, ...] = ()
    in_metadata: bool = True

    @abstractmethod
    def clean(self, value: JSON, *, paths: bool) -> JSON:
        """The value in its one form, or None for "not set"; a value of the wrong kind comes back unchanged.

        With ``paths``, text that is no link becomes a :class:`~pathlib.Path`: the user wrote it. Without (a body, a
        file, the journal), it stays text, and is an error.
        """

    @abstractmethod
    def check(self, value: JSON) -> Iterator[Problem]:
        """What is wrong with the value, as ``clean`` gave it, when it holds nothing but JSON and paths."""

    def problems(self, value: JSON) -> Iterator[Problem]:
        """Yield what is wrong with the value, as ``clean`` gave it."""
        if stray := next(unusable_kinds(value), ""):
            yield unusable_problem(self.name, self.label, stray, picture=self.kind in ("link", "links", "masks"))
        else:
            yield from self.check(value)

    def wire(self, value: JSON) -> JSON:
        """The value as the body carries it."""
        return value

    def error(self, message: str, hint: str = "") -> Problem:
        """An error in this field."""
        return Problem("error", self.name, message, hint)

    def problem_by_source(self, source: Source, message: str, hint: str = "") -> Problem:
        """A problem as severe as its source is sure."""
        return Problem(source.severity, self.name, message, hint)


def unusable_problem(name: str, label: str, kind: str, *, picture: bool = False) -> Problem:
    """Return the error of an object that stands where text, a number or a picture belongs.

    Args:
        name: the field's name.
        label: what people call it.
        kind: of the object, as ``unusable_kinds`` gives it.
        picture: whether a picture belongs there.
    """
    if kind in MISSING:
        return Problem("error", name, f"{label}: a value is missing ({kind}).", "Fill it in, or leave the field out.")
    if picture:
        said = f"{label}: a value of type {kind} is neither a link nor a file."
        return Problem("error", name, said, "A picture in memory becomes a file by kw.picture(image).")
    said = f"{label}: a value of type {kind} is no text, number or path."
    return Problem("error", name, said, "Give the text or the number that is meant.")


@dataclass(frozen=True, kw_only=True)
class Text(Field):
    """Free text. ``at_most`` counts characters."""

    kind: ClassVar[str] = "text"

    at_most: FieldLimit | None = None
    long: bool = False

    def clean(self, value: JSON, *, paths: bool) -> JSON:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str):
            return None if is_blank(value) else value.strip()
        return value

    def check(self, value: JSON) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield self.error(f"{self.label} is text, not {shorten(value)}.")
        elif self.at_most and len(value) > self.at_most.value:
            yield self.problem_by_source(
                self.at_most.source,
                f"{self.label} has {len(value)} characters; {self.at_most.value} is the documented limit.",
                "Shorten it, or it may be refused or cut.",
            )


@dataclass(frozen=True, kw_only=True)
class Choice(Field):
    """One word of a list, or another one of the same shape.

    Attributes:
        choices: what is offered.
        shape: the regular expression that any value must match.
        example_shape: the shape in words.
        outside: what a well-formed value that is not in the list means.
        tidy: brings what people type into the wire's form.
    """

    kind: ClassVar[str] = "choice"

    choices: tuple[str, ...]
    shape: str
    example_shape: str
    outside: str
    tidy: Callable[[str], str] = str

    def clean(self, value: JSON, *, paths: bool) -> JSON:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or any(unusable_kinds(value)):
            return value
        return self.tidy(value.strip()) or None

    def check(self, value: JSON) -> Iterator[Problem]:
        if not isinstance(value, str) or not re.fullmatch(self.shape, value, re.ASCII):
            yield self.error(f"{self.label} is {self.example_shape}, not {shorten(value)}.")
        elif value not in self.choices:
            yield Problem("warning", self.name, self.outside.format(value=value))


@dataclass(frozen=True, kw_only=True)
class Number(Field):
    """A whole number, sent as a string: the stock gateway silently turns ``5.5`` and ``"5s"`` into 5 (R).

    Attributes:
        low: below it is an error.
        high: above it is a warning where nothing else is documented: no source has a model that takes more.
        usual: the values that the model is documented to take (D); others are a warning. Empty: not documented.
        unit: of the number, for people.
    """

    kind: ClassVar[str] = "number"

    low: int
    high: int
    unit: str
    usual: tuple[int, ...] = ()

    def clean(self, value: JSON, *, paths: bool) -> JSON:
        if isinstance(value, float):
            return int(value) if value.is_integer() else str(value)
        if isinstance(value, str):
            text = value.strip()
            return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else text or None
        return value

    def check(self, value: JSON) -> Iterator[Problem]:
        if not isinstance(value, int) or isinstance(value, bool) or value < self.low:
            yield self.error(
                f"{self.label} is a whole number from {self.low}, not {shorten(value)}.",
                f"For example {self.usual[0] if self.usual else self.low}.",
            )
        elif self.usual and value not in self.usual:
            said = f"This model is documented for {self.usual_words()}, not {value} {self.unit}."
            yield Problem("warning", self.name, said, asks=True)
        elif value > self.high:
            said = f"No model is documented for more than {self.high} {self.unit}; {value} are given."
            yield Problem("warning", self.name, said, asks=True)

    def wire(self, value: JSON) -> JSON:
        return str(value) if isinstance(value, int) else value

    def usual_words(self) -> str:
        """The usual values for people: "5 or 10 seconds", "3 to 15 seconds"."""
        low, high = min(self.usual), max(self.usual)
        whole_range = len(self.usual) > 2 and self.usual == tuple(range(low, high + 1))
        return (f"{low} to {high}" if whole_range else " or ".join(map(str, self.usual))) + f" {self.unit}"


SWITCH_WORDS: Mapping[str, bool] = {"on": True, "true": True, "off": False, "false": False}


@dataclass(frozen=True, kw_only=True)
class Flag(Field):
    """On or off. The service page takes true/false and on/off; we send true/false.

    Attributes:
        choices: what is offered; one of the two where the model leaves no choice.
    """

    kind: ClassVar[str] = "flag"

    choices: tuple[bool, ...] = (False, True)

    def clean(self, value: JSON, *, paths: bool) -> JSON:
        if isinstance(value, str):
            return SWITCH_WORDS.get(value.strip().lower(), value.strip() or None)
        return bool(value) if isinstance(value, (int, float)) and value in (0, 1) else value

    def check(self, value: JSON) -> Iterator[Problem]:
        if not isinstance(value, bool):
            yield self.error(f"{self.label} is on or off, not {shorten(value)}.")
        elif value not in self.choices:
            always = "on" if True in self.choices else "off"
            said = f"{self.label} is always {always} with this model."
            yield Problem("warning", self.name, said, "Leave it out.", {self.name: None})
