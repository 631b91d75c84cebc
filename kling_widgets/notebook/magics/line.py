"""What a line of ``%kling`` or ``%kling_form`` asks for, with the variables and files of its user."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kling_widgets.catalog.model_names import model as find_model
from kling_widgets.core.json_values import shorten
from kling_widgets.errors import InvalidRequestError
from kling_widgets.notebook.kernel.image_arrays import filed
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.magics.scope import scopes
from kling_widgets.request import magic_line
from kling_widgets.request.interpolation import expand
from kling_widgets.request.magic_words import SETTINGS
from kling_widgets.request.request import VideoRequest
from kling_widgets.request.slips import begins_with_dash, option_at


class LineParser:
    """Understands the lines of one shell.

    Args:
        shell: the IPython shell.
        session: has the settings, and what was submitted before.
        local: the local variables where the line stands, as IPython gives them.
    """

    def __init__(self, shell: Any, session: Session, local: Mapping[str, object] | None = None) -> None:
        self.shell, self.session = shell, session
        # What IPython gives knows where a debugger has stopped; of a cell magic it gives the notebook's own.
        given: Any = [local] if local and local is not shell.user_ns else []
        self._variables: Mapping[str, object] = ChainMap(*given, *scopes(), shell.user_ns)  # type: ignore[arg-type]

    def command(self, line: str, cell: str | None, magic: str = "kling") -> magic_line.Command:
        """What ``%kling``, or another magic that takes the same, is to make, and what to do with it.

        Raises:
            InvalidRequestError: it cannot be understood; nothing was sent.
        """
        return magic_line.parse(
            line,
            cell,
            default=self.session.settings.model,
            variables=self._lookup,
            read=_read,
            convert=self._place,
            exists=_there,
            magic=magic,
        )

    def form(self, line: str, cell: str | None) -> VideoRequest:
        """The request that a form begins with.

        Raises:
            InvalidRequestError: the line cannot be understood; KlingError: there is no such task or preset.
        """
        first, option = "", option_at(line, 0)
        if option and option.name in ("from", "preset"):
            first, rest = option.option, line[option.end :].strip()
            if cell is not None:
                raise InvalidRequestError(f"{first} brings its own prompt: use %kling_form, without a body.")
            if first == "--from":
                from kling_widgets.notebook.submit.resumer import Resumer

                return self.session.get(Resumer).entry(self.one(rest.split(), "a task's id", line)).request
            return self.session.presets.load(rest.removeprefix('"').removesuffix('"'))
        match line.split():
            case [word] if not (word[0] == '"' or begins_with_dash(word)):
                line = f"--model {_model(expand(word, self._lookup))}"
        command = self.command(line, cell, "kling_form")
        if command.settings:
            given = ", ".join(f"--{setting.name}" for setting in SETTINGS.values() if setting.key in command.settings)
            raise InvalidRequestError(f"A form shows what is to be made; what to do with it goes with %kling: {given}.")
        return VideoRequest.from_command(command)

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
        """A variable of the user's: of the function that the line stands in, else of the notebook."""
        return self._variables[name]

    def _place(self, name: str, value: object) -> object:
        """What a field takes in place of a variable's value: of a picture, where it takes one, a file."""
        return filed({name: value}, self.session.local)[name]


def _model(word: str) -> str:
    """The id of the model that a bare word names."""
    try:
        return find_model(word).id
    except InvalidRequestError as error:
        raise InvalidRequestError(f"{error} A prompt of one word: %kling_form -- {shorten(word)[1:-1]}") from None


def _there(path: Path) -> bool:
    try:
        return path.expanduser().is_file()
    except (OSError, ValueError, RuntimeError):  # too long a name, none at all, or no such home as ~name
        return False


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
