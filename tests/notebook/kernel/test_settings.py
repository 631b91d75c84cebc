"""``%config Kling``: each setting is checked, and a bad value leaves the old one."""

from __future__ import annotations

from typing import Any

import pytest
from traitlets import TraitError

from kling_widgets.notebook.kernel.settings import Kling
from tests.notebook.conftest import KEY, run

DEFAULTS = {
    "model": "2.6",
    "wait": "auto",
    "video_dir": "",
    "display": "auto",
    "autoplay": False,
    "base_url": "",
    "timeout": 3600.0,
    "requests_per_second": 5.0,
    "confirm_above": "4 videos",
    "budget": "off",
}


@pytest.fixture
def settings(shell: Any) -> Kling:
    """The settings of a shell, as ``%config`` finds them."""
    settings = Kling()
    shell.configurables.append(settings)
    return settings


def test_the_defaults(settings: Kling) -> None:
    """The defaults; nothing else can be set."""
    assert {name: getattr(settings, name) for name in settings.trait_names(config=True)} == DEFAULTS


@pytest.mark.parametrize(
    ("name", "typed", "kept"),
    [
        ("model", "'3.0'", "3.0"),
        ("model", "'aigc-video-kling-o1'", "o1"),
        ("model", "'aigc-video-kling-9'", "aigc-video-kling-9"),
        ("wait", "True", True),
        ("wait", "False", False),
        ("wait", "'auto'", "auto"),
        ("video_dir", "'clips'", "clips"),
        ("display", "'embed'", "embed"),
        ("autoplay", "True", True),
        ("base_url", "'https://cn.crazyrouter.com/v1/'", "https://cn.crazyrouter.com"),
        ("base_url", "''", ""),
        ("timeout", "60", 60.0),
        ("requests_per_second", "0.5", 0.5),
        ("confirm_above", "'10'", "10 videos"),
        ("confirm_above", "'OFF'", "off"),
        ("budget", "'20 videos, 5 usd'", "20 videos, 5.00 USD"),
        ("budget", "''", "off"),
    ],
)
def test_config_sets_it(shell: Any, settings: Kling, name: str, typed: str, kept: object) -> None:
    """A good value is taken, in its one form."""
    run(shell, f"%config Kling.{name} = {typed}")
    assert getattr(settings, name) == kept


@pytest.mark.parametrize(
    ("name", "typed", "why"),
    [
        ("model", "'9'", "not a model of this service"),
        ("model", "'kling-v2-6'", "name of another line"),
        ("wait", "'sometimes'", "sometimes"),
        ("display", "'tape'", "tape"),
        ("base_url", "'http://example.com'", "https://"),
        ("base_url", "'https://me:secret@example.com'", "name or a password"),
        ("timeout", "0", "above 0"),
        ("timeout", "float('nan')", "above 0"),
        ("requests_per_second", "-1", "above 0"),
        ("confirm_above", "'-1'", "cannot be read"),
        ("confirm_above", "'1e999 USD'", "cannot be read"),
        ("budget", "'a lot'", "cannot be read"),
        ("budget", "'5 USD, 5 EUR'", "sets money twice"),
        ("budget", "5", "expected a unicode string"),
    ],
)
def test_a_bad_value_is_refused_and_leaves_the_old_one(
    shell: Any, settings: Kling, caplog: pytest.LogCaptureFixture, name: str, typed: str, why: str
) -> None:
    """The error is raised where the value is set, not at the next video."""
    run(shell, f"%config Kling.{name} = {typed}")
    assert why in caplog.text
    assert getattr(settings, name) == DEFAULTS[name]


def test_a_password_in_an_address_is_not_repeated(
    shell: Any, settings: Kling, caplog: pytest.LogCaptureFixture
) -> None:
    """No message contains what may be secret."""
    run(shell, "%config Kling.base_url = 'https://me:secret@example.com'")
    assert "secret@" not in caplog.text


def test_python_is_refused_likewise(settings: Kling) -> None:
    """The same from Python."""
    with pytest.raises(TraitError, match="above 0"):
        settings.timeout = -1
    assert settings.timeout == 3600.0


def test_config_lists_them_all(shell: Any, settings: Kling, capsys: pytest.CaptureFixture[str]) -> None:
    """``%config Kling`` is the list of settings, each with a sentence."""
    run(shell, "%config Kling")
    said = capsys.readouterr().out
    assert all(f"Kling.{name}=" in said for name in DEFAULTS)


@pytest.mark.parametrize("name", ["model", "wait", "video_dir", "display", "autoplay", "base_url", "timeout", "budget"])
def test_what_looks_like_a_key_is_not_taken_and_not_repeated(shell: Any, settings: Kling, name: str) -> None:
    """``%config`` logs what is wrong, and ``%config Kling`` shows what is set."""
    before = getattr(settings, name)
    with pytest.raises(TraitError) as raised:
        setattr(settings, name, KEY)
    assert KEY not in str(raised.value) and KEY not in repr(getattr(raised.value, "args", ()))
    assert getattr(raised.value, "_render_traceback_")() == [f"TraitError: {raised.value}"]  # noqa: B009
    assert getattr(settings, name) == before
