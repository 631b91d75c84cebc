"""``%kling_key``: effects and messages."""

from __future__ import annotations

from collections.abc import Iterator

import keyring
import pytest
from keyring.errors import KeyringLocked

from kling_widgets.client.credentials import find as credentials
from kling_widgets.errors import InvalidRequestError, MissingKeyError
from kling_widgets.notebook.magics.key import answer
from tests.client.memory_keyring import Memory

KEY = "sk-" + "Abc123xyz" * 4
HERE = "http://127.0.0.1:8000"
STORED = ("kling_widgets", credentials.KEY_NAME)


@pytest.fixture
def memory() -> Iterator[Memory]:
    """Replace the system keyring by one in memory; the process forgets its keys."""
    before, memory = keyring.get_keyring(), Memory()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)
    credentials.forget()


def status() -> str:
    """Return where the key is found now."""
    return f"key: {credentials.find(environ={}).source}"


def told(line: str, typed: str = KEY) -> str:
    """Return the text shown, which never contains a part of the key."""
    said = answer(line, lambda prompt: typed, status, attended=True)
    assert KEY[3:11] not in said
    return said


def test_a_key_is_kept_for_the_process_alone(memory: Memory) -> None:
    """The keyring is not even asked; it is named, as the way to keep the key for longer."""
    said = told("")
    assert said.startswith("key: %kling_key. It is kept until this kernel ends") and "--keep" in said
    assert (memory.kept, memory.asked) == ({}, 0)


def test_a_key_for_another_address_is_kept_for_the_process_alone(memory: Memory) -> None:
    """The question names the address, and no keyring offers the key to the service later."""
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return KEY

    for line, says in (("", f"It is kept for {HERE} until"), ("--keep", "stores keys for the service's own addresses")):
        assert says in answer(line, ask, status, lambda: HERE, attended=True)
        assert credentials.find(base_url=HERE, environ={}).needed().reveal() == KEY
        assert credentials.find(environ={}).key is None
    assert asked == [f"API key for {HERE} (it is not shown): "] * 2
    assert memory.kept == {}


def test_a_key_can_be_kept_for_later_kernels(memory: Memory) -> None:
    """``--keep``; a new process finds it there; ``forget`` forgets both."""
    assert "in the system keyring, too" in told("--keep")
    assert memory.kept == {STORED: KEY}
    credentials.forget()  # as a new kernel
    assert status() == "key: the system keyring"
    assert told("forget") == "Forgotten; key: not found."
    assert memory.kept == {} and status() == "key: not found"


def test_a_keyring_that_does_not_take_it_is_told(memory: Memory) -> None:
    """The key is there until the kernel ends; the reason says nothing of it."""
    memory.trouble = KeyringLocked(KEY)
    said = told("--keep")
    assert "until this kernel ends, and no longer" in said and "locked" in said
    assert credentials.find(environ={}).needed().reveal() == KEY
    memory.kept[STORED] = KEY
    assert "may still have a key" in told("forget")


def test_what_was_typed_is_checked(memory: Memory) -> None:
    """Text that cannot be a key is neither kept nor repeated; blank input changes nothing."""
    for typed in ("two words", "sk-" + "x" * 2000, "sk-ключ"):
        with pytest.raises(MissingKeyError) as raised:
            told("--keep", typed)
        assert typed[:8] not in str(raised.value)
    assert told("--keep", " \n") == "Nothing was typed."
    assert (memory.kept, status()) == ({}, "key: not found")


@pytest.mark.parametrize("typed", [f" {KEY} ", f"export CRAZYROUTER_API_KEY='{KEY}'", f"CRAZYROUTER_API_KEY={KEY}"])
def test_a_key_is_taken_as_people_paste_it(memory: Memory, typed: str) -> None:
    """A whole line of a .env or of a shell's profile."""
    told("--keep", typed)
    assert memory.kept == {STORED: KEY}


@pytest.mark.parametrize("line", [KEY, "--kept", "forget it", "--keep x"])
def test_anything_else_on_the_line_is_refused(line: str) -> None:
    """It may be the key itself, and is not repeated."""
    with pytest.raises(InvalidRequestError, match="delete what you typed") as raised:
        answer(line, lambda prompt: KEY, status, attended=True)
    assert line not in str(raised.value)


def test_where_nobody_can_be_asked_the_environment_is_named(memory: Memory) -> None:
    """Headless, or in a front end without an input line: at once, and without an open dialog."""

    def nobody(prompt: str) -> str:
        raise RuntimeError("raw_input was called, but this frontend does not support input requests.")

    for attended in (True, False):
        with pytest.raises(MissingKeyError, match="set CRAZYROUTER_API_KEY"):
            answer("--keep", nobody, status, attended=attended)
