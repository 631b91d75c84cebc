"""``VideoRequest``, a model and its values, with its problems, body and code."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.fields import unusable_problem
from kling_widgets.catalog.model_names import ACCEPTED, ALIASES, FRAME_LISTS, resolve, unknown_fields
from kling_widgets.catalog.models import Model
from kling_widgets.catalog.rules import problems_between
from kling_widgets.core.json_values import JSON, masked, paths_in, shorten, to_json, unusable_kinds, with_links
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
    """A model and the fields of a video, checked but not sent. Immutable; equal requests compare equal.

    A wrong value never raises here: ``problems()`` reports it. An unknown field name does raise.

    Every field is an attribute too, under each of its names; it is None if it is not set.

    Args:
        model: an id such as "aigc-video-kling-2.6"; what follows the prefix in it, "2.6", also as a number; or a
            ``Model``.
        **fields: the values of fields, by the names of the wire (``kw.model("2.6").fields`` lists them with their
            limits and the source of each), and ``metadata`` for what the catalog does not know. None means not set; a
            field that is not set is not sent, except ``seconds``, which is sent as 5, the default of the service's
            page. For media, text that begins with http:// or https:// is a link; other text, or a ``Path``, is a
            local file.

    Raises:
        InvalidRequestError: a name is not a field.

    Example:
        >>> request = kw.VideoRequest("2.6", prompt="a paper boat", duration=10)
        >>> request.seconds
        10
        >>> request.resolution is None
        True
        >>> request == kw.VideoRequest(2.6, prompt="a paper boat ", seconds=10)
        True
    """

    __slots__ = ("_kept", "_name_problem", "_spec", "_values")

    # The types of valid values; an invalid value stays as it was given. The properties are defined below the class.
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
        self._kept: dict[str, Any] = {}  # the results of ``_once``

    def _once(self, make: Callable[[], T]) -> T:
        """Return the result of a method of this request, which is called only once: a request is immutable."""
        if make.__name__ not in self._kept:
            self._kept[make.__name__] = make()
        made: T = self._kept[make.__name__]
        return made

    def __getstate__(self) -> object:
        """Return the state for a copy or a pickle, without kept results, which are computed again."""
        own = {"_spec": self._spec, "_name_problem": self._name_problem, "_values": self._values}
        return None, {**own, "_kept": {}}

    @classmethod
    def from_given(
        cls, model: str | Model, given: Mapping[str, object], untrusted: Container[str] = frozenset()
    ) -> VideoRequest:
        """Return a request in which text of some fields is never taken as a local path.

        Args:
            model: the model, as in ``VideoRequest``.
            given: the values of fields, by name.
            untrusted: the names of those that the user has not typed, as they come from a body, a file or the journal.

        Raises:
            InvalidRequestError: a name is not a field.

        Example:
            >>> given = {"prompt": "a paper boat", "image": "first.png"}
            >>> kw.VideoRequest.from_given("2.6", given).files()
            (...Path('first.png'),)
            >>> kw.VideoRequest.from_given("2.6", given, untrusted={"image"}).files()
            ()
        """
        request = cls.__new__(cls)
        request._fill(model, given, untrusted)
        return request

    @classmethod
    def from_payload(cls, body: object) -> VideoRequest:
        """Return the request of a JSON body, the reverse of ``payload``.

        Its media must be http(s) links: text in a body is never taken as a local path.

        Args:
            body: the body, parsed.

        Raises:
            InvalidRequestError: the body is not an object, or has an unknown key.

        Example:
            >>> body = {"model": "aigc-video-kling-2.6", "prompt": "a paper boat", "seconds": "5"}
            >>> request = kw.VideoRequest.from_payload(body)
            >>> request.payload() == body
            True
        """
        model, given = from_body(body)
        return cls.from_given(model, given, untrusted=given)

    @classmethod
    def from_magic(cls, code: str) -> VideoRequest:
        """Return the request of a ``%kling …`` line or a ``%%kling`` cell, the reverse of ``to_magic``.

        Options that are not part of a request, such as ``--wait`` and ``--count 3``, are checked and dropped.

        Args:
            code: the line or the cell.

        Raises:
            InvalidRequestError: the text is something else, has a mistake, or names variables or ``@`` files, which
                only a cell of a notebook has.

        Example:
            >>> request = kw.VideoRequest.from_magic("%kling --model 2.6 --seconds 10 a paper boat")
            >>> request.prompt, request.seconds
            ('a paper boat', 10)
        """
        from kling_widgets.request.magic_line import read_code  # needed by few, and not small

        return cls.from_command(read_code(code))

    @classmethod
    def from_command(cls, command: Command) -> VideoRequest:
        """Return the request of a parsed magic line.

        Args:
            command: the line, parsed.

        Raises:
            InvalidRequestError: a name is not a field.

        Example:
            >>> from kling_widgets.request.magic_line import read_code
            >>> kw.VideoRequest.from_command(read_code("%kling --model 2.6 a paper boat")).prompt
            'a paper boat'
        """
        return cls.from_given(command.model, command.fields, untrusted=command.untrusted)

    @classmethod
    def of(cls, request: VideoRequest | Model | str | float, **fields: Any) -> VideoRequest:
        """Return a request as it is, or make one of a model and its fields, as ``kw.submit`` and clients do.

        Args:
            request: a request; or a model, as in ``VideoRequest``.
            **fields: the values of fields; they replace those of the request.

        Raises:
            InvalidRequestError: a name is not a field.

        Example:
            >>> request = kw.VideoRequest.of("2.6", prompt="a paper boat")
            >>> kw.VideoRequest.of(request) is request
            True
            >>> kw.VideoRequest.of(request, seconds=10).seconds
            10
        """
        if not isinstance(request, VideoRequest):
            return cls(request, **fields)
        return request.replace(**fields) if fields else request

    def replace(self, model: str | Model | None = None, **fields: Any) -> VideoRequest:
        """Return a copy of the request with some fields changed.

        Args:
            model: another model; None keeps the present one.
            **fields: the new values, by name; None unsets a field.

        Raises:
            InvalidRequestError: a name is not a field.

        Example:
            >>> request = kw.VideoRequest("2.6", prompt="a paper boat", seconds=5)
            >>> longer = request.replace("3.0", seconds=8)
            >>> longer.model, longer.prompt, longer.seconds
            ('aigc-video-kling-3.0', 'a paper boat', 8)
        """
        changed = set(fields)
        for name in fields:
            changed |= {"image", "image_tail", *FRAME_LISTS} if name in FRAME_LISTS else {ALIASES.get(name, name)}
        kept = {name: value for name, value in self._values.items() if ALIASES.get(name, name) not in changed}
        # The values that stay are normalised already: text that did not become a path then must not become one here.
        return self.from_given(self._spec if model is None else model, {**kept, **fields}, untrusted=kept)

    @property
    def model(self) -> str:
        """The id of the model, as it is sent."""
        return self._spec.id

    @property
    def spec(self) -> Model:
        """The model; one with all fields if the catalog does not know its name."""
        return self._spec

    @property
    def values(self) -> Mapping[str, JSON]:
        """The values that are set, by field name; a local file is a ``Path``."""
        return MappingProxyType(self._values)

    def get(self, field: str, default: JSON = None) -> JSON:
        """Return the value of a field, or a default if it is not set.

        Args:
            field: the name of the field, no alias.
            default: what to return if it is not set.

        Example:
            >>> kw.VideoRequest("2.6", prompt="a paper boat").get("seconds", 5)
            5
        """
        return self._values.get(field, default)

    def check(self, media: Callable[[VideoRequest], tuple[Problem, ...]]) -> CheckedRequest:
        """Return the problems of the request and of its local files, with its body.

        Args:
            media: a function that returns the problems of the files of a request. It is called each time, as files can
                change; the rest is checked once.

        Returns:
            A ``CheckedRequest`` with ``problems``, ``errors`` and ``body``.

        Example:
            >>> checked = kw.VideoRequest("2.6", prompt="a paper boat").check(lambda request: ())
            >>> checked.problems
            ()
        """
        own = self._once(self._check)
        return CheckedRequest((*own.problems, *media(self)), own.body)

    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with the request, errors first.

        Only a limit of the service's own page makes an error; a limit from another source makes a warning.

        Returns:
            A tuple of ``Problem``: ``severity`` ("error" or "warning"), ``field`` (its name, or None), ``message`` and
            ``hint``.

        Example:
            >>> for problem in kw.VideoRequest("2.6", prompt="a paper boat", seconds=7).problems():
            ...     print(problem.severity, problem.field, "-", problem.message)
            warning seconds - This model is documented for 5 or 10 seconds, not 7 seconds.
        """
        return self._once(self._check).problems

    def _check(self) -> CheckedRequest:
        found = [self._name_problem] if self._name_problem else []
        for name, value in self._values.items():
            if name in FIELDS:
                found += self._spec.field(name).problems(value)
            elif kind := next(unusable_kinds(value), ""):
                found.append(unusable_problem(name, name, kind))
        found += problems_between(self._spec, self._values)
        in_order = sorted(dict.fromkeys(found), key=lambda problem: problem.severity != "error")
        return CheckedRequest(tuple(in_order), to_body(self._spec, self._values))

    def errors(self) -> tuple[Problem, ...]:
        """Return the problems that keep the request from being sent, without the warnings.

        Example:
            >>> kw.VideoRequest("2.6", prompt="a paper boat", seconds=7).errors()
            ()
        """
        return self._once(self._check).errors

    def files(self) -> tuple[Path, ...]:
        """Return the local files in the request, also nested ones, each once.

        They must become links before the request can be sent; a client's ``submit`` uploads them.

        Example:
            >>> kw.VideoRequest("2.6", prompt="the boat sails", image="first.png").files()
            (...Path('first.png'),)
        """
        return tuple(dict.fromkeys(paths_in(self._values)))

    def payload(self, links: Mapping[Path, str] | None = None) -> dict[str, Any]:
        """Return the JSON body of the request, as it is sent.

        Args:
            links: the http(s) link of each local file in the request.

        Raises:
            InvalidRequestError: the request has errors, or a local file has no link.

        Example:
            >>> kw.VideoRequest("2.6", prompt="a paper boat", seconds=5).payload()
            {'model': 'aigc-video-kling-2.6', 'prompt': 'a paper boat', 'seconds': '5'}
        """
        links = links or {}
        errors = list(self.errors())
        for path in self.files():
            if path not in links:
                message = f"The file {shorten(path.name)} has no link yet."
                errors.append(Problem("error", None, message, "Upload it first."))
        if errors:
            raise InvalidRequestError.of(errors)
        return self.body(links.__getitem__)

    def body(self, link: Callable[[Path], JSON]) -> dict[str, Any]:
        """Return the JSON body as far as possible, even if the request has errors.

        Args:
            link: a function that returns what to put in place of a local file.

        Example:
            >>> kw.VideoRequest("2.6", image="first.png").body(str)
            {'model': 'aigc-video-kling-2.6', 'image': 'first.png', 'seconds': '5'}
        """
        body: dict[str, Any] = with_links(self._once(self._check).body, link)
        return body

    def draft(self) -> dict[str, Any]:
        """Return the JSON body to look at, as far as possible even if the request has errors.

        It has ``<upload: first.png>`` in place of a local file, ``sk-…`` in place of what looks like an API key, and
        only the fields that are set. It never raises.

        Example:
            >>> kw.VideoRequest("2.6", image="first.png").draft()
            {'model': 'aigc-video-kling-2.6', 'image': '<upload: first.png>'}
        """
        draft: dict[str, Any] = with_links(self._once(self._draft), Path)
        return draft

    def _draft(self) -> dict[str, Any]:
        draft = _shown(self._once(self._check).body)
        if "seconds" not in self._values:
            del draft["seconds"]
        return draft

    def _own(self) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return the complete body for display, and the fields that are left out of it; see ``left_out``."""
        values, omitted = snippets.without_untrusted_paths(self._spec, self._values)
        return _shown(to_body(self._spec, values) if omitted else self._once(self._check).body), omitted

    def left_out(self) -> str:
        """Return a sentence that names the fields that ``to_magic`` and the like leave out, or "".

        These are paths that came from a body, a file or a journal: in code, they would be taken as paths of the user
        who runs it.

        Example:
            >>> kw.VideoRequest.from_payload({"model": "2.6", "image": "first.png"}).left_out()
            'Left out, as it is not a link: First frame. Add it before you run this.'
        """
        return snippets.omission_note(snippets.without_untrusted_paths(self._spec, self._values)[1])

    def to_magic(self) -> str:
        """Return the ``%kling`` line that submits this request; a ``%%kling`` cell if the prompt does not fit a line.

        Example:
            >>> kw.VideoRequest("2.6", prompt="a paper boat", seconds=5, sound=True).to_magic()
            '%kling --model 2.6 --seconds 5 --sound a paper boat'
        """
        return snippets.magic(self._spec, self._values)

    def to_python(self) -> str:
        """Return the Python code that submits this request.

        Example:
            >>> print(kw.VideoRequest("2.6", prompt="a paper boat", seconds=5).to_python())
            import kling_widgets as kw
            <BLANKLINE>
            job = kw.submit(
                '2.6',
                prompt='a paper boat',
                seconds=5,
            )
        """
        return snippets.python(self._spec, self._values)

    def to_curl(self, base_url: str = snippets.SERVICE) -> str:
        """Return the shell command that submits this request; the API key stays in its environment variable.

        Args:
            base_url: the address of the service.

        Example:
            >>> print(kw.VideoRequest("2.6", prompt="a paper boat", seconds=5).to_curl())
            curl -X POST https://api.crazyrouter.com/v1/video/generations \\
              -H "Authorization: Bearer $CRAZYROUTER_API_KEY" \\
              -H "Content-Type: application/json" \\
              -d '{
              "model": "aigc-video-kling-2.6",
              "prompt": "a paper boat",
              "seconds": "5"
            }'
        """
        body, left = self._own()
        return snippets.curl(body, base_url, left)

    def to_json(self) -> str:
        """Return the body as JSON text, as it is sent.

        Example:
            >>> print(kw.VideoRequest("2.6", prompt="a paper boat", seconds=5).to_json())
            {
              "model": "aigc-video-kling-2.6",
              "prompt": "a paper boat",
              "seconds": "5"
            }
        """
        return to_json(self._own()[0], indent=2)

    def settings(self) -> str:
        """Return the main fields besides the prompt, for a caption.

        Example:
            >>> kw.VideoRequest("2.6", prompt="a paper boat", seconds=5, sound=False).settings()
            '5 s · sound off'
        """
        return self._once(self._settings)

    def _settings(self) -> str:
        return snippets.settings(self._values)

    def _identity(self) -> str:
        # As JSON text, in which True is not 1 and 5 is not 5.0, as in the body.
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
    """Return a copy of a body for display, without keys and with a placeholder for each local file."""
    shown: dict[str, Any] = masked(with_links(body, lambda path: f"<upload: {path.name}>"))
    return shown


def _attribute(name: str) -> property:
    """Return a property that reads a field by one of its names; it returns a copy, as a request is immutable."""
    field = ALIASES.get(name, name)
    about = FIELDS[field].help if field in FIELDS else "As given; None if not set or converted to another field."
    return property(lambda request: with_links(request.get(field), lambda path: path), doc=about)


for _name in ACCEPTED:
    setattr(VideoRequest, _name, _attribute(_name))
