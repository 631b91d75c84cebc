"""Any text that is typed is either a command or refused, and its generated code asks for the same. Hypothesis finds the
inputs."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.fields import Flag
from kling_widgets.catalog.model_names import ALIASES
from kling_widgets.errors import InvalidRequestError
from kling_widgets.request.magic_words import SETTINGS
from kling_widgets.request.request import VideoRequest
from tests.conftest import tries
from tests.core.samples import KEY, PROMPTS, as_the_shell_gives_it
from tests.request.lines import Understood, parse
from tests.test_any_reply import is_plain

VALUES = [
    "5",
    "on",
    "off",
    "1280x720",
    "9:16",
    "720P",
    "2.6",
    "3.0",
    "https://m.example/a.png",
    "first.png",
    '"a b"',
    "'",
]
VALUES += [
    '{"type": "down_back"}',
    '[{"a": 1}]',
    "{",
    "[",
    "@file.json",
    "@",
    "{name}",
    "{{x}}",
    "=5",
    "-1",
    "\u3000",
    "\\",
]
VALUES += [
    "\x00",
    "\u202e",
    "\u2028",
    "\ud800",
    "--",
    "-",
    "?",
    "!",
    "%",
    "#",
    "a" * 500,
    "纸船",
    "👩‍🚀",
    "\t",
    "\r",
    "\x85",
]
options = st.sampled_from([f"--{name.replace('_', '-')}" for name in (*FIELDS, *ALIASES, *SETTINGS, "metadata")])
switches = st.sampled_from(
    [f"--no-{name.replace('_', '-')}" for name, field in FIELDS.items() if isinstance(field, Flag)]
)
values = st.sampled_from(VALUES) | st.text(max_size=12)
given_options = st.tuples(options, st.sampled_from([" ", "=", "  "]), values).map("".join) | switches | values
prompts = st.sampled_from(PROMPTS) | st.text(max_size=40) | st.lists(values, max_size=4).map(" ".join)
lines = st.tuples(st.lists(given_options, max_size=5).map(" ".join), prompts).map(" ".join)


def understood(text: str, cell: str | None) -> Understood | None:
    """Return the command, or None if it is refused by a plain message that does not repeat a key."""
    try:
        return parse(
            text, cell, variables={"name": "boat", "x": 7}.__getitem__, read=lambda path: '{"type": "down_back"}'
        )
    except InvalidRequestError as error:
        assert is_plain(error) and KEY not in str(error)
        return None


@settings(max_examples=tries(400))
@given(lines | st.text(), st.none() | prompts)
def test_any_line_is_a_command_or_refused(text: str, cell: str | None) -> None:
    """Any text is a command or is refused, and every view of a command works."""
    command = understood(text, cell)
    if command is not None:
        request = command.request
        for problem in request.problems():
            assert is_plain(problem)
        for code in (request.to_magic(), request.to_python(), request.to_curl(), request.to_json()):
            assert isinstance(code, str) and KEY not in code


@settings(max_examples=tries(400))
@given(lines, st.none() | prompts)
def test_a_line_survives_its_own_code(text: str, cell: str | None) -> None:
    """The generated magic has the meaning of the line, both by our own parser and as the shell passes it on."""
    command = understood(text, cell)
    if command is None or command.request.errors():
        return
    request = command.request
    code = request.to_magic()
    again = VideoRequest.from_magic(code)
    assert again.model == request.model and dict(again.values) == dict(request.values)
    line_, body = as_the_shell_gives_it(code)
    shown = parse(line_, body).request
    assert dict(shown.values) == dict(request.values)
