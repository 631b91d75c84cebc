"""Colab's secrets: stored in the user's account, with access granted per notebook."""

from __future__ import annotations

import sys
from importlib import import_module

from kling_widgets.client.credentials.secret import Secret, strip_traceback

_RETRY = "Then run %kling_doctor, which asks again."
_MEANS = {
    "SecretNotFoundError": f"Colab has no secret of this name: add {{name}} under the key symbol on the left. {_RETRY}",
    "NotebookAccessError": f"This notebook may not read the secret {{name}}: allow it under the key symbol. {_RETRY}",
    "TimeoutException": f"Colab did not return the secret {{name}} in time. {_RETRY}",
}


def get(name: str) -> tuple[Secret | None, str]:
    """Return the secret of this name, and a sentence on why there is none, or "". Outside Colab: None and ""."""
    if "google.colab" not in sys.modules:
        return None, ""
    try:
        found = import_module("google.colab.userdata").get(name)
    except Exception as error:  # noqa: BLE001 - Colab may raise anything, and none of it is worth a crash
        kind = type(error).__name__
        return None, _MEANS.get(kind, f"Colab's secrets cannot be read ({kind}).").format(name=name)
    except BaseException as error:  # an interrupt during its dialog: the frames may hold the secret
        strip_traceback(error)
        raise
    return (Secret.of(found) if isinstance(found, str) else None), ""
