"""Clean environments for the alternatives, one each, so that none uses another's packages.

``python -m tests.benchmarks setup`` makes them; a benchmark leaves out those that are missing, and says so.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".benchmarks" / "venvs"
# dependencies of ours, for measurements in the same kernel
_OURS = tuple(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"])
ENVIRONMENTS = {  # the environment, named after the measured package, and its packages
    "openai": ("openai",),
    "replicate": ("replicate",),
    "fal-client": ("fal-client",),
    "google-genai": ("google-genai",),
    "runwayml": ("runwayml",),
    "lumaai": ("lumaai",),
    "httpx": ("httpx",),
    "ipywidgets": ("ipywidgets",),
    "jupyter-ai-magics": ("jupyter-ai-magics",),
    "ipyautoui": ("ipyautoui", "ipykernel", *_OURS),
    "py-spy": ("py-spy",),
}


def python(name: str) -> Path | None:
    """Return the interpreter of this environment, or None if it is not installed."""
    program = FOLDER / name / "bin" / "python"
    return program if program.exists() and version(name) else None


def version(name: str) -> str | None:
    """Return the version of the package that this environment is named after, or None."""
    places = [str(place) for place in (FOLDER / name).glob("lib/python*/site-packages")]
    return next((one.version for one in distributions(name=name, path=places)), None)


def missing(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return a table note that lists the environments that are not installed; empty if all are."""
    absent = [name for name in names if python(name) is None]
    return (f"not installed: {', '.join(absent)}; `python -m tests.benchmarks setup` does it",) if absent else ()


def setup() -> str | None:
    """Create every missing environment, about 1.5 GB in all; return a message about those that failed."""
    for name, packages in ENVIRONMENTS.items():
        if python(name) is None:
            sys.stdout.write(f"{name} …\n")
            sys.stdout.flush()
            subprocess.run([sys.executable, "-m", "venv", FOLDER / name], check=True)
            subprocess.run([FOLDER / name / "bin" / "python", "-m", "pip", "install", "-q", *packages])
    failed = [name for name in ENVIRONMENTS if python(name) is None]
    return f"not installed: {', '.join(failed)}" if failed else None
