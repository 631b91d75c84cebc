"""The walking figure."""

from __future__ import annotations

import numpy as np
import pytest

from kling_widgets.demo.layers.walker import PHASES, Walker

pytestmark = pytest.mark.slow


def test_it_stands_on_its_feet() -> None:
    """In every picture the lowest foot is at the same height; the walk repeats."""
    walker = Walker("walk.mp4", 200)
    lowest = [np.argwhere(np.asarray(piece.mask) > 100)[:, 0].max() for piece in walker.pieces]
    assert len(walker.pieces) == PHASES and max(lowest) - min(lowest) <= 5
    assert walker.at(0.3) is walker.at(1.3)


def test_its_legs_swing() -> None:
    """The figure is widest with both legs apart and narrowest as they pass each other."""
    wide = [np.ptp(np.argwhere(np.asarray(piece.mask)[140:] > 100)[:, 1]) for piece in Walker("a", 200).pieces]
    assert max(wide) > 1.3 * min(wide)
