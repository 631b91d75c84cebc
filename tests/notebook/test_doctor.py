"""The doctor: what it looks at, what it advises, and what it never shows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from kling_widgets.client import credentials
from kling_widgets.notebook.doctor import doctor
from kling_widgets.notebook.session import Session

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
    assert rows["service"][0] == "not asked"


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
        credentials.KEY_NAME: KEY,
        credentials.URL_NAME: "http://127.0.0.1:9",
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
