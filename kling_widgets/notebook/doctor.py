"""What works here and what does not, with what to do; nothing secret in it, so that it can go into a bug report."""

from __future__ import annotations

import platform
import shutil
import sys
import urllib.request
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from urllib.parse import urlsplit

from kling_widgets import __version__
from kling_widgets.core.catalog import MODELS
from kling_widgets.errors import KlingError
from kling_widgets.jobs import files
from kling_widgets.jobs.home import tilde
from kling_widgets.notebook.services import NO_KEY
from kling_widgets.notebook.session import Session
from kling_widgets.notebook.table import Table

PACKAGES = ("ipython", "ipykernel", "ipywidgets", "anywidget", "httpx", "nest-asyncio", "jupyterlab")
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "demo": ("starlette", "uvicorn", "multipart", "av", "PIL", "numpy"),
    "video": ("av", "PIL"),
    "keys": ("dotenv", "keyring"),
}
_PATIENCE = 10.0  # seconds that the service has for its answer


def doctor(session: Session, proxies: Callable[[], Mapping[str, str]] = urllib.request.getproxies) -> Table:
    """Looks at key, service, proxies, journal, videos, front end and versions. Asks the service once, for free."""
    rows = [
        ["front end", session.place.front_end, ""],
        ["key", *_key(session)],
        ["service", *_service(session)],
        ["proxies", *_proxies(proxies())],
        ["journal", *_journal(session)],
        ["videos", *_videos(session)],
        ["extras", *_extras()],
        ["kling_widgets", __version__, ""],
        ["Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}", ""],
        ["packages", ", ".join(f"{name} {found}" for name in PACKAGES if (found := _version(name))), ""],
    ]
    return Table(("what", "how it is", "what to do"), rows)


def _key(session: Session) -> tuple[str, str]:
    try:
        status = session.services.key_status()
    except KlingError as error:
        return "cannot be used", str(error)
    return status, "Set CRAZYROUTER_API_KEY, run %kling_key, or try %kling_demo." if status == NO_KEY else ""


def _service(session: Session) -> tuple[str, str]:
    try:
        service = session.services.get()
    except KlingError as error:
        return "not asked", str(error)
    from kling_widgets.client.client import Client

    where = "the demo on this machine" if service.demo else service.base_url
    try:
        with Client(service.key, service.base_url, timeout=_PATIENCE) as client:
            callable_models = client.available()
    except KlingError as error:
        return f"{where} does not answer as it should", str(error)
    missing = sorted(set(MODELS) - set(callable_models))
    hint = f"The key may not call {', '.join(missing)}: see its group or scope." if missing else ""
    return f"{where} answers; {len(callable_models)} of {len(MODELS)} models may be called", hint


def _proxies(found: Mapping[str, str]) -> tuple[str, str]:
    shown = []
    for scheme, address in sorted(found.items()):
        try:
            parts = urlsplit(address if "://" in address else f"//{address}")
            # A proxy's address may hold a name and a password.
            shown.append(f"{scheme}: {parts.hostname}" + (f":{parts.port}" if parts.port else ""))
        except ValueError:
            shown.append(f"{scheme}: not an address")
    return ", ".join(shown) or "none", ""


def _journal(session: Session) -> tuple[str, str]:
    journal = session.journal
    unfinished = len(journal.unfinished())
    hint = f"{unfinished} not finished: %kling_resume." if unfinished else ""
    return f"{tilde(journal.path)}, {len(journal.entries())} submissions", journal.trouble or hint


def _videos(session: Session) -> tuple[str, str]:
    try:
        files.make_ready(session.videos)
    except KlingError as error:
        return "cannot be saved", str(error)
    free = shutil.disk_usage(session.videos).free / 1e9
    return f"{tilde(session.videos)}, {free:.1f} GB free", "There is little room left." if free < 1 else ""


def _extras() -> tuple[str, str]:
    missing = [name for name, modules in EXTRAS.items() if not all(map(_there, modules))]
    there = [name for name in EXTRAS if name not in missing]
    hint = f'Should you want them: pip install "kling_widgets[{",".join(missing)}]".' if missing else ""
    return f"installed: {', '.join(there) or 'none'}", hint


def _there(module: str) -> bool:
    return module in sys.modules or find_spec(module) is not None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
