"""The cards at the right."""

from __future__ import annotations

import pytest
from PIL import Image

from kling_widgets.demo.drawing.cards import FOOT, Card, CardSpace, Rail, TextLine
from tests.demo.conftest import Studio

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("size", ["1280x720", "720x1280", "1024x1024", "640x360", "400x100"])
def test_cards_stand_apart(studio: Studio, size: str) -> None:
    """Cards on a page neither overlap nor leave the clip, and every card is on a page."""
    clip = studio.clip(size=size, seconds=4)
    cards = [Card(clip, f"card {number}", [TextLine("words")] * (number % 3)) for number in range(14)]
    rail = Rail(clip, cards)
    assert [card for page in rail.pages for card, _ in page] == cards
    for page in rail.pages:
        boxes = [(x, y, x + CardSpace.of(clip).width, y + card.height) for card, (x, y) in page]
        for number, one in enumerate(boxes):
            assert one[0] >= 0 and one[2] <= clip.width
            assert one[3] <= max(clip.height * FOOT, clip.height * 0.13 + cards[0].height * 3)
            for other in boxes[number + 1 :]:
                assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_each_page_has_its_time(studio: Studio) -> None:
    """Cards that do not fit on one page are shown page by page."""
    clip = studio.clip(size="1024x1024", seconds=4)
    rail = Rail(clip, [Card(clip, f"card {number}", [TextLine("words")] * 3) for number in range(14)])
    seen = []
    for share in range(len(rail.pages)):
        canvas = Image.new("RGB", (1024, 1024))
        rail.draw(canvas, clip.seconds * (share + 0.5) / len(rail.pages))
        seen.append(canvas.tobytes())
    assert len(set(seen)) == len(rail.pages) > 1


def test_a_card_is_as_high_as_its_content(studio: Studio) -> None:
    """Lines and a drawing add to the height; long lines are wrapped, and a drawing is below the text or beside it."""
    clip = studio.clip(size="1280x720")
    height = Card(clip, "title").height
    assert height < Card(clip, "title", [TextLine("a")]).height < Card(clip, "title", [TextLine("a b c " * 20)]).height
    below = Card(clip, "title", [TextLine("a")] * 2, lambda *_: None, 60)
    beside = Card(clip, "title", [TextLine("a")] * 2, lambda *_: None, 60, 0.4)
    assert below.height > beside.height
    assert below.box[0] < beside.box[0] and below.box[1] > beside.box[1]
