"""Completion matcher for IPython. ``%load_ext`` imports this module, and each Tab in any line calls it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

Names = Callable[[], Sequence[str]]


def matcher(ids: Names, presets: Names, default: Callable[[], str]) -> Any:
    """Return a matcher for ``shell.Completer.custom_matchers``.

    IPython's command hooks are not enough: they do not handle ``x = %kling`` or words such as 16:9, and their
    completions are mixed with Python's own.
    """

    @context_matcher(identifier="kling_widgets")  # type: ignore[untyped-decorator,unused-ignore]
    def kling(context: CompletionContext) -> SimpleMatcherResult:
        if "%kling" not in context.text_until_cursor:
            return {"completions": []}
        from kling_widgets.notebook.magics.completion import complete  # it imports the catalog

        word, found = complete(context.text_until_cursor, ids, presets, default())
        completions = [SimpleCompletion(text=each, type="magic") for each in found]
        return {"completions": completions, "matched_fragment": word, "suppress": True, "ordered": True}

    return kling
