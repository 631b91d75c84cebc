"""What Python code gives beside a request."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_widgets.errors import InvalidRequestError
from kling_widgets.notebook.session import Session
from tests.notebook.conftest import shown

NO_NUMBERS = ("2", "a", float("nan"), -1, True, [2])


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("count", value) for value in (*NO_NUMBERS, 0, 2.5, 10**6, None)),
        *(("timeout", value) for value in (*NO_NUMBERS, 0, float("inf"), 1e6)),
        *(("save", value) for value in (5, b"a.mp4", ["a.mp4"], True)),
    ],
)
def test_what_is_no_such_option_is_refused_at_once(option: str, value: object, session: Session) -> None:
    """In one line that names it, before anything is written down or sent."""
    with pytest.raises(InvalidRequestError, match=rf"^{option} is .*, not .*Nothing was sent\.$"):
        session.submit("2.6", prompt="a boat", **{option: value})
    assert session.journal.entries() == ()
    assert not session.videos.exists()


def test_what_is_one_is_taken(session: Session, tmp_path: Path) -> None:
    """A path may be one of pathlib; None is as if nothing was said."""
    path = tmp_path / "boat.mp4"
    shown(lambda: session.submit("2.6", prompt="a boat", save=path, count=1, timeout=60, wait=True))
    assert path.is_file()
    assert len(session.prepare("2.6", prompt="a boat", timeout=None, save=None)) == 1


@pytest.mark.parametrize("value", [5, 1.5, b"task_1", ["task_1"]])
def test_an_id_is_a_text(value: object, session: Session) -> None:
    """Else it is refused in one line."""
    with pytest.raises(InvalidRequestError, match="A task's id is a text, not"):
        session.earlier.resume(value)  # type: ignore[arg-type]
