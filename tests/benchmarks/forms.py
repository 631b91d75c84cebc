"""Forms without a front end: the cost of opening one, of switching the model, and of a key press.

Every comm is counted at the place where ipykernel installs its own: models (with Layout and Style), the bytes of their
state as JSON, and messages; ours include its style sheets and modules. All forms are built in one process, in turns.
The tables show medians of the CPU time, which does not grow when others use the machine, and ratios to plain
ipywidgets. The others show the same fields, one control each; structured fields are a text box to them.

A switch goes from 3.0 to 2.6 or back: in ours by a click on its picker; the others have no switch, so they close their
widgets and make new ones. Typing arrives as a page's message, with ipywidgets' echo, which is not counted.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets as widgets
from ipywidgets.widgets.widget import _instances as alive

from kling_widgets.catalog.models import MODELS, models
from kling_widgets.request.request import VideoRequest
from tests.benchmarks import peers
from tests.benchmarks.clients import KEY
from tests.benchmarks.same_fields import auto, plain, schema, shared
from tests.benchmarks.table import Table, reach
from tests.notebook.comms import Comms, counted, tell

PEERS = ("ipyautoui",)
OURS, PLAIN = "kw.Form", "plain ipywidgets, a control a field"
SIZES = {True: (5, 2, 100), False: (40, 10, 1000)}  # by quick: rounds, rounds of slow forms, switches
LINK = "https://example.com/a.png"


class Ours:
    """The form of kling_widgets."""

    def __init__(self, model: str) -> None:
        from kling_widgets.notebook.form.form import Form

        self.form = Form.from_request(VideoRequest(model, prompt="a boat"), _session())
        self.form.open()  # its controls are built when it is first shown
        self.widget = self.form

    def switch(self, model: str) -> None:
        """Switch to another model with the picker."""
        picker = self.box("Model")
        tell(picker, index=[value for _, value in picker.options].index(f"aigc-video-kling-{model}"))

    def box(self, label: str) -> Any:
        """Return the widget with this label."""
        from kling_widgets.notebook.widgets.factory import within

        return next(each for each in within(self.widget) if getattr(each, "description", "") == label)

    def unfold(self) -> None:
        """Open every section of fields."""
        from kling_widgets.notebook.widgets.factory import within

        for title in [each for each in within(self.widget) if "kling-section" in getattr(each, "_dom_classes", ())]:
            if "Presets" not in title.description and title.description.startswith("▸"):
                title.click()


class Other:
    """A form that is built again for another model."""

    def __init__(self, make: Callable[[str], Any], model: str) -> None:
        self._make = make
        self._form = make(model)
        self.widget = widgets.VBox([self._form])

    def switch(self, model: str) -> None:
        """Replace the form by one for the other model."""
        old, self._form = self._form, self._make(model)
        self.widget.children = [self._form]
        _close(old)


def _interactive(model: str) -> Any:
    """Return the widgets that ipywidgets makes from a function's arguments."""
    given = {
        name: spec["enum"]
        if "enum" in spec
        else (spec["minimum"], spec["maximum"])
        if spec["type"] == "integer"
        else spec["default"]
        for name, spec in schema(model)["properties"].items()
    }
    return widgets.interactive(lambda **_: None, **given)


FORMS: dict[str, Callable[[str], Any]] = {
    PLAIN: lambda model: Other(plain, model),
    OURS: Ours,
    "the same with one Layout and a Style a class": lambda model: Other(shared, model),
    "ipywidgets.interactive": lambda model: Other(_interactive, model),
    "ipyautoui": lambda model: Other(auto, model),
}


def _close(widget: Any) -> None:
    for child in getattr(widget, "children", ()):
        _close(child)
    for part in ("layout", "style"):
        if isinstance(owned := getattr(widget, part, None), widgets.Widget):
            owned.close()
    widget.close()


@dataclass
class Cost:
    """The cost of an action."""

    ms: list[float]
    models: int = 0
    kib: float = 0.0
    messages: int = 0

    @property
    def median(self) -> float:
        """Return the median in milliseconds."""
        return statistics.median(self.ms)


def _measured(comms: Comms, work: Callable[[], Any], cost: Cost) -> Any:
    gc.collect()
    comms.clear()
    began = time.process_time()
    made = work()
    cost.ms.append(1e3 * (time.process_time() - began))
    cost.models, cost.kib, cost.messages = len(comms.opened), comms.size / 1024, len(comms.sent)
    return made


def _session() -> Any:
    from kling_widgets.notebook.kernel.session import Session

    if not _sessions:
        home = {"KLING_WIDGETS_HOME": tempfile.mkdtemp(), "CRAZYROUTER_API_KEY": KEY}
        _sessions.append(Session(None, home))
    return _sessions[0]


_sessions: list[Any] = []


def measure(quick: bool = False) -> Iterable[Table]:
    """Return the tables, measured in the environment of ipyautoui if that is installed."""
    python = peers.python("ipyautoui")
    command = [python or sys.executable, "-m", "tests.benchmarks.forms", *(["quick"] if quick else [])]
    with tempfile.TemporaryDirectory() as folder:
        environ = os.environ | {"HOME": folder, "IPYTHONDIR": folder}
        done = subprocess.run(command, cwd=Path(__file__).parents[2], env=environ, stdout=subprocess.PIPE, check=True)
    tables = json.loads(done.stdout.splitlines()[-1])
    return [Table(each["title"], tuple(each["head"]), each["rows"], tuple(each["notes"])) for each in tables]


def _tables(quick: bool) -> Iterable[Table]:
    rounds, slow, switches = SIZES[quick]
    forms = dict(FORMS)
    if peers.python("ipyautoui") is None:
        del forms["ipyautoui"]
    with counted() as comms:
        for make in forms.values():  # load what is imported on first use
            make("3.0")
        for model in ("3.0", "2.6"):
            yield _opening(comms, forms, model, rounds, slow)
        yield _all_models(comms, rounds)
        yield _unfolded(comms)
        yield _switching(comms, forms, rounds, slow, switches)
        yield _typing(comms, rounds)


def _opening(comms: Comms, forms: dict[str, Callable[[str], Any]], model: str, rounds: int, slow: int) -> Table:
    costs = {name: Cost([]) for name in forms}
    for turn in range(rounds):
        for name, make in forms.items():
            if turn < slow or name != "ipyautoui":
                widgets.Widget.close_all()
                _measured(comms, partial(make, model), costs[name])
    base = costs[PLAIN].median
    rows = [
        (name, cost.models, cost.kib, cost.messages, cost.median, cost.median / base) for name, cost in costs.items()
    ]
    ours, notes = costs[OURS], ()
    if model == "3.0":
        notes = (
            reach("models", ours.models, 40),
            reach("bytes", ours.kib, 25, " KiB"),
            reach("time to plain ipywidgets", ours.median / base, 1.0),
        )
    fields = len(schema(model)["properties"])
    head = ("form", "models", "KiB sent", "messages after that", "ms", "to plain")
    return Table(f"A form of {model} as it opens, {fields} controls", head, rows, notes)


def _all_models(comms: Comms, rounds: int) -> Table:
    rows = []
    for model in models():
        ours, other = Cost([]), Cost([])
        for _ in range(max(2, rounds // 4)):
            for name, cost in ((OURS, ours), (PLAIN, other)):
                widgets.Widget.close_all()
                _measured(comms, partial(FORMS[name], model.name), cost)
        rows.append((model.name, ours.models, ours.kib, other.models, other.kib, ours.median / other.median))
    head = ("model", "ours: models", "KiB", "plain: models", "KiB", "time to plain")
    note = "Motion control, avatar and lip sync open with the sections of their checklist open."
    return Table("Every model's form as it opens", head, rows, (note,))


def _unfolded(comms: Comms) -> Table:
    rows, worst = [], (0.0, 0.0)
    for model in models():
        widgets.Widget.close_all()
        comms.clear()
        form = Ours(model.name)
        form.unfold()
        fields = len(form.form.controls)
        a_field = len(comms.opened) / fields, sum(comms.opened) / 1024 / fields
        worst = max(worst[0], a_field[0]), max(worst[1], a_field[1])
        opened = sum(comms.opened) / 1024
        rows.append((model.name, fields, len(comms.opened), opened, *a_field, comms.size / 1024 / fields))
    head = ("model", "fields", "models", "KiB of open state", "models a field", "KiB a field", "with updates")
    notes = (reach("models a field, at most", worst[0], 4), reach("KiB a field, at most", worst[1], 2.2))
    return Table("Ours with all sections open", head, rows, notes)


def _switching(comms: Comms, forms: dict[str, Callable[[str], Any]], rounds: int, slow: int, switches: int) -> Table:
    widgets.Widget.close_all()
    costs = {name: Cost([]) for name in forms}
    made = {name: make("3.0") for name, make in forms.items()}
    for turn in range(rounds):
        model = "3.0" if turn % 2 else "2.6"
        for name, form in made.items():
            if turn < slow or name != "ipyautoui":
                _measured(comms, partial(form.switch, model), costs[name])
    base = costs[PLAIN].median
    grown = {name: _grown(comms, make, switches if name == OURS else min(switches, 20)) for name, make in forms.items()}
    rows = [
        (
            name,
            cost.median,
            cost.median / base,
            cost.models,
            cost.kib,
            cost.messages,
            f"{grown[name][1]} → {grown[name][2]} after {grown[name][0]}",
            f"{grown[name][3]:+,}",
        )
        for name, cost in costs.items()
    ]
    head = ("form", "ms", "to plain", "models opened", "KiB", "messages", "live models", "additional Python objects")
    both, kept = _kept()
    ours = grown[OURS]
    notes = (
        reach("time to plain ipywidgets", costs[OURS].median / base, 0.35),
        reach(f"additional live models after {ours[0]} switches", ours[2] - ours[1], 0),
        f"controls that 3.0 and 2.6 both have: {both}, of which the same widget is kept: {kept}",
    )
    return Table("Switching between 3.0 and 2.6", head, rows, notes)


def _grown(comms: Comms, make: Callable[[str], Any], switches: int) -> tuple[int, int, int, int]:
    """Return the number of switches, the live models after two of them and after all, and the growth in Python
    objects."""
    widgets.Widget.close_all()
    form = make("3.0")
    counts = []
    for turn in range(switches):
        form.switch("3.0" if turn % 2 else "2.6")
        comms.clear()
        if turn in (1, switches - 1):
            gc.collect()
            counts.append((len(alive), len(gc.get_objects())))
    (models_before, objects_before), (models_after, objects_after) = counts
    return switches, models_before, models_after, objects_after - objects_before


def _kept() -> tuple[int, int]:
    form = Ours("3.0")
    form.unfold()
    before = {name: control.widget for name, control in form.form.controls.items()}
    form.switch("2.6")
    new, old = (MODELS[f"aigc-video-kling-{name}"] for name in ("2.6", "3.0"))
    both = [each.name for each in new.fields if each.name in old.by_name]
    return len(both), sum(form.form.controls[name].widget is before[name] for name in both)


def _typing(comms: Comms, rounds: int) -> Table:
    widgets.Widget.close_all()
    form = Ours("3.0")
    form.unfold()
    prompt, first = form.box("Prompt"), form.box("First frame")
    cases: dict[str, tuple[Any, str, tuple[Any, ...]]] = {
        "the prompt, letter by letter": (prompt, "value", ("a b", "a bo", "a boa", "a boat")),
        "the prompt emptied and typed again: an error comes and goes": (prompt, "value", ("", "a")),
        "a slider, dragged": (form.box("seconds"), "value", tuple(range(5, 15))),
        "a pill": (form.box("Sound"), "index", (1, 2, 0)),
        "an incomplete link, letter by letter": (first, "value", ("ftp://e", "ftp://ex", "ftp://exa")),
        "a link that is wrong, then right": (first, "value", ("ftp://example.com/a.png", LINK)),
    }
    tell(form.box("Seconds"), index=1)
    rows, worst = [], 0.0
    for name, (box, trait, values) in cases.items():
        ms, messages = [], []
        for value in values * max(2, rounds // 4):
            comms.clear()
            began = time.process_time()
            tell(box, **{trait: value})
            ms.append(1e3 * (time.process_time() - began))
            messages.append(len(comms.sent))
        tell(first, value="")
        tell(prompt, value="a boat")
        worst = max(worst, statistics.median(ms))
        rows.append((name, statistics.median(ms), max(ms), statistics.median(messages), max(messages)))
    head = ("what changes", "ms, median", "ms, longest", "messages beside the echo, median", "most")
    typed = rows[0]
    notes = (
        reach("typing, slowest median", worst, 2, " ms"),
        reach("messages, the prompt letter by letter", typed[4], 2),
        reach("messages, the prompt emptied and typed again", rows[1][4], 2),
        "One message carries problems, status and code; the button, a picture and a section's title are models of "
        "their own and send their own messages.",
    )
    return Table("Typing into ours, 3.0 with all sections open", head, rows, notes)


if __name__ == "__main__":
    found = [vars(table) for table in _tables("quick" in sys.argv)]
    sys.stdout.write(json.dumps(found) + "\n")
