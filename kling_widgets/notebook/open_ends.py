"""What became of wishes that no kernel works on any more, in lines, with what to do about each."""

from __future__ import annotations

import time
from collections.abc import Sequence

from kling_widgets.core.values import shorten
from kling_widgets.jobs.entry import Entry

_MOST = 10  # lines of a kind; the table has the rest


def open_ends(unsent: Sequence[Entry], unknown: Sequence[Entry], elsewhere: Sequence[Entry]) -> list[str]:
    """The lines, oldest first.

    Args:
        unsent: nothing was sent.
        unknown: sent, and nobody knows whether they were accepted.
        elsewhere: another kernel watches them.
    """
    lines = [f"Not sent, not billed: {_name(entry)}. To send it: %kling_form --from #{entry.key}" for entry in unsent]
    lines += [
        f"Sent, answer unknown, may be billed: {_name(entry)}. Look into the service's web console; if it is there: "
        "%kling_resume and its id."
        for entry in unknown[-_MOST:]
    ]
    if len(unknown) > _MOST:
        lines.append(f"{len(unknown) - _MOST} older ones too: kw.history(status='unknown').")
    if unknown:
        lines.append("When they are settled: kw.history(status='unknown').forget() takes them off this list.")
    if elsewhere:
        ids = ", ".join(entry.task_id or f"#{entry.key}" for entry in elsewhere[:_MOST])
        count = "One is" if len(elsewhere) == 1 else f"{len(elsewhere)} are"
        lines.append(f"{count} watched by another kernel: {ids}. To watch one here too: %kling_resume and its id.")
    return lines


def _name(entry: Entry) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.created))
    return f"#{entry.key} {shorten(str(entry.body.get('prompt', '')), 50)}, {when}"
