"""Key or demo, and which key is sent to which address."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kling_widgets.client.credentials import find
from kling_widgets.demo.service import Demo
from kling_widgets.errors import KlingError, MissingKeyError
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.submit.submitter import Submitter
from tests.notebook.conftest import KEY, shown

Maker = Callable[..., Session]
STRANGER = "https://service.example.com"


def mp4(path: Path | None) -> bool:
    """Whether a video is there, whole."""
    return path is not None and path.read_bytes()[4:8] == b"ftyp"


# Key or demo


def test_without_a_key_nothing_is_sent(nobody: Session) -> None:
    """The error says how to set one and how to try without; the journal stays empty."""
    with pytest.raises(MissingKeyError, match="%kling_demo"):
        nobody.get(Submitter).submit("2.6", prompt="a boat")
    assert nobody.journal.entries() == ()
    assert nobody.services.key_status() == "no key found"


def test_the_status_tells_where_the_key_is_and_no_more(session: Session) -> None:
    """Not a character of the key."""
    assert session.services.key_status() == "key: found in CRAZYROUTER_API_KEY"
    assert session.services.get().key_source == "CRAZYROUTER_API_KEY"
    assert KEY not in repr(session.services.get())


@pytest.mark.slow
def test_the_demo_takes_the_place_of_the_service(nobody: Session) -> None:
    """``use_demo``: the same way, without a key; the job, its file and the journal say demo."""
    nobody.services.use_demo()
    assert nobody.services.key_status() == "demo: no key needed"
    job = shown(lambda: nobody.get(Submitter).submit("2.6", prompt="a boat", seconds=5, size="64x64")).value
    assert job._runner.service.demo
    assert mp4(job.path)
    assert "demo" in job.path.name
    (entry,) = nobody.journal.entries()
    assert (entry.service, entry.state, entry.demo) == ("demo", "saved", True)


def test_back_from_the_demo(make: Maker, keyed: dict[str, str], demo: Demo) -> None:
    """``use_demo(False)``: the service again."""
    session = make(keyed)
    session.services.use_demo()
    assert session.services.get().demo
    session.services.use_demo(False)
    assert session.services.get().base_url == demo.base_url
    assert not session.services.get().demo


@pytest.mark.parametrize("word", ["1", "true", "ON", " yes "])
def test_the_environment_beats_a_key_with_the_demo(make: Maker, keyed: dict[str, str], word: str) -> None:
    """``KLING_WIDGETS_DEMO=1`` is for Binder and classes: no notebook there can spend anybody's money."""
    session = make(keyed | {"KLING_WIDGETS_DEMO": word})
    assert session.services.demo
    assert session.services.get().demo
    with pytest.raises(KlingError, match="cannot be switched off"):
        session.services.use_demo(False)
    assert session.services.get().demo


@pytest.mark.parametrize("word", ["", "0", "off", "False", "no"])
def test_a_demo_that_is_off_is_off(make: Maker, keyed: dict[str, str], word: str) -> None:
    """The words for off leave the key in charge."""
    assert not make(keyed | {"KLING_WIDGETS_DEMO": word}).services.demo


def test_a_demo_that_cannot_start_is_not_in_charge(make: Maker, keyed: dict[str, str], tmp_path: Path) -> None:
    """An error leaves things as they were: the service stays."""
    (tmp_path / "file").write_text("")
    session = make(keyed | {"KLING_WIDGETS_HOME": str(tmp_path / "file")})
    with pytest.raises(KlingError, match="demo cannot start"):
        session.services.use_demo()
    assert not session.services.demo


# Which address, with which key


def test_a_key_goes_to_a_stranger_only_from_the_same_source(make: Maker, environ: dict[str, str]) -> None:
    """A cloned notebook that sets an address cannot send a user's key away."""
    session = make(environ | {"CRAZYROUTER_API_KEY": KEY})
    session.settings.base_url = STRANGER
    with pytest.raises(MissingKeyError, match="nothing was sent"):
        session.get(Submitter).submit("2.6", prompt="a boat")
    assert session.journal.entries() == ()
    both = make(environ | {"CRAZYROUTER_API_KEY": KEY, "CRAZYROUTER_BASE_URL": STRANGER})
    assert both.services.get().base_url == STRANGER


def test_a_key_that_was_typed_goes_to_the_service_alone(make: Maker, environ: dict[str, str]) -> None:
    """The address in the environment is not from the source of a typed key."""
    find.remember(KEY)
    session = make(environ | {"CRAZYROUTER_BASE_URL": STRANGER})
    with pytest.raises(MissingKeyError):
        session.services.get()
    assert make(environ).services.get().base_url == find.DEFAULT_URL


def test_a_key_of_the_environment_does_not_go_to_a_port(make: Maker, environ: dict[str, str]) -> None:
    """Neither by %config, nor by a .env that came with the notebook; the demo on its own port needs no key."""
    here = "http://127.0.0.1:8000"
    session = make(environ | {"CRAZYROUTER_API_KEY": KEY})
    session.settings.base_url = here
    with pytest.raises(MissingKeyError, match=r"from %config Kling\.base_url,.*same place.*%kling_key"):
        session.get(Submitter).submit("2.6", prompt="a boat")
    session.settings.base_url = ""
    Path(".env").write_text(f"CRAZYROUTER_BASE_URL={here}\n")
    with pytest.raises(MissingKeyError, match=r"same place.*%kling_key"):
        session.get(Submitter).submit("2.6", prompt="a boat")
    assert session.journal.entries() == ()
    session.services.use_demo()
    assert session.services.get().demo


@pytest.mark.slow
@pytest.mark.parametrize(
    "network",
    [
        {"ALL_PROXY": "socks5://127.0.0.1:9", "NO_PROXY": "::1,fe80::/10"},
        {"HTTP_PROXY": "http://user:hunter2@127.0.0.1:9x", "SSL_CERT_DIR": "/nowhere"},
        {"SSL_CERT_FILE": "/nowhere/ca.pem", "REQUESTS_CA_BUNDLE": "/nowhere/ca.pem", "SSLKEYLOGFILE": "/nowhere/keys"},
    ],
)
def test_the_demo_works_whatever_the_network_is_set_to(
    nobody: Session, monkeypatch: pytest.MonkeyPatch, network: dict[str, str]
) -> None:
    """From its start to the file: nothing of it leaves this machine."""
    for name, value in network.items():
        monkeypatch.setenv(name, value)
    nobody.services.use_demo()
    assert mp4(shown(lambda: nobody.get(Submitter).submit("2.6", prompt="a boat", size="64x64")).value.path)


def test_an_own_address_can_be_chosen(make: Maker, environ: dict[str, str]) -> None:
    """The service has two addresses of its own; either goes with any key."""
    session = make(environ | {"CRAZYROUTER_API_KEY": KEY})
    session.settings.base_url = "https://cn.crazyrouter.com"
    assert session.services.get().base_url == "https://cn.crazyrouter.com"


def test_an_env_file_beside_the_notebook_is_read(make: Maker, environ: dict[str, str]) -> None:
    """Key and address from one ``.env``; the status names it."""
    Path(".env").write_text(f"CRAZYROUTER_API_KEY={KEY}\nCRAZYROUTER_BASE_URL={STRANGER}\n")
    session = make(environ)
    assert session.services.get().base_url == STRANGER
    assert ".env" in session.services.key_status()
    assert KEY not in session.services.key_status()


def test_an_old_submission_is_asked_for_where_it_went(make: Maker, environ: dict[str, str], demo: Demo) -> None:
    """By the name in the journal: an own address with any key, the demo without one."""
    session = make(environ | {"CRAZYROUTER_API_KEY": KEY})
    for url in sorted(find.OWN_URLS):
        assert session.services.get(url).base_url == url
    assert session.services.get("demo").demo
    session.services.use_demo()
    assert session.services.get(find.DEFAULT_URL).base_url == find.DEFAULT_URL


def test_an_old_address_that_is_no_longer_set_is_an_error(make: Maker, environ: dict[str, str], demo: Demo) -> None:
    """The key is not sent to an address because a journal names it; the error says what to set."""
    session = make(environ | {"CRAZYROUTER_API_KEY": KEY})
    with pytest.raises(KlingError, match="CRAZYROUTER_BASE_URL"):
        session.services.get(STRANGER)
    elsewhere = make(environ | {"CRAZYROUTER_API_KEY": KEY, "CRAZYROUTER_BASE_URL": demo.base_url})
    with pytest.raises(KlingError, match="CRAZYROUTER_BASE_URL"):
        elsewhere.services.get(STRANGER)


def test_close_ends_the_demo(nobody: Session) -> None:
    """The running demo is stopped; the session can start a new one."""
    nobody.services.use_demo()
    first = nobody.services.get().base_url
    nobody.close()
    nobody.close()
    assert nobody.services.get().base_url != first
