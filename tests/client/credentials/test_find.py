"""Sources of the key, and which address it may be sent to."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import keyring
import pytest
from keyring.errors import KeyringLocked

from kling_widgets.client.async_client import AsyncClient
from kling_widgets.client.client import Client
from kling_widgets.client.credentials import find as credentials
from kling_widgets.client.credentials.find import DEFAULT_URL, KEY_NAME, URL_NAME, find
from kling_widgets.errors import InvalidRequestError, KlingError, MissingKeyError
from tests.client.memory_keyring import Memory

KEY = "sk-env-0123456789"
BROKEN = f"{KEY} with a blank"
FOREIGN = "https://gateway.example"
HERE = "http://127.0.0.1:8000"


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """No key stays in the process."""
    yield
    credentials.forget()


def test_the_order_of_the_sources(tmp_path: Path) -> None:
    """Arguments precede a key from %kling_key, then the environment, then .env."""
    (tmp_path / ".env").write_text(f"{KEY_NAME}=sk-file\n")
    found = find(environ={}, folder=tmp_path)
    assert (found.needed().reveal(), found.source) == ("sk-file", f"{KEY_NAME} in .env")
    found = find(environ={KEY_NAME: KEY}, folder=tmp_path)
    assert (found.needed().reveal(), found.source) == (KEY, KEY_NAME)
    credentials.remember("sk-told")
    found = find(environ={KEY_NAME: KEY}, folder=tmp_path)
    assert (found.needed().reveal(), found.source) == ("sk-told", "%kling_key")
    found = find("sk-given", environ={KEY_NAME: KEY}, folder=tmp_path)
    assert (found.needed().reveal(), found.source) == ("sk-given", "the arguments")
    credentials.forget()
    assert find(environ={KEY_NAME: KEY}).source == KEY_NAME


def test_no_key_is_an_error_only_when_it_is_needed() -> None:
    """A form can be shown without a key; the error names both solutions."""
    found = find(environ={KEY_NAME: "  "})
    assert found.key is None and found.base_url == DEFAULT_URL
    with pytest.raises(MissingKeyError, match=r"CRAZYROUTER_API_KEY.*%kling_demo"):
        found.needed()


def test_a_mistake_in_a_source_that_is_not_used_does_not_matter(tmp_path: Path) -> None:
    """The demo runs even if the environment holds an invalid key."""
    environ = {KEY_NAME: "two words", URL_NAME: "ftp://x"}
    assert find("demo", "http://127.0.0.1:8000", environ=environ).base_url == "http://127.0.0.1:8000"


@pytest.mark.parametrize("text", [f" {KEY}\n", f'"{KEY}"', f"Bearer {KEY}", f"bearer  {KEY} "])
def test_a_pasted_key_is_cleaned(text: str) -> None:
    """A key may be pasted with blanks, quotes, or a prefix from the documentation."""
    assert find(text, environ={}).needed().reveal() == KEY


@pytest.mark.parametrize("text", ["sk-one\nX-Evil: 1", "sk one", "sk-ключ", "sk-\x00"])
def test_the_error_for_an_invalid_key_does_not_quote_it(text: str) -> None:
    """An invalid key, which would break the header, is an error that quotes no part of it."""
    with pytest.raises(MissingKeyError, match="no key has") as caught:
        find(text, environ={})
    assert "sk-" not in str(caught.value)


@pytest.mark.parametrize("url", [FOREIGN, HERE, "http://localhost:1", "https://[::1]:8443"])
@pytest.mark.parametrize(
    ("given", "environ", "dotenv"),
    [
        ((None, "URL"), {KEY_NAME: KEY}, ""),
        ((None, "URL"), {KEY_NAME: KEY, URL_NAME: "URL"}, ""),
        (("sk-given", None), {URL_NAME: "URL"}, ""),
        (("sk-given", None), {KEY_NAME: KEY, URL_NAME: "URL"}, ""),
        ((None, None), {KEY_NAME: KEY}, f"{URL_NAME}=URL"),
        ((None, None), {URL_NAME: "URL"}, f"{KEY_NAME}=sk-file"),
        ((None, None), {URL_NAME: "URL"}, f"{KEY_NAME}=sk-file\n{URL_NAME}=URL"),
        # a reference must not make the user's key one from the untrusted file
        ((None, "URL"), {KEY_NAME: KEY}, f"{KEY_NAME}=${{{KEY_NAME}}}"),
    ],
)
def test_another_address_does_not_get_a_key_from_elsewhere(
    given: tuple[str | None, str | None], environ: dict[str, str], dotenv: str, tmp_path: Path, url: str
) -> None:
    """A cloned notebook, or its .env, cannot send a user's key away, nor to another program on this machine."""
    (tmp_path / ".env").write_text(dotenv.replace("URL=URL", f"URL={url}"))
    key, named = given
    with pytest.raises(MissingKeyError, match=r"same place.*nothing was sent.*%kling_key") as caught:
        find(
            key,
            url if named else None,
            environ={name: url if value == "URL" else value for name, value in environ.items()},
            folder=tmp_path,
        )
    assert url in str(caught.value) and "sk-" not in str(caught.value)


@pytest.mark.parametrize("url", [FOREIGN, HERE])
def test_the_key_beside_the_address_counts(url: str, tmp_path: Path) -> None:
    """A .env with address and key uses its own key, even if the environment has another one."""
    (tmp_path / ".env").write_text(f"{URL_NAME}={url}\n{KEY_NAME}=sk-file\n")
    found = find(environ={KEY_NAME: KEY}, folder=tmp_path)
    assert (found.base_url, found.needed().reveal(), found.source) == (url, "sk-file", f"{KEY_NAME} in .env")


@pytest.mark.parametrize("url", [FOREIGN, HERE])
def test_a_key_from_the_magic_is_only_for_its_address(url: str) -> None:
    """A key from %kling_key is only for its address; the service's two addresses share one."""
    credentials.remember("sk-service")
    credentials.remember("sk-other", f"{url}/v1/")
    for address, key in {
        url: "sk-other",
        DEFAULT_URL: "sk-service",
        "https://cn.crazyrouter.com": "sk-service",
    }.items():
        assert find(base_url=address, environ={KEY_NAME: KEY}).needed().reveal() == key
    for address in ("http://127.0.0.1:8001", "https://gateway.example:444", f"{url}/other"):
        with pytest.raises(MissingKeyError, match="same place"):
            find(base_url=address, environ={KEY_NAME: KEY})
        assert find(base_url=address, environ={}).key is None
    credentials.forget()
    assert find(base_url=url, environ={}).key is None


def test_the_error_for_a_missing_key_names_the_possible_sources() -> None:
    """If a .env or an argument names another address, the error says where its key must come from."""
    with pytest.raises(MissingKeyError, match=rf"The key for {HERE} must be set with %kling_key"):
        find(base_url=HERE, environ={}).needed()


def test_variables_in_a_dotenv_are_not_expanded(tmp_path: Path) -> None:
    """``${NAME}`` in a .env does not read a key from the environment."""
    (tmp_path / ".env").write_text(f"{KEY_NAME}=${{OTHER}}\n{URL_NAME}={FOREIGN}\n")
    found = find(environ={"OTHER": KEY}, folder=tmp_path)
    assert found.needed().reveal() == "${OTHER}"


def test_another_address_gets_the_key_from_its_own_source() -> None:
    """An address and a key from the same source belong together: arguments, environment, or %kling_key."""
    assert find("sk-given", FOREIGN, environ={KEY_NAME: KEY}).base_url == FOREIGN
    assert find(environ={KEY_NAME: KEY, URL_NAME: FOREIGN}).base_url == FOREIGN
    credentials.remember(KEY, FOREIGN)
    assert find(base_url=FOREIGN, environ={}).needed().reveal() == KEY


def test_the_services_own_addresses_get_any_key() -> None:
    """The service's own addresses accept a key from any source."""
    assert find(None, "https://cn.crazyrouter.com", environ={KEY_NAME: KEY}).needed().reveal() == KEY


def test_credentials_do_not_show_the_key() -> None:
    """No repr along the way shows the key."""
    assert KEY not in repr(find(KEY, environ={}))


def test_errors_about_credentials_are_ours() -> None:
    """All errors about credentials are KlingErrors."""
    assert issubclass(MissingKeyError, KlingError) and issubclass(InvalidRequestError, KlingError)


# The sources that are read last


@pytest.fixture
def memory() -> Iterator[Memory]:
    """A keyring in memory, with a key, instead of the system's."""
    before, memory = keyring.get_keyring(), Memory(**{KEY_NAME: "sk-kept"})
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


def test_the_keyring_is_asked_only_when_nothing_else_gives_a_key(memory: Memory, tmp_path: Path) -> None:
    """The keyring, which may open a dialog, is read only if no other source has a key."""
    (tmp_path / ".env").write_text(f"{KEY_NAME}=sk-file\n")
    for found in (
        find("sk-given", environ={}),
        find(environ={KEY_NAME: KEY}),
        find(environ={}, folder=tmp_path),
    ):
        assert found.source != "the system keyring"
    credentials.remember("sk-told")
    assert find(environ={}).source == "%kling_key"
    assert memory.asked == 0
    credentials.forget()
    found = find(environ={KEY_NAME: " "})
    assert (found.needed().reveal(), found.source) == ("sk-kept", "the system keyring")


def test_the_keyring_is_asked_once(memory: Memory) -> None:
    """The keyring is read once, also by several threads and without a result, until ``ask_again``."""
    memory.trouble = KeyringLocked()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: find(environ={}), range(20)))
    assert memory.asked == 1
    assert all(each.key is None and "locked" in each.hint for each in found)
    with pytest.raises(MissingKeyError, match="locked"):
        find(environ={}).needed()
    memory.trouble = None
    assert find(environ={}).key is None
    credentials.ask_again()
    assert find(environ={}).source == "the system keyring" and memory.asked == 2


def test_colab_comes_before_the_keyring(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """In Colab the keyring is not read."""
    userdata = ModuleType("google.colab.userdata")
    vars(userdata)["get"] = lambda name: {KEY_NAME: "sk-colab"}[name]
    for name, module in {"google.colab": ModuleType("google.colab"), "google.colab.userdata": userdata}.items():
        monkeypatch.setitem(sys.modules, name, module)
    found = find(environ={})
    assert (found.needed().reveal(), found.source, memory.asked) == ("sk-colab", "Colab's secrets", 0)


@pytest.mark.parametrize("url", [FOREIGN, HERE])
@pytest.mark.parametrize("how", ["arguments", "environment", ".env"])
def test_another_address_never_gets_a_stored_key(memory: Memory, tmp_path: Path, how: str, url: str) -> None:
    """A stored key is never sent to another address, also not by a reference in a .env."""
    (tmp_path / ".env").write_text(f"{URL_NAME}={url}\n{KEY_NAME}=${{NOTHING}}\n" if how == ".env" else "")
    given = url if how == "arguments" else None
    environ = {URL_NAME: url} if how == "environment" else {}
    for _ in range(2):
        found = find(base_url=given, environ=environ, folder=tmp_path)
        assert memory.asked == 0 and (found.key is None or found.key.reveal() == "${NOTHING}")
        credentials.remember(KEY)  # for the service's own addresses


@pytest.mark.parametrize("url", ["https://cn.crazyrouter.com", "https://api.crazyrouter.com/v1"])
def test_a_stored_key_is_used_for_the_services_own_addresses(memory: Memory, url: str) -> None:
    """A stored key is used for the service's own addresses, in every spelling."""
    assert find(base_url=url, environ={}).needed().reveal() == "sk-kept"


@pytest.mark.parametrize(
    ("given", "environ", "dotenv", "kept"),
    [
        ({"api_key": BROKEN}, {}, "", ""),
        ({"base_url": "ftp://x", "api_key": KEY}, {}, "", ""),
        ({"base_url": FOREIGN}, {KEY_NAME: KEY}, "", ""),
        ({}, {KEY_NAME: BROKEN}, "", ""),
        ({}, {KEY_NAME: KEY, URL_NAME: "ftp://x"}, "", ""),
        ({"base_url": FOREIGN}, {}, f"{KEY_NAME}={KEY}", ""),
        ({}, {}, f"{KEY_NAME}='{BROKEN}'", ""),
        ({}, {}, "", BROKEN),
    ],
)
@pytest.mark.parametrize("kind", [find, Client, AsyncClient])
def test_no_frame_of_an_error_holds_the_key(
    given: dict[str, str],
    environ: dict[str, str],
    dotenv: str,
    kept: str,
    kind: Callable[..., object],
    monkeypatch: pytest.MonkeyPatch,
    memory: Memory,
) -> None:
    """No frame of our errors holds the key, whatever its source: a verbose traceback shows their variables."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    Path(".env").write_text(dotenv)
    memory.kept = {("kling_widgets", KEY_NAME): kept} if kept else {}
    with pytest.raises(KlingError) as caught:
        kind(**given, **({"folder": Path()} if kind is find else {}))
    frames = [frame for error in chain(caught.value) for frame, _ in traceback.walk_tb(error.__traceback__)]
    ours = [frame for frame in frames if "kling_widgets" in frame.f_globals.get("__name__", "").split(".")[:1]]
    assert ours
    assert not [frame.f_code for frame in ours if KEY[3:] in repr(frame.f_locals)]


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Return an error and its causes."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
