"""The doctor: its checks, its advice, and what it never shows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import keyring
import pytest
from keyring.errors import KeyringLocked

from kling_widgets.client.credentials import find
from kling_widgets.notebook.doctor import doctor
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.request.request import VideoRequest
from tests.client.memory_keyring import Memory
from tests.servers import Answer, FaultServer

KEY = "sk-" + "doctorsees" * 3


def looked(environ: Mapping[str, str], proxies: Mapping[str, str] = {}) -> dict[str, tuple[str, str]]:
    """The doctor's rows by their first cell."""
    table = doctor(Session(environ=environ), lambda: proxies)
    return {what: (how, advice) for what, how, advice in table.rows}


def test_without_a_key_it_says_how_to_get_on(isolated: Path) -> None:
    """No key: the service is not asked, and both ways out are named."""
    rows = looked({"KLING_WIDGETS_HOME": str(isolated)})
    assert rows["key"][0] == "no key found"
    assert "%kling_key" in rows["key"][1] and "%kling_demo" in rows["key"][1]
    assert rows["service"][0] == "not checked"


def test_in_the_demo_all_is_well(isolated: Path) -> None:
    """The demo answers, and all of our models may be called."""
    rows = looked({"KLING_WIDGETS_HOME": str(isolated), "KLING_WIDGETS_DEMO": "1"})
    assert rows["key"] == ("demo: no key needed", "")
    assert rows["service"] == ("the demo on this machine answers; 12 of 12 models may be called", "")
    assert "0 submissions" in rows["journal"][0]


def test_nothing_secret_is_shown(isolated: Path) -> None:
    """Neither the key nor a proxy's password stands anywhere in it, also when the service is not there."""
    environ = {
        "KLING_WIDGETS_HOME": str(isolated),
        find.KEY_NAME: KEY,
        find.URL_NAME: "http://127.0.0.1:9",
    }
    rows = looked(environ, {"https": "http://user:hunter2@proxy.example:3128", "http": "http://[broken"})
    assert rows["key"][0].startswith("key: found in CRAZYROUTER_API_KEY")
    assert rows["service"][1].startswith("The service could not be reached")
    assert rows["proxies"][0] == "http: not an address, https: proxy.example:3128"
    everything = repr(doctor(Session(environ=environ))) + repr(rows)
    assert KEY not in everything and KEY[3:12] not in everything and "hunter2" not in everything


def test_a_folder_that_cannot_be_written_is_told(isolated: Path, tmp_path: Path) -> None:
    """A video folder under a file cannot be made; the journal's trouble stands beside the journal."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    session = Session(environ={"KLING_WIDGETS_HOME": str(blocked / "home")})
    session.settings.video_dir = str(blocked / "videos")
    rows = {what: (how, advice) for what, how, advice in doctor(session, dict).rows}
    assert rows["videos"][0] == "cannot be saved" and "Kling.video_dir" in rows["videos"][1]
    assert "memory" in rows["journal"][1]


@pytest.mark.parametrize("what", ["front end", "kling_widgets", "Python", "packages", "extras"])
def test_a_bug_report_has_what_it_needs(isolated: Path, what: str) -> None:
    """Front end and versions are told."""
    assert looked({"KLING_WIDGETS_HOME": str(isolated)})[what][0]


def of(url: str, home: Path, **more: str) -> dict[str, str]:
    """The environment of a user of this service."""
    return {"KLING_WIDGETS_HOME": str(home), find.KEY_NAME: KEY, find.URL_NAME: url, **more}


@pytest.mark.parametrize(
    ("answer", "how", "advice"),
    [
        (Answer(200, "<html><title>Sign in</title></html>"), "does not answer correctly", "an HTML page"),
        (Answer(502, "<html>Bad gateway</html>"), "does not answer correctly", "proxy in front of the service"),
        (Answer(401, {"error": {"message": f"no such key: {KEY}"}}), "does not answer correctly", "API key"),
        (Answer(fault="stall"), "does not answer within 1 s", "the network and the proxies"),
        (Answer(200, {"data": [{"id": "aigc-video-kling-2.6"}]}), "answers; 1 of 12 models", "may not call"),
    ],
)
def test_whatever_the_service_does_there_is_an_answer(isolated: Path, answer: Answer, how: str, advice: str) -> None:
    """A login page, a broken proxy, a wrong key, silence: said in a sentence, within the doctor's patience."""
    with FaultServer(lambda asked: answer) as server:
        table = doctor(Session(environ=of(server.url, isolated)), dict, timeout=5 if answer.fault != "stall" else 1)
        row = next(row for row in table.rows if row[0] == "service")
        assert how in row[1] and advice in row[2]
        assert row[1].startswith(server.url)
    assert KEY not in repr(table) + table._repr_html_() + table.to_markdown()


def test_a_keyring_is_asked_again(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locked, its hint stands beside the key; unlocked meanwhile, the next look finds the key."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nobody outside is asked
    before = keyring.get_keyring()
    locked = Memory(KeyringLocked(KEY), **{find.KEY_NAME: KEY})
    keyring.set_keyring(locked)
    try:
        session = Session(environ={"KLING_WIDGETS_HOME": str(isolated)})
        rows = {what: (how, advice) for what, how, advice in doctor(session, dict).rows}
        assert rows["key"][0] == "no key found" and "locked" in rows["key"][1]
        locked.trouble = None
        assert session.services.key_status() == "no key found"  # asked once, however often it is looked at
        rows = {what: (how, advice) for what, how, advice in doctor(session, dict, timeout=0.1).rows}
        assert rows["key"] == ("key: found in the system keyring", "")
    finally:
        keyring.set_keyring(before)
        find.forget()


def test_no_host_of_somebodys_network_is_shown(isolated: Path) -> None:
    """Of a SOCKS proxy its address alone, of the hosts that need none their number."""
    rows = looked(
        {"KLING_WIDGETS_HOME": str(isolated)}, {"all": "socks5://u:hunter2@p.example:1", "no": "a.corp,b.corp"}
    )
    assert rows["proxies"][0] == "all: p.example:1, none for 2 hosts"
    assert rows["proxies"][1] == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [("HTTPS_PROXY", "http://user:hunter2@proxy.example:x"), ("SSL_CERT_FILE", "/nowhere/ca.pem")],
)
def test_a_setting_of_the_network_that_cannot_be_used_is_named(
    isolated: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """In the row of the service, and whose certificates count in a row of its own."""
    monkeypatch.setenv(name, value)
    rows = looked({"KLING_WIDGETS_HOME": str(isolated), find.KEY_NAME: KEY})
    assert name in rows["service"][1] and "hunter2" not in repr(rows)
    assert rows["certificates"][0] == ("those in SSL_CERT_FILE" if "CERT" in name else "those included with httpx")


def test_no_path_names_its_user(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The home folder is ~, also in the sentence of an error; so is a name elsewhere left out."""
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(isolated / "rosalind"))
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "rosalind")
    blocked = isolated / "rosalind" / "file"
    blocked.parent.mkdir(parents=True)
    blocked.write_text("")
    session = Session(environ={"KLING_WIDGETS_HOME": str(blocked / "home")})
    session.settings.video_dir = str(isolated / "mnt" / "rosalind" / "clips")
    (isolated / "mnt").write_text("")  # in the way
    table = doctor(session, dict)
    assert "rosalind" not in repr(table) and "~" in repr(table)


def test_it_says_what_is_open_and_what_was_spent(isolated: Path) -> None:
    """What has not ended, what was sent and never answered, how the journal is written, and the budget."""
    session = Session(environ={"KLING_WIDGETS_HOME": str(isolated), "KLING_WIDGETS_BUDGET": "20 videos"})
    keys = [session.journal.write(VideoRequest("2.6", prompt="a boat"), find.DEFAULT_URL) for _ in range(3)]
    session.journal.update(keys[0], state="accepted", task_id="t-1")
    session.journal.update(keys[1], state="unknown")
    rows = {what: (how, advice) for what, how, advice in doctor(session, dict).rows}
    assert f"3 submissions, mode {session.journal.mode}" in rows["journal"][0]
    assert (
        "1 not finished: %kling_resume." in rows["journal"][1] and "1 sent whose answer was lost" in rows["journal"][1]
    )
    assert "20 videos (KLING_WIDGETS_BUDGET)" in rows["spending"][0]


def test_it_can_be_pasted(isolated: Path) -> None:
    """As text, line by line; as Markdown, a table in which nothing is a mark or a tag."""
    table = doctor(Session(environ=of("http://127.0.0.1:9/<b>|x", isolated)), dict)
    assert all(what in str(table) for what in ("key", "service", "journal"))
    session = Session(environ={"KLING_WIDGETS_HOME": str(isolated / "<b>a|b")})
    assert "<b>a|b" in str(doctor(session, dict))
    assert "<b>" not in doctor(session, dict).to_markdown() and "a|b" not in doctor(session, dict).to_markdown()
