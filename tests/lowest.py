"""The package on the lowest versions that pyproject.toml allows: one real use of each dependency.

    uv venv --python 3.11 LOWEST
    uv pip install --python LOWEST --resolution lowest-direct -r pyproject.toml --extra demo --extra video --extra keys
    LOWEST/bin/python -m tests.lowest

It does not use pytest, whose dependencies would raise the versions. A bound that is too low fails here.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

SIZE = "512x512"
Check = Callable[[Any], None]
CHECKS: list[Check] = []


def check(work: Check) -> Check:
    """Register a check, which gets an IPython shell with the demo on."""
    CHECKS.append(work)
    return work


def streams(path: Path) -> dict[str, int]:
    """Return the number of frames of each kind of stream in a file, all decoded."""
    import av

    with av.open(str(path)) as container:
        frames = [frame for stream in container.streams for frame in _decoded(path, stream.index)]
    return {kind: sum(type(frame).__name__ == kind for frame in frames) for kind in ("VideoFrame", "AudioFrame")}


def _decoded(path: Path, index: int) -> list[Any]:
    import av

    with av.open(str(path)) as container:
        return list(container.decode(container.streams[index]))


def run(shell: Any, code: str) -> str:
    """Return everything that a cell displays and prints, as text."""
    from IPython.utils.capture import capture_output

    with capture_output() as captured:
        shell.run_cell(f"import kling_widgets as kw\n{code}").raise_error()
    return captured.stdout + "".join(repr(output.data) for output in captured.outputs)


@check
def a_line(shell: Any) -> None:
    """ipython, httpx, starlette, uvicorn, av, numpy: a line makes a real video, and its figure has a poster."""
    shown = run(shell, f"%kling --wait -o job --size {SIZE} a paper boat in the rain")
    job = shell.user_ns["job"]
    assert streams(job.path)["VideoFrame"] > 50, job
    assert "<video" in run(shell, f"%kling_show {job.id}") + shown
    assert "image/jpeg" in run(shell, f"%kling_show {job.id}") + shown


@check
def a_picture_and_a_sound(shell: Any) -> None:
    """pillow, python-multipart: a picture is uploaded, and a video with sound is made from it."""
    from PIL import Image

    import kling_widgets as kw

    picture = kw.picture(Image.effect_mandelbrot((512, 512), (-2, -1.5, 1, 1.5), 40).convert("RGB"))
    shell.user_ns["picture"] = picture
    run(shell, f"job = kw.submit('2.6', prompt='a boat', image=picture, sound=True, size='{SIZE}', wait=True)")
    found = streams(shell.user_ns["job"].path)
    assert found["VideoFrame"] > 50 and found["AudioFrame"] > 50, found


@check
def a_form_of_each_model(shell: Any) -> None:
    """ipywidgets, anywidget: each model's form is built and shown with its JavaScript."""
    import kling_widgets as kw
    from kling_widgets.notebook.controls.motion_brush.canvas import BrushCanvas

    for model in kw.models():
        shown = run(shell, f"form = kw.Form({model.name!r}, prompt='a boat'); form")
        assert "application/vnd.jupyter.widget-view+json" in shown, (model, shown)
        assert shell.user_ns["form"].request.get("prompt") == "a boat"
    assert "render" in BrushCanvas().get_state()["_esm"]


@check
def both_clients(shell: Any) -> None:
    """httpx: a blocking and an async client work."""
    import kling_widgets as kw
    from kling_widgets.notebook.kernel.session import session

    url = session().services.get().base_url
    with kw.Client("demo", url) as client:
        task = client.generate("2.6", prompt="a boat", size=SIZE)
        assert streams(client.download(task, "client.mp4"))["VideoFrame"] > 50

    async def ask() -> int:
        async with kw.AsyncClient("demo", url) as client:
            return len(await client.available())

    assert asyncio.run(ask()) == len(kw.models())


@check
def a_socks_proxy(shell: Any) -> None:
    """httpx[socks]: a request goes to a SOCKS proxy; here its port is closed."""
    import kling_widgets as kw

    os.environ["ALL_PROXY"] = "socks5://127.0.0.1:9"
    try:
        with kw.Client("sk-lowest", sleep=lambda seconds: None) as client:
            client.available()
    except kw.ConnectionFailedError as error:
        assert "through the proxy in ALL_PROXY" in str(error), error
    else:
        raise AssertionError("nobody listens there")
    finally:
        del os.environ["ALL_PROXY"]


@check
def keys(shell: Any) -> None:
    """python-dotenv, keyring: a .env file is read, and a key is stored."""
    import keyring

    from kling_widgets.client.credentials import find as credentials
    from tests.client.memory_keyring import Memory

    keyring.set_keyring(Memory())
    assert credentials.remember("sk-lowest", keep=True) == ""
    credentials.forget()
    assert credentials.find(environ={}).source == "the system keyring"
    Path(".env").write_text("CRAZYROUTER_API_KEY=sk-dotenv\n")
    assert credentials.find(environ={}, folder=Path()).source == "CRAZYROUTER_API_KEY in .env"


@check
def tables(shell: Any) -> None:
    """platformdirs, filelock, markupsafe, wcwidth: the journal lists every submission, and the doctor finds no
    fault."""
    import kling_widgets as kw
    from kling_widgets.notebook.output.table import Table

    assert len(kw.history()) == 2
    rows = {what: how for what, how, _ in kw.doctor().rows}
    assert rows["service"].startswith("the demo on this machine answers"), rows
    assert rows["extras"] == "installed: demo, video, keys", rows
    table = Table(("a", "prompt"), [["x", "<\u7eb8" * 30]], cuts=True, width=lambda: 40)
    assert max(map(len, repr(table).splitlines())) == 28, table
    assert "&lt;\u7eb8" in table._repr_html_(), table


def _shell() -> Any:
    """Return an IPython shell in this process that looks like a notebook's, with the demo on."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    shell.kernel = SimpleNamespace(
        _allow_stdin=True, get_parent=lambda: {"header": {"msg_id": "1"}, "content": {"code": ""}}
    )
    shell.run_cell("%load_ext kling_widgets").raise_error()
    shell.run_cell("%kling_demo").raise_error()
    return shell


def main() -> int:
    """Run all checks; return the number of failures."""
    from kling_widgets.notebook.kernel.session import session

    failed = 0
    with tempfile.TemporaryDirectory(prefix="kling-lowest-", ignore_cleanup_errors=True) as folder:
        os.chdir(folder)
        os.environ |= {"KLING_WIDGETS_HOME": folder, "IPYTHONDIR": folder}
        shell = _shell()
        for work in CHECKS:
            try:
                work(shell)
                sys.stdout.write(f"passed: {work.__name__}\n")
            except Exception:  # noqa: BLE001 - the other checks run all the same
                failed += 1
                sys.stdout.write(f"FAILED: {work.__name__}\n{traceback.format_exc()}\n")
        session().close()
        os.chdir("/")
    return failed


if __name__ == "__main__":
    sys.exit(main())
