"""A form keeps nothing that looks like a key: what its widgets hold is saved with the notebook."""

from __future__ import annotations

import ipywidgets as widgets
import pytest

from kling_widgets.catalog.models import MODELS
from kling_widgets.errors import InvalidRequestError
from kling_widgets.notebook.form.form import Form
from kling_widgets.notebook.kernel.session import Session
from kling_widgets.notebook.widgets.factory import within
from kling_widgets.request.request import VideoRequest
from tests.notebook.conftest import KEY

SOME = ("2.6", "3.0", "o1")  # each shows every field, as its own or as one of others


def states(form: Form) -> str:
    """All that a notebook would keep of the form: the state of each of its widgets."""
    found: dict[int, widgets.Widget] = {}
    waiting: list[object] = [form.widget]
    while waiting:
        one = waiting.pop()
        if isinstance(one, (tuple, list)):
            waiting += one
        elif isinstance(one, widgets.Widget) and id(one) not in found:
            found[id(one)] = one
            waiting += one.trait_values().values()
    return repr([one.get_state() for one in found.values()])


@pytest.mark.parametrize("model", SOME)
def test_no_widget_keeps_a_key(session: Session, model: str) -> None:
    """Typed into any box, it is taken out at once; so it is where a request brings it along. What stands in its place
    is an error, so that nothing is sent with the hole."""
    typed = Form.from_request(VideoRequest(model), session)
    typed.open()
    for section in typed._sections.values():
        section.open(True)
    boxes = [box for box in within(typed.widget) if isinstance(box, (widgets.Text, widgets.Textarea))]
    assert boxes
    for box in boxes:
        box.value = f"see {KEY}"
    names = [field.name for field in (*MODELS[typed.request.model].fields, *MODELS[typed.request.model].others)]
    brought = Form.from_request(VideoRequest(model, **dict.fromkeys(names, KEY)), session)
    brought.open()
    for section in brought._sections.values():
        section.open(True)
    for form in (typed, brought):
        assert KEY not in states(form) and KEY not in repr(form)
        assert KEY not in form.request.to_json()
        assert form._button._button.disabled
        with pytest.raises(InvalidRequestError, match="replaced by sk-…") as raised:
            form.submit()
        assert KEY not in str(raised.value)
    assert session.journal.entries() == ()


def test_a_key_in_place_of_a_model_is_not_kept(session: Session) -> None:
    """The list of models shows what was asked for, but not that."""
    assert KEY not in states(Form.from_request(VideoRequest(KEY), session))
