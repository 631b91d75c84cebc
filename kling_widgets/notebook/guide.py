"""The form's lead for models made for one kind of work: what is needed, in which order, what is there already."""

from __future__ import annotations

import html

import ipywidgets as widgets

from kling_widgets.core.catalog import Model
from kling_widgets.core.request import VideoRequest
from kling_widgets.core.scenes import SCENES, Scene, Step
from kling_widgets.notebook.controls import Parts


class Guide:
    """A short list of steps, ticked as they are done; empty for a model that is made for everything."""

    def __init__(self, parts: Parts) -> None:
        self.widget = widgets.HTML(layout=parts.plain)
        self.widget.add_class("kling-guide")

    def tell(self, request: VideoRequest) -> None:
        """Shows how far the request is."""
        scene = SCENES.get(request.spec.scene)
        value = _text(scene, request) if scene else ""
        if value != self.widget.value:
            self.widget.value = value


def sections(model: Model) -> set[str]:
    """The sections that the scene of a model leads through."""
    scene = SCENES.get(model.scene)
    names = {name for step in scene.steps for name in step.fields} if scene else set()
    return {field.section for field in model.fields if field.name in names and field.section}


def _text(scene: Scene, request: VideoRequest) -> str:
    steps = "".join(f"<li>{_step(step, request)}</li>" for step in scene.steps)
    rest = " ".join(filter(None, (scene.length, scene.elsewhere)))
    return f"<div>{html.escape(scene.purpose)}</div><ol>{steps}</ol><div>{html.escape(rest)}</div>"


def _step(step: Step, request: VideoRequest) -> str:
    done = any(name in request.values for name in step.fields)
    mark = "✓ done" if done else "○ needed" if step.needed else "○ if you like"
    return f'<span class="{"kling-done" if done else "kling-dim"}">{mark}</span> {html.escape(step.what)}'
