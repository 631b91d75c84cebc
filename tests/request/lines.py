"""Parsed magic lines together with their requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kling_widgets.request import magic_line
from kling_widgets.request.request import VideoRequest


class Understood(NamedTuple):
    """A command and its request."""

    request: VideoRequest
    settings: Mapping[str, object]
    empty: bool


def parse(line: str, cell: str | None = None, **options: Any) -> Understood:
    """Parse a line like ``magic_line.parse`` does."""
    command = magic_line.parse(line, cell, **options)
    return Understood(VideoRequest.from_command(command), command.settings, command.empty)
