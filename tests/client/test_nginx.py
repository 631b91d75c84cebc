"""A real reverse proxy, nginx, between client and demo, in eleven configurations.

In none does a prompt create two tasks, and each error states correctly what is billed. Needs nginx (on Debian:
``apt-get install nginx-light``); CI skips it, see ``tests/conftest.py``.
"""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest

from kling_widgets.demo.service import Demo, start
from kling_widgets.demo.worker import Render
from kling_widgets.errors import APIError, KlingError, RateLimitError, SubmissionUnknownError
from kling_widgets.request.request import VideoRequest
from tests.client.conftest import Either, Maker, Time
from tests.conftest import need
from tests.demo.conftest import SMALL, until
from tests.servers import Answer, Asked, FaultServer

pytestmark = pytest.mark.slow

NGINX = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))

# In the foreground, as one process that is ended by its id; it writes only into the folder of the test.
CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {http}
    server {{
        listen 127.0.0.1:{port};
        proxy_set_header Host $host:$server_port;
        {server}
    }}
}}
"""
PASS = "location / {{ proxy_pass {to}; }}"
LIMIT = "limit_req_zone $server_addr zone=few:1m rate=1r/m;"
LIMITED = (
    PASS + " location = /v1/video/generations {{ limit_req zone=few; limit_req_status {status}; proxy_pass {to}; }}"
)


@dataclass(frozen=True)
class SetUp:
    """A configuration of nginx in front of the demo.

    Attributes:
        server: its server block; ``{to}`` is the demo, ``{folder}`` a folder.
        http: its http block, with the same placeholders.
        prefix: prefix of the client's address.
        error: error of the submission; None if it is accepted.
        made: number of tasks that the submission creates.
        says: part of the error.
        before: whether another submission comes first, and is accepted.
    """

    server: str
    http: str = ""
    prefix: str = ""
    error: type[KlingError] | None = None
    made: int = 1
    says: str = ""
    before: bool = False


SETUPS = {
    "plain": SetUp(PASS),
    "prefix": SetUp("location /a/b/ {{ proxy_pass {to}/; }}", prefix="/a/b"),
    "gzip": SetUp(PASS, "gzip on; gzip_types *; gzip_proxied any; gzip_min_length 1;"),
    "body limit": SetUp(f"client_max_body_size 50; {PASS}", error=APIError, made=0, says="too large"),
    "limit_req 503": SetUp(
        LIMITED.replace("{status}", "503"), LIMIT, error=SubmissionUnknownError, made=0, says="A proxy", before=True
    ),
    "limit_req 429": SetUp(
        LIMITED.replace("{status}", "429"), LIMIT, error=RateLimitError, made=0, says="nothing is billed", before=True
    ),
    "read time-out": SetUp(
        f"proxy_read_timeout 300ms; {PASS}".replace("{to}", "{stalls}"),
        error=SubmissionUnknownError,
        says="may have been",
    ),
    "upstream down": SetUp(
        PASS.replace("{to}", "{nobody}"), error=SubmissionUnknownError, made=0, says="got no answer"
    ),
    "301": SetUp("return 301 https://elsewhere.example$request_uri;", error=APIError, made=0, says="redirect"),
    "403 page": SetUp("return 403;", error=APIError, made=0, says="It is not the key"),
    "Retry-After": SetUp(f"add_header Retry-After 7 always; if (-f {{folder}}/busy) {{{{ return 429; }}}} {PASS}"),
}


def free_port() -> int:
    """Return a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def nginx(folder: Path, setup: SetUp, **addresses: str) -> Iterator[str]:
    """Run nginx and yield its address."""
    for _ in range(5):  # another program may take the port first
        port = free_port()
        server, http = (text.format(folder=folder, **addresses) for text in (setup.server, setup.http))
        config = folder / "nginx.conf"
        config.write_text(CONFIG.format(folder=folder, port=port, server=server, http=http))
        command = [str(NGINX), "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log")]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until(partial(_decided, process, port), bool)
            if process.poll() is None:
                yield f"http://127.0.0.1:{port}"
                return
        finally:
            process.terminate()
            process.wait(60)
    raise AssertionError((folder / "error.log").read_text())


def _decided(process: subprocess.Popen[bytes], port: int) -> bool:
    """Return whether nginx has ended, or accepts connections."""
    with socket.socket() as asking:
        return process.poll() is not None or asking.connect_ex(("127.0.0.1", port)) == 0


def tasks(demo: Demo, prompt: str) -> int:
    """Return how many tasks with this prompt the demo has."""
    with sqlite3.connect(demo.folder / "tasks.sqlite") as db:
        return int(db.execute("SELECT count(*) FROM tasks WHERE prompt = ?", (prompt,)).fetchone()[0])


@pytest.fixture
def demo(tmp_path: Path, ready_made: Render) -> Iterator[Demo]:
    need("tests behind nginx", NGINX is not None, "nginx is not installed")
    with start(tmp_path / "demo", seconds_per_task=0.05, render=ready_made) as running:
        yield running


@contextmanager
def stalling(demo: Demo) -> Iterator[str]:
    """A server that forwards a submission to the demo and never answers."""

    def answer(asked: Asked) -> Answer:
        headers = {"Authorization": asked.headers["authorization"]}
        httpx.post(f"{demo.base_url}{asked.path}", content=asked.body, headers=headers, trust_env=False)
        return Answer(fault="stall")

    with FaultServer(answer) as server:
        yield server.url


def fetched(client: Either, task_id: str, path: Path) -> bytes:
    """Wait for the video of a task and return its bytes."""
    task = until(lambda: client.get(task_id), lambda task: task.ended)
    return bytes(client.download(task, path).read_bytes())


def test_there_are_eleven() -> None:
    """There are eleven configurations."""
    assert len(SETUPS) == 11


@pytest.mark.parametrize("name", SETUPS)
def test_no_prompt_makes_two_tasks(name: str, make: Maker, time: Time, demo: Demo, tmp_path: Path) -> None:
    """A submission creates one task or none, and the error says which, or that it is unknown."""
    setup, folder = SETUPS[name], tmp_path / "nginx"
    folder.mkdir()
    nobody = f"http://127.0.0.1:{free_port()}"
    with stalling(demo) as stalls, nginx(folder, setup, to=demo.base_url, stalls=stalls, nobody=nobody) as url:
        client = make(url + setup.prefix, timeout=20)
        if setup.before:
            client.submit("2.6", prompt="the one before", **SMALL)
            assert tasks(demo, "the one before") == 1
        body = VideoRequest("2.6", prompt="a boat", **SMALL).payload()
        if name == "Retry-After":
            (folder / "busy").touch()
        if setup.error is None:
            task = client.create(body, on_trouble=lambda error: (folder / "busy").unlink(missing_ok=True))
            assert fetched(client, task.id, tmp_path / "a.mp4")[4:8] == b"ftyp"
        else:
            with pytest.raises(setup.error) as caught:
                client.create(body)
            said = str(caught.value)
            assert setup.says in said, said
            assert ("nothing is billed" in said) is not isinstance(caught.value, SubmissionUnknownError)
        assert tasks(demo, "a boat") == setup.made
        if name == "Retry-After":
            assert 7 <= time.waits[0] <= 8
