"""The settings of a kernel: ``%config Kling`` lists them, ``%config Kling.model = '3.0'`` changes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from traitlets import Bool, Enum, Float, TraitError, Unicode, validate
from traitlets.config import Configurable

from kling_widgets.client.credentials import clean_url
from kling_widgets.core.names import model
from kling_widgets.errors import InvalidRequestError

T = TypeVar("T")


class Kling(Configurable):
    """What %kling and kw.submit do when nothing else is said."""

    model = Unicode("2.6", help="The model when a line names none.").tag(config=True)
    wait = Enum(
        ["auto", True, False],
        "auto",
        help="Whether a cell waits for its video. auto: only where a video that is finished later could not be shown.",
    ).tag(config=True)
    video_dir = Unicode("", help="Where videos are saved; empty: kling_videos beside the notebook.").tag(config=True)
    display = Enum(
        ["auto", "file", "link", "embed"], "auto", help="How the finished video is put into the output."
    ).tag(config=True)
    autoplay = Bool(False, help="Whether finished videos play by themselves, muted.").tag(config=True)
    base_url = Unicode("", help="The address of the service; empty: CRAZYROUTER_BASE_URL, else its own.").tag(
        config=True
    )
    timeout = Float(3600.0, help="Seconds to watch a task at the most.").tag(config=True)
    requests_per_second = Float(5.0, help="Requests a second to the service, for all tasks together.").tag(config=True)

    @validate("model")
    def _model(self, proposal: Any) -> str:
        found = _checked(lambda: model(proposal["value"]))
        return found.name if found.known else found.id

    @validate("base_url")
    def _base_url(self, proposal: Any) -> str:
        return _checked(lambda: clean_url(proposal["value"])) if proposal["value"] else ""

    @validate("timeout", "requests_per_second")
    def _positive(self, proposal: Any) -> float:
        if not proposal["value"] > 0:
            raise TraitError(f"{proposal['trait'].name} is a number above 0")
        return float(proposal["value"])


def _checked(value: Callable[[], T]) -> T:
    try:
        return value()
    except InvalidRequestError as error:  # only after a TraitError does a trait keep what it was
        raise TraitError(str(error)) from None
