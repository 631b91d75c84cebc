"""The magics ``%kling`` and ``%kling_…``, each of which parses its line and calls the session.

``%load_ext`` imports this module and must be fast, so each magic imports what it needs on first use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, needs_local_scope, no_var_expand

from kling_widgets.core.json_values import shorten
from kling_widgets.core.key_patterns import looks_like_key
from kling_widgets.core.printing import say
from kling_widgets.errors import InvalidRequestError, KlingError
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.kernel.settings import Kling
from kling_widgets.notebook.magics.matcher import matcher

if TYPE_CHECKING:
    from kling_widgets.notebook.magics.line import LineParser
    from kling_widgets.notebook.submit.resumer import Resumer
    from kling_widgets.notebook.submit.submitter import Submitter
    from kling_widgets.request.request import VideoRequest


def _guarded(magic: Callable[..., Any]) -> Any:
    """Return the magic without IPython's variable expansion, refusing a line or cell that contains an API key."""

    @no_var_expand
    @wraps(magic)
    def guarded(magics: KlingMagics, *texts: str, **given: Any) -> Any:
        if any(map(looks_like_key, texts)):
            raise InvalidRequestError("This cell holds what looks like an API key. Delete it, and use %kling_key.")
        return magic(magics, *texts, **given)

    return guarded


@magics_class
class KlingMagics(Magics):
    """The magics of one shell. IPython expands no variables in them: our own grammar interprets ``{name}`` in a prompt.

    Args:
        shell: the IPython shell.
        session: the session that they use.
        ask: asks the user for a key without showing it, and returns it; None: ``getpass``.
    """

    shell: Any

    def __init__(self, shell: Any, session: Session, ask: Callable[[str], str] | None = None) -> None:
        super().__init__(shell)
        self.session, self.ask = session, ask

    @property
    def submitter(self) -> Submitter:
        """Return the session's submitter, which creates and starts jobs."""
        from kling_widgets.notebook.submit.submitter import Submitter

        return self.session.get(Submitter)

    @property
    def resumer(self) -> Resumer:
        """Return the session's resumer, which finds earlier submissions."""
        from kling_widgets.notebook.submit.resumer import Resumer

        return self.session.get(Resumer)

    def lines(self, local: Mapping[str, object] | None = None) -> LineParser:
        """Return a parser of lines, with the local variables of the code that contains the line."""
        from kling_widgets.notebook.magics.line import LineParser

        return LineParser(self.shell, self.session, local)

    @line_cell_magic
    @no_var_expand
    @needs_local_scope
    def kling(self, line: str, cell: str | None = None, local_ns: Mapping[str, object] | None = None) -> Any:
        """Make a video; %kling? lists every option."""
        from kling_widgets.notebook.submit.options import SubmitOptions
        from kling_widgets.request.request import VideoRequest

        command = self.lines(local_ns).command(line, cell)
        request = VideoRequest.from_command(command)
        if command.empty:
            return self.form(request)
        options = SubmitOptions.of(**command.settings)
        if options.dry_run:
            return self.dry_run(request, options.count)
        jobs = self.submitter.create_jobs(request, options)
        if options.out:  # set before anything is sent, so that a job that fails or is interrupted can be inspected
            self.shell.user_ns[options.out] = self.submitter.as_batch(jobs)
        return self.submitter.run(jobs, options.wait)

    def dry_run(self, request: VideoRequest, count: int) -> None:
        """Show the body that would be sent, and its problems."""
        for problem in request.check(self.session.local.check).problems:
            say(f"{'Error' if problem.severity == 'error' else 'Note'}: {problem}")
        say(request.to_json())
        requests = [request] * count
        try:
            question = self.session.guard.question(requests).spending  # unusual values are shown above as problems
        except KlingError as error:
            question = str(error)
        if question:
            say(f"Note: {question}")
        say(f"Nothing was sent. This would be {self.session.guard.estimate(requests)}.")

    @line_cell_magic
    @needs_local_scope
    @_guarded
    def kling_form(self, line: str, cell: str | None = None, local_ns: Mapping[str, object] | None = None) -> Any:
        """Show a form: ``%kling_form [MODEL]``; for a task, ``%kling_form --from ID``; for a preset, ``%kling_form
        --preset NAME``; for a line as ``%kling`` takes it, ``%kling_form --model 3.0 --seconds 7 a paper boat``."""
        return self.form(self.lines(local_ns).form(line, cell))

    def form(self, request: VideoRequest) -> Any:
        """Return the form of a request."""
        from kling_widgets.notebook.form.form import Form

        return Form.from_request(request, self.session)

    @line_magic
    @_guarded
    def kling_models(self, line: str) -> Any:
        """Show all models; ``%kling_models MODEL`` the fields of one; ``%kling_models MODEL MODEL`` a comparison."""
        from kling_widgets.catalog.model_names import model
        from kling_widgets.notebook.output import model_tables

        found = tuple(dict.fromkeys(model(word) for word in line.split()))
        if len(found) > 1:
            return model_tables.comparison_table(found)
        return model_tables.fields_table(found[0]) if found else model_tables.models_table()

    @line_magic
    @_guarded
    def kling_tasks(self, line: str) -> Any:
        """Show your tasks, newest first: ``%kling_tasks [NUMBER] [--model 2.6] [--status failed] [--since 2026-11-22]
        [--until 2026-11-30] [words of the prompt]``."""
        from kling_widgets.notebook.magics.tasks import read

        count, given = read(line)
        return self.resumer.history().where(**given)[:count]

    @line_magic
    @_guarded
    def kling_show(self, line: str) -> Any:
        """Show a task and its video: ``%kling_show ID``."""
        return self.resumer.show(self.lines().one(line.split(), "a task's id (%kling_tasks lists them)", line))

    @line_magic
    @_guarded
    def kling_resume(self, line: str) -> Any:
        """Watch a task again: ``%kling_resume [ID]``; without an ID, all that have not ended. ``%kling_resume ID #7``
        assigns the task to submission #7, whose answer was lost."""
        words = line.split()
        of = words.pop() if len(words) == 2 and words[1].startswith("#") else None
        found = self.resumer.resume(self.lines().one(words, "a task's id", line) if words else None, of=of)
        if not found:
            say("Nothing is under way.")
            return None
        return found

    @line_magic
    @_guarded
    def kling_forget(self, line: str) -> None:
        """Remove submissions from the journal, but not their videos: ``%kling_forget ID [ID …]``."""
        words = line.split()
        if not words:
            raise InvalidRequestError("Give the ids to forget (%kling_tasks lists them).")
        count = self.resumer.forget(words)
        say(f"Forgotten: {count} of {len(words)}." if len(words) > 1 else "Forgotten." if count else "")

    @line_magic
    @_guarded
    def kling_code(self, line: str) -> None:
        """Put code into the next cell: ``%kling_code [ID] [magic|python|curl|json]``; without an ID, the code of the
        form or task that was last used."""
        from kling_widgets.request.code_kinds import CODE_KINDS

        writers = {kind.lower(): write for kind, write in CODE_KINDS.items()}
        kinds = [word for word in line.split() if word.lower() in writers]
        words = [word for word in line.split() if word not in kinds]
        if len(kinds) > 1:
            raise InvalidRequestError(f"Give one of {', '.join(writers)}, not {shorten(' '.join(kinds))}.")
        if words:
            request = self.resumer.entry(self.lines().one(words, "a task's id", line)).request
        elif self.submitter.latest is not None:
            request = self.submitter.latest
        elif entries := self.session.journal.entries(1):  # of an earlier kernel
            request = entries[0].request
        else:
            raise KlingError("There is no form or task yet whose code could be shown.")
        if note := request.left_out():
            say(f"Note: {note}")
        kind = kinds[0].lower() if kinds else "magic"
        code = writers[kind](request).rstrip("\n")
        self.shell.set_next_input(f"%%bash\n{code}" if kind == "curl" else code)  # curl can be run; JSON only read

    @line_magic
    @_guarded
    def kling_prices(self, line: str) -> Any:
        """Show your own price table, from which costs are estimated: ``%kling_prices``; set the price of a second:
        ``%kling_prices 2.6 PRICE --currency USD``, for some clips only: ``--resolution 1080P --sound on --input
        image``; import a list, CSV or JSON: ``%kling_prices from FILE``; remove: ``%kling_prices 2.6 forget``."""
        from kling_widgets.notebook.magics.prices import prices

        return prices(self.session.prices, line)

    @line_magic
    @_guarded
    def kling_demo(self, line: str) -> None:
        """Switch to the embedded demo: ``%kling_demo``; back to the service: ``%kling_demo off``."""
        from kling_widgets.notebook.kernel.services import DEMO_ON

        word = line.strip().lower() or "on"
        if word not in ("on", "off"):
            raise InvalidRequestError(f"%kling_demo takes nothing, or off, not {shorten(line)}.")
        self.session.services.use_demo(word == "on")
        say(DEMO_ON if word == "on" else f"The service again; {self.session.services.key_status()}.")

    @line_magic
    @_guarded
    def kling_doctor(self, line: str) -> Any:
        """Check this installation and show what to do, in a table for bug reports: ``%kling_doctor``."""
        from kling_widgets.notebook.doctor import doctor

        if line.strip():
            raise InvalidRequestError(f"%kling_doctor takes nothing, not {shorten(line)}.")
        return doctor(self.session)

    @line_magic
    @_guarded
    def kling_key(self, line: str) -> None:
        """Ask for an API key for the address in use and keep it for this kernel; ``%kling_key --keep`` also for later
        ones, in the system keyring; ``%kling_key forget`` forgets both."""
        from getpass import getpass

        from kling_widgets.notebook.magics import key as key_dialogue

        ask, attended = self.ask or getpass, self.session.location.front_end.asks
        services = self.session.services
        say(key_dialogue.answer(line, ask, services.key_status, services.address, attended=attended))

    def ids(self) -> list[str]:
        """Return the task ids for completions, newest first. A completion becomes code, so an id with other characters,
        as a manipulated journal may contain, is replaced by the submission's number."""
        ids = [(entry.task_id or "", f"#{entry.key}") for entry in self.session.journal.entries(50)]
        return [task if re.fullmatch(r"[\w.:-]+", task, re.ASCII) else number for task, number in ids]

    def presets(self) -> Sequence[str]:
        """Return the names of the presets."""
        return self.session.presets.names()


def _help() -> str:
    from kling_widgets.notebook.magics.help import help_text

    return help_text()


KlingMagics.kling.getdoc = _help  # type: ignore[union-attr]  # IPython calls it for %kling?


def register(shell: Any, session: Session) -> None:
    """Register the magics, ``%config Kling`` and the completions; a second call changes nothing."""
    unregister(shell)
    magics = KlingMagics(shell, session)
    shell.register_magics(magics)
    shell.configurables.append(session.settings)
    shell.Completer.custom_matchers.append(matcher(magics.ids, magics.presets, lambda: session.settings.model))


def unregister(shell: Any) -> None:
    """Remove the magics, ``%config Kling`` and the completions."""
    manager = shell.magics_manager
    manager.registry.pop(KlingMagics.__name__, None)
    for kind, names in KlingMagics.magics.items():
        for name in names:
            manager.magics[kind].pop(name, None)
    shell.configurables[:] = [each for each in shell.configurables if not isinstance(each, Kling | KlingMagics)]
    others = [each for each in shell.Completer.custom_matchers if each.__module__ != matcher.__module__]
    shell.Completer.custom_matchers[:] = others
