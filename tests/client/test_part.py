"""A file in the making."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from kling_widgets.client.part import Part


def test_a_part_can_be_discarded_while_it_is_written(tmp_path: Path) -> None:
    """A cancelled wait leaves its last write running in a thread: it writes nowhere."""
    part = Part(tmp_path / "a.mp4")
    part.begin()
    writer = threading.Thread(target=lambda: [part.write(b"x" * 1000) for _ in range(200)])
    writer.start()
    part.discard()
    writer.join(20)
    part.discard()
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []


@pytest.mark.skipif(not hasattr(os, "link"), reason="no links here")
def test_a_whole_part_takes_its_name(tmp_path: Path) -> None:
    """And nothing else is left."""
    part = Part(tmp_path / "a.mp4")
    part.begin()
    part.write(b"abc")
    part.restart()
    part.write(b"de")
    assert part.finish().read_bytes() == b"de"
    part.discard()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.mp4"]
