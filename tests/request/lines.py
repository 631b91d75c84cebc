"""Magic lines as they are understood, with the request that they make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kling_widgets.request import magic_line
from kling_widgets.request.request import VideoRequest


class Understood(NamedTuple):
    """A command with its request."""

    request: VideoRequest
    settings: Mapping[str, object]
    empty: bool


def parse(line: str, cell: str | None = None, **options: Any) -> Understood:
    """As ``magic_line.parse``."""
    command = magic_line.parse(line, cell, **options)
    return Understood(VideoRequest.from_command(command), command.settings, command.empty)
