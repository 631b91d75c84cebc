"""A video's figure as Markdown."""

from __future__ import annotations

import re

from kling_widgets.core.text import one_line
from kling_widgets.notebook.output.figure import Presentation, relative_link


def as_markdown(shown: Presentation) -> str:
    """Return the caption for front ends that render Markdown, such as GitHub; they show the picture beside it."""
    figure, location = shown.figure, shown.location
    lines = [f"*{_markdown(one_line(figure.prompt, 2500))}*"] if figure.prompt else []
    lines.append(" · ".join((f"**{_markdown(figure.title)}**", *map(_markdown, figure.facts))))
    last = [f"task {_markdown(one_line(figure.task_id, 200))}"]
    if figure.clip:
        file = relative_link(figure.clip.path, location.folder)
        name = _markdown(one_line(figure.clip.path.name))
        last.append(f"[{name}]({file})" if file else name)
        if location.may_move:
            last.append(_markdown(one_line(figure.clip.path)))
    if link := figure.link:
        last.append(f"[link](<{link}>)")
    return "  \n".join((*lines, " · ".join(last)))


def _markdown(text: str) -> str:
    # Also escapes the URLs and addresses that a Markdown page would turn into links.
    return re.sub(r"([\\`*_{}\[\]()<>#|!~$&@]|:(?=//)|(?<=www)\.)", r"\\\1", text, flags=re.IGNORECASE)
