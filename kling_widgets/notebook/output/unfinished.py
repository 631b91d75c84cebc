"""What became of wishes that no kernel works on any more, in lines, with what to do about each."""

from __future__ import annotations

import time
from collections.abc import Sequence

from kling_widgets.core.json_values import shorten
from kling_widgets.core.text import one_line
from kling_widgets.storage.submission import Submission

_MOST = 10  # lines of a kind; the table has the rest


def unfinished(
    unsent: Sequence[Submission],
    unknown: Sequence[Submission],
    elsewhere: Sequence[Submission],
    gone: Sequence[Submission] = (),
) -> list[str]:
    """The lines, oldest first.

    Args:
        unsent: nothing was sent.
        unknown: sent, and nobody knows whether they were accepted.
        elsewhere: another kernel watches them.
        gone: the service has no such task any more, or not its video.
    """
    lines = [
        f"Not sent, not billed: {_name(entry)}. Run its cell again; its form: %kling_form --from #{entry.key}"
        for entry in unsent[-_MOST:]
    ]
    lines += [
        f"Sent, answer unknown, {'demo' if entry.demo else 'may be billed'}: {_name(entry)}. {_advice(entry)}"
        for entry in unknown[-_MOST:]
    ]
    if len(unknown) > _MOST:
        lines.append(f"{len(unknown) - _MOST} older ones too: kw.history(status='unknown').")
    lines += [
        f"Gone: {_name(entry)}: {one_line(entry.error or '', 300)} To take it off this list: %kling_forget #{entry.key}"
        for entry in gone[-_MOST:]
    ]
    if elsewhere:
        ids = ", ".join(entry.task_id or f"#{entry.key}" for entry in elsewhere[:_MOST])
        count = "One is" if len(elsewhere) == 1 else f"{len(elsewhere)} are"
        lines.append(f"{count} watched by another kernel: {ids}. To watch one here too: %kling_resume and its id.")
    return lines


def _advice(entry: Submission) -> str:
    forget = f"%kling_forget #{entry.key}"
    if entry.demo:
        return f"Nothing is billed: {forget}"
    return f"Look into the service's web console. It is there: %kling_resume ID #{entry.key}. It is not: {forget}"


def _name(entry: Submission) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.created))
    return f"#{entry.key} {shorten(str(entry.body.get('prompt', '')), 50)}, {when}"
