"""``%kling`` and its family. Each magic is a few lines: the grammar understands the line, the session does the work."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from IPython.core.magic import no_var_expand

from kling_widgets.core import grammar
from kling_widgets.core.catalog import MODELS
from kling_widgets.core.expand import expand
from kling_widgets.core.names import model as find_model
from kling_widgets.core.request import VideoRequest
from kling_widgets.core.values import looks_like_key, shorten
from kling_widgets.core.words import MAGICS, SETTINGS
from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.jobs.batch import Batch
from kling_widgets.notebook import filters, key_dialogue
from kling_widgets.notebook.completion import matcher
from kling_widgets.notebook.doctor import doctor
from kling_widgets.notebook.help import help_text
from kling_widgets.notebook.pictures import filed
from kling_widgets.notebook.prices import prices
from kling_widgets.notebook.session import Session
from kling_widgets.notebook.settings import Kling
from kling_widgets.notebook.tables import comparison_table, fields_table, models_table
from kling_widgets.notebook.words import DEMO


class Magics:
    """The magics of one shell."""

    def __init__(self, shell: Any, session: Session, ask: Callable[[str], str] = getpass.getpass) -> None:
        self.shell, self.session, self.ask = shell, session, ask

    def kling(self, line: str, cell: str | None = None) -> Any:
        """Makes a video; alone, shows the form."""
        command = self._understand(line, cell)
        settings = dict(command.settings)
        if command.empty:
            return self.form(VideoRequest(self.session.settings.model))
        name = settings.pop("out", None)
        if settings.pop("dry_run", False):
            return self.dry_run(command.request, settings)
        wait = settings.pop("wait", None)
        jobs = self.session.prepare(command.request, **settings)  # type: ignore[arg-type]
        if name:  # before anything is sent: also what is refused, fails or is interrupted can be looked at
            self.shell.user_ns[name] = jobs[0] if len(jobs) == 1 else Batch(jobs)
        return self.session.run(jobs, wait)  # type: ignore[arg-type]

    def dry_run(self, request: VideoRequest, settings: Mapping[str, object]) -> None:
        """Shows the body that would be sent, and what is wrong with it."""
        for problem in (*request.problems(), *self.session.local.check(request)):
            print(f"{'Error' if problem.severity == 'error' else 'Note'}: {problem}")  # noqa: T201 - its output is text
        print(request.to_json())  # noqa: T201
        requests = [request] * int(str(settings.get("count", 1)))
        try:
            question = self.session.guard.check(requests)
        except KlingError as error:
            question = str(error)
        if question:
            print(f"Note: {question}")  # noqa: T201
        print(f"Nothing was sent. This would be {self.session.guard.bill(requests)}.")  # noqa: T201

    def kling_form(self, line: str, cell: str | None = None) -> Any:
        """Shows the form: ``%kling_form [MODEL]``; of a task, ``%kling_form --from ID``; of a preset, ``%kling_form
        --preset NAME``; of what ``%kling`` takes, ``%kling_form --model 3.0 --seconds 7 a paper boat``."""
        return self.form(self.asked(line, cell))

    def asked(self, line: str, cell: str | None) -> VideoRequest:
        """The request that a form begins with."""
        match line.split(maxsplit=1):
            case ["--from" | "--preset" as option, *_] if cell is not None:
                raise InvalidRequestError(f"{option} brings its own prompt: use %kling_form, without a body.")
            case ["--from", *rest]:
                return self.session.entry(_one(" ".join(rest).split(), "a task's id", line)).request
            case ["--preset", *rest]:
                return self.session.presets.load("".join(rest).strip().removeprefix('"').removesuffix('"'))
            case [first, prompt] if first in _VERSIONS:
                meant = f"%kling_form --model {first} {shorten(prompt)[1:-1]}"
                raise InvalidRequestError(f"A model before a prompt is an option: {meant}. Else write -- first.")
            case [word] if word[0] not in '-"':
                line = f"--model {self._model(expand(word, self.lookup))}"
        command = self._understand(line, cell)
        if command.settings:
            given = ", ".join(f"--{setting.name}" for setting in SETTINGS.values() if setting.key in command.settings)
            raise InvalidRequestError(f"A form shows what is to be made; what to do with it goes with %kling: {given}.")
        return command.request

    def _model(self, word: str) -> str:
        """The id of the model that a bare word names."""
        try:
            return find_model(word).id
        except InvalidRequestError as error:
            raise InvalidRequestError(f"{error} A prompt of one word: %kling_form -- {shorten(word)[1:-1]}") from None

    def _understand(self, line: str, cell: str | None) -> grammar.Command:
        model = self.session.settings.model
        return grammar.parse(line, cell, default=model, lookup=self.lookup, read=_read, place=self.place)

    def form(self, request: VideoRequest) -> Any:
        """The form of a request."""
        from kling_widgets.notebook.form import Form  # ipywidgets, which %load_ext does not load

        return Form.from_request(request, self.session)

    def kling_models(self, line: str) -> Any:
        """Shows the models; what one takes, ``%kling_models MODEL``; how some differ, ``%kling_models MODEL MODEL``."""
        found = tuple(dict.fromkeys(find_model(word) for word in line.split()))
        if len(found) > 1:
            return comparison_table(found)
        return fields_table(found[0]) if found else models_table()

    def kling_tasks(self, line: str) -> Any:
        """Shows your tasks, newest first: ``%kling_tasks [NUMBER] [--model 2.6] [--status failed] [--since 2026-11-22]
        [--until 2026-11-30] [words of the prompt]``."""
        count, given = filters.read(line)
        return self.session.history().where(**given)[:count]

    def kling_show(self, line: str) -> Any:
        """Shows a task and its video: ``%kling_show ID``."""
        return self.session.show(_one(line.split(), "a task's id (%kling_tasks lists them)", line))

    def kling_resume(self, line: str) -> Any:
        """Goes on watching: ``%kling_resume [ID]``; alone, everything that has not ended. ``%kling_resume ID #7``: the
        task is that of submission #7, whose answer was lost."""
        words = line.split()
        of = words.pop() if len(words) == 2 and words[1].startswith("#") else None
        found = self.session.resume(_one(words, "a task's id", line) if words else None, of=of)
        if isinstance(found, Batch) and not found:
            print("Nothing is under way.")  # noqa: T201
            return None
        return found

    def kling_forget(self, line: str) -> None:
        """Takes submissions off the journal; their videos stay: ``%kling_forget ID [ID …]``."""
        words = line.split()
        if not words:
            raise InvalidRequestError("Give the ids of what is to be forgotten (%kling_tasks lists them).")
        count = self.session.forget(words)
        print(f"Forgotten: {count} of {len(words)}." if len(words) > 1 else "Forgotten." if count else "")  # noqa: T201

    def kling_code(self, line: str) -> None:
        """Puts code into the next cell: ``%kling_code [ID] [magic|python|curl|json]``; without an ID that of the form
        or task that was last worked on."""
        kinds = [word for word in line.split() if word.lower() in CODES]
        words = [word for word in line.split() if word not in kinds]
        if len(kinds) > 1:
            raise InvalidRequestError(f"Give one of {', '.join(CODES)}, not {shorten(' '.join(kinds))}.")
        if words:
            request = self.session.entry(_one(words, "a task's id", line)).request
        elif self.session.latest is not None:
            request = self.session.latest
        elif entries := self.session.journal.entries(1):  # of a kernel before this one
            request = entries[0].request
        else:
            raise KlingError("There is no form and no task yet whose code could be shown.")
        self.shell.set_next_input(CODES[kinds[0].lower() if kinds else "magic"](request).rstrip("\n"))

    def kling_prices(self, line: str) -> Any:
        """Shows your own price table, from which costs are estimated: ``%kling_prices``; sets the price of a second:
        ``%kling_prices 2.6 PRICE --currency USD``, for some clips alone ``--resolution 1080P --sound on --video off``;
        removes: ``%kling_prices 2.6 forget``."""
        return prices(self.session.prices, line)

    def kling_demo(self, line: str) -> None:
        """Takes the embedded demo instead of the service: ``%kling_demo``; back with ``%kling_demo off``."""
        word = line.strip().lower() or "on"
        if word not in ("on", "off"):
            raise InvalidRequestError(f"%kling_demo takes nothing, or off, not {shorten(line)}.")
        self.session.services.use_demo(word == "on")
        print(DEMO if word == "on" else f"The service again; {self.session.services.key_status()}.")  # noqa: T201

    def kling_doctor(self, line: str) -> Any:
        """Looks at what works here and what does not, with what to do, fit for a bug report: ``%kling_doctor``."""
        if line.strip():
            raise InvalidRequestError(f"%kling_doctor takes nothing, not {shorten(line)}.")
        return doctor(self.session)

    def kling_key(self, line: str) -> None:
        """Asks for an API key and keeps it for this kernel; ``%kling_key --keep`` also for later ones, in the system's
        keyring; ``%kling_key forget`` forgets both."""
        attended = self.session.place.front_end != "headless"
        print(key_dialogue.answer(line, self.ask, self.session.services.key_status, attended=attended))  # noqa: T201

    def lookup(self, name: str) -> object:
        """A variable of the user's."""
        namespace: dict[str, object] = self.shell.user_ns
        return namespace[name]

    def place(self, name: str, value: object) -> object:
        """What a field takes in place of a variable's value: of a picture, where it takes one, a file."""
        return filed({name: value}, self.session.local)[name]

    def ids(self) -> list[str]:
        """The ids that may be meant, newest first. What is completed is run with the line: an id that is no word, as in
        a journal of somebody else, is never offered."""
        ids = [(entry.task_id or "", f"#{entry.key}") for entry in self.session.journal.entries(50)]
        return [task if re.fullmatch(r"[\w.:-]+", task, re.ASCII) else number for task, number in ids]


# What no prompt begins with; avatar of a queen may be one.
_VERSIONS = [model.name for model in MODELS.values() if any(map(str.isdigit, model.name))]
# What the next cell gets, fit to be run there; JSON only to be read.
CODES: Mapping[str, Callable[[VideoRequest], str]] = {
    "magic": VideoRequest.to_magic,
    "python": VideoRequest.to_python,
    "curl": lambda request: f"%%bash\n{request.to_curl()}",
    "json": VideoRequest.to_json,
}
LINE = ("kling", *(f"kling_{name}" for name in MAGICS))


def register(shell: Any, session: Session) -> None:
    """Gives the shell the magics, ``%config Kling`` and the completions; once more changes nothing."""
    unregister(shell)
    magics = Magics(shell, session)

    @no_var_expand
    def kling(line: str, cell: str | None = None) -> Any:
        return magics.kling(line, cell)

    kling.getdoc = help_text  # type: ignore[attr-defined]
    kling.__doc__ = "Makes a video; %kling? lists every option."
    shell.register_magic_function(kling, "line_cell", "kling")
    for name in LINE[1:]:
        kind = "line_cell" if name == "kling_form" else "line"
        shell.register_magic_function(_guarded(getattr(magics, name)), kind, name)
    shell.configurables.append(session.settings)
    shell.Completer.custom_matchers.append(matcher(magics.ids, session.presets.names, lambda: session.settings.model))


def unregister(shell: Any) -> None:
    """Takes everything back."""
    for name in LINE:
        for kind in ("line", "cell"):
            shell.magics_manager.magics[kind].pop(name, None)
    shell.configurables[:] = [each for each in shell.configurables if not isinstance(each, Kling)]
    others = [each for each in shell.Completer.custom_matchers if each.__module__ != matcher.__module__]
    shell.Completer.custom_matchers[:] = others


def _guarded(work: Callable[..., Any]) -> Callable[..., Any]:
    @no_var_expand
    def magic(*texts: str) -> Any:
        if any(map(looks_like_key, texts)):
            raise InvalidRequestError("This cell holds what looks like an API key. Delete it, and use %kling_key.")
        return work(*texts)

    magic.__doc__ = work.__doc__
    magic.__name__ = getattr(work, "__name__", "magic")
    return magic


def _one(words: list[str], what: str, line: str) -> str:
    if len(words) != 1:
        raise InvalidRequestError(f"Give {what}{f', not {shorten(line)}' if line.strip() else ''}.")
    return words[0]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
