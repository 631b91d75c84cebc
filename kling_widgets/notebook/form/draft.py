"""What has been typed into a form so far, also what the present model does not take: a request in the making."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kling_widgets.catalog.all_fields import FIELDS, IMAGES, field_of
from kling_widgets.catalog.fields import Field
from kling_widgets.catalog.link_fields import Link, Links
from kling_widgets.catalog.model_names import is_ambiguous
from kling_widgets.catalog.models import Model
from kling_widgets.catalog.structured_fields import Clips, Elements, Masks, Structured
from kling_widgets.core.json_values import JSON, is_local
from kling_widgets.request.request import VideoRequest


class Draft:
    """The values of a form. Two hands write the same field: that of a model that takes it, and the one under "Not
    documented for this model"; each keeps what it wrote, and what does not show is not sent.

    Args:
        request: what to begin with.

    Attributes:
        model: the present model.
        touched: the fields that the user has changed here.
        left: fields that the request had and the form does not take over: files that came by a door where paths do not
            count, as in a body.
    """

    def __init__(self, request: VideoRequest) -> None:
        self.model: Model = request.spec
        self.touched: set[str] = set()
        self.left: list[Field] = []
        self._open: dict[str, JSON] = {}
        self._other: dict[str, JSON] = {}
        # What the user has not typed here came through a door of its own, where paths were told from text.
        self._foreign = set(request.values)
        for name, value in request.values.items():
            if (field := field_of(name)) and _foreign_path(field, value):
                self.left.append(field)
            else:
                self.take({name: value})

    @property
    def request(self) -> VideoRequest:
        """The present request: what shows, and is set."""
        shown = {name: value for name, value in self._open.items() if name in self.model.by_name}
        other = {name: value for name, value in self._other.items() if name not in self.model.by_name}
        return VideoRequest.from_given(self.model, {**shown, **other}, untrusted=self._foreign)

    def missing(self, request: VideoRequest) -> list[Field]:
        """Return the fields that are left, and were not filled in again in the present request."""
        return [field for field in self.left if field.name not in request.values]

    def get(self, field: Field) -> JSON:
        """What the present model's control of this field shows."""
        value = self._hand(field.name).get(field.name)
        images = self._other.get(IMAGES.name)
        # Of pictures that the service decides about, the first is the first frame in any case.
        if value is None and images and (field.name == "image" or not is_ambiguous(self.model, images)):
            return frames_of(self.model, images).get(field.name)
        return value

    def type(self, field: Field, value: JSON) -> set[str]:
        """Takes what the user has typed: text may be a path now. Gives the names of other fields that it changes: to
        edit one picture of ``images`` is to decide what each of them is."""
        changed: set[str] = set()
        images = self._other.get(IMAGES.name)
        if images and field.name in FRAME_FIELDS:
            del self._other[IMAGES.name]
            for name, picture in frames_of(self.model, images).items():
                kept = self._hand(name).get(name)
                self._hand(name)[name] = [*kept, *picture] if isinstance(kept, list) else picture
                changed.add(name)
                if IMAGES.name in self._foreign:
                    self._foreign.add(name)
        hand, name = self._hand(field.name), field.name
        before, hand[name] = hand.get(name), value
        if field.clean(value, paths=False) != field.clean(before, paths=False):  # shown in another way, it is not typed
            self._foreign.discard(name)
        self.touched.add(name)
        return changed - {name}

    def take(self, values: Mapping[str, JSON]) -> None:
        """Takes values that nobody typed here."""
        for name, value in values.items():
            self._hand(name)[name] = value

    def carry(self, model: Model) -> None:
        """Goes with all that shows now to a model that was offered for what the present one does not take."""
        values = self.request.values
        self.model = model
        self.take(values)

    @property
    def unsent(self) -> Mapping[str, JSON]:
        """What was typed for other models, and is not sent with this one."""
        return {
            name: value
            for name, value in self._open.items()
            if name in FIELDS and name not in self.model.by_name and value is not None and not self._other.get(name)
        }

    def forget(self) -> None:
        """Drops that."""
        for name in self.unsent:
            del self._open[name]

    def _hand(self, name: str) -> dict[str, JSON]:
        return self._open if name in self.model.by_name else self._other


# What the pictures of ``images`` may be.
FRAME_FIELDS = ("image", "image_tail", "image_list")


def frames_of(model: Model, images: list[JSON]) -> dict[str, JSON]:
    """What these pictures are in fields of their own: the first frame, then the last one, or references where the model
    has those alone or there are more."""
    first, *rest = images
    is_last = len(rest) == 1 and ("image_tail" in model.by_name or "image_list" not in model.by_name)
    return {"image": first, **({"image_tail": rest[0]} if is_last else {"image_list": rest})}


def _foreign_path(field: Field, value: JSON) -> bool:
    """Whether a value, of a body for instance, has text where media belong that is no link: in the form it would become
    the user's own path, and be read and uploaded. What can be no path, such as an ftp link, stays, and is said to be
    wrong."""
    if not isinstance(field, (Link, Links, Clips, Masks, Elements)):
        return False
    if isinstance(field, Structured) and isinstance(value, str):  # JSON with a mistake in it, that a letter may mend
        return True
    lines = (line.strip() for text in _media(value) for line in text.splitlines())
    return any(line and is_local(line) for line in lines)


def _media(value: JSON) -> Iterator[str]:
    """Every text of a value that stands for a picture, a clip or a sound."""
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _media(item)
        case dict():
            for key in ("url", "image_url", "mask_url", "element_input_urls"):
                yield from _media(value.get(key))
