"""How IPython asks for what Tab offers. ``%load_ext`` loads this module, and each Tab asks it, in any line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

Names = Callable[[], Sequence[str]]


def matcher(ids: Names, presets: Names, default: Callable[[], str]) -> Any:
    """What ``shell.Completer.custom_matchers`` takes. A hook for a command would know neither ``x = %kling`` nor where
    a word such as 16:9 begins, and its words would stand among Python's own."""

    @context_matcher(identifier="kling_widgets")  # type: ignore[untyped-decorator,unused-ignore]
    def kling(context: CompletionContext) -> SimpleMatcherResult:
        if "%kling" not in context.text_until_cursor:
            return {"completions": []}
        from kling_widgets.notebook.magics.completion import complete  # the catalog, only for a line of ours

        word, found = complete(context.text_until_cursor, ids, presets, default())
        completions = [SimpleCompletion(text=each, type="magic") for each in found]
        return {"completions": completions, "matched_fragment": word, "suppress": True, "ordered": True}

    return kling
