"""Colab's secrets, which a user keeps in the account and lets single notebooks read."""

from __future__ import annotations

import sys
from importlib import import_module

from kling_widgets.client.credentials.secret import Secret, strip_traceback

_AGAIN = "Then run %kling_doctor, which asks again."
_MEANS = {
    "SecretNotFoundError": f"Colab has no secret of this name: add {{name}} under the key symbol on the left. {_AGAIN}",
    "NotebookAccessError": f"This notebook may not read the secret {{name}}: allow it under the key symbol. {_AGAIN}",
    "TimeoutException": f"Colab did not give the secret {{name}} in time. {_AGAIN}",
}


def get(name: str) -> tuple[Secret | None, str]:
    """The secret of this name, and why none can be had, in a sentence, or "". Outside Colab there is neither."""
    if "google.colab" not in sys.modules:
        return None, ""
    try:
        found = import_module("google.colab.userdata").get(name)
    except Exception as error:  # noqa: BLE001 - what it raises is Colab's, and none of it is worth a crash
        kind = type(error).__name__
        return None, _MEANS.get(kind, f"Colab's secrets cannot be read ({kind}).").format(name=name)
    except BaseException as error:  # an interrupt while it asks: the frames may hold what it was about to give
        strip_traceback(error)
        raise
    return (Secret.of(found) if isinstance(found, str) else None), ""
