"""The form's notice about the API key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kling_widgets.errors import KlingError
from kling_widgets.notebook.controls import WidgetFactory
from kling_widgets.notebook.form.key_notice import KeyNotice
from kling_widgets.notebook.kernel.local_files import LocalMedia
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.widgets.form_page import FormPage


def line(session: Session, failed: list[KlingError] | None = None) -> FormPage:
    """The page that says the line of a session; what goes wrong is put into ``failed``."""
    parts = WidgetFactory(LocalMedia(Path("uploads")))
    KeyNotice(session, parts, ([] if failed is None else failed).append)
    return parts.page


def said(page: FormPage) -> list[str]:
    """Return its text and the label of its button."""
    return [words for text, _, presses, *_ in page.messages.get("key", ()) for words in (text, *presses)]


def test_with_a_key_there_is_nothing_to_say(session: Session) -> None:
    """No line, and nothing of the key."""
    assert said(line(session)) == []


def test_without_a_key_both_ways_on_are_there(nobody: Session) -> None:
    """How to set one, and the demo, which a click switches on; then the line says so, and the button goes."""
    key = line(nobody)
    text, button = said(key)
    assert "CRAZYROUTER_API_KEY" in text and "%kling_key" in text
    assert button == "Try the demo"
    key.press("key", "Try the demo")
    assert nobody.services.demo
    (text,) = said(key)
    assert "Nothing is sent" in text


def test_a_demo_that_cannot_start_is_said(
    make: Callable[..., Session], environ: dict[str, str], tmp_path: Path
) -> None:
    """The error goes to the form, and the line stays as it was."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    failed: list[KlingError] = []
    key = line(make(environ | {"KLING_WIDGETS_HOME": str(blocked)}), failed)
    before = said(key)
    key.press("key", "Try the demo")
    assert len(failed) == 1
    assert said(key) == before


def test_a_key_that_cannot_be_used_is_said(make: Callable[..., Session], environ: dict[str, str]) -> None:
    """A key with a blank in it: why, without the key."""
    (text, _) = said(line(make(environ | {"CRAZYROUTER_API_KEY": "two words"})))
    assert "CRAZYROUTER_API_KEY" in text or "environment" in text
    assert "two words" not in text
