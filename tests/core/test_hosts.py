"""URLs that point to this machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.core.hosts import is_loopback, may_be_loopback


@pytest.mark.parametrize(
    ("url", "plain", "possible"),
    [
        ("http://localhost", True, True),
        ("http://LOCALHOST:8000/a", True, True),
        ("http://127.9.9.9:1/x", True, True),
        ("http://[::1]/", True, True),
        ("http://localhost./", False, True),
        ("http://a.localhost/", False, True),
        ("http://127.1/", False, True),
        ("http://127.0.0.1./", False, True),
        ("http://0x7f000001/", False, True),
        ("http://2130706433/", False, True),
        ("http://017700000001/", False, True),
        ("http://0.0.0.0/", False, True),
        ("http://[::]/", False, True),
        ("http://[::ffff:127.0.0.1]/", False, True),
        ("https://example.com", False, False),
        ("http://localhost.example.com", False, False),
        ("http://192.168.0.1", False, False),
        ("https://[2001:db8::1]/", False, False),
        ("https://[::ffff:8.8.8.8]/", False, False),
        ("http://[", False, False),
        ("", False, False),
    ],
)
def test_this_machine_is_known(url: str, plain: bool, possible: bool) -> None:
    """The host is compared, not the beginning of the text; a disguised address is neither trusted nor shown."""
    assert (is_loopback(url), may_be_loopback(url)) == (plain, possible)


@given(st.text() | st.text().map("http://{}/a".format))
def test_what_is_here_may_be_here(url: str) -> None:
    """For any text, nothing raises, and every loopback address may be loopback."""
    assert may_be_loopback(url) or not is_loopback(url)
