"""The form's lead for models made for one kind of work: what is needed, in which order, what is there already."""

from __future__ import annotations

from kling_widgets.catalog.models import Model
from kling_widgets.catalog.workflows import SCENES, Step
from kling_widgets.notebook.widgets.form_page import Message
from kling_widgets.request.request import VideoRequest


def checklist(request: VideoRequest) -> list[Message]:
    """The steps, ticked as they are done; none for a model that is made for everything."""
    scene = SCENES.get(request.spec.scene)
    if scene is None:
        return []
    steps = (_step(step, request) for step in scene.steps)
    rest = " ".join(filter(None, (scene.length, scene.elsewhere)))
    return [Message(scene.purpose, "kling-guide"), *steps, Message(rest, "kling-guide")]


def sections(model: Model) -> set[str]:
    """The sections that the scene of a model leads through."""
    names = told(model)
    return {field.section for field in model.fields if field.name in names and field.section}


def told(model: Model) -> set[str]:
    """The fields of which the lead says that they are missing: it need not be said once more."""
    scene = SCENES.get(model.scene)
    return {name for step in scene.steps for name in step.fields} if scene else set()


def _step(step: Step, request: VideoRequest) -> Message:
    done = step.done(request.values)
    mark = "✓ done" if done else "○ needed" if step.needed else "○ if you like"
    return Message(step.what, f"kling-guide kling-step{' kling-done' if done else ''}", mark=mark)
