"""Where the key comes from, and which address it may go to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kling_widgets.client import credentials
from kling_widgets.client.credentials import DEFAULT_URL, KEY_NAME, URL_NAME, find
from kling_widgets.errors import InvalidRequestError, KlingError, MissingKeyError

KEY = "sk-env-0123456789"
FOREIGN = "https://gateway.example"


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """No key stays in the process."""
    yield
    credentials.forget()


def test_the_order_of_the_sources(tmp_path: Path) -> None:
    """Arguments, then what %kling_key was told, then the environment, then .env."""
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
    """A form can be shown without one; the error tells both ways on."""
    found = find(environ={KEY_NAME: "  "})
    assert found.key is None and found.base_url == DEFAULT_URL
    with pytest.raises(MissingKeyError, match=r"CRAZYROUTER_API_KEY.*%kling_demo"):
        found.needed()


def test_a_mistake_in_a_source_that_is_not_used_does_not_matter(tmp_path: Path) -> None:
    """The demo runs although the environment holds nonsense."""
    environ = {KEY_NAME: "two words", URL_NAME: "ftp://x"}
    assert find("demo", "http://127.0.0.1:8000", environ=environ).base_url == "http://127.0.0.1:8000"


@pytest.mark.parametrize("text", [f" {KEY}\n", f'"{KEY}"', f"Bearer {KEY}", f"bearer  {KEY} "])
def test_a_key_is_taken_as_people_paste_it(text: str) -> None:
    """With blanks, quotes, or the word before it in the documentation."""
    assert find(text, environ={}).needed().reveal() == KEY


@pytest.mark.parametrize("text", ["sk-one\nX-Evil: 1", "sk one", "sk-ключ", "sk-\x00"])
def test_a_key_that_cannot_be_one_is_told_without_it(text: str) -> None:
    """It would break the header, or the connection; the message repeats no character of it."""
    with pytest.raises(MissingKeyError, match="no key has") as caught:
        find(text, environ={})
    assert "sk-" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "environ", "dotenv"),
    [
        ((None, FOREIGN), {KEY_NAME: KEY}, ""),
        (("sk-given", None), {URL_NAME: FOREIGN}, ""),
        ((None, None), {KEY_NAME: KEY}, f"{URL_NAME}={FOREIGN}"),
        ((None, None), {URL_NAME: FOREIGN}, f"{KEY_NAME}=sk-file"),
        # a reference must not turn the user's key into one from the stranger's file
        ((None, FOREIGN), {KEY_NAME: KEY}, f"{KEY_NAME}=${{{KEY_NAME}}}"),
    ],
)
def test_a_strangers_address_does_not_get_a_key_from_elsewhere(
    given: tuple[str | None, str | None], environ: dict[str, str], dotenv: str, tmp_path: Path
) -> None:
    """A cloned notebook, or its .env, cannot send a user's key away."""
    (tmp_path / ".env").write_text(dotenv)
    with pytest.raises(MissingKeyError, match="same place") as caught:
        find(*given, environ=environ, folder=tmp_path)
    assert FOREIGN in str(caught.value) and "sk-" not in str(caught.value)


def test_a_dotenv_is_read_as_it_stands(tmp_path: Path) -> None:
    """``${NAME}`` in it does not fetch a key out of the environment."""
    (tmp_path / ".env").write_text(f"{KEY_NAME}=${{OTHER}}\n{URL_NAME}={FOREIGN}\n")
    found = find(environ={"OTHER": KEY}, folder=tmp_path)
    assert found.needed().reveal() == "${OTHER}"


def test_a_strangers_address_gets_the_key_that_came_with_it() -> None:
    """Who names both means it: in the arguments, the environment, or to %kling_key."""
    assert find("sk-given", FOREIGN, environ={KEY_NAME: KEY}).base_url == FOREIGN
    assert find(environ={KEY_NAME: KEY, URL_NAME: FOREIGN}).base_url == FOREIGN
    credentials.remember(KEY, FOREIGN)
    assert find(environ={}).base_url == FOREIGN


@pytest.mark.parametrize("url", ["https://cn.crazyrouter.com", "http://127.0.0.1:8000", "http://localhost:1"])
def test_the_services_own_address_and_this_machine_get_any_key(url: str) -> None:
    """They are nobody else's."""
    assert find(None, url, environ={KEY_NAME: KEY}).needed().reveal() == KEY


def test_what_was_found_does_not_show_it() -> None:
    """Nor does anything on the way."""
    assert KEY not in repr(find(KEY, environ={}))


def test_errors_about_credentials_are_ours() -> None:
    """One tree of errors for who uses the package."""
    assert issubclass(MissingKeyError, KlingError) and issubclass(InvalidRequestError, KlingError)
