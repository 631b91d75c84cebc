"""The system's keyring: asked gently, whatever it does."""

from __future__ import annotations

import atexit
import sys
import traceback
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import keyring
import pytest
from IPython.core.interactiveshell import InteractiveShell
from keyring.backends import fail, null
from keyring.errors import InitError, KeyringLocked
from traitlets.config import Config

from kling_widgets.client.credentials.secret import Secret
from kling_widgets.client.credentials.system_keyring import SERVICE, attended, delete, get, keep
from tests.client.memory_keyring import Memory

NAME, KEY = "A_NAME", "sk-kept-0123456789abcdef"


@pytest.fixture(autouse=True)
def the_tests_own() -> Iterator[None]:
    """The keyring of this process is put back."""
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def test_the_tests_touch_nobodys_keyring() -> None:
    """What every process of the tests begins with keeps nothing."""
    assert isinstance(keyring.get_keyring(), null.Keyring)


def test_a_key_is_kept_found_and_deleted() -> None:
    """Under the name of this package; what is not there is neither found nor missed."""
    memory = Memory()
    keyring.set_keyring(memory)
    assert get(NAME) == (None, "")
    assert keep(NAME, Secret(KEY)) == ""
    assert memory.kept == {("kling_widgets", NAME): KEY}
    assert get(NAME) == (Secret(KEY), "")
    assert delete(NAME) == "" and memory.kept == {}
    assert delete(NAME) == ""


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (KeyringLocked(KEY), "locked"),
        (InitError(KEY), "did not open"),
        (RuntimeError(KEY), "RuntimeError"),
        (OSError(5, KEY), "OSError"),
        (ZeroDivisionError(KEY), "ZeroDivisionError"),
    ],
)
def test_whatever_it_raises_means_not_found(error: Exception, word: str) -> None:
    """The reason is said, its message is not: nobody knows what stands in it."""
    keyring.set_keyring(Memory(error, A_NAME=KEY))
    key, hint = get(NAME)
    assert key is None and word in hint
    kept, gone = keep(NAME, Secret(KEY)), delete(NAME)
    assert word in kept and word in gone
    assert "sk-" not in hint + kept + gone


def test_a_system_without_a_keyring_is_told_so() -> None:
    """When a key is to be found or kept there; nothing has to be deleted."""
    keyring.set_keyring(fail.Keyring())
    assert "no keyring on this system" in get(NAME)[1]
    assert "no keyring on this system" in keep(NAME, Secret(KEY))
    assert delete(NAME) == ""


def test_a_keyring_that_drops_what_it_takes_is_noticed() -> None:
    """keyring's own null backend says nothing when it keeps nothing."""
    keyring.set_keyring(null.Keyring())
    assert "stores nothing" in keep(NAME, Secret(KEY))
    assert get(NAME) == (None, "")


@pytest.mark.parametrize("odd", [b"bytes", 7, "", "  ", object()])
def test_what_is_no_text_is_no_key(odd: object) -> None:
    """A plug-in may answer with anything."""
    memory = Memory()
    memory.kept[SERVICE, NAME] = odd
    keyring.set_keyring(memory)
    assert get(NAME) == (None, "")


def test_an_interrupt_in_its_dialog_goes_through_without_the_key() -> None:
    """It is the user's; but the frames that it comes from hold what was about to be given."""
    keyring.set_keyring(Memory(KeyboardInterrupt(), A_NAME=KEY))
    with pytest.raises(KeyboardInterrupt) as caught:
        get(NAME)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert KEY not in shown


def test_without_the_package_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra: who looks for a key there has it; who wants to keep one is told what is missing."""
    monkeypatch.setitem(sys.modules, "keyring", None)  # type: ignore[arg-type]  # how Python marks what is not there
    assert get(NAME) == (None, "") and delete(NAME) == ""
    assert "kling_widgets[keys]" in keep(NAME, Secret(KEY))


def test_a_run_by_program_never_asks() -> None:
    """Nobody could answer a dialog there, and the run would hang; a terminal and a notebook may be asked."""
    memory = Memory(A_NAME=KEY)
    keyring.set_keyring(memory)
    assert attended()
    config = Config()
    config.HistoryManager.enabled = False
    shell: Any = InteractiveShell.instance(config=config)
    try:
        assert attended()
        shell.kernel = SimpleNamespace(_allow_stdin=True)
        assert attended()
        shell.kernel = SimpleNamespace(_allow_stdin=False)
        assert not attended()
        assert get(NAME)[0] is None and "by program" in get(NAME)[1]
        assert "by program" in keep(NAME, Secret("other")) and "by program" in delete(NAME)
    finally:
        InteractiveShell.clear_instance()
        atexit.unregister(shell.atexit_operations)
    assert memory.asked == 0 and memory.kept == {(SERVICE, NAME): KEY}
