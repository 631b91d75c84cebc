"""Local files that the fields of a form name: where chosen and drawn ones are kept, and what they are.

The controls do no I/O of their own; this is what they ask.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from kling_widgets.client.media import check_upload
from kling_widgets.errors import InvalidRequestError, KlingError


class LocalMedia:
    """The local media of a form.

    Args:
        folder: where bytes that come from the page are put; it is made when first needed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, name: str, content: bytes) -> Path:
        """Puts bytes into a file of their own; the same bytes under the same name are kept once.

        Args:
            name: what the browser calls it; only its harmless part is used.
            content: the bytes.

        Raises:
            KlingError: the file cannot be written.
        """
        harmless = re.sub(r"[^\w.-]+", "-", Path(name).name).strip(".-")[-80:] or "picture"
        place = self.folder / hashlib.sha256(content).hexdigest()[:12] / harmless
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        except OSError as error:
            raise KlingError(
                f"{harmless} cannot be kept in {place.parent} ({error.strerror}): give its path instead."
            ) from None
        return place

    def read(self, path: Path) -> bytes | None:
        """The bytes of a picture, for showing it in the page; None when there is none that can be uploaded (20 MB)."""
        try:
            return check_upload(path).content
        except InvalidRequestError:
            return None
