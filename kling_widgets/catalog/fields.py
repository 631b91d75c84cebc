"""The kinds of field in a request, with the checks that concern a single field.

``clean()`` normalises input and returns invalid values unchanged; ``check()`` reports them. Checks that concern several
fields are in ``rules.py``.
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
    """The source of a fact about the service, which decides how strictly the fact is enforced."""

    SERVICE = "S"  # the service's own page
    DOCUMENTED = "D"  # documented elsewhere: by the gateway, Tencent or Kling
    READ = "R"  # read in the source code of the gateway's family or of a real client
    INFERRED = "I"
    OPEN = "?"  # the sources contradict each other

    @property
    def severity(self) -> Severity:
        """Return "error" for the service's own page only, as other sources may be out of date."""
        return "error" if self is Source.SERVICE else "warning"


@dataclass(frozen=True, slots=True)
class FieldLimit:
    """A numeric limit of the service, and its source."""

    value: int
    source: Source


@dataclass(frozen=True, kw_only=True)
class Field(ABC):
    """One field of a request.

    Attributes:
        name: its name in the body.
        label: its name in a form.
        help: one sentence, with the limits in words.
        example: a value as written in a magic line.
        section: the form's section; "" for the main one.
        aliases: other names for it on the service's page.
        in_metadata: whether it is sent in ``metadata`` or at the top level of the body.
    """

    kind: ClassVar[str]  # a short name of this class
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
        """Return the value in its normal form, None for "not set", or a value of the wrong kind unchanged.

        Args:
            value: the value as given.
            paths: whether text that is not a link becomes a :class:`~pathlib.Path`, because the user wrote it. If False
                (a body, a file, the journal), it stays text, which is an error.
        """

    @abstractmethod
    def check(self, value: JSON) -> Iterator[Problem]:
        """Yield the problems of a value that ``clean`` returned and that contains only JSON and paths."""

    def problems(self, value: JSON) -> Iterator[Problem]:
        """Yield the problems of a value that ``clean`` returned."""
        if kind := next(unusable_kinds(value), ""):
            yield unusable_problem(self.name, self.label, kind, picture=self.kind in ("link", "links", "masks"))
        else:
            yield from self.check(value)

    def wire(self, value: JSON) -> JSON:
        """Return the value as it is sent in the body."""
        return value

    def error(self, message: str, hint: str = "") -> Problem:
        """Return an error in this field."""
        return Problem("error", self.name, message, hint)

    def problem_by_source(self, source: Source, message: str, hint: str = "") -> Problem:
        """Return an error if the source is the service's own page, otherwise a warning."""
        return Problem(source.severity, self.name, message, hint)


def unusable_problem(name: str, label: str, kind: str, *, picture: bool = False) -> Problem:
    """Return the error for an object where text, a number or a picture is expected.

    Args:
        name: the field's name.
        label: the field's name for people.
        kind: the kind of the object, as ``unusable_kinds`` yields it.
        picture: whether a picture is expected.
    """
    if kind in MISSING:
        return Problem("error", name, f"{label}: a value is missing ({kind}).", "Fill it in, or leave the field out.")
    if picture:
        message = f"{label}: a value of type {kind} is neither a link nor a file."
        return Problem("error", name, message, "Use kw.picture(image) to save a picture in memory to a file.")
    message = f"{label}: a value of type {kind} is not text, a number or a path."
    return Problem("error", name, message, "Pass the text or number itself.")


@dataclass(frozen=True, kw_only=True)
class Text(Field):
    """Free text.

    Attributes:
        at_most: the limit, in characters.
        long: whether a form shows several lines.
    """

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
                "Shorten it; otherwise it may be refused or cut.",
            )


@dataclass(frozen=True, kw_only=True)
class Choice(Field):
    """One word of a list, or another word of the same format.

    Attributes:
        choices: the words that a form offers.
        shape: the regular expression that every value must match.
        example_shape: that format in words.
        outside: the warning for a well-formed value that is not in the list.
        tidy: converts input to the form that is sent.
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
        low: a smaller value is an error.
        high: a larger value is a warning if ``usual`` is empty: no source documents a model that accepts more.
        usual: the values documented for the model (D); any other value is a warning. Empty if none are documented.
        unit: the unit, for people.
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
            message = f"This model is documented for {self.usual_words()}, not {value} {self.unit}."
            yield Problem("warning", self.name, message, asks=True)
        elif value > self.high:
            message = f"No model is documented for more than {self.high} {self.unit}, not {value}."
            yield Problem("warning", self.name, message, asks=True)

    def wire(self, value: JSON) -> JSON:
        return str(value) if isinstance(value, int) else value

    def usual_words(self) -> str:
        """Return the usual values in words: "5 or 10 seconds", "3 to 15 seconds"."""
        low, high = min(self.usual), max(self.usual)
        whole_range = len(self.usual) > 2 and self.usual == tuple(range(low, high + 1))
        return (f"{low} to {high}" if whole_range else " or ".join(map(str, self.usual))) + f" {self.unit}"


SWITCH_WORDS: Mapping[str, bool] = {"on": True, "true": True, "off": False, "false": False}


@dataclass(frozen=True, kw_only=True)
class Flag(Field):
    """A switch. The service accepts true/false and on/off; this package sends true/false.

    Attributes:
        choices: the offered values; only one if the model leaves no choice.
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
            message = f"{self.label} is always {always} with this model."
            yield Problem("warning", self.name, message, "Leave it out.", {self.name: None})
