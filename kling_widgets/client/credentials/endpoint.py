"""The service that a job is sent to."""

from __future__ import annotations

from dataclasses import dataclass

from kling_widgets.client.credentials.find import Secret

DEMO = "demo"


@dataclass(frozen=True, slots=True)
class Service:
    """An address with its key.

    Attributes:
        name: what the journal keeps: the address, or "demo", whose address changes with every start.
        base_url: the address.
        key: the API key.
        key_source: where the key was found, for people.
    """

    name: str
    base_url: str
    key: Secret
    key_source: str

    @property
    def demo(self) -> bool:
        """Whether it is the embedded demo."""
        return self.name == DEMO
