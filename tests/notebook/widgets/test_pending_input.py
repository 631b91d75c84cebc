"""Input values read before a click is handled; the page itself is tested in a browser."""

from __future__ import annotations

import threading
from typing import Any

import ipywidgets as widgets
import pytest

from kling_widgets.notebook.widgets.pending_input import PendingInput


class Asked(PendingInput):
    """A PendingInput that records what it sends, in place of a page."""

    def __init__(self, timeout: float = 60.0) -> None:
        self.sent: list[Any] = []
        super().__init__(timeout)

    def send(self, content: Any, buffers: Any = None) -> None:
        self.sent.append(content)

    def answer(self, found: dict[str, Any], number: int | None = None) -> None:
        """Send back what a page would."""
        ask = self.sent[-1]["ask"] if number is None else number
        self._handle_custom_msg({"answer": ask, "found": found}, [])


@pytest.fixture
def text() -> widgets.Text:
    return widgets.Text("a boa")


def test_without_a_page_it_goes_on_at_once(text: widgets.Text) -> None:
    """In a script or a test there is nobody to ask."""
    went: list[str] = []
    typed = Asked()
    typed.ask([text], lambda: went.append("on"), lambda: went.append("silent"))
    assert (went, typed.sent) == (["on"], [{"unlock": True}])


def test_what_the_page_has_is_taken_over_first(text: widgets.Text) -> None:
    """Text that was not sent yet, a toggle, a list; then it continues."""
    pills, choice = widgets.ToggleButtons(options=["a", "b"]), widgets.Dropdown(options=["x", "y"])
    typed, went = Asked(), list[Any]()
    typed.alive = True
    inputs = [text, pills, choice, widgets.HTML("shown")]
    typed.ask(inputs, lambda: went.append((text.value, pills.value, choice.value)), lambda: went.append("silent"))
    assert went == []
    assert typed.sent[0]["inputs"] == {text.model_id: "value", pills.model_id: "index", choice.model_id: "index"}
    typed.answer({text.model_id: "a boat", pills.model_id: 1, choice.model_id: 1, "gone": "x"})
    assert went == [("a boat", "b", "y")]


def test_what_has_changed_here_meanwhile_stays(text: widgets.Text) -> None:
    """A path that the kernel has written after the request is newer than the page's value."""
    typed, went = Asked(), list[str]()
    typed.alive = True
    typed.ask([text], lambda: went.append(text.value), lambda: None)
    text.value = "written by the kernel"
    typed.answer({text.model_id: "a boat"})
    assert went == ["written by the kernel"]


def test_an_answer_counts_once_and_only_the_last_asked(text: widgets.Text) -> None:
    """Two tabs may answer, and an older answer may come late."""
    typed, went = Asked(), list[str]()
    typed.alive = True
    typed.ask([text], lambda: went.append("first"), lambda: None)
    typed.ask([text], lambda: went.append("second"), lambda: None)
    typed.answer({text.model_id: "old"}, number=1)
    assert (went, text.value) == ([], "a boa")
    typed.answer({text.model_id: "new"})
    typed.answer({text.model_id: "newer"})
    assert (went, text.value) == (["second"], "new")


def test_a_silent_page_is_gone(text: widgets.Text) -> None:
    """It counts as closed: the next time it is not asked."""
    typed, silent, went = Asked(timeout=0.01), threading.Event(), list[str]()
    typed.alive = True
    typed.ask([text], lambda: went.append("on"), silent.set)
    assert silent.wait(60)
    assert typed.sent[-1] == {"unlock": True}
    typed.answer({text.model_id: "late"}, number=1)
    assert (went, text.value, typed.alive) == ([], "a boa", False)
    typed.ask([text], lambda: went.append("on"), silent.set)
    assert went == ["on"]
