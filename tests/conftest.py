"""Every test runs with its own home and current folder, without the user's keys, proxies or settings."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests import kernel

if TYPE_CHECKING:
    from kling_widgets.demo.worker import Render

ROOT = Path(__file__).resolve().parent.parent
BROWSER = ROOT / "tests" / "browser"
IN_CI = bool(os.environ.get("CI"))
# Programs that only a developer's machine needs: CI does not install nginx.
collect_ignore = ["client/test_nginx.py"] if IN_CI else []

LONG = bool(os.environ.get("KLING_TEST_LONG"))  # see CONTRIBUTING

_FOREIGN = ("CRAZYROUTER_", "KLING_WIDGETS_", "JUPYTER", "JPY_", "IPYTHON", "COLAB_")
_NETWORK = {"http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "no_proxy"}
_NETWORK |= {"requests_ca_bundle", "curl_ca_bundle", "ssl_cert_file", "ssl_cert_dir", "sslkeylogfile"}
_missing: dict[str, str] = {}
FIGURES = "figures"  # name of the test property whose value is printed in the last lines, also for tests that passed

# CI must be repeatable and may run on a slow machine; developers get new examples in every run.
_slow = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
_examples = 100 if LONG else 25
settings.register_profile("ci", deadline=None, derandomize=True, max_examples=_examples, suppress_health_check=_slow)
settings.register_profile("dev", deadline=None, max_examples=_examples, suppress_health_check=_slow)
settings.load_profile("ci" if IN_CI else "dev")


def pytest_configure(config: pytest.Config) -> None:
    """Clean the environment before the first import of the package, and create a home for Jupyter and IPython."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN) or name.lower() in _NETWORK or name == "PYTHONDONTWRITEBYTECODE":
            del os.environ[name]  # PYTHONDONTWRITEBYTECODE would make each kernel compile the whole package again
    home = Path(tempfile.mkdtemp(prefix="kling-tests-"))
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    os.environ |= {
        "KLING_WIDGETS_HOME": str(home / "kling"),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "jupyter"),
        "JUPYTER_DATA_DIR": str(home / "jupyter-data"),
        "JUPYTER_RUNTIME_DIR": str(home / "jupyter-runtime"),
        "JUPYTER_PLATFORM_DIRS": "1",
        # never read or unlock the user's keyring, also in kernels that a test starts
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        # kernels and other programs that tests start, in any folder, import this copy of the package
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
    }
    kernel.install_kernelspecs(home / "jupyter-data" / "kernels")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark browser tests and tests on both kernels as slow (others mark themselves), and run browser tests last: they
    are the slowest, and keep an event loop running in this thread."""
    for item in items:
        browser = BROWSER in item.path.parents
        if browser:
            item.add_marker(pytest.mark.browser)
        if browser or "kernel_name" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> Iterator[None]:
    """Make Ctrl+C raise KeyboardInterrupt in this process and its children: a shell starts background programs with
    SIGINT ignored, and children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Set up a home (``KLING_WIDGETS_HOME``) and a current folder for this test only; return the home."""
    home = tmp_path / "kling-home"
    monkeypatch.setenv("KLING_WIDGETS_HOME", str(home))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield home


@pytest.fixture(scope="session")
def ready_made(tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Return a renderer that gives every task the same clip with sound, for tests that are not about drawing."""
    from kling_widgets.demo.render import render
    from kling_widgets.request.request import VideoRequest

    sample = tmp_path_factory.mktemp("sample") / "clip.mp4"
    request = VideoRequest("2.6", prompt="any", seconds=1, size="64x64", sound=True)
    render(VideoRequest.from_payload(request.payload()), sample, sample.parent)

    async def copy(job: Mapping[str, Any], report: Callable[[float], None]) -> str | None:
        shutil.copyfile(sample, job["target"])
        return None

    return copy


def tries(full: int) -> int:
    """Return how many inputs to try: a tenth of ``full``, or all of them if ``KLING_TEST_LONG`` is set."""
    return full if LONG else -(-full // 10)


def need(what: str, there: bool, why: str) -> None:
    """Skip the test if this machine lacks something that it needs; in CI, fail."""
    if there:
        return
    _missing[what] = why
    if IN_CI:
        pytest.fail(f"{what}: {why}", pytrace=False)
    pytest.skip(f"{what}: {why}")


@pytest.fixture(params=["python3", "ipykernel6"])
def kernel_name(request: pytest.FixtureRequest) -> str:
    """Run the test on both kernel versions, ipykernel 7 and 6, which run clicks and waits in different places."""
    name: str = request.param
    need(
        "tests on ipykernel 6",
        name in kernel.KERNELS,
        f"{kernel.IPYKERNEL6} does not name a Python with ipykernel < 7",
    )
    return name


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the skipped needs of a pytest-xdist worker to the main process, which prints them."""
    if (handed_over := getattr(session.config, "workeroutput", None)) is not None:
        handed_over["missing"] = _missing


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Collect what a worker has sent."""
    _missing.update(getattr(node, "workeroutput", {}).get("missing", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print in the last lines which tests did not run and why, and the figures that tests have recorded."""
    for report in (*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")):
        for _, figures in filter(
            lambda each: each[0] == FIGURES, report.user_properties if report.when == "call" else ()
        ):
            terminalreporter.write_line(f"{report.nodeid}: {figures}")
    for what, why in _missing.items():
        terminalreporter.write_line(f"NOT RUN: {what}: {why}", yellow=True, bold=True)
