"""Parser of ``%kling`` and ``%kling_form`` lines, with the user's variables and files."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kling_widgets.catalog.model_names import model as find_model
from kling_widgets.core.json_values import shorten
from kling_widgets.errors import InvalidRequestError
from kling_widgets.notebook.kernel.image_arrays import fields_with_paths
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.magics.scope import scopes
from kling_widgets.request import magic_line
from kling_widgets.request.interpolation import expand
from kling_widgets.request.magic_words import SETTINGS
from kling_widgets.request.request import VideoRequest
from kling_widgets.request.slips import begins_with_dash, option_at


class LineParser:
    """Parser of the lines of one shell.

    Args:
        shell: the IPython shell.
        session: the session, for its settings, presets and journal.
        local: the local variables of the code that contains the line, as IPython passes them.
    """

    def __init__(self, shell: Any, session: Session, local: Mapping[str, object] | None = None) -> None:
        self.shell, self.session = shell, session
        # IPython's mapping is right where a debugger has stopped; for a cell magic it is the notebook's namespace.
        local_scopes: Any = [local] if local and local is not shell.user_ns else []
        self._variables: Mapping[str, object] = ChainMap(*local_scopes, *scopes(), shell.user_ns)  # type: ignore[arg-type]

    def command(self, line: str, cell: str | None, magic: str = "kling") -> magic_line.Command:
        """Parse the line and cell of ``%kling``, or of another magic with the same grammar.

        Raises:
            InvalidRequestError: The line cannot be parsed. Nothing was sent.
        """
        return magic_line.parse(
            line,
            cell,
            default=self.session.settings.model,
            variables=self._lookup,
            read=self._read,
            convert=self._convert,
            exists=self._exists,
            magic=magic,
        )

    def form(self, line: str, cell: str | None) -> VideoRequest:
        """Return the initial request of a form.

        Raises:
            InvalidRequestError: The line cannot be parsed.
            KlingError: There is no such task or preset.
        """
        first, option = "", option_at(line, 0)
        if option and option.name in ("from", "preset"):
            first, rest = option.option, line[option.end :].strip()
            if cell is not None:
                raise InvalidRequestError(f"{first} has its own prompt: use %kling_form without a body.")
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
            raise InvalidRequestError(f"%kling_form takes the options of a request; use %kling for: {given}.")
        return VideoRequest.from_command(command)

    @staticmethod
    def one(words: list[str], what: str, line: str) -> str:
        """Return the only word of a line.

        Raises:
            InvalidRequestError: There is no word, or more than one.
        """
        if len(words) != 1:
            raise InvalidRequestError(f"Give {what}{f', not {shorten(line)}' if line.strip() else ''}.")
        return words[0]

    def _lookup(self, name: str) -> object:
        """Return a variable of the user's: of the function that contains the line, else of the notebook."""
        return self._variables[name]

    def _convert(self, name: str, value: object) -> object:
        """Return the value of a variable for a field: the path of a file, if it is a picture in memory."""
        return fields_with_paths({name: value}, self.session.local)[name]

    def _exists(self, path: Path) -> bool:
        try:
            return self.session.local.resolve(path).is_file()
        except (OSError, ValueError, RuntimeError):  # the name is too long or invalid, or ~name has no home folder
            return False

    def _read(self, path: Path) -> str:
        return self.session.local.resolve(path).read_text(encoding="utf-8")


def _model(word: str) -> str:
    """Return the id of the model that a single word names."""
    try:
        return find_model(word).id
    except InvalidRequestError as error:
        raise InvalidRequestError(f"{error} For a prompt of one word: %kling_form -- {shorten(word)[1:-1]}") from None
