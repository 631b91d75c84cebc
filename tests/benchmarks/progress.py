"""Kinds of progress that a service may report: true, none, or false."""

from __future__ import annotations

from collections.abc import Callable

# Each takes the elapsed share of the task's time, below 1, and the task's number; it returns per cent, or None.
_Tells = Callable[[float, int], int | None]


def _stages(share: float, number: int) -> int:
    """Report the gateway's marks for submitted, queued and in progress (API.md, section 4)."""
    return 10 if share < 0.02 else 20 if share < 0.1 else 30


def _stall(share: float, number: int) -> int:
    """Stop at 55 % for half of the time, reached too early and left for a quick end."""
    if share < 0.35:
        return int(share / 0.35 * 55)
    return 55 if share < 0.85 else int(55 + (share - 0.85) / 0.15 * 45)


def _lie(share: float, number: int) -> int:
    """Report one of three false values: 90 to 99 % at once and no more; twice too fast, then 99 %; a third of the true
    pace."""
    return (
        min(99, 90 + int(share * 100)),
        min(99, int(share * 200)),
        int(share * 33),
    )[number % 3]


PROGRESS: dict[str, _Tells] = {
    "1": lambda share, number: int(share * 100),
    "10": lambda share, number: int(share * 10) * 10,
    "none": lambda share, number: None,
    "stages": _stages,
    "stall": _stall,
    "lie": _lie,
}
"""How it is told, by the word in the prompt: in steps of 1 % or 10 %, not at all, as marks, standing still, falsely."""
