"""The kinds of code for a request, in the order in which they are offered."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kling_widgets.request.request import VideoRequest

CODE_KINDS: Mapping[str, Callable[[VideoRequest], str]] = {
    "magic": VideoRequest.to_magic,
    "Python": VideoRequest.to_python,
    "curl": VideoRequest.to_curl,
    "JSON": VideoRequest.to_json,
}
