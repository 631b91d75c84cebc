"""Values typed into a form so far, including those that the current model does not take."""

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
    """The values of a form.

    A field has two values: one for the models that are documented to take it, and one for the section "Not documented
    for this model" of the others. Each is kept while another model is selected; only values that are shown are sent.

    Args:
        request: the initial request.

    Attributes:
        model: the current model.
        touched: the fields that the user has changed in the form.
        omitted: fields of the initial request that the form leaves out, because they contain paths from an untrusted
            source, such as a body.
    """

    def __init__(self, request: VideoRequest) -> None:
        self.model: Model = request.spec
        self.touched: set[str] = set()
        self.omitted: list[Field] = []
        self._documented: dict[str, JSON] = {}
        self._undocumented: dict[str, JSON] = {}
        # Values that the user has not typed here: their paths were recognised where the request was made.
        self._untrusted = set(request.values)
        for name, value in request.values.items():
            if (field := field_of(name)) and _has_untrusted_path(field, value):
                self.omitted.append(field)
            else:
                self.set_values({name: value})

    @property
    def request(self) -> VideoRequest:
        """Return the current request: all values that are shown and set."""
        shown = {name: value for name, value in self._documented.items() if name in self.model.by_name}
        other = {name: value for name, value in self._undocumented.items() if name not in self.model.by_name}
        return VideoRequest.from_given(self.model, {**shown, **other}, untrusted=self._untrusted)

    def missing(self, request: VideoRequest) -> list[Field]:
        """Return the omitted fields that are not filled in again in the current request."""
        return [field for field in self.omitted if field.name not in request.values]

    def get(self, field: Field) -> JSON:
        """Return the value that the current model's control of this field shows."""
        value = self._values_for(field.name).get(field.name)
        images = self._undocumented.get(IMAGES.name)
        # If the service decides how it uses the pictures, the first is the first frame in any case.
        if value is None and images and (field.name == "image" or not is_ambiguous(self.model, images)):
            return frames_of(self.model, images).get(field.name)
        return value

    def set_typed(self, field: Field, value: JSON) -> set[str]:
        """Set a value that the user has typed, whose text may be a path.

        Returns:
            The names of other fields that change with it: editing one picture of ``images`` moves all of them to fields
            of their own.
        """
        changed: set[str] = set()
        images = self._undocumented.get(IMAGES.name)
        if images and field.name in FRAME_FIELDS:
            del self._undocumented[IMAGES.name]
            for name, picture in frames_of(self.model, images).items():
                kept = self._values_for(name).get(name)
                self._values_for(name)[name] = [*kept, *picture] if isinstance(kept, list) else picture
                changed.add(name)
                if IMAGES.name in self._untrusted:
                    self._untrusted.add(name)
        values, name = self._values_for(field.name), field.name
        before, values[name] = values.get(name), value
        if field.clean(value, paths=False) != field.clean(before, paths=False):  # if only its notation differs, keep it
            self._untrusted.discard(name)
        self.touched.add(name)
        return changed - {name}

    def set_values(self, values: Mapping[str, JSON]) -> None:
        """Set values that the user has not typed here."""
        for name, value in values.items():
            self._values_for(name)[name] = value

    def switch_model(self, model: Model) -> None:
        """Switch to another model and keep all values that are shown now."""
        values = self.request.values
        self.model = model
        self.set_values(values)

    @property
    def unsent(self) -> Mapping[str, JSON]:
        """Return the values that were typed for other models and are not sent with this one."""
        return {
            name: value
            for name, value in self._documented.items()
            if name in FIELDS
            and name not in self.model.by_name
            and value is not None
            and not self._undocumented.get(name)
        }

    def discard_unsent(self) -> None:
        """Remove the unsent values."""
        for name in self.unsent:
            del self._documented[name]

    def _values_for(self, name: str) -> dict[str, JSON]:
        return self._documented if name in self.model.by_name else self._undocumented


# The fields to which the pictures of ``images`` can be moved.
FRAME_FIELDS = ("image", "image_tail", "image_list")


def frames_of(model: Model, images: list[JSON]) -> dict[str, JSON]:
    """Return these pictures by field: the first frame, then the last frame; or references, if there are more or the
    model takes no last frame."""
    first, *rest = images
    is_last = len(rest) == 1 and ("image_tail" in model.by_name or "image_list" not in model.by_name)
    return {"image": first, **({"image_tail": rest[0]} if is_last else {"image_list": rest})}


def _has_untrusted_path(field: Field, value: JSON) -> bool:
    """Return whether a value of an untrusted source, such as a body, has text that the form would take for a path.

    The form would read that file and upload it. Text that cannot be a path, such as an ftp link, is kept and reported
    as a problem.
    """
    if not isinstance(field, (Link, Links, Clips, Masks, Elements)):
        return False
    if isinstance(field, Structured) and isinstance(value, str):  # invalid JSON, which one edit may make valid
        return True
    lines = (line.strip() for text in _media(value) for line in text.splitlines())
    return any(line and is_local(line) for line in lines)


def _media(value: JSON) -> Iterator[str]:
    """Iterate over all texts of a value that refer to a picture, a clip or a sound."""
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _media(item)
        case dict():
            for key in ("url", "image_url", "mask_url", "element_input_urls"):
                yield from _media(value.get(key))
