"""The settings of a kernel: ``%config Kling`` lists them, ``%config Kling.model = '3.0'`` changes one.

``%load_ext`` creates them. To keep that fast, validators import what they need on first use.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from traitlets import Bool, Enum, Float, TraitError, TraitType, Unicode, validate
from traitlets.config import Config, Configurable

from kling_widgets.core.json_values import shorten
from kling_widgets.core.key_patterns import looks_like_key
from kling_widgets.errors import InvalidRequestError, KlingError

RATE = "KLING_WIDGETS_RPS"  # environment variable with the default of requests_per_second

T = TypeVar("T")


class _Refused(TraitError):
    """Error for an invalid value of a setting, shown as one line: a verbose traceback would repeat the value."""

    def _render_traceback_(self) -> list[str]:
        return [f"TraitError: {self}"]


class _MaskedTrait(TraitType[Any, Any]):
    """Trait whose error message masks what looks like a key; the message of traitlets would repeat it."""

    def error(self, obj: object, value: object, error: object = None, info: object = None) -> NoReturn:
        raise _Refused(f"{self.name}: expected {self.info()}, not {shorten(str(value))}")


class TextSetting(_MaskedTrait, Unicode[str, str]): ...


class WordSetting(_MaskedTrait, Enum[Any]): ...


class SwitchSetting(_MaskedTrait, Bool[bool, bool | int]): ...


class NumberSetting(_MaskedTrait, Float[float, int | float]): ...


class Kling(Configurable):
    """Defaults of %kling and kw.submit."""

    model = TextSetting("2.6", help="The model, if a line names none.").tag(config=True)
    wait = WordSetting(
        ["auto", True, False],
        "auto",
        help="Whether a cell waits for its video. auto: only if a video that finishes later could not be shown.",
    ).tag(config=True)
    video_dir = TextSetting("", help="Where videos are saved; empty: kling_videos beside the notebook.").tag(
        config=True
    )
    display = WordSetting(
        ["auto", "file", "link", "embed"], "auto", help="How the finished video is put into the output."
    ).tag(config=True)
    autoplay = SwitchSetting(False, help="Whether finished videos play by themselves, muted.").tag(config=True)
    base_url = TextSetting("", help="The address of the service; empty: CRAZYROUTER_BASE_URL, else its own.").tag(
        config=True
    )
    timeout = NumberSetting(3600.0, help="The longest time to watch a task, in seconds.").tag(config=True)
    requests_per_second = NumberSetting(5.0, help="Requests a second to the service, for all tasks together.").tag(
        config=True
    )
    confirm_above = TextSetting(
        "4 videos", help="The most that is made without asking: 4 videos, 60 seconds, 2 USD (%kling_prices); or off."
    ).tag(config=True)
    budget = TextSetting(
        "off", help="The most that this kernel may make: 20 videos, 300 seconds, 5 USD (%kling_prices); or off."
    ).tag(config=True)

    @classmethod
    def of(cls, shell: Any, environ: Mapping[str, str]) -> Kling:
        """Return the settings from the user's IPython configuration (``c.Kling.model = "3.0"``), else from the
        environment.

        Raises:
            KlingError: The configuration contains an invalid value.
        """
        config = Config()
        with contextlib.suppress(ValueError):
            if (rate := float(environ.get(RATE, ""))) > 0:
                config.Kling.requests_per_second = rate
        config.merge(getattr(shell, "config", {}))
        try:
            return cls(config=config)
        except TraitError as error:
            raise KlingError(f"{error} It is set so in your IPython configuration (c.Kling).") from None

    @validate("model")
    def _model(self, proposal: Any) -> str:
        from kling_widgets.catalog.model_names import model

        found = _checked(lambda: model(proposal["value"]))
        return found.name if found.known else found.id

    @validate("video_dir")
    def _no_key(self, proposal: Any) -> str:
        if looks_like_key(proposal["value"]):
            raise _Refused("This looks like an API key: delete it from the cell, and use %kling_key.")
        try:
            if "\0" in str(Path(proposal["value"]).expanduser()):
                raise RuntimeError
        except RuntimeError:  # ~name of a user that this machine does not have
            raise _Refused(f"video_dir: there is no folder {shorten(proposal['value'])}.") from None
        return str(proposal["value"])

    @validate("base_url")
    def _base_url(self, proposal: Any) -> str:
        from kling_widgets.client.credentials.base_url import clean_url

        return _checked(lambda: clean_url(proposal["value"])) if proposal["value"] else ""

    @validate("confirm_above", "budget")
    def _limit(self, proposal: Any) -> str:
        from kling_widgets.spending.spend_limit import SpendLimit

        return str(_checked(lambda: SpendLimit.parse(proposal["value"])))

    @validate("timeout", "requests_per_second")
    def _positive(self, proposal: Any) -> float:
        if not proposal["value"] > 0:
            raise _Refused(f"{proposal['trait'].name} must be a number above 0")
        return float(proposal["value"])


def _checked(value: Callable[[], T]) -> T:
    try:
        return value()
    except InvalidRequestError as error:  # only a TraitError makes a trait keep its old value
        raise _Refused(str(error)) from None
