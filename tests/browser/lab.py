"""A real JupyterLab on loopback, with its own home and process."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    # a test saves explicitly if it needs the file; autosave is off
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}


class Lab:
    """A JupyterLab as a subprocess; a context manager.

    Attributes:
        url: its address, without a trailing slash.
        folder: its root, which contains the notebooks.
        env: its environment, which kernels inherit.
    """

    def __init__(self, home: Path) -> None:
        self.folder = home / "notebooks"
        self.folder.mkdir(parents=True)
        self.env = os.environ | {
            "HOME": str(home),
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "KLING_WIDGETS_HOME": str(home / "kling"),
            "KLING_WIDGETS_DEMO": "1",
        }
        self._token = secrets.token_hex(8)
        self._log = home / "lab.log"
        overrides = home / "config" / "labconfig" / "default_setting_overrides.json"
        overrides.parent.mkdir(parents=True)
        overrides.write_text(json.dumps(SETTINGS))
        # in a file: null cannot be passed on the command line, and every process can read a token there
        config = {
            "ServerApp": {
                "ip": "127.0.0.1",
                "port": _free_port(),
                "port_retries": 0,
                "open_browser": False,
                "allow_root": True,
                "root_dir": str(self.folder),
            },
            "IdentityProvider": {"token": self._token},
            "LabApp": {"expose_app_in_browser": True, "news_url": None},
        }
        (home / "config" / "jupyter_server_config.json").write_text(json.dumps(config))
        self.url = f"http://127.0.0.1:{config['ServerApp']['port']}"

    def __enter__(self) -> Lab:
        self._output = self._log.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab"],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        self._wait_until_up(deadline=time.monotonic() + 180)
        return self

    def __exit__(self, *_: object) -> None:
        self.end_kernels()
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()

    def address(self, path: str) -> str:
        """Return the URL of this path, for a browser without a session."""
        return f"{self.url}/{path}{'&' if '?' in path else '?'}token={self._token}"

    def api(self, path: str, method: str = "GET") -> Any:
        """Return a reply of Jupyter's own API, such as ``contents/a.ipynb`` or ``sessions``."""
        request = urllib.request.Request(
            f"{self.url}/api/{path}", method=method, headers={"Authorization": f"token {self._token}"}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=120) as reply:
            return json.loads(reply.read() or "null")

    def end_kernels(self) -> None:
        """End every running kernel of this lab."""
        for session in self.api("sessions"):
            self.api(f"sessions/{session['id']}", "DELETE")
        for kernel in self.api("kernels"):
            self.api(f"kernels/{kernel['id']}", "DELETE")

    def forget(self) -> None:
        """End every kernel, and delete the package's files and the lab's settings, such as a theme, so that the next
        test starts without history."""
        self.end_kernels()
        shutil.rmtree(Path(self.env["JUPYTER_CONFIG_DIR"]) / "lab" / "user-settings", ignore_errors=True)
        shutil.rmtree(self.env["KLING_WIDGETS_HOME"], ignore_errors=True)

    def _wait_until_up(self, deadline: float) -> None:
        while True:
            try:
                self.api("status")
            except (urllib.error.URLError, OSError):
                if self._process.poll() is None and time.monotonic() < deadline:
                    try:
                        self._process.wait(0.2)
                    except subprocess.TimeoutExpired:
                        continue
                raise AssertionError(f"JupyterLab did not start:\n{self._log.read_text()}") from None
            return


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
