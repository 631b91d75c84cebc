"""Checks of the installation, with advice; the result contains no secrets, so it can go into a bug report."""

from __future__ import annotations

import getpass
import platform
import re
import shutil
import sys
import urllib.request
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from kling_widgets._version import __version__
from kling_widgets.catalog.models import MODELS
from kling_widgets.client.credentials import find
from kling_widgets.client.credentials.base_url import DEFAULT_URL
from kling_widgets.client.credentials.endpoint import Service
from kling_widgets.core.json_values import masked
from kling_widgets.core.text import format_size
from kling_widgets.errors import KlingError
from kling_widgets.files.data_dir import abbreviate_home
from kling_widgets.jobs import video_files, waiting
from kling_widgets.notebook.kernel.services import NO_KEY
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.output.table import Table

PACKAGES = (
    *("ipython", "ipykernel", "ipywidgets", "anywidget", "httpx", "nest-asyncio"),
    *("jupyterlab", "notebook", "keyring", "python-dotenv"),
)
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "demo": ("starlette", "uvicorn", "multipart", "av", "PIL", "numpy"),
    "video": ("av", "PIL"),
    "keys": ("dotenv", "keyring"),
}
_TIMEOUT = 10.0  # seconds to wait for the service, including retries

_Check = Callable[[], tuple[str, str]]  # returns the result and the advice


def doctor(
    session: Session,
    proxies: Callable[[], Mapping[str, str]] = urllib.request.getproxies,
    timeout: float = _TIMEOUT,
) -> Table:
    """Check key, service, proxies, journal, spending, videos, front end and versions, and return a table.

    It sends one free request to the service, and reads Colab's secrets and the system keyring again if they may hold
    the key.

    Args:
        session: the session to check.
        proxies: returns the proxy settings of this process.
        timeout: the longest time to wait for the service, in seconds.
    """
    find.ask_again()
    checks: Mapping[str, _Check] = {
        "front end": lambda: (session.location.front_end.name, ""),
        "key": lambda: _key(session),
        "service": lambda: _service(session, timeout),
        "proxies": lambda: _proxies(proxies()),
        "certificates": _certificates,
        "journal": lambda: _journal(session),
        "spending": lambda: (session.guard.status(), ""),
        "videos": lambda: _videos(session),
        "extras": _extras,
        "kling_widgets": lambda: (__version__, ""),
        "Python": lambda: (f"{platform.python_version()} on {platform.system()} {platform.machine()}", ""),
        "packages": lambda: (", ".join(f"{name} {found}" for name in PACKAGES if (found := _version(name))), ""),
    }
    rows = [[name, *map(_anonymous, _result(check))] for name, check in checks.items()]
    return Table(("what", "how it is", "what to do"), rows)


def _result(check: _Check) -> tuple[str, str]:
    try:
        return check()
    except (KlingError, OSError) as error:  # a check that fails must not hide the others
        return "cannot be checked", str(error)


def _anonymous(text: str) -> str:
    """Return the text without API keys, the path of the home folder, and the user's name in other paths."""
    text = masked(text)
    try:
        home, user = str(Path.home()), getpass.getuser()
    except (KeyError, OSError, RuntimeError, ImportError):  # the user has no name or no home folder
        return text
    text = re.sub(rf"{re.escape(home)}(?=[/\\\s'\"]|$)", "~", text) if len(home) > 1 else text
    return re.sub(rf"(?<=[/\\]){re.escape(user)}(?=[/\\])", "…", text)


def _key(session: Session) -> tuple[str, str]:
    try:
        status, hint = session.services.key_status(), session.services.key_hint()
    except KlingError as error:
        return "cannot be used", str(error)
    advice = "Set CRAZYROUTER_API_KEY, run %kling_key, or try %kling_demo." if status == NO_KEY else ""
    return status, " ".join(filter(None, (advice, hint)))


def _service(session: Session, timeout: float) -> tuple[str, str]:
    try:
        service = session.services.get()
    except KlingError as error:
        return "not checked", str(error)
    where = "the demo on this machine" if service.demo else service.base_url
    try:
        callable_models = _callable_models(session, service, timeout)
    except KlingError as error:
        return f"{where} does not answer correctly", str(error)
    except TimeoutError:
        return f"{where} does not answer within {timeout:g} s", "Check the address, the network and the proxies."
    missing = sorted(set(MODELS) - set(callable_models))
    hint = f"The key may not call {', '.join(missing)}: check its group or scope." if missing else ""
    return f"{where} answers; {len(callable_models)} of {len(MODELS)} models may be called", hint


def _callable_models(session: Session, service: Service, timeout: float) -> tuple[str, ...]:
    """Return the models that the key may call. The request runs on the background loop, so that the wait ends after the
    timeout whatever the service does."""
    from kling_widgets.client.async_client import AsyncClient

    async def no_sleep(seconds: float) -> None:
        """Retry without a pause, so that an error is shown soon."""

    client = AsyncClient(service.key, service.base_url, timeout=timeout, sleep=no_sleep)

    async def ask() -> tuple[str, ...]:
        async with client:
            return await client.available()

    asked = session.watcher.start(ask())
    try:
        return waiting.wait(asked, timeout)
    finally:
        asked.cancel()


def _proxies(found: Mapping[str, str]) -> tuple[str, str]:
    shown = []
    for scheme, address in sorted(found.items()):
        if scheme == "no":  # lists hosts of a private network: show only how many
            shown.append(f"none for {len(address.split(','))} hosts")
            continue
        try:
            parts = urlsplit(address if "://" in address else f"//{address}")
            # Without the user name and password that the address of a proxy may contain.
            shown.append(f"{scheme}: {parts.hostname}" + (f":{parts.port}" if parts.port else ""))
        except ValueError:
            shown.append(f"{scheme}: not an address")
    return ", ".join(shown) or "none", ""


def _certificates() -> tuple[str, str]:
    from kling_widgets.client.http import network

    found = network.certificates_for(DEFAULT_URL)
    return f"those in {found.name}" if found else "those included with httpx", ""


def _journal(session: Session) -> tuple[str, str]:
    journal = session.journal
    entries, unfinished = journal.entries(), len(journal.unfinished())
    unknown = sum(entry.state == "unknown" for entry in entries)
    hints = (
        journal.trouble,
        f"{unfinished} not finished: %kling_resume." if unfinished else "",
        f"{unknown} sent whose answer was lost: kw.history(status='unknown')." if unknown else "",
    )
    return f"{abbreviate_home(journal.path)}, {len(entries)} submissions, mode {journal.mode}", " ".join(
        filter(None, hints)
    )


def _videos(session: Session) -> tuple[str, str]:
    try:
        video_files.ensure_writable(session.videos)
    except KlingError as error:
        return "cannot be saved", str(error)
    free = shutil.disk_usage(session.videos).free
    return (
        f"{abbreviate_home(session.videos)}, {format_size(free)} free",
        "There is little space left." if free < 1e9 else "",
    )


def _extras() -> tuple[str, str]:
    missing = [name for name, modules in EXTRAS.items() if not all(map(_is_installed, modules))]
    installed = [name for name in EXTRAS if name not in missing]
    hint = f'To install the others: pip install "kling_widgets[{",".join(missing)}]".' if missing else ""
    return f"installed: {', '.join(installed) or 'none'}", hint


def _is_installed(module: str) -> bool:
    return module in sys.modules or find_spec(module) is not None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
