"""What comes from strangers is data, wherever it is shown: no markup, no code, no terminal's order gets through."""

from __future__ import annotations

import ast
import json
import re
import shlex
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import ipywidgets as widgets
import pytest
from IPython.core.inputtransformer2 import TransformerManager

import kling_widgets
from kling_widgets.client.error_replies import refusal, submission_unknown
from kling_widgets.client.replies import read_query
from kling_widgets.client.steps import Response
from kling_widgets.core.task import Task
from kling_widgets.errors import InvalidRequestError, KlingError, TaskFailedError
from kling_widgets.files.file_names import name_for
from kling_widgets.jobs.batch import Batch
from kling_widgets.jobs.job import Job
from kling_widgets.jobs.snapshot import JobSnapshot
from kling_widgets.jobs.video_files import save_path
from kling_widgets.media.clip import Clip
from kling_widgets.notebook.kernel.front_end import FRONT_ENDS, Location
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.magics.magics import KlingMagics
from kling_widgets.notebook.output.display import print_lines
from kling_widgets.notebook.output.figure import Figure, provenance
from kling_widgets.notebook.output.history import History
from kling_widgets.notebook.output.job_view import JobView, result
from kling_widgets.notebook.output.mime_bundle import bundle
from kling_widgets.notebook.output.status_text import status_line
from kling_widgets.notebook.output.table import Table, TableCell
from kling_widgets.notebook.output.unfinished import unfinished
from kling_widgets.request.request import VideoRequest
from kling_widgets.storage.journal import Journal
from kling_widgets.storage.presets import PresetStore
from tests.hostile import LINKS, NAMES, TEXTS, controls, shape
from tests.notebook.conftest import shown

RICH = ("jupyter", "colab", "vscode", "voila", "headless")
HARMLESS = "boat"
_SINKS = r"(?i)innerHTML|outerHTML|insertAdjacent\w+|document\.write|\beval\b|new Function|srcdoc"
VIDEO = b"\x00\x00\x00\x18ftypmp42 a video"


def named(text: str) -> str:
    """A file name of a text, as far as there can be one."""
    return re.sub(r"[/\0]", "-", text)[:60]


def clip(folder: Path, text: str) -> Clip:
    """A video whose file somebody named."""
    path = folder / "kling_videos" / f"{named(text)}.mp4"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(VIDEO)
    return Clip(path, len(VIDEO), "ab" * 32, 1280, 720, 5.0, True, b"\xff\xd8\xff\xe0 a picture")


def asked(text: str) -> VideoRequest:
    """A request in which a stranger wrote all that can be written."""
    body = {
        "model": f"aigc-video-kling-{text}",
        "prompt": text,
        "seconds": text,
        "size": text,
        "image": text,
        "metadata": {
            "resolution": text,
            "image_list": [text],
            "multi_prompt": [{"prompt": f"shot {text}"}],
            text: text,
        },
    }
    return VideoRequest.from_payload(body)


def job(text: str, prompt: object = None) -> Any:
    """What is shown of a job, with a stranger's text in all its places."""
    request = asked(text) if prompt is None else VideoRequest.from_payload({"model": "m", "prompt": prompt})
    service = SimpleNamespace(name=text, demo=False)
    moment = JobSnapshot("running", word=text)
    runner = SimpleNamespace(service=service, trouble="", key=1)
    state = SimpleNamespace(snapshot=lambda: moment, created=0.0)
    return SimpleNamespace(request=request, id=text, _note="", _runner=runner, _state=state)


def replied(text: str) -> Task:
    """A failed task as a service tells it, with a text in every place."""
    body = {"code": "success", "data": {"task_id": text, "status": "FAILURE", "fail_reason": text, "model": text}}
    return read_query(Response(200, {}, json.dumps(body).encode()), "t1")


# In pages


def figures(text: str, folder: Path) -> Iterator[str]:
    """A finished video, in every front end."""
    for front_end in RICH:
        about = Figure(asked(text), clip(folder, text), f"https://a.example/{quote(text)}", text, 1.0, service=text)
        yield bundle(about, Location(FRONT_ENDS[front_end], folder), "embed")["text/html"]  # type: ignore[arg-type]


def ends(text: str, folder: Path) -> Iterator[str]:
    """A job that ended without a video: the reason, and the service's reply behind it."""
    task = replied(text)
    errors = (
        TaskFailedError(text, task),
        refusal(Response(400, {"x-oneapi-request-id": text}, page(text)), "create").error,
    )
    for error in errors:
        moment = JobSnapshot("failed", error=error, url=f"https://a.example/{quote(text)}")
        yield result(job(text), moment, Location(FRONT_ENDS["jupyter"], folder), "auto", False)[0]["text/html"]


def live(text: str, folder: Path) -> Iterator[str]:
    """A job in the making."""
    view = JobView(job(text), Location(FRONT_ENDS["jupyter"], folder), on_end=lambda *_: None)
    view.show(JobSnapshot("running", word=text, url=text))
    view.show(JobSnapshot("fetching", url=f"https://a.example/{quote(text)}"))
    yield from (child.value for child in inside(view.widget) if isinstance(child, widgets.HTML))
    view.close()


def tables(text: str, folder: Path) -> Iterator[str]:
    """Tables, and the journal of somebody else."""
    yield Table((text, "b"), [[text, TableCell(text, text)]], text)._repr_html_()
    yield history(text, folder)._repr_html_()
    yield history(text, folder).where(text="nobody wrote this")._repr_html_()


PAGES: tuple[Callable[[str, Path], Iterator[str]], ...] = (figures, ends, live, tables)


def page(text: str) -> bytes:
    """An error's reply."""
    return json.dumps({"error": {"message": text, "code": text, "type": text}, "request_id": text}).encode()


def history(text: str, folder: Path) -> History:
    """A journal in which somebody else wrote a row of nothing but this, but for what must be a number."""
    path = folder / "home" / "journal.sqlite"
    path.unlink(missing_ok=True)
    journal = Journal(path)
    body = json.dumps({"prompt": text, "model": text, "metadata": {text: text}})
    with closing(sqlite3.connect(path)) as file, file:
        for state in ("saved", text):
            file.execute(
                "INSERT INTO submissions (created, service, model, body, state, task_id, accepted, ended, url, path, "
                "error, owner, cost, currency, sha256, poster) "
                "VALUES (1.7e9, :t, :t, :body, :state, :t, 1.7e9, 1.7e9, :t, :t, :t, :t, 1, :t, :t, :t)",
                {"t": text, "body": body, "state": state},
            )
    return History(journal.entries(), journal)


def inside(widget: widgets.Widget) -> Iterator[Any]:
    """A widget and all that it holds."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from inside(child)


@pytest.mark.parametrize("pages", PAGES, ids=lambda pages: pages.__name__)
def test_nothing_becomes_markup(pages: Callable[[str, Path], Iterator[str]], tmp_path: Path) -> None:
    """With any text, a page is made of the elements and attributes that it has with a harmless one."""
    expected = [shape(each) for each in pages(HARMLESS, tmp_path)]
    for text in TEXTS:
        for found, wanted in zip(pages(text, tmp_path), expected, strict=True):
            plain = [normal(part) for part in shape(found)]
            assert plain == [normal(part) for part in wanted], text


def normal(part: tuple[str, ...]) -> tuple[str, ...]:
    """A part without what may differ: whether a cell is long; to where a link of ours leads; the letters of an id in
    the class of a figure."""
    ours = (
        r"^(href=(?=https://a\.example/|kling_videos/)|src=(?=https://a\.example/)).*|(?<=^class=kling-figure )[\w-]+$"
    )
    return tuple(re.sub(ours, r"\1", attribute) for attribute in part if attribute != "class=kling-long")


# In words


def says(text: str, folder: Path) -> Iterator[str]:
    """What is printed, and what stands for an object at a prompt."""
    request, task = asked(text), replied(text)
    journal = Journal(folder / "home" / "words.sqlite")
    yield status_line(JobSnapshot("running", word=text))
    yield from (str(problem) for problem in request.problems())
    yield from (repr(each) for each in (request, request.spec, task, history(text, folder), history(text, folder)[0]))
    yield str(Table((text,), [[text]], text))
    yield request.settings()
    yield from (request.to_magic(), request.to_python(), request.to_curl())
    yield request.to_json()
    figure = Figure(request, clip(folder, text), f"https://a.example/{text}", text, 1.0, service=text)
    for front_end in (*RICH, "terminal"):
        forms = bundle(figure, Location(FRONT_ENDS[front_end], folder))  # type: ignore[arg-type]
        yield from (forms["text/plain"], forms["text/markdown"])
    yield result(
        job(text), JobSnapshot("failed", error=KlingError(text)), Location(FRONT_ENDS["jupyter"], folder), "auto", False
    )[0]["text/plain"]
    yield json.dumps(provenance(figure))
    for error in (
        KlingError(text),
        TaskFailedError(text, task),
        refusal(Response(400, {}, page(text)), "create").error,
        refusal(Response(503, {}, text.encode("utf-8", "replace")), "query").error,
        submission_unknown(text),
    ):
        yield from (str(error), repr(error), *error._render_traceback_())
    for wrong in ({"model": "2.6", text: 1}, {"model": "2.6", "metadata": {text: text}}, text):
        try:
            yield repr(VideoRequest.from_payload(wrong))
        except InvalidRequestError as error:
            yield str(error)
    for look in (
        PresetStore(folder / "presets").load,
        save_path,
        lambda name: history(name, folder).where(status=name),
    ):
        try:
            look(text)  # type: ignore[operator]
        except KlingError as error:
            yield str(error)
    journal.close()


@pytest.mark.parametrize("text", TEXTS)
def test_nothing_printed_is_obeyed(text: str, tmp_path: Path) -> None:
    """No control character but the end of a line, and no mark that turns the reading direction, whatever is shown."""
    for said in says(text, tmp_path):
        assert controls(said) == [], said


def test_markdown_stays_text(tmp_path: Path) -> None:
    """Of a figure's caption and of a table: no link, picture, heading, code or formula of a stranger's."""
    from nbconvert.filters.markdown_mistune import markdown2html_mistune  # takes seconds: not for who only collects

    for text in TEXTS:
        about = Figure(asked(text), clip(tmp_path, text), "https://a.example/", text, 1.0)
        caption = bundle(about, Location(FRONT_ENDS["jupyter"], tmp_path))["text/markdown"]
        table = Table(("a", "b"), [["x", text]]).to_markdown()
        for markdown, tags in (
            (caption, {"p", "em", "strong", "br", "a"}),
            (table, {"table", "thead", "tbody", "tr", "th", "td"}),
        ):
            found = shape(markdown2html_mistune(markdown))
            assert {part[0].strip("/") for part in found} <= tags, markdown
            links = [name for part in found if part[0] == "a" for name in part[1:]]
            assert all(re.match(r"href=(https://a\.example/$|kling_videos/)", link) for link in links), markdown
        assert len(table.splitlines()) == 3, text


def test_a_prompt_that_is_no_text_is_shown(tmp_path: Path) -> None:
    """A body of somebody else may hold anything in its place."""
    for prompt in (5, ["a", "<b>"], {"a": "<b>"}, None, True):
        about = Figure(VideoRequest.from_payload({"model": "m", "prompt": prompt}), None, None, "t1")
        assert "<b>" not in "".join(
            part[0] for part in shape(bundle(about, Location(FRONT_ENDS["jupyter"], tmp_path))["text/html"])
        )
        view = JobView(job("x", prompt), Location(FRONT_ENDS["jupyter"], tmp_path), on_end=lambda *_: None)
        view.close()


# As code


@pytest.mark.parametrize("text", TEXTS)
def test_snippets_ask_for_the_text_and_nothing_else(text: str) -> None:
    """As a cell that IPython has read, as Python, as a shell's words, as JSON: one request, with this very prompt."""
    request = VideoRequest("2.6", prompt=text, metadata={"note": text})
    cell = TransformerManager().transform_cell(request.to_magic())
    calls: list[tuple[str, ...]] = []
    ipython = SimpleNamespace(
        run_line_magic=lambda *words: calls.append(words), run_cell_magic=lambda *words: calls.append(words)
    )
    exec(compile(cell, "<cell>", "exec"), {"get_ipython": lambda: ipython})  # what IPython would run
    ((name, *_),) = calls
    assert name == "kling"
    assert VideoRequest.from_magic(request.to_magic()).get("prompt") == request.get("prompt")
    submitted: list[Any] = []
    kw = SimpleNamespace(submit=lambda model, **fields: submitted.append(VideoRequest(model, **fields)))
    exec(request.to_python().removeprefix("import kling_widgets as kw\n"), {"kw": kw})
    assert submitted == [request]
    words = [word for word in shlex.split(request.to_curl()) if word != "\n"]
    assert words[:3] == ["curl", "-X", "POST"]
    assert json.loads(words[-1])["prompt"] == request.get("prompt")
    assert len(words) == 10
    assert json.loads(request.to_json())["prompt"] == request.get("prompt")


@pytest.mark.parametrize("text", [*TEXTS, *NAMES])
def test_a_file_name_is_ours(text: str) -> None:
    """Of any prompt and task: a plain name, in no other folder, of a length that a file system takes."""
    name = name_for(text, text, 1.7e9, demo=False)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d{4}_[^\s/\\:<>|?*\"'`$]+_[0-9a-f]{6}\.mp4", name)
    assert len(name.encode()) <= 143
    assert controls(name) == []
    assert Path(name).name == name


def test_a_name_that_no_disk_takes_is_refused_before_anything_is_paid() -> None:
    """Of ``--save``: it would be found out when the video is there."""
    for name in ("x" * 300 + ".mp4", "\u7eb8" * 100 + ".mp4", "a\0.mp4"):
        with pytest.raises(KlingError, match="nothing was sent"):
            save_path(name)


# In the form, and on the line


def test_nothing_becomes_markup_in_a_form(session: Session, kernel: Any) -> None:
    """Prompts, links, shots, presets and ids of somebody else in all of its controls."""
    from kling_widgets.notebook.form.form import Form

    def pages(text: str) -> list[list[tuple[str, ...]]]:
        store = session.presets
        for file in store.folder.glob("*") if store.folder.exists() else ():
            file.unlink()
        store.folder.mkdir(parents=True, exist_ok=True)
        (store.folder / f"{named(text)}.json").write_text("broken")  # the page says so, with its name
        (store.folder / "a.json").write_text(json.dumps({"name": text, "model": "2.6", "fields": {"prompt": text}}))
        form = Form.from_request(
            VideoRequest.from_payload(
                {"model": "aigc-video-kling-3.0", "prompt": text, "metadata": {"multi_prompt": [{"prompt": text}]}}
            ),
            session,
        )
        found = [shape(each.value) for each in inside(form.widget) if isinstance(each, widgets.HTML)]
        for each in inside(form.widget):
            assert not getattr(each, "description_allow_html", False)
        return found

    expected = {part for page in pages(HARMLESS) for part in page}
    seen = {part for text in TEXTS[::3] for page in pages(text) for part in page}
    strange = {part for part in seen - expected if not re.fullmatch(r"/?(div|span|b|i|pre|button)", part[0])}
    assert strange == set()
    assert not [part for part in seen for name in part[1:] if re.match(r"on|id=|src=|href=", name)]


@pytest.mark.parametrize("text", [*TEXTS[::2]])
def test_a_dry_run_prints_text(text: str, shell: Any, nobody: Session) -> None:
    """The body and its problems, with nothing in it that a terminal obeys."""
    magics = KlingMagics(shell, nobody)
    assert controls(shown(lambda: magics.dry_run(asked(text), 1)).text) == []


def test_ids_of_a_strange_journal_are_not_completed(shell: Any, nobody: Session) -> None:
    """What is completed is run with the line: of an id that is no word the journal's number is offered."""
    for text in TEXTS:
        key = nobody.journal.import_task(text, "https://a.example").key
        (first, *_) = KlingMagics(shell, nobody).ids()
        assert first == f"#{key}" or (first == text and re.fullmatch(r"[\w.:-]+", text, re.ASCII))


@pytest.mark.slow
def test_the_lines_of_a_terminal(nobody: Session, tmp_path: Path) -> None:
    """What jobs and batches say of themselves, with ids out of a strange journal."""
    for text in TEXTS:
        strange = SimpleNamespace(id=text, key=1, status="failed", path=tmp_path / named(text))
        said = Job.__repr__(strange)  # type: ignore[arg-type]
        assert controls(said + repr(Batch([strange]))) == []  # type: ignore[list-item]
        rows = tuple(history(text, tmp_path))
        told = shown(partial(print_lines, unfinished(rows, rows, rows)))
        assert controls(told.text) == []
        assert (
            len(told.text.splitlines()) == 2 * len(rows) + 1
        )  # a row a line, and one for all that are watched elsewhere


def test_scripts_of_ours_make_no_markup_of_text() -> None:
    """What a widget is told becomes text and attributes, never a page or code."""
    scripts = [*Path(kling_widgets.__file__).parent.rglob("*.js")]
    assert len(scripts) > 5
    for script in scripts:
        found = re.findall(_SINKS, script.read_text("utf-8"))
        assert found == [], script.name


def test_markup_is_marked() -> None:
    """No text is put between tags by a plain f-string or by ``format`` of plain text, which escape nothing."""
    tag = re.compile(r"</?[a-z][a-z0-9]*[ >/]")
    for source in [*(Path(kling_widgets.__file__).parent / "notebook").rglob("*.py")]:
        tree = ast.parse(source.read_text("utf-8"))
        for node in ast.walk(tree):
            parts: list[ast.expr] = []
            if isinstance(node, ast.JoinedStr):
                parts = node.values
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
                parts = [node.func.value]
            elif isinstance(node, ast.BinOp):
                parts = [node.left, node.right]
            texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
            assert not any(map(tag.search, texts)), f"{source.name}:{node.lineno}"


# Links


@pytest.mark.parametrize("link", LINKS)
def test_only_links_of_the_web_become_links(link: str, tmp_path: Path) -> None:
    """A link that a service, a journal or a preset gives is shown only when it is one for a browser."""
    about = Figure(VideoRequest("2.6", prompt="x"), None, link, "t1")
    forms = bundle(about, Location(FRONT_ENDS["jupyter"], tmp_path))
    moment = JobSnapshot("failed", error=KlingError("x"), url=link)
    failed = result(job("x"), moment, Location(FRONT_ENDS["jupyter"], tmp_path), "auto", False)[0]["text/html"]
    live = JobView(job("x"), Location(FRONT_ENDS["jupyter"], tmp_path), on_end=lambda *_: None)
    live.show(JobSnapshot("fetching", url=link))
    playing = "".join(child.value for child in inside(live.widget) if isinstance(child, widgets.HTML))
    live.close()
    for page in (forms["text/html"], failed, playing):
        addresses = [name for part in shape(page) for name in part[1:] if name.startswith(("href=", "src="))]
        assert all(
            name.split("=", 1)[1].startswith("https://a.example/%" if "%" in link else 'https://a.example/"')
            for name in addresses
        )
    assert "javascript:" not in forms["text/markdown"].lower()
