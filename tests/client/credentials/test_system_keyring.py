"""The system's keyring, whatever it raises."""

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
    """Restore the keyring of this process after each test."""
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def test_the_tests_do_not_touch_the_users_keyring() -> None:
    """The tests start with a keyring that stores nothing."""
    assert isinstance(keyring.get_keyring(), null.Keyring)


def test_a_key_is_kept_found_and_deleted() -> None:
    """A key is stored, found and deleted under the name of this package; a missing one is no error."""
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
def test_any_keyring_error_means_not_found(error: Exception, word: str) -> None:
    """Any error means that there is no key; the hint has a reason, but not the keyring's own message."""
    keyring.set_keyring(Memory(error, A_NAME=KEY))
    key, hint = get(NAME)
    assert key is None and word in hint
    kept, gone = keep(NAME, Secret(KEY)), delete(NAME)
    assert word in kept and word in gone
    assert "sk-" not in hint + kept + gone


def test_a_system_without_a_keyring_is_reported() -> None:
    """Reading and storing report that there is no keyring; deleting does not."""
    keyring.set_keyring(fail.Keyring())
    assert "no keyring on this system" in get(NAME)[1]
    assert "no keyring on this system" in keep(NAME, Secret(KEY))
    assert delete(NAME) == ""


def test_a_keyring_that_discards_keys_is_detected() -> None:
    """The null backend of keyring, which discards keys silently, is detected."""
    keyring.set_keyring(null.Keyring())
    assert "stores nothing" in keep(NAME, Secret(KEY))
    assert get(NAME) == (None, "")


@pytest.mark.parametrize("odd", [b"bytes", 7, "", "  ", object()])
def test_a_value_that_is_not_text_is_not_a_key(odd: object) -> None:
    """A value of a plug-in that is not text is not a key."""
    memory = Memory()
    memory.kept[SERVICE, NAME] = odd
    keyring.set_keyring(memory)
    assert get(NAME) == (None, "")


def test_an_interrupt_in_the_dialog_does_not_hold_the_key() -> None:
    """An interrupt during the dialog is raised without its frames, which hold the key."""
    keyring.set_keyring(Memory(KeyboardInterrupt(), A_NAME=KEY))
    with pytest.raises(KeyboardInterrupt) as caught:
        get(NAME)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert KEY not in shown


def test_without_the_package_there_is_no_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package, only storing a key reports that it is missing."""
    monkeypatch.setitem(sys.modules, "keyring", None)  # type: ignore[arg-type]  # how Python marks what is not there
    assert get(NAME) == (None, "") and delete(NAME) == ""
    assert "kling_widgets[keys]" in keep(NAME, Secret(KEY))


def test_an_unattended_run_never_reads_the_keyring() -> None:
    """The keyring is not read in an unattended run, which would hang; in a terminal or a notebook it is."""
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
        assert get(NAME)[0] is None and "unattended" in get(NAME)[1]
        assert "unattended" in keep(NAME, Secret("other")) and "unattended" in delete(NAME)
    finally:
        InteractiveShell.clear_instance()
        atexit.unregister(shell.atexit_operations)
    assert memory.asked == 0 and memory.kept == {(SERVICE, NAME): KEY}
