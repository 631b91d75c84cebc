"""The environments of what people would use instead: a clean one each, so that none profits from another's packages.

``python -m tests.benchmarks setup`` makes them; a benchmark leaves out those that are not there, and says so.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".benchmarks" / "venvs"
# what ours needs, where it is measured beside another one in the same kernel
_OURS = tuple(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"])
ENVIRONMENTS = {  # the environment, named for the package that is measured, and what is installed in it
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
    """The interpreter of this environment, or None where it is not installed."""
    program = FOLDER / name / "bin" / "python"
    return program if program.exists() and version(name) else None


def version(name: str) -> str | None:
    """The version of the package that this environment is named for, or None."""
    places = [str(place) for place in (FOLDER / name).glob("lib/python*/site-packages")]
    return next((one.version for one in distributions(name=name, path=places)), None)


def missing(names: tuple[str, ...]) -> tuple[str, ...]:
    """A note for a table on those that are not installed; none where all are."""
    absent = [name for name in names if python(name) is None]
    return (f"not installed: {', '.join(absent)}; `python -m tests.benchmarks setup` does it",) if absent else ()


def setup() -> str | None:
    """Makes every environment that is not there yet, some 1.5 GB in all; tells which could not be made."""
    for name, packages in ENVIRONMENTS.items():
        if python(name) is None:
            sys.stdout.write(f"{name} …\n")
            sys.stdout.flush()
            subprocess.run([sys.executable, "-m", "venv", FOLDER / name], check=True)
            subprocess.run([FOLDER / name / "bin" / "python", "-m", "pip", "install", "-q", *packages])
    failed = [name for name in ENVIRONMENTS if python(name) is None]
    return f"not installed: {', '.join(failed)}" if failed else None
