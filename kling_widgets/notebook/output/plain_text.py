"""A video's figure as plain text."""

from __future__ import annotations

from kling_widgets.core.text import one_line
from kling_widgets.notebook.output.figure import Presentation, path_inside


def as_text(shown: Presentation) -> str:
    """Return the figure as text, for a terminal, a log, or a front end that shows nothing else."""
    figure, location = shown.figure, shown.location
    prompt = one_line(figure.prompt)
    lines = [prompt] if prompt else []
    lines.append(" · ".join((figure.title, *figure.facts)))
    lines.append(f"task {one_line(figure.task_id, 200)}")
    if figure.clip:
        # A notebook may be shared, so its output does not show the folders above it.
        inside = (
            path_inside(figure.clip.path, location.folder)
            if location.front_end.rich and not location.may_move
            else None
        )
        lines.append(f"file {one_line(inside or figure.clip.path)}")
    if link := figure.link:
        lines.append(f"link {one_line(link)}")
    return "\n".join(lines)
