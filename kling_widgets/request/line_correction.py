"""A refused line as it should be, ready to be pasted. What is shown has been read, and would be accepted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.model_names import resolve
from kling_widgets.catalog.structured_fields import Structured
from kling_widgets.core.json_values import shorten
from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.line_parts import Parts, split, start_of_prompt
from kling_widgets.request.magic_options import Given, read_option
from kling_widgets.request.magic_words import OPTIONS, OTHERS
from kling_widgets.request.slips import STOPS, Dashed, misplaced, misspelt, option_at, seen, slips

_LONGEST = 1500  # characters of a line that is shown in an error


class _NoWayError(Exception):
    """What was meant cannot be told."""


class Mender:
    """Shows how to write what was refused.

    Args:
        magic: the magic's name.
        there: whether a file is there.
        check: raises InvalidRequestError for options that would be refused for their values.
    """

    def __init__(self, magic: str, there: Callable[[Path], bool], check: Callable[[Parts], object]) -> None:
        self.magic, self.there, self.check = magic, there, check

    def mended(self, line: str, cell: str | None) -> str:
        """How to write a line, or a cell, that was refused for an option: the end of the error."""
        left_out: list[str] = []
        try:
            code, meant = self._options_first(line, cell, left_out), True
        except _NoWayError:
            code, meant = self._verbatim(line, cell), False
        first, _, body = code.partition("\n")
        way = "put the whole prompt in double quotes" if cell is None else "end the first line with --"
        if not first or len(first) > _LONGEST:
            return f"Options stand before the prompt. To keep it in the prompt, {way}."
        where = " as the first line" if body else ""
        if not meant:
            return f"To keep it in the prompt, write{where}: {first}"
        where += " and take it out of the text" if body else ""
        where += f", without {', '.join(map(shorten, left_out[:5]))}" if left_out else ""
        return f"To keep it in the prompt, {way}. Else write{where}: {first}"

    def _options_first(self, line: str, cell: str | None, left_out: list[str]) -> str:
        """The code with the options that were meant at their place, and what others call options left out.

        Raises:
            _NoWayError: it cannot be told which those are.
        """
        options: list[str] = []
        prompt = _take_out(line, options, left_out).strip()
        if cell is not None:
            if prompt:
                raise _NoWayError
            prompt = _take_out(cell, options, left_out).strip()
        for _ in range(4):
            bare = prompt[1:-1].strip() if _SMART.fullmatch(prompt) else prompt
            first = misplaced(bare, self.there)
            if first is None:
                break
            options.append(first.option)
            prompt = bare[first.end :].strip()
        if not options and not left_out:
            raise _NoWayError
        given = "".join(f" {option}" for option in options)
        if not prompt and cell is None and re.fullmatch(r" --model \S+", given):
            return f"%kling_form {given.split()[1]}"  # whoever names a model alone wants its form
        codes: list[tuple[str, str | None]]
        if cell is not None:
            codes = [(f"%%{self.magic}{given}", prompt), (f"%%{self.magic}{given} --", prompt)]
        else:
            codes = [(f"%{self.magic}{given} {prompt}", None), (f"%{self.magic} {prompt}{given}", None)]
            codes += [(f"%{self.magic}{given} -- {prompt}", None)]
        return self._first_accepted(codes, prompt, len(options))

    def _verbatim(self, line: str, cell: str | None) -> str:
        """The code with the whole prompt as it stands; "" where there is no way."""
        given = list(_given(line))
        options = [each.written for each in given if each.key != "prompt"]
        position, _ = start_of_prompt(line, given[-1].end if given else 0)
        before = " ".join((self.magic, *options))
        codes: list[tuple[str, str | None]]
        if cell is not None:
            prompt = cell.strip()
            codes = [(f"%%{before} --", prompt)] if not line[position:].strip() else []
        else:
            prompt = line[position:].strip() or "".join(str(each.value) for each in given if each.key == "prompt")
            if _SMART.fullmatch(prompt):
                prompt = prompt[1:-1].strip()
            codes = [(f'%{before} "{prompt}"', None), (f"%{before} -- {prompt}", None)]
        try:
            return self._first_accepted(codes, prompt, len(options))
        except _NoWayError:
            return ""

    def _first_accepted(self, codes: Sequence[tuple[str, str | None]], prompt: str, count: int) -> str:
        """The first of these that is read as it is meant, and that IPython hands over as it is."""
        for first, body in codes:
            line = first.partition(" ")[2].strip()
            if body is None and (first.rstrip().endswith(("?", "\\")) or "\n" in first):
                continue
            try:
                parts = split(line, body, self.there)
                self.check(parts)
            except InvalidRequestError:
                continue
            if parts.prompt == prompt and len(parts.options) + len(parts.tail) == count:
                return first.rstrip() if body is None else f"{first}\n{body}"
        raise _NoWayError


_SMART = re.compile("[“„‟«][^“”„‟«»]*[”“»]", re.DOTALL)


def _given(line: str) -> Iterator[Given]:
    """The options before the prompt, up to the first that cannot be read."""
    position = 0
    while dashed := option_at(line, position):
        try:
            given = read_option(line, dashed.end, dashed.name)
        except InvalidRequestError:
            return
        yield given
        position = given.end


def _take_out(text: str, options: list[str], left_out: list[str]) -> str:
    """The text without what looks like an option. What was meant by that is added to the options; what there is nothing
    for here, to what is left out."""
    kept, position = "", 0
    while slip := next(slips(text, position), None):
        kept = _join(kept, text[position : slip.start])
        option, end = _meant(text, slip)
        (options if option else left_out).append(option or seen(text[slip.start : end]).strip())
        position = end
    return _join(kept, text[position:])


def _join(before: str, after: str) -> str:
    return before.rstrip(" \t") + after if after[:1].isspace() or _AFTER.match(after[:1]) else before + after


def _meant(text: str, slip: Dashed) -> tuple[str, int]:
    """The option that was meant, "" where there is none here; and where it ends in the text.

    Raises:
        _NoWayError: it cannot be told.
    """
    name = slip.name if slip.name in OPTIONS else OTHERS.get(slip.name, misspelt(slip.name))
    before = text[slip.start - 1 : slip.start]
    glued = before.isalnum() and not slip.apart
    if name is None or not (slip.spaced or glued or not before.strip() or seen(before) != before or before in STOPS):
        raise _NoWayError  # such as in quotes or brackets
    given = _read(text, slip.end, name) if name and (name != "metadata" or slip.name not in OTHERS) else None
    if given and given.key != "prompt" and not (glued and given.kind == ""):  # as in "silence--sound of nothing"
        after = _AFTER.search(given.written) if given.kind == "bare" else None  # of the sentence, not of the value
        written = given.written[: after.start()] if after else given.written
        if _fits(given, written):
            return written, given.end - (len(given.written) - len(written))
    if slip.name not in OTHERS:
        raise _NoWayError
    return "", slip.end + _length_of_value(slip.name, text[slip.end :])


def _read(text: str, position: int, name: str) -> Given | None:
    for start in (position, position + 1):  # as in "--seconds: 10" and "--dry-run."
        try:
            if start == position or text[position:start] in STOPS:
                return read_option(text, start, name)
        except InvalidRequestError:
            continue
    return None


_AFTER = re.compile(f"[{STOPS}]+$")
_NEGATIVE = ("no", "neg", "negative", "negative-prompt")


def _fits(given: Given, written: str) -> bool:
    """Whether the value is one of the option's own kind, as far as it can be told without variables and files."""
    value = written.partition(" ")[2].strip() or written.partition("=")[2] if given.kind == "bare" else given.value
    field = FIELDS.get(given.key)
    if given.kind in ("", "json", "file") or "{" in value or "$" in value or isinstance(field, Structured):
        return True
    if given.name == "model":
        problem = resolve(value)[1]
        return problem is None or problem.severity != "error"
    cleaned = field.clean(value, paths=True) if field else value
    return field is None or not any(problem.severity == "error" for problem in field.check(cleaned))


def _length_of_value(name: str, rest: str) -> int:
    """How long the value of another one's option is: a word with a digit in it, what no prompt follows, or what is not
    to be seen."""
    slip = next(slips(rest, start=False), None)
    segment = rest[: slip.start if slip else len(rest)].partition("\n")[0]
    first = re.match(r"[\s=:：]*\S+", segment)
    if first is None or name in _NEGATIVE or not segment[first.end() :].strip():
        return len(segment)
    return first.end() if any(map(str.isdigit, first[0])) else 0
