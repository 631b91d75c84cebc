"""Notice of the form about the API key, shown if no key can be used or the demo is on."""

from __future__ import annotations

from collections.abc import Callable

from kling_widgets.errors import KlingError
from kling_widgets.notebook.kernel.services import DEMO_ON, NO_KEY
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.widgets.factory import WidgetFactory
from kling_widgets.notebook.widgets.form_page import Message


class KeyNotice:
    """Notice that there is no key, with a button that switches to the demo; or that the demo is on.

    Args:
        session: the session whose key is used.
        parts: shared with the form.
        fail: called with the error if the demo cannot be started.
    """

    def __init__(self, session: Session, parts: WidgetFactory, fail: Callable[[KlingError], None]) -> None:
        self._session, self._parts, self._fail = session, parts, fail
        self.refresh()

    def refresh(self) -> None:
        """Show the current status."""
        try:
            text = self._session.services.key_status()
        except KlingError as error:
            text = str(error)
        else:
            if self._session.services.demo:
                text = DEMO_ON
            elif text == NO_KEY:
                text = "No key found. Set CRAZYROUTER_API_KEY or run %kling_key, or try the demo."
            else:
                text = ""
        actions = () if self._session.services.demo else (("Try the demo", self._try_demo),)
        self._parts.page.set_messages("key", Message(text, "kling-dim", actions))

    def _try_demo(self) -> None:
        try:
            self._session.services.use_demo()
        except KlingError as error:
            self._fail(error)
        else:
            self.refresh()
