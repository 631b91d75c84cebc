"""Validation of links from replies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.client.links import LONGEST, clean_link


@pytest.mark.parametrize(
    ("link", "cleaned"),
    [
        ("https://m.example/a.mp4?sign=a%20b&x=1#t=2", None),
        (" https://m.example/a.mp4 ", "https://m.example/a.mp4"),
        ("http://m.example/a.mp4", "https://m.example/a.mp4"),
        ("http://m.example:80/a.mp4", "https://m.example/a.mp4"),
        ("http://m.example:8080/a.mp4", "https://m.example:8080/a.mp4"),
        ("HTTP://M.Example/A.mp4", "https://m.example/A.mp4"),
        ("http://127.0.0.1:5000/a.mp4", None),
        ("http://localhost:5000/a.mp4", None),
        ("http://[::1]:5000/a.mp4", None),
        ("https://[2001:db8::1]/a.mp4", None),
        ("http://10.0.0.7/a.mp4", "https://10.0.0.7/a.mp4"),
        ("https://m.example/视频.mp4", "https://m.example/%E8%A7%86%E9%A2%91.mp4"),
        ("https://m.example/a\u200b\u202e4pm.mp4", "https://m.example/a%E2%80%8B%E2%80%AE4pm.mp4"),
        ("https://m.example", None),
        ("https://m.example?a=1", None),
        ("https://my_bucket.cos.example/a", None),
    ],
)
def test_links_as_they_are_used(link: str, cleaned: str | None) -> None:
    """Links are kept, except for https off this machine, and encoding of non-ASCII characters."""
    assert clean_link(link) == (cleaned or link)


@pytest.mark.parametrize(
    "link",
    [
        *(None, 5, {}, [], "", "m.example/a.mp4", "//m.example/a"),
        *("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "ftp://m.example/a", "blob:x"),
        *("https://", "https:///a", "https://[", "https://m.example:99999/a", "https://m.example:x/a"),
        *("https://user:pass@m.example/a", "https://user@m.example/a", "https://m.example@evil.example/"),
        *("https://m.example/a b", "https://m.example/a\nb", "https://m.example/\x00", "https://m.example/\x7f"),
        *(
            "https://m.example\\@evil.example/",
            'https://m.example/"><script>',
            "https://m.example/`",
            "https://m\t.x/a",
        ),
        *("https://mеdia.example/a", "https://bücher.example/", "https://①②⑦.0.0.1/", "https://m。example/"),
        *("https://%31%32%37.0.0.1/", "https://-m.example/", "https://.example/", "https://m.example./?\ud800"),
        *("http://127.1/", "http://0x7f000001/", "http://2130706433/", "http://0.0.0.0/", "http://017700000001/"),
        *("http://localhost./", "http://a.localhost/", "http://[::ffff:127.0.0.1]/", "http://[::]/", "http://1.2.3/"),
        "https://m.example/" + "a" * LONGEST,
        "https://m.example/" + "a" * 100_000,
    ],
)
def test_unacceptable_links_are_refused(link: object) -> None:
    """Other schemes, passwords, ambiguous hosts, this machine in disguise, and very long text are refused."""
    assert clean_link(link) is None


@given(st.text() | st.text().map("https://m.example/{}".format) | st.text().map("http://{}/a".format))
def test_a_clean_link_is_plain(link: str) -> None:
    """Any text gives an https link, an http link to this machine, or None, and cleaning is idempotent."""
    found = clean_link(link)
    if found is not None:
        assert found.isascii() and found.isprintable() and not set(found) & set(' "<>\\')
        assert found.startswith("https://") or "//127." in found or "//localhost" in found or "//[::1]" in found
        assert clean_link(found) == found
