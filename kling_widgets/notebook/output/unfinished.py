"""Report on submissions that no kernel works on any more, with the next step for each."""

from __future__ import annotations

import time
from collections.abc import Sequence

from kling_widgets.core.json_values import shorten
from kling_widgets.core.text import one_line
from kling_widgets.storage.submission import Submission, after_lost_answer

_MOST = 10  # lines of each kind; the history table shows the rest


def unfinished(
    unsent: Sequence[Submission],
    unknown: Sequence[Submission],
    elsewhere: Sequence[Submission],
    gone: Sequence[Submission] = (),
) -> list[str]:
    """Return the lines of the report, oldest submission first.

    Args:
        unsent: Submissions that were never sent.
        unknown: Submissions that were sent without an answer, so they may have been accepted.
        elsewhere: Submissions that another kernel watches.
        gone: Submissions whose task or video the service no longer has.
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
    where = "" if entry.demo else "Check the service's web console. "
    return where + after_lost_answer(entry.key, demo=entry.demo)


def _name(entry: Submission) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.created))
    return f"#{entry.key} {shorten(str(entry.body.get('prompt', '')), 50)}, {when}"
