"""A keyring in memory, for ``keyring.set_keyring``."""

from __future__ import annotations

from typing import Any

import keyring.backend
from keyring.errors import PasswordDeleteError

from kling_widgets.client.credentials.system_keyring import SERVICE


class Memory(keyring.backend.KeyringBackend):
    """A keyring in memory; it counts its calls, and raises a given error.

    Its priority is the lowest, so that keyring never selects it by itself.
    """

    priority = -1  # type: ignore[assignment]

    def __init__(self, trouble: BaseException | None = None, **kept: str) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], Any] = {(SERVICE, name): key for name, key in kept.items()}
        self.trouble, self.asked = trouble, 0

    def _raise(self) -> None:
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble

    def get_password(self, service: str, username: str) -> str | None:
        hidden = self.kept.get((service, username))
        self._raise()
        return hidden

    def set_password(self, service: str, username: str, password: str) -> None:
        self._raise()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._raise()
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("not found")
