"""The form's line about the key: there only when there is something to say."""

from __future__ import annotations

from collections.abc import Callable

from kling_widgets.errors import KlingError
from kling_widgets.notebook.kernel.services import DEMO_ON, NO_KEY
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.widgets.factory import WidgetFactory
from kling_widgets.notebook.widgets.form_page import Message


class KeyNotice:
    """Says that there is no key, or that this is the demo, which is one click away.

    Args:
        session: knows about the key.
        parts: shared with the form.
        fail: takes the error when the demo cannot be started.
    """

    def __init__(self, session: Session, parts: WidgetFactory, fail: Callable[[KlingError], None]) -> None:
        self._session, self._parts, self._fail = session, parts, fail
        self.refresh()

    def refresh(self) -> None:
        """Says how it is now."""
        try:
            said = self._session.services.key_status()
        except KlingError as error:
            said = str(error)
        else:
            if self._session.services.demo:
                said = DEMO_ON
            elif said == NO_KEY:
                said = "No key found. Set CRAZYROUTER_API_KEY or run %kling_key, or try the demo."
            else:
                said = ""
        presses = () if self._session.services.demo else (("Try the demo", self._try_demo),)
        self._parts.page.set_messages("key", Message(said, "kling-dim", presses))

    def _try_demo(self) -> None:
        try:
            self._session.services.use_demo()
        except KlingError as error:
            self._fail(error)
        else:
            self.refresh()
