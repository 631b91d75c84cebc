"""VideoRequest: a model and its values → problems, body, snippets, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.fields import stray_problem
from kling_widgets.catalog.model_names import ACCEPTED, ALIASES, FRAME_LISTS, resolve, unknown_fields
from kling_widgets.catalog.models import Model
from kling_widgets.catalog.rules import problems_between
from kling_widgets.core.json_values import JSON, masked, paths_in, shorten, strays, to_json, with_links
from kling_widgets.core.problem import Problem
from kling_widgets.core.public import public
from kling_widgets.core.text import one_line
from kling_widgets.errors import InvalidRequestError
from kling_widgets.request import snippets
from kling_widgets.request.body import from_body, normalise, to_body
from kling_widgets.request.checked import CheckedRequest

if TYPE_CHECKING:
    from kling_widgets.request.magic_line import Command

T = TypeVar("T")


@public
class VideoRequest:
    """What is asked of a model. It does not change; two that ask the same are equal.

    Making one never raises for a value: ``problems()`` says what is wrong with it. An unknown field name does raise.

    Args:
        model: an id, "aigc-video-kling-2.6", or what follows the prefix in it, "2.6", also as a number; or a
            ``Model``.
        **fields: the wire's field names (``kw.model("2.6").fields`` lists them), and ``metadata`` for what the catalog
            does not know. None means not set, and is not sent. A link is text that begins with http:// or https://;
            other text, or a ``Path``, is a local file.

    Every field is an attribute too, under all of its names, None when it is not set:

    >>> VideoRequest("2.6", prompt="a paper boat", duration=5).seconds
    5

    Raises:
        InvalidRequestError: a name that is no field.
    """

    __slots__ = ("_kept", "_name_problem", "_spec", "_values")

    # The attributes that stand below; these are the types of right values, and a wrong one stays as it was given.
    prompt: str | None
    seconds: int | None
    duration: int | None
    size: str | None
    aspect_ratio: str | None
    resolution: str | None
    sound: bool | None
    image: str | Path | None
    image_tail: str | Path | None
    last_frame_url: str | Path | None
    image_list: list[str | Path] | None
    images: list[str | Path] | None
    image_urls: list[str | Path] | None
    multi_shots: bool | None
    multi_shot: bool | None
    shot_type: str | None
    multi_prompt: list[dict[str, JSON]] | None
    kling_elements: list[dict[str, JSON]] | None
    element_list: list[dict[str, JSON]] | None
    camera_control: dict[str, JSON] | None
    dynamic_masks: list[dict[str, JSON]] | None
    motion_brush: JSON | None
    video_list: list[dict[str, JSON]] | None
    voice_list: list[dict[str, JSON]] | None
    session_id: str | None
    face_choose: JSON | None
    metadata: dict[str, JSON] | None

    def __init__(self, model: str | float | Model, **fields: Any) -> None:
        self._fill(model, fields)

    def _fill(
        self, model: str | float | Model, given: Mapping[str, object], untrusted: Container[str] = frozenset()
    ) -> None:
        unknown = unknown_fields(given)
        if unknown:
            raise InvalidRequestError.of(unknown)
        self._spec, self._name_problem = resolve(model)
        self._values = normalise(self._spec, given, untrusted)
        self._kept: dict[str, Any] = {}  # see ``_once``

    def _once(self, make: Callable[[], T]) -> T:
        """Return what a method of this request returns, which works once: a request does not change."""
        if make.__name__ not in self._kept:
            self._kept[make.__name__] = make()
        made: T = self._kept[make.__name__]
        return made

    def __getstate__(self) -> object:
        """Return what a copy or a pickle is made of: without what is kept, which is made again."""
        own = {"_spec": self._spec, "_name_problem": self._name_problem, "_values": self._values}
        return None, {**own, "_kept": {}}

    @classmethod
    def from_given(
        cls, model: str | Model, given: Mapping[str, object], untrusted: Container[str] = frozenset()
    ) -> VideoRequest:
        """Return a request of fields some of which are ``untrusted``: they come from a body, a file or the journal, not
        from the user's own hand, and so text in them is never a local path.

        Raises:
            InvalidRequestError: a name that is no field.
        """
        request = cls.__new__(cls)
        request._fill(model, given, untrusted)
        return request

    @classmethod
    def from_payload(cls, body: object) -> VideoRequest:
        """The request of a JSON body. Its media must be http(s) links: a path in a body is not its user's.

        Raises:
            InvalidRequestError: the body is not an object, or has an unknown key.
        """
        model, given = from_body(body)
        return cls.from_given(model, given, untrusted=given)

    @classmethod
    def from_magic(cls, code: str) -> VideoRequest:
        """The request of a ``%kling …`` line or a ``%%kling`` cell, such as ``to_magic`` writes it. What is to be done
        with it (``--wait``, ``--count 3`` …) is no part of a request.

        Raises:
            InvalidRequestError: it is no such text, cannot be understood, or names variables or ``@`` files, which only
                a cell of the notebook knows.
        """
        from kling_widgets.request.magic_line import read_code  # needed by few, and not small

        return cls.from_command(read_code(code))

    @classmethod
    def from_command(cls, command: Command) -> VideoRequest:
        """Return the request of a magic line that was understood.

        Raises:
            InvalidRequestError: it names no model, or a field that is none.
        """
        return cls.from_given(command.model, command.fields, untrusted=command.untrusted)

    @classmethod
    def of(cls, request: VideoRequest | Model | str | float, **fields: Any) -> VideoRequest:
        """A request as every door takes it: one as it is, or a model and its fields."""
        if not isinstance(request, VideoRequest):
            return cls(request, **fields)
        return request.replace(**fields) if fields else request

    def replace(self, model: str | Model | None = None, **fields: Any) -> VideoRequest:
        """A request with these fields changed; None unsets one."""
        changed = set(fields)
        for name in fields:
            changed |= {"image", "image_tail", *FRAME_LISTS} if name in FRAME_LISTS else {ALIASES.get(name, name)}
        kept = {name: value for name, value in self._values.items() if ALIASES.get(name, name) not in changed}
        # What is kept was cleaned at its own door: text that was no path there must not become one here.
        return self.from_given(self._spec if model is None else model, {**kept, **fields}, untrusted=kept)

    @property
    def model(self) -> str:
        """The model's id, as it is sent."""
        return self._spec.id

    @property
    def spec(self) -> Model:
        """The model's entry in the catalog; one with all fields when the catalog does not know the name."""
        return self._spec

    @property
    def values(self) -> Mapping[str, JSON]:
        """What is set, by field name; a local file as a ``Path``."""
        return MappingProxyType(self._values)

    def get(self, field: str, default: JSON = None) -> JSON:
        """The value of a field, or the default when it is not set."""
        return self._values.get(field, default)

    def check(self, media: Callable[[VideoRequest], tuple[Problem, ...]]) -> CheckedRequest:
        """Check it with the files that it names, which may be others the next time.

        Args:
            media: returns what is wrong with them.
        """
        own = self._once(self._check)
        return CheckedRequest((*own.problems, *media(self)), own.body)

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong, errors first. Only what the service's own page says is an error; the rest are warnings."""
        return self._once(self._check).problems

    def _check(self) -> CheckedRequest:
        found = [self._name_problem] if self._name_problem else []
        for name, value in self._values.items():
            if name in FIELDS:
                found += self._spec.field(name).problems(value)
            elif stray := next(strays(value), ""):
                found.append(stray_problem(name, name, stray))
        found += problems_between(self._spec, self._values)
        in_order = sorted(dict.fromkeys(found), key=lambda problem: problem.severity != "error")
        return CheckedRequest(tuple(in_order), to_body(self._spec, self._values))

    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep it from being sent."""
        return self._once(self._check).errors

    def files(self) -> tuple[Path, ...]:
        """The local files in it, nested ones too, each once: they must become links before it can be sent."""
        return tuple(dict.fromkeys(paths_in(self._values)))

    def payload(self, links: Mapping[Path, str] | None = None) -> dict[str, Any]:
        """The JSON body.

        Args:
            links: the link of each local file.

        Raises:
            InvalidRequestError: it has errors, or a local file without a link.
        """
        links = links or {}
        errors = list(self.errors())
        for path in self.files():
            if path not in links:
                said = f"The file {shorten(path.name)} has no link yet."
                errors.append(Problem("error", None, said, "Upload it first."))
        if errors:
            raise InvalidRequestError.of(errors)
        return self.body(links.__getitem__)

    def body(self, link: Callable[[Path], JSON]) -> dict[str, Any]:
        """Return the body as far as it goes, whatever is wrong with it.

        Args:
            link: returns what stands for a local file.
        """
        body: dict[str, Any] = with_links(self._once(self._check).body, link)
        return body

    def draft(self) -> dict[str, Any]:
        """The body as far as it goes, to look at: ``<upload: first.png>`` stands for a local file, ``sk-…`` for what
        looks like a key. What is not set is not in it. Never raises."""
        draft: dict[str, Any] = with_links(self._once(self._draft), Path)
        return draft

    def _draft(self) -> dict[str, Any]:
        draft = _shown(self._once(self._check).body)
        if "seconds" not in self._values:
            del draft["seconds"]
        return draft

    def _own(self) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return the body to look at, with all that is sent, and the fields that it lacks; see ``left_out``."""
        values, left = snippets.only_own(self._spec, self._values)
        return _shown(to_body(self._spec, values) if left else self._once(self._check).body), left

    def left_out(self) -> str:
        """Return a sentence that names what the code of this request lacks, or "": paths that came from a body, a file
        or a journal would count as those of whoever runs the code."""
        return snippets.missing(snippets.only_own(self._spec, self._values)[1])

    def to_magic(self) -> str:
        """The line (or, where a line could not hold the prompt, the cell) of ``%kling`` that asks for this."""
        return snippets.magic(self._spec, self._values)

    def to_python(self) -> str:
        """The Python code that asks for this."""
        return snippets.python(self._spec, self._values)

    def to_curl(self, base_url: str = snippets.SERVICE) -> str:
        """The shell command that asks for this. The key stays in its environment variable."""
        body, left = self._own()
        return snippets.curl(body, base_url, left)

    def to_json(self) -> str:
        """The body as JSON text, as it is sent."""
        return to_json(self._own()[0], indent=2)

    def settings(self) -> str:
        """What was asked for besides the prompt, in a few words: "5 s · 16:9 · 720P · sound off"."""
        return self._once(self._settings)

    def _settings(self) -> str:
        return snippets.settings(self._values)

    def _identity(self) -> str:
        # As text, in which True is not 1 and 5 is not 5.0, as on the wire.
        asked = with_links(self._values, lambda path: f"file\0{path}")
        return json.dumps([self.model, asked], sort_keys=True)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VideoRequest) and self._once(self._identity) == other._once(other._identity)

    def __hash__(self) -> int:
        return hash(self._once(self._identity))

    def __repr__(self) -> str:
        shown = (f"{name}={shorten(value, 40)}" for name, value in self._values.items())
        return one_line(masked(f"<VideoRequest {', '.join((self._spec.name or 'no model', *shown))}>"), 300)


def _shown(body: dict[str, JSON]) -> dict[str, Any]:
    """Return a copy of a body to look at."""
    shown: dict[str, Any] = masked(with_links(body, lambda path: f"<upload: {path.name}>"))
    return shown


def _attribute(name: str) -> property:
    """Return the attribute that reads a field by one of its names; a copy, as a request does not change."""
    field = ALIASES.get(name, name)
    about = FIELDS[field].help if field in FIELDS else "As it was given; None when it was not, or became another field."
    return property(lambda request: with_links(request.get(field), lambda path: path), doc=about)


for _name in ACCEPTED:
    setattr(VideoRequest, _name, _attribute(_name))
