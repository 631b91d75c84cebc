"""The service that a job uses."""

from __future__ import annotations

from dataclasses import dataclass

from kling_widgets.client.credentials.find import Secret

DEMO = "demo"


@dataclass(frozen=True, slots=True)
class Service:
    """The address of a service with its key.

    Attributes:
        name: its name in the journal: the address, or "demo", whose address changes with every start.
        base_url: the address.
        key: the API key.
        key_source: where the key was found, to show to users.
    """

    name: str
    base_url: str
    key: Secret
    key_source: str

    @property
    def demo(self) -> bool:
        """Whether this is the embedded demo."""
        return self.name == DEMO
