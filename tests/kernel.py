"""A real kernel without a browser: cells are sent as a front end sends them, and their outputs are collected."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

IPYKERNEL6 = "KLING_TEST_IPYKERNEL6"  # environment variable: a Python with ipykernel 6 and our dependencies


def _pythons() -> Iterator[tuple[str, str]]:
    yield "python3", sys.executable
    python6 = os.environ.get(IPYKERNEL6, "")
    if shutil.which(python6):
        yield "ipykernel6", str(Path(python6).absolute())  # not resolved: a venv's python is a link


KERNELS = dict(_pythons())  # name of the kernelspec → its Python


def install_kernelspecs(folder: Path) -> None:
    """Write a kernelspec for each of KERNELS into a Jupyter ``kernels`` folder."""
    for name, python in KERNELS.items():
        spec = {
            "argv": [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": name,
            "language": "python",
            "metadata": {"debugger": False},
        }
        (folder / name).mkdir(parents=True)
        (folder / name / "kernel.json").write_text(json.dumps(spec))


@dataclass
class Cell:
    """A cell that was sent, and its outputs so far.

    Attributes:
        code: its source.
        outputs: as in a notebook file: dicts with ``output_type``; display updates are applied.
        status: None while it is queued or runs, then "ok", "error" or "aborted".
    """

    code: str
    outputs: list[dict[str, Any]] = field(default_factory=list)
    status: str | None = None
    idle: bool = False

    @property
    def done(self) -> bool:
        """Return whether the kernel has replied and reported that it is idle again."""
        return self.status is not None and self.idle

    @property
    def error(self) -> list[str]:
        """Return the lines of the error that the cell ended with; empty if there is none."""
        return [line for output in self.outputs for line in output.get("traceback", ())]

    @property
    def text(self) -> str:
        """Return all readable text: streams, text/plain and error lines."""
        return "".join(map(_readable, self.outputs))

    def bundles(self, mimetype: str) -> list[Any]:
        """Return the data of this MIME type from each output that has it."""
        return [output["data"][mimetype] for output in self.outputs if mimetype in output.get("data", {})]


class Kernel:
    """A kernel started for this test; a context manager that ends it.

    Args:
        name: of KERNELS.
        folder: its current folder.
        env: added to the environment.
        front_end: whether somebody could answer a question (``allow_stdin``), as in JupyterLab and unlike nbclient.
        answer: what that somebody types when asked.

    Attributes:
        asked: the questions so far.
    """

    def __init__(
        self,
        name: str = "python3",
        *,
        folder: Path | None = None,
        env: dict[str, str] | None = None,
        front_end: bool = True,
        answer: str = "",
    ) -> None:
        self._manager = KernelManager(kernel_name=name)
        self._start = {"cwd": str(folder or Path.cwd()), "env": os.environ | (env or {})}
        self._front_end = front_end
        self._answer = answer
        self.asked: list[str] = []
        self._cells: dict[str, Cell] = {}
        self.widgets: dict[str, dict[str, Any]] = {}  # id of the widget's model → its state as last sent

    def __enter__(self) -> Kernel:
        self._manager.start_kernel(**self._start)
        try:
            self._connect()
        except RuntimeError:  # of kernels that start at the same time, two may be given the same port
            self.__exit__()
            self._manager = KernelManager(kernel_name=self._manager.kernel_name)
            self._manager.start_kernel(**self._start)
            self._connect()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def _connect(self) -> None:
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)

    def send(self, code: str) -> Cell:
        """Queue a cell, as a front end does, and return at once."""
        cell = Cell(code)
        self._cells[self._client.execute(code, allow_stdin=self._front_end)] = cell
        return cell

    def run(self, *codes: str, timeout: float = 60) -> list[Cell]:
        """Queue all cells at once, as Run All does, and wait until the kernel has finished them."""
        cells = [self.send(code) for code in codes]
        self.until(lambda: all(cell.done for cell in cells), timeout)
        return cells

    def click(self, model: str) -> Cell:
        """Click on the button of this model, as a page does; return a cell with the output of its callbacks."""
        data = {"method": "custom", "content": {"event": "click"}}
        message = self._client.session.msg("comm_msg", {"comm_id": model, "data": data})
        cell = self._cells[message["header"]["msg_id"]] = Cell("a click", status="ok")
        self._client.shell_channel.send(message)
        return cell

    def until(self, condition: Callable[[], bool], timeout: float = 60) -> None:
        """Read messages until the condition holds; raise AssertionError after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while not condition():
            open_cells = [cell for cell in self._cells.values() if not cell.done]
            assert time.monotonic() < deadline, f"waited {timeout} s; cells not done: {open_cells}"
            self._read()

    def view(self, word: str) -> str:
        """Return the text of a job's live view as soon as it contains this word."""

        def found() -> str:
            shown = (str(output) for state in self.widgets.values() for output in state.get("outputs", ()))
            return next((text for text in shown if word in text), "")

        self.until(lambda: bool(found()))
        return found()

    def tell(self, kind: str, **content: Any) -> None:
        """Send a message other than a cell, as a front end does: to a widget (``comm_msg``), or for completions."""
        self._client.shell_channel.send(self._client.session.msg(kind, content))

    @property
    def alive(self) -> bool:
        """Return whether its process is running."""
        return bool(self._manager.is_alive())

    def interrupt(self) -> None:
        """Interrupt the cell, as the stop button does; ipykernel 7.4 sometimes loses it inside ``print(…,
        flush=True)``."""
        self._manager.interrupt_kernel()

    @property
    def pid(self) -> int:
        """Return its process id."""
        pid: int = self._manager.provisioner.pid
        return pid

    def kill(self) -> None:
        """Kill the process as ``kill -9`` does; on return it has ended and its locks are free."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)  # a zombie: the manager detects its end itself

    def restart(self) -> None:
        """Start a new process under the same name; queued cells are lost, as in a front end."""
        self._client.stop_channels()
        self._manager.restart_kernel(now=True)
        self._cells.clear()
        self.widgets.clear()
        self._connect()

    def _read(self) -> None:
        with contextlib.suppress(queue.Empty):
            self._shown(self._client.get_iopub_msg(timeout=0.1))
        with contextlib.suppress(queue.Empty):
            self.asked.append(self._client.get_stdin_msg(timeout=0)["content"]["prompt"])
            self._client.input(self._answer)
        try:
            reply = self._client.get_shell_msg(timeout=0)
        except queue.Empty:
            return
        if cell := self._cells.get(reply["parent_header"].get("msg_id")):
            cell.status = reply["content"]["status"]

    def _shown(self, message: dict[str, Any]) -> None:
        kind, content = message["msg_type"], message["content"]
        cell = self._cells.get(message["parent_header"].get("msg_id"))
        if kind == "update_display_data":
            self._update(content)
        elif kind in ("comm_open", "comm_msg"):
            self._widget(content)
        elif cell is None:
            return
        elif kind == "status":
            cell.idle = content["execution_state"] == "idle"
        elif kind == "clear_output":
            cell.outputs.clear()
        elif kind in ("stream", "display_data", "execute_result", "error"):
            cell.outputs.append({"output_type": kind, **content})

    def _update(self, content: dict[str, Any]) -> None:
        shown_as = content["transient"]["display_id"]
        for output in (output for cell in self._cells.values() for output in cell.outputs):
            if output.get("transient", {}).get("display_id") == shown_as:
                output |= {"data": content["data"], "metadata": content["metadata"]}

    def _widget(self, content: dict[str, Any]) -> None:
        state = content["data"].get("state") if isinstance(content["data"], dict) else None
        if state:
            self.widgets.setdefault(content["comm_id"], {}).update(state)


def _readable(output: dict[str, Any]) -> str:
    match output["output_type"]:
        case "stream":
            return str(output["text"])
        case "error":
            return "\n".join(output["traceback"]) + "\n"
        case _:
            return str(output["data"].get("text/plain", "")) + "\n"
