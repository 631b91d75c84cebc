"""Report on submissions that no kernel works on."""

from __future__ import annotations

from dataclasses import replace

from kling_widgets.notebook.output.unfinished import unfinished
from kling_widgets.storage.submission import Submission


def entry(key: int, prompt: str = "a boat", task_id: str | None = None, service: str = "a") -> Submission:
    return Submission(key, 1_800_000_000.0 + key, service, "m", {"prompt": prompt}, "any", task_id)


def test_nothing_to_say() -> None:
    """Without such submissions there are no lines."""
    assert unfinished((), (), ()) == []


def test_each_kind_says_what_to_do() -> None:
    """An unsent one says how to send it, an unknown one where to look, one watched elsewhere how to watch it here."""
    unsent, unknown, elsewhere = unfinished([entry(7)], [entry(8)], [entry(9, task_id="t9")])
    assert "#7 “a boat”" in unsent
    assert "not billed" in unsent
    assert "%kling_form --from #7" in unsent
    assert "#8" in unknown
    assert "may be billed" in unknown
    assert "web console" in unknown
    assert "%kling_resume ID #8" in unknown
    assert "%kling_forget #8" in unknown
    assert "another kernel: t9" in elsewhere


def test_what_is_gone_says_why() -> None:
    """A task that is gone says why, and how to remove it from the list."""
    (line,) = unfinished((), (), (), [replace(entry(9, task_id="t9"), error="No such task. Again: %kling_resume t9")])
    assert "#9 “a boat”" in line
    assert "No such task. Again: %kling_resume t9" in line
    assert line.endswith("%kling_forget #9")


def test_many_are_cut() -> None:
    """The report has the ten newest unknown submissions, and the number of others."""
    lines = unfinished((), [entry(key) for key in range(1, 26)], [entry(key, task_id=f"t{key}") for key in range(30)])
    assert [line.split("#")[1].split()[0] for line in lines if "web console" in line] == [str(n) for n in range(16, 26)]
    assert "15 older ones" in lines[10]
    assert lines[-1].startswith("30 are watched by another kernel")
    assert lines[-1].count(",") == 9


def test_the_demo_has_no_console() -> None:
    """For the demo the advice names no web console, as nothing is billed."""
    (line,) = unfinished((), [entry(1, service="demo")], ())
    assert "demo" in line
    assert "console" not in line
    assert "%kling_forget #1" in line


def test_a_prompt_is_data() -> None:
    """Line breaks and API keys in a prompt are not printed."""
    key = "sk-" + "Abc123xyz" * 4
    (line, *_) = unfinished([entry(1, f"a\n\x1b[2J boat {key}")], (), ())
    assert "\n" not in line
    assert "\x1b" not in line
    assert key not in line
