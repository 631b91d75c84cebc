"""Correction of a refused line, ready to paste. A correction has been parsed and would be accepted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.model_names import resolve
from kling_widgets.catalog.structured_fields import Structured
from kling_widgets.core.json_values import shorten
from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.line_parts import LineParts, split, start_of_prompt
from kling_widgets.request.magic_options import ParsedOption, read_option
from kling_widgets.request.magic_words import FOREIGN_OPTIONS, OPTIONS
from kling_widgets.request.slips import STOPS, DashedWord, misplaced, misspelt, option_at, slips, visible

_LONGEST = 1500  # characters of a line that is shown in an error


class _NoCorrectionError(Exception):
    """No correction can be found, for example because the intended option is not clear."""


class LineCorrector:
    """Suggests how to write a refused line.

    Args:
        magic: the magic's name.
        exists: returns whether a file exists.
        check: raises InvalidRequestError for options whose values would be refused.
    """

    def __init__(self, magic: str, exists: Callable[[Path], bool], check: Callable[[LineParts], object]) -> None:
        self.magic, self.exists, self.check = magic, exists, check

    def correction(self, line: str, cell: str | None) -> str:
        """Return how to write a line or a cell that was refused for an option, as the end of the error message."""
        omitted: list[str] = []
        try:
            code, is_option = self._options_first(line, cell, omitted), True
        except _NoCorrectionError:
            code, is_option = self._verbatim(line, cell), False
        first, _, body = code.partition("\n")
        way = "put the whole prompt in double quotes" if cell is None else "end the first line with --"
        if not first or len(first) > _LONGEST:
            return f"Options go before the prompt. To keep it in the prompt, {way}."
        where = " as the first line" if body else ""
        if not is_option:
            return f"To keep it in the prompt, write{where}: {first}"
        where += " and remove it from the text" if body else ""
        where += f", without {', '.join(map(shorten, omitted[:5]))}" if omitted else ""
        return f"To keep it in the prompt, {way}. Otherwise write{where}: {first}"

    def _options_first(self, line: str, cell: str | None, omitted: list[str]) -> str:
        """Return the code with the intended options before the prompt, and without other tools' options.

        Raises:
            _NoCorrectionError: the intended options are not clear.
        """
        options: list[str] = []
        prompt = _extract_options(line, options, omitted).strip()
        if cell is not None:
            if prompt:
                raise _NoCorrectionError
            prompt = _extract_options(cell, options, omitted).strip()
        for _ in range(4):
            bare = prompt[1:-1].strip() if _SMART.fullmatch(prompt) else prompt
            first = misplaced(bare, self.exists)
            if first is None:
                break
            options.append(first.option)
            prompt = bare[first.end :].strip()
        if not options and not omitted:
            raise _NoCorrectionError
        given = "".join(f" {option}" for option in options)
        if not prompt and cell is None and re.fullmatch(r" --model \S+", given):
            return f"%kling_form {given.split()[1]}"  # a model's name alone means its form
        codes: list[tuple[str, str | None]]
        if cell is not None:
            codes = [(f"%%{self.magic}{given}", prompt), (f"%%{self.magic}{given} --", prompt)]
        else:
            codes = [(f"%{self.magic}{given} {prompt}", None), (f"%{self.magic} {prompt}{given}", None)]
            codes += [(f"%{self.magic}{given} -- {prompt}", None)]
        return self._first_accepted(codes, prompt, len(options))

    def _verbatim(self, line: str, cell: str | None) -> str:
        """Return the code that keeps the whole prompt unchanged, or "" if there is none."""
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
        except _NoCorrectionError:
            return ""

    def _first_accepted(self, codes: Sequence[tuple[str, str | None]], prompt: str, count: int) -> str:
        """Return the first code that is parsed as intended, and that IPython passes on unchanged.

        Raises:
            _NoCorrectionError: none is.
        """
        for first, body in codes:
            line = first.partition(" ")[2].strip()
            if body is None and (first.rstrip().endswith(("?", "\\")) or "\n" in first):
                continue
            try:
                parts = split(line, body, self.exists)
                self.check(parts)
            except InvalidRequestError:
                continue
            if parts.prompt == prompt and len(parts.options) + len(parts.tail) == count:
                return first.rstrip() if body is None else f"{first}\n{body}"
        raise _NoCorrectionError


_SMART = re.compile("[“„‟«][^“”„‟«»]*[”“»]", re.DOTALL)


def _given(line: str) -> Iterator[ParsedOption]:
    """Yield the options before the prompt, up to the first that cannot be parsed."""
    position = 0
    while dashed := option_at(line, position):
        try:
            given = read_option(line, dashed.end, dashed.name)
        except InvalidRequestError:
            return
        yield given
        position = given.end


def _extract_options(text: str, options: list[str], omitted: list[str]) -> str:
    """Return the text without words that look like options.

    Args:
        text: the text.
        options: receives the intended options.
        omitted: receives the words for which there is no option here.
    """
    kept, position = "", 0
    while slip := next(slips(text, position), None):
        kept = _join(kept, text[position : slip.start])
        option, end = _intended_option(text, slip)
        (options if option else omitted).append(option or visible(text[slip.start : end]).strip())
        position = end
    return _join(kept, text[position:])


def _join(before: str, after: str) -> str:
    return before.rstrip(" \t") + after if after[:1].isspace() or _AFTER.match(after[:1]) else before + after


def _intended_option(text: str, slip: DashedWord) -> tuple[str, int]:
    """Return the intended option, "" if there is none here, and the position after it.

    Raises:
        _NoCorrectionError: the intention is not clear.
    """
    name = slip.name if slip.name in OPTIONS else FOREIGN_OPTIONS.get(slip.name, misspelt(slip.name))
    before = text[slip.start - 1 : slip.start]
    glued = before.isalnum() and not slip.apart
    if name is None or not (slip.spaced or glued or not before.strip() or visible(before) != before or before in STOPS):
        raise _NoCorrectionError  # for example in quotes or brackets
    given = _read(text, slip.end, name) if name and (name != "metadata" or slip.name not in FOREIGN_OPTIONS) else None
    if given and given.key != "prompt" and not (glued and given.kind == ""):  # as in "silence--sound of nothing"
        after = _AFTER.search(given.written) if given.kind == "bare" else None  # punctuation of the sentence
        written = given.written[: after.start()] if after else given.written
        if _fits(given, written):
            return written, given.end - (len(given.written) - len(written))
    if slip.name not in FOREIGN_OPTIONS:
        raise _NoCorrectionError
    return "", slip.end + _length_of_value(slip.name, text[slip.end :])


def _read(text: str, position: int, name: str) -> ParsedOption | None:
    """Return the option at the position, also after one punctuation mark, or None if its value cannot be parsed."""
    for start in (position, position + 1):  # for "--seconds: 10" and "--dry-run."
        try:
            if start == position or text[position:start] in STOPS:
                return read_option(text, start, name)
        except InvalidRequestError:
            continue
    return None


_AFTER = re.compile(f"[{STOPS}]+$")
_NEGATIVE = ("no", "neg", "negative", "negative-prompt")


def _fits(given: ParsedOption, written: str) -> bool:
    """Return whether the value is valid for the option, as far as this can be decided without variables and files."""
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
    """Return the length of the value of another tool's option.

    The value is everything up to the next option or line end for a negative prompt, or if it is a single word.
    Otherwise it is the first word if that contains a digit, and empty if not.
    """
    slip = next(slips(rest, start=False), None)
    segment = rest[: slip.start if slip else len(rest)].partition("\n")[0]
    first = re.match(r"[\s=:：]*\S+", segment)
    if first is None or name in _NEGATIVE or not segment[first.end() :].strip():
        return len(segment)
    return first.end() if any(map(str.isdigit, first[0])) else 0
