"""Checklist of the form for models that are made for one workflow: its inputs in order, and which are set."""

from __future__ import annotations

from kling_widgets.catalog.models import Model
from kling_widgets.catalog.workflows import SCENES, Step
from kling_widgets.notebook.widgets.form_page import Message
from kling_widgets.request.request import VideoRequest


def checklist(request: VideoRequest) -> list[Message]:
    """Return the steps of the model's workflow, with marks for those that are done; empty for a general model."""
    workflow = SCENES.get(request.spec.scene)
    if workflow is None:
        return []
    steps = (_step(step, request) for step in workflow.steps)
    rest = " ".join(filter(None, (workflow.length, workflow.elsewhere)))
    return [Message(workflow.purpose, "kling-guide"), *steps, Message(rest, "kling-guide")]


def checklist_sections(model: Model) -> set[str]:
    """Return the sections that hold fields of the checklist."""
    names = checklist_fields(model)
    return {field.section for field in model.fields if field.name in names and field.section}


def checklist_fields(model: Model) -> set[str]:
    """Return the fields of the checklist; the checklist itself shows which of them are missing."""
    workflow = SCENES.get(model.scene)
    return {name for step in workflow.steps for name in step.fields} if workflow else set()


def _step(step: Step, request: VideoRequest) -> Message:
    done = step.done(request.values)
    mark = "✓ done" if done else "○ needed" if step.need else "○ if you like"
    return Message(step.what, f"kling-guide kling-step{' kling-done' if done else ''}", mark=mark)
