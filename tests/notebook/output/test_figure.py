"""The figure of a finished job, for every front end; nothing in it can execute."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import os
import random
import re
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from PIL import Image

from kling_widgets.client.links import public_link
from kling_widgets.core.text import one_line
from kling_widgets.media.clip import LARGEST_POSTER, Clip, smaller
from kling_widgets.notebook.kernel.front_end import FRONT_ENDS, Location
from kling_widgets.notebook.output.figure import Figure, Presentation, provenance, relative_link
from kling_widgets.notebook.output.mime_bundle import FORMATS, LARGEST_EMBED, bundle
from kling_widgets.notebook.output.plain_text import as_text
from kling_widgets.request.request import VideoRequest
from tests.notebook.conftest import KEY

URL = "https://cdn.example.com/v/clip.mp4?token=a&b=c"
POSTER = b"\xff\xd8\xff\xe0 a picture"

# Texts that would execute, or end the surrounding markup, if they were not escaped.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</figcaption></figure><iframe src=https://evil.example>",
    "</em><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<!-- ",
    "]]><style>*{display:none}</style>",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    "<https://evil.example>",
    "`code` *a* _b_ ~~c~~ # d | e",
    "$$\\def\\x{1}$$ \\(x\\) \\[x\\]",
    "line one\n\n# heading\n- item",
    "one\u2028two\u202eeno",
)

LOOPBACK = (
    "http://127.0.0.1:8000/a.mp4",
    "http://127.9.9.9/a.mp4",
    "http://127.1/a.mp4",
    "http://2130706433/a.mp4",
    "http://0x7f000001/a.mp4",
    "http://0x7f.0.0.1/a.mp4",
    "http://0177.0.0.1/a.mp4",
    "http://0.0.0.0:8000/a.mp4",
    "http://0/a.mp4",
    "http://localhost:8000/a.mp4",
    "http://LOCALHOST/a.mp4",
    "http://localhost./a.mp4",
    "http://demo.localhost/a.mp4",
    "http://127.0.0.1./a.mp4",
    "http://[::1]:8000/a.mp4",
    "http://[::]/a.mp4",
    "http://[0:0:0:0:0:0:0:1]/a.mp4",
    "http://[::ffff:127.0.0.1]/a.mp4",
    "http://user@127.0.0.1/a.mp4",
    "http://example.com@127.0.0.1/a.mp4",
    "http://127.0.0.1\\@example.com/a.mp4",
    "http://%31%32%37.0.0.1/a.mp4",
    "http://①②⑦.0.0.1/a.mp4",
    "http://127。0。0。1/a.mp4",
    "http://\t127.0.0.1/a.mp4",
    "http://127.0.\n0.1/a.mp4",
)

NO_LINKS = (
    None,
    "",
    "ftp://example.com/a.mp4",
    "file:///etc/passwd",
    "javascript:alert(1)//https://example.com",
    "data:text/html,<script>alert(1)</script>",
    "//example.com/a.mp4",
    "example.com/a.mp4",
    "https://",
    "https:///a.mp4",
    "http://[",
    "https://example.com/a b.mp4",
    "https://example.com/a\n.mp4",
    "https://example.com/\x9b31m.mp4",
    "https://example.com/\u202e4pm.exe",
    "https://example.com/<b>.mp4",
)


class Page(HTMLParser):
    """Elements of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def one(self, tag: str) -> dict[str, str | None]:
        (attributes,) = (attributes for name, attributes in self.found if name == tag)
        return attributes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the notebook's folder."""
    folder = tmp_path / "book"
    folder.mkdir()
    return folder


def clip_in(folder: Path, name: str = "kling_videos/boat.mp4", **known: Any) -> Clip:
    """Return a clip of a few bytes in a file of this name."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a video")
    about = {"size": 7, "sha256": "ab" * 32, "width": 1280, "height": 720, "seconds": 5.0, "poster": POSTER}
    return Clip(path, **about | known)


def figure(clip: Clip | None = None, url: str | None = URL, prompt: str = "a paper boat", **more: Any) -> Figure:
    """Return a figure of the model 2.6."""
    fields = {"seconds": 5, "resolution": "720P"}
    about = {"task_id": "task_1", "took": 72.0, "service": "https://api.crazyrouter.com"} | more
    return Figure(VideoRequest("2.6", prompt=prompt, **fields), clip, url, **about)


def html(shown: Figure, folder: Path, front_end: Any = "jupyter", **how: Any) -> Page:
    """Return the page of a figure."""
    return Page(bundle(shown, Location(FRONT_ENDS[front_end], folder), **how)["text/html"])


def test_a_figure_says_what_it_is(folder: Path) -> None:
    """HTML, Markdown and text have the video, prompt, model, settings, time taken, task, file and link."""
    forms = bundle(figure(clip_in(folder)), Location(FRONT_ENDS["jupyter"], folder))
    assert set(forms) == set(FORMATS) == {"text/html", "text/markdown", "text/plain", "image/jpeg"}
    page = Page(forms["text/html"])
    assert [tag for tag, _ in page.found][:2] == ["figure", "video"]
    assert page.one("video")["src"] == "kling_videos/boat.mp4"
    markdown = re.sub(r"\\(.)", r"\1", forms["text/markdown"])
    for text in (page.text, markdown, forms["text/plain"]):
        for words in ("a paper boat", "Kling 2.6", "5 s · 720P", "1280 × 720", "made in 1 min 12 s", "task_1"):
            assert words in text
        assert "boat.mp4" in text
    assert URL in forms["text/plain"]
    assert [attributes["href"] for tag, attributes in page.found if tag == "a"] == ["kling_videos/boat.mp4", URL]


def test_the_poster_is_part_of_the_output(folder: Path) -> None:
    """Front ends that play no video show the poster, also pages that take the video out, such as GitHub; without a
    poster the rest is complete."""
    forms = bundle(figure(clip_in(folder)), Location(FRONT_ENDS["jupyter"], folder))
    assert base64.b64decode(forms["image/jpeg"]) == POSTER
    picture = f"data:image/jpeg;base64,{forms['image/jpeg']}"
    assert Page(forms["text/html"]).one("video")["poster"] == picture
    sanitized = Page(re.sub("</?video[^>]*>", "", forms["text/html"]))
    image = sanitized.one("img")
    assert (image["src"], image["alt"], image["width"]) == (picture, "Video: a paper boat", "640")
    without = bundle(figure(clip_in(folder, poster=None)), Location(FRONT_ENDS["jupyter"], folder))
    assert "image/jpeg" not in without
    page = Page(without["text/html"])
    assert "poster" not in page.one("video")
    assert "img" not in dict(page.found)


def test_an_untrusted_notebook_keeps_what_counts(folder: Path) -> None:
    """The figure uses only what survives there: video with src and controls; no source, script, data-* or frame."""
    page = html(figure(clip_in(folder)), folder)
    assert {tag for tag, _ in page.found} <= {"figure", "video", "img", "figcaption", "em", "b", "br", "small", "a"}
    video = page.one("video")
    assert "controls" in video
    assert video["preload"] == "metadata"
    assert not any(name.startswith(("data-", "on")) for _, attributes in page.found for name in attributes)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_from_outside_becomes_markup(text: str, folder: Path) -> None:
    """Prompt, ids, file names, links and services are escaped, whatever they contain."""
    name = re.sub(r"[/\0]", "-", text)
    shown = figure(clip_in(folder, name + ".mp4"), f"https://example.com/{text}", text, task_id=text, service=text)
    plain = html(figure(clip_in(folder), prompt="x", task_id="y"), folder)
    page = html(shown, folder)
    assert {tag for tag, _ in page.found} == {tag for tag, _ in plain.found}
    allowed = {name for _, attributes in plain.found for name in attributes}
    assert {name for _, attributes in page.found for name in attributes} <= allowed
    links = [attributes["href"] for tag, attributes in page.found if tag == "a"]
    assert all(link and (link.startswith("https://example.com/") or ":" not in link) for link in links)
    assert text in page.text  # the prompt, as it is
    assert f"task {one_line(text)}" in page.text


def test_nothing_from_outside_is_markdown(folder: Path) -> None:
    """In Markdown, the start of a link, heading, formula or tag is escaped, and there are no line breaks."""
    from nbconvert.filters.markdown_mistune import markdown2html_mistune  # imported late, as it takes seconds

    for text in HOSTILE:
        shown = figure(clip_in(folder), f"https://example.com/{text}", text, task_id=text)
        caption = bundle(shown, Location(FRONT_ENDS["jupyter"], folder))["text/markdown"]
        page = Page(markdown2html_mistune(caption))
        assert {tag for tag, _ in page.found} <= {"p", "em", "strong", "br", "a"}, text
        links = [attributes["href"] for tag, attributes in page.found if tag == "a"]
        assert all(link and link.startswith(("https://example.com/", "kling_videos/")) for link in links), text
        assert page.text.count(one_line(text)) == 2, text  # the prompt and the id, on a line each


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_lines_that_a_terminal_can_take(text: str, folder: Path) -> None:
    """In text, a prompt is one line without control characters."""
    shown = figure(clip_in(folder), prompt=text + "\x1b[31m\x07", task_id=text + "\x1b[2J")
    said = as_text(Presentation(shown, Location(FRONT_ENDS["terminal"], folder)))
    assert len(said.splitlines()) == 5
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u2028\u202e]", said)


def test_text_names_the_file(folder: Path) -> None:
    """A terminal shows the full path; a notebook, which may be shared, shows no folders above it."""
    shown = figure(clip_in(folder / "x" / ".."))
    for place, path in (
        (Location(FRONT_ENDS["terminal"], folder), str(folder / "x" / ".." / FILE)),
        (Location(FRONT_ENDS["headless"], folder, folder_known=True), FILE),
    ):
        assert f"file {path}" in as_text(Presentation(shown, place)).splitlines()


def test_a_notebook_that_may_go_anywhere_says_where_the_file_is(folder: Path) -> None:
    """If a headless run does not say where its output goes, the link is relative to the current folder, and the full
    path is beside it. The video is not embedded. Other front ends do not show the folders."""
    shown, whole = figure(clip_in(folder)), str(folder / FILE)
    for place, said in (
        (Location(FRONT_ENDS["headless"], folder), True),
        (Location(FRONT_ENDS["headless"], folder, folder_known=True), False),
    ):
        made = bundle(shown, place)
        assert f'src="{FILE}"' in made["text/html"] and "data:video" not in made["text/html"]
        for each in ("text/html", "text/markdown", "text/plain"):
            assert (whole in made[each].replace("\\", "")) == said, each
    assert all(whole not in text for text in bundle(shown, Location(FRONT_ENDS["jupyter"], folder)).values())


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("boat.mp4", "boat.mp4"),
        ("my clips/a boat.mp4", "my%20clips/a%20boat.mp4"),
        ("#1.mp4", "%231.mp4"),
        ("why?.mp4", "why%3F.mp4"),
        ("100%.mp4", "100%25.mp4"),
        ("a%20b.mp4", "a%2520b.mp4"),
        ("a&b=c;d.mp4", "a%26b%3Dc%3Bd.mp4"),
        ("javascript:x.mp4", "javascript%3Ax.mp4"),
        ('it\'s "so".mp4', "it%27s%20%22so%22.mp4"),
        ("a(b)[c].mp4", "a%28b%29%5Bc%5D.mp4"),
    ],
)
def test_links_are_quoted(name: str, link: str, folder: Path) -> None:
    """Links are quoted so that a browser finds each file name as it is on disk."""
    assert relative_link(folder / name, folder) == link


def test_chinese_names_are_quoted(folder: Path) -> None:
    """Names in any script are quoted, in HTML and in Markdown."""
    path = folder / "视频" / "纸船在雨中.mp4"
    link = relative_link(path, folder)
    assert link
    assert link.isascii()
    assert unquote(link) == "视频/纸船在雨中.mp4"
    shown = figure(clip_in(folder, "视频/纸船在雨中.mp4"))
    assert html(shown, folder).one("video")["src"] == link
    assert f"]({link})" in bundle(shown, Location(FRONT_ENDS["jupyter"], folder))["text/markdown"]


def test_a_name_that_is_no_text_can_be_linked(folder: Path) -> None:
    """A file name that is not valid text, as possible on Linux, does not prevent the video from being shown."""
    assert relative_link(folder / os.fsdecode(b"caf\xe9.mp4"), folder) in ("caf%E9.mp4", "caf%ED%B3%A9.mp4")


def test_a_file_elsewhere_has_no_link(folder: Path, tmp_path: Path) -> None:
    """A file that is not below the notebook's folder has no link, as Jupyter would not serve it."""
    assert relative_link(tmp_path / "elsewhere.mp4", folder) is None
    assert relative_link(folder / ".." / "elsewhere.mp4", folder) is None
    assert relative_link(folder / "a" / ".." / "b.mp4", folder) == "b.mp4"


@pytest.mark.parametrize("url", LOOPBACK)
def test_a_loopback_link_is_never_shown(url: str, folder: Path) -> None:
    """No format has such a link: the browser may be on another machine, and the demo does not run for ever."""
    front_ends, modes = ("jupyter", "vscode", "colab", "voila", "headless"), ("auto", "file", "link", "embed")
    for front_end, mode, clip in product(front_ends, modes, (None, clip_in(folder))):
        forms = bundle(figure(clip, url), Location(FRONT_ENDS[front_end], folder), mode)  # type: ignore[arg-type]
        assert "a.mp4" not in json.dumps(forms), (front_end, mode, clip)


@pytest.mark.parametrize("url", [*LOOPBACK, *NO_LINKS])
def test_what_is_no_link_for_a_browser(url: str | None) -> None:
    """Only http(s) links to other machines that every parser reads alike are used."""
    assert public_link(url) is None


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "http://example.com/a.mp4",
        "https://10.0.0.5:8443/a.mp4",
        "https://[2001:db8::1]/a.mp4",
        "https://xn--fsq.example/%E7%BA%B8.mp4#t=1",
        "https://my_bucket.example.com/视频.mp4?sign='x'",
        "HTTPS://EXAMPLE.COM/a.mp4",
        "https://127.0.0.1.example.com/a.mp4",
        "https://localhost.example.com/a.mp4",
    ],
)
def test_what_is_a_link_for_a_browser(url: str) -> None:
    """A usable link is unchanged."""
    assert public_link(url) == url


EMBED = "data:video/mp4;base64," + base64.b64encode(b"a video").decode()
FILE = "kling_videos/boat.mp4"


@pytest.mark.parametrize(
    ("mode", "front_end", "source"),
    [
        ("auto", "jupyter", FILE),
        ("auto", "voila", FILE),
        ("auto", "headless", FILE),
        ("auto", "vscode", URL),
        ("auto", "colab", URL),
        ("file", "jupyter", FILE),
        ("file", "colab", FILE),
        ("link", "jupyter", URL),
        ("link", "vscode", URL),
        ("embed", "jupyter", EMBED),
        ("embed", "colab", EMBED),
        ("embed", "headless", EMBED),
    ],
)
def test_what_is_played_where(mode: Any, front_end: Any, source: str, folder: Path) -> None:
    """Each front end gets a source that it can play; the user's choice comes first."""
    assert html(figure(clip_in(folder)), folder, front_end, display=mode).one("video")["src"] == source


@pytest.mark.parametrize(
    ("mode", "front_end", "source"),
    [
        ("auto", "colab", EMBED),
        ("auto", "vscode", EMBED),
        ("link", "jupyter", FILE),
        ("auto", "jupyter", FILE),
    ],
)
def test_what_is_played_without_a_link(mode: Any, front_end: Any, source: str, folder: Path) -> None:
    """Without a usable link, as in the demo, the file or the embedded video is played."""
    shown = figure(clip_in(folder), "http://127.0.0.1:1/a.mp4")
    assert html(shown, folder, front_end, display=mode).one("video")["src"] == source


def test_a_file_elsewhere_is_embedded_when_it_is_small(folder: Path, tmp_path: Path) -> None:
    """A small file outside the notebook's folder, as with ``--save``, is embedded."""
    shown = figure(clip_in(tmp_path, "elsewhere/boat.mp4"))
    assert html(shown, folder).one("video")["src"] == EMBED
    large = dataclasses.replace(shown, clip=clip_in(tmp_path, "elsewhere/boat.mp4", size=LARGEST_EMBED + 1))
    assert html(large, folder).one("video")["src"] == URL


def test_only_what_is_small_is_embedded(folder: Path) -> None:
    """At most 5 MB are embedded; a larger video is played from its file or link, even if embedding is chosen."""
    just = figure(clip_in(folder, size=LARGEST_EMBED))
    over = figure(clip_in(folder, size=LARGEST_EMBED + 1))
    assert LARGEST_EMBED == 5_000_000
    assert html(just, folder, display="embed").one("video")["src"] == EMBED
    assert html(over, folder, display="embed").one("video")["src"] == FILE


def test_where_nothing_can_play_a_sentence_says_where_it_is(folder: Path) -> None:
    """Instead of an empty player, a sentence names the path and says that it cannot be played here."""
    shown = figure(clip_in(folder, size=LARGEST_EMBED + 1), "http://127.0.0.1:1/a.mp4")
    page = html(shown, folder, "colab")
    assert "video" not in {tag for tag, _ in page.found}
    assert str(folder / FILE) in page.text
    assert "no video" in html(figure(None, None), folder).text


def test_a_file_that_is_gone_is_not_read(folder: Path) -> None:
    """If the file has been moved, the link is used."""
    clip = clip_in(folder)
    clip.path.unlink()
    assert html(figure(clip), folder, display="embed").one("video")["src"] == FILE
    assert html(figure(clip), folder, "colab", display="embed").one("video")["src"] == FILE


@pytest.mark.parametrize(
    ("pixels", "shown"),
    [
        ((1280, 720), ("640", "360")),
        ((1920, 1080), ("640", "360")),
        ((720, 1280), ("270", "480")),
        ((1080, 1920), ("270", "480")),
        ((1024, 1024), ("480", "480")),
        ((320, 180), ("320", "180")),
        ((180, 320), ("180", "320")),
        ((None, None), ("640", None)),
    ],
)
def test_the_size(pixels: tuple[int | None, int | None], shown: tuple[str, str | None], folder: Path) -> None:
    """Landscape is at most 640 pixels wide, anything else at most 480 high, never enlarged, with the video's ratio."""
    video = html(figure(clip_in(folder, width=pixels[0], height=pixels[1])), folder).one("video")
    assert (video["width"], video.get("height")) == shown


def test_it_plays_by_itself_only_without_sound(folder: Path) -> None:
    """``autoplay`` is muted; without it the video does not start by itself."""
    quiet = html(figure(clip_in(folder)), folder).one("video")
    assert "autoplay" not in quiet
    loud = html(figure(clip_in(folder)), folder, autoplay=True).one("video")
    assert {"autoplay", "muted"} <= loud.keys()


def test_a_demo_says_so(folder: Path) -> None:
    """A figure of the demo says that the model did not make it."""
    forms = bundle(figure(clip_in(folder), demo=True), Location(FRONT_ENDS["jupyter"], folder))
    assert all("demo" in forms[kind] for kind in ("text/html", "text/markdown", "text/plain"))
    forms = bundle(figure(clip_in(folder)), Location(FRONT_ENDS["jupyter"], folder))
    assert not any("demo" in forms[kind] for kind in ("text/html", "text/markdown", "text/plain"))


def test_formulas_in_prompts_stay_text(folder: Path) -> None:
    """Dollar signs in a prompt are not typeset, as the caption has the classes that MathJax ignores."""
    page = html(figure(clip_in(folder), prompt="$x$ and $y$"), folder)
    assert "mathjax_ignore" in (page.one("figcaption")["class"] or "")


def test_vscode_says_that_it_plays_no_sound(folder: Path) -> None:
    """VS Code plays H.264 but no AAC: a clip with sound says so, others do not."""
    loud, quiet = (figure(clip_in(folder, sound=sound)) for sound in (True, False))
    assert "no sound" in html(loud, folder, "vscode").text
    assert "no sound" not in html(quiet, folder, "vscode").text
    assert "no sound" not in html(loud, folder).text


def test_the_metadata_say_where_it_came_from(folder: Path) -> None:
    """The metadata hold request, task, service, file and checksum: enough to make the video again."""
    about = provenance(figure(clip_in(folder)))["kling_widgets"]
    assert about["task_id"] == "task_1"
    assert about["service"] == "https://api.crazyrouter.com"
    assert about["file"] == "boat.mp4"
    assert about["sha256"] == "ab" * 32
    assert VideoRequest.from_payload(about["request"]) == figure().request
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", about["version"])


def test_no_form_holds_a_key_or_a_path_of_this_machine(folder: Path) -> None:
    """An API key in a prompt and the user's folders are not in the metadata, as a notebook may be shared."""
    request = VideoRequest("2.6", prompt=f"a boat {KEY}", image=folder / "private" / "first.png")
    about = provenance(Figure(request, clip_in(folder), URL, "task_1"))
    assert KEY not in json.dumps(about)
    assert str(folder) not in json.dumps(about)


def noisy(width: int, height: int) -> bytes:
    """Return the poster of a picture that JPEG hardly compresses."""
    picture = Image.frombytes("RGB", (width, height), random.Random(1).randbytes(width * height * 3))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=95)
    poster = smaller(buffer.getvalue(), LARGEST_POSTER)
    assert poster
    return poster


def test_a_figure_fits_its_budget(folder: Path) -> None:
    """A figure takes at most 60 KiB in the notebook's file, all posters included, for any picture and prompt, and the
    poster is never left out."""
    prompts = ("a paper boat", "纸" * 2500, '"\\\n' * 800, "<&>" * 800)
    for poster, prompt in product((noisy(640, 360), noisy(360, 640)), prompts):
        shown = figure(clip_in(folder, poster=poster), prompt=prompt)
        assert saved(shown, folder) <= 60 * 1024, prompt[:9]
        picture = base64.b64decode(bundle(shown, Location(FRONT_ENDS["jupyter"], folder))["image/jpeg"])
        assert 2 * 1024 < len(picture) <= LARGEST_POSTER, prompt[:9]


def test_a_prompt_that_fills_a_figure_leaves_no_poster(folder: Path) -> None:
    """A prompt that takes all the space leaves no poster, as text is more important."""
    forms = bundle(
        figure(clip_in(folder, poster=noisy(640, 360)), prompt="<&>" * 9000), Location(FRONT_ENDS["jupyter"], folder)
    )
    assert "image/jpeg" not in forms
    assert "poster" not in Page(forms["text/html"]).one("video")


def test_a_picture_in_a_request_does_not_fill_the_metadata(folder: Path) -> None:
    """A picture in base64 is cut in the metadata, which every clip would repeat."""
    request = VideoRequest("2.6", prompt="a paper boat", image="iVBORw0KGgo" + "A" * 400_000)
    about = provenance(dataclasses.replace(figure(clip_in(folder)), request=request))["kling_widgets"]["request"]
    assert about["prompt"] == "a paper boat"
    assert about["image"].endswith("characters)")
    assert len(json.dumps(about)) < 1000


def saved(shown: Figure, folder: Path) -> int:
    """Return the bytes of the figure in a notebook's file."""
    import nbformat  # imported late, as it takes seconds

    data, metadata = bundle(shown, Location(FRONT_ENDS["jupyter"], folder)), provenance(shown)
    output = nbformat.v4.new_output("display_data", data=data, metadata=metadata)  # type: ignore[no-untyped-call]
    cell = nbformat.v4.new_code_cell(outputs=[output])  # type: ignore[no-untyped-call]
    book = nbformat.v4.new_notebook(cells=[cell])  # type: ignore[no-untyped-call]
    return len(nbformat.writes(book).encode())  # type: ignore[no-untyped-call]
