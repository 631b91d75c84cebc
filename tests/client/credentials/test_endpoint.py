"""A service's address with its key."""

from __future__ import annotations

from kling_widgets.client.credentials.endpoint import DEMO, Service
from kling_widgets.client.credentials.find import Secret

KEY = "sk-test-0123456789abcdef"


def test_the_demo_is_known_by_its_name() -> None:
    """Only its name identifies the demo, as its address changes with every start."""
    assert Service(DEMO, "http://127.0.0.1:5", Secret("demo"), "").demo
    assert not Service("http://127.0.0.1:5", "http://127.0.0.1:5", Secret("demo"), "").demo


def test_a_service_never_shows_its_key() -> None:
    """Neither repr nor str contains any part of the key."""
    service = Service("https://a.example", "https://a.example", Secret(KEY), "CRAZYROUTER_API_KEY")
    assert KEY not in f"{service!r} {service}"


def test_services_are_equal_by_address_and_key() -> None:
    """Services are equal by address and key, so that each key gets its own client."""
    one, same, other = (Service("a", "https://a.example", Secret(key), "") for key in ("k", "k", "other"))
    assert len({one, same}) == 1
    assert one != other
