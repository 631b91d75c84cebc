"""Links that the service cannot follow: web pages around a file, and addresses on a local network."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.media.media_links import link_problems, page, unreachable

DRIVE = "https://drive.google.com/uc?export=download&id=1A-b_C"
BOX = "https://www.dropbox.com/"


@pytest.mark.parametrize(
    ("link", "file"),
    [
        ("https://drive.google.com/file/d/1A-b_C/view?usp=sharing", DRIVE),
        ("https://drive.google.com/file/u/0/d/1A-b_C/view", DRIVE),
        ("HTTPS://drive.google.com/open?authuser=0&id=1A-b_C", DRIVE),
        ("https://drive.google.com/drive/folders/1A-b_C", ""),
        ("https://docs.google.com/document/d/1A-b_C/edit", ""),
        ("https://photos.app.goo.gl/abc", ""),
        ("https://1drv.ms/i/s!abc", ""),
        ("https://www.dropbox.com/s/abc/a.png?dl=0", f"{BOX}s/abc/a.png?raw=1"),
        ("https://dropbox.com/s/abc/a.png", f"{BOX}s/abc/a.png?raw=1"),
        (
            "https://www.dropbox.com/scl/fi/abc/a.png?rlkey=k1&st=x&dl=0",
            f"{BOX}scl/fi/abc/a.png?rlkey=k1&st=x&raw=1",
        ),
        ("https://www.dropbox.com/scl/fi/abc/a.png?rlkey=k1&dl=0&st=2", f"{BOX}scl/fi/abc/a.png?rlkey=k1&st=2&raw=1"),
        ("https://github.com/o/r/blob/main/a/b.png", "https://github.com/o/r/raw/main/a/b.png"),
        (
            "https://huggingface.co/datasets/o/d/blob/main/b.png",
            "https://huggingface.co/datasets/o/d/resolve/main/b.png",
        ),
    ],
)
def test_a_page_is_no_picture(link: str, file: str) -> None:
    """A page of a known site yields the direct link if the site has one, and that is not a page."""
    assert page(link) == file
    assert not file or page(file) is None


@pytest.mark.parametrize(
    "link",
    [
        DRIVE,
        "https://www.dropbox.com/s/abc/a.png?raw=1",
        "https://www.dropbox.com/s/abc/a.png?dl=1",
        "https://dl.dropboxusercontent.com/s/abc/a.png",
        "https://github.com/o/r/blob/main/a.png?raw=true",
        "https://raw.githubusercontent.com/o/r/main/a.png",
        "https://example.com/file/d/1A/view",
        "first.png",
        "",
    ],
)
def test_a_link_to_a_file_is_no_page(link: str) -> None:
    """Direct links, and other text, are not pages."""
    assert page(link) is None


@pytest.mark.parametrize(
    ("link", "host"),
    [
        ("http://localhost:8888/files/a.png?token=x", "localhost"),
        ("http://127.0.0.1/a.png", "127.0.0.1"),
        ("http://[::1]:8000/a.png", "::1"),
        ("http://192.168.1.5/a.png", "192.168.1.5"),
        ("https://10.0.0.1/a.png", "10.0.0.1"),
        ("http://172.16.0.9/a.png", "172.16.0.9"),
        ("http://169.254.1.1/a.png", "169.254.1.1"),
        ("http://100.100.1.1/a.png", "100.100.1.1"),
        ("http://[fd00::1]/a.png", "fd00::1"),
        ("http://nas/a.png", "nas"),
        ("http://NAS.local/a.png", "nas.local"),
        ("http://files.lan./a.png", "files.lan"),
        ("http://me:secret@wiki.internal/a.png", "wiki.internal"),
        ("https://example.com/a.png", ""),
        ("https://8.8.8.8/a.png", ""),
        ("https://[2606:4700::1111]/a.png", ""),
        ("ftp://nas/a.png", ""),
        ("nas/a.png", ""),
        ("http://[", ""),
    ],
)
def test_a_local_address_is_recognised(link: str, host: str) -> None:
    """A local address is recognised: for the service it means another machine, or none."""
    assert unreachable(link) == host


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    """Any text is processed without an error, and fast."""
    for link in (text, f"https://{text}", f"https://www.dropbox.com/s/{text}", f"https://drive.google.com/{text}"):
        page(link)
        unreachable(link)
    page("https://www.dropbox.com/s/" + "?&dl=0" * 5000)


@pytest.mark.parametrize("name", ["image", "image_tail", "image_list", "dynamic_masks", "video_list", "voice_list"])
def test_every_media_field_warns(name: str) -> None:
    """Each link gets one warning; a field with a single link offers the direct link as its fix."""
    field = FIELDS[name]
    inner = {"dynamic_masks": "mask_url"}.get(name, "url")
    shape = (lambda link: link) if "image" in name else (lambda link: [{inner: link}, {inner: link}])
    (problem,) = link_problems(field, shape("https://drive.google.com/file/d/1A-b_C/view"))
    assert (problem.severity, problem.field) == ("warning", name)
    assert "is a page that shows the" in problem.message and DRIVE in problem.hint
    assert problem.fix == ({name: DRIVE} if name in ("image", "image_tail") else {})
    (problem,) = link_problems(field, shape("http://localhost/a"), local="error")
    assert (problem.severity, problem.fix) == ("error", {})
    assert "cannot reach the local address localhost" in problem.message
    path = name in ("image", "image_tail", "image_list", "dynamic_masks")
    assert ("Give the path of the file, so that it is uploaded." in problem.hint) is path
    assert not [*link_problems(field, shape("https://example.com/a.png")), *link_problems(field, None)]


def test_other_fields_may_name_any_link() -> None:
    """Links in other fields, such as the prompt, are ignored."""
    assert not list(link_problems(FIELDS["prompt"], "http://localhost/a"))
