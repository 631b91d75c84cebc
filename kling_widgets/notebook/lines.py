"""What a line of ``%kling`` or ``%kling_form`` asks for, with the variables and files of its user."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kling_widgets.core import grammar
from kling_widgets.core.catalog import MODELS
from kling_widgets.core.expand import expand
from kling_widgets.core.names import model as find_model
from kling_widgets.core.request import VideoRequest
from kling_widgets.core.values import shorten
from kling_widgets.core.words import SETTINGS
from kling_widgets.errors import InvalidRequestError
from kling_widgets.notebook.pictures import filed
from kling_widgets.notebook.session import Session


class Lines:
    """Understands the lines of one shell."""

    def __init__(self, shell: Any, session: Session) -> None:
        self.shell, self.session = shell, session

    def command(self, line: str, cell: str | None) -> grammar.Command:
        """What ``%kling`` is to make, and what to do with it.

        Raises:
            InvalidRequestError: it cannot be understood; nothing was sent.
        """
        model = self.session.settings.model
        return grammar.parse(line, cell, default=model, lookup=self._lookup, read=_read, place=self._place)

    def form(self, line: str, cell: str | None) -> VideoRequest:
        """The request that a form begins with.

        Raises:
            InvalidRequestError: the line cannot be understood; KlingError: there is no such task or preset.
        """
        match line.split(maxsplit=1):
            case ["--from" | "--preset" as option, *_] if cell is not None:
                raise InvalidRequestError(f"{option} brings its own prompt: use %kling_form, without a body.")
            case ["--from", *rest]:
                return self.session.earlier.entry(self.one(" ".join(rest).split(), "a task's id", line)).request
            case ["--preset", *rest]:
                return self.session.presets.load("".join(rest).strip().removeprefix('"').removesuffix('"'))
            case [first, prompt] if first in _VERSIONS:
                meant = f"%kling_form --model {first} {shorten(prompt)[1:-1]}"
                raise InvalidRequestError(f"A model before a prompt is an option: {meant}. Else write -- first.")
            case [word] if word[0] not in '-"':
                line = f"--model {_model(expand(word, self._lookup))}"
        command = self.command(line, cell)
        if command.settings:
            given = ", ".join(f"--{setting.name}" for setting in SETTINGS.values() if setting.key in command.settings)
            raise InvalidRequestError(f"A form shows what is to be made; what to do with it goes with %kling: {given}.")
        return command.request

    @staticmethod
    def one(words: list[str], what: str, line: str) -> str:
        """The one word that a line takes.

        Raises:
            InvalidRequestError: there is none, or more.
        """
        if len(words) != 1:
            raise InvalidRequestError(f"Give {what}{f', not {shorten(line)}' if line.strip() else ''}.")
        return words[0]

    def _lookup(self, name: str) -> object:
        """A variable of the user's."""
        namespace: dict[str, object] = self.shell.user_ns
        return namespace[name]

    def _place(self, name: str, value: object) -> object:
        """What a field takes in place of a variable's value: of a picture, where it takes one, a file."""
        return filed({name: value}, self.session.local)[name]


# What no prompt begins with; avatar of a queen may be one.
_VERSIONS = [model.name for model in MODELS.values() if any(map(str.isdigit, model.name))]


def _model(word: str) -> str:
    """The id of the model that a bare word names."""
    try:
        return find_model(word).id
    except InvalidRequestError as error:
        raise InvalidRequestError(f"{error} A prompt of one word: %kling_form -- {shorten(word)[1:-1]}") from None


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
