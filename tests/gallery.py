"""The README's gallery: ``python -m tests.gallery`` draws it again.

For each model one frame of the demo's clip, for a request that sets every field that the model's form shows openly. The
input pictures are those of the second notebook.
"""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from PIL import Image

from kling_widgets.demo.drawing.animation import UPLOADS_PATH, Animation
from kling_widgets.demo.picture import Painter
from kling_widgets.demo.store import Store
from kling_widgets.request.request import VideoRequest
from tests.conftest import ROOT
from tests.test_without_browser import EVERY_MODEL

GALLERY = ROOT / "notebooks" / "images" / "every_model.jpg"
FIELDS = json.loads((ROOT / "tests" / "wire" / "fields.json").read_text(encoding="utf-8"))["models"]
ACROSS, WIDTH, HEIGHT, GAP = 3, 480, 270, 4  # clips in a row; sizes in pixels
MOMENT = 2.7  # seconds: the camera has moved, the second shot runs, the last frame begins to show, the mouth is open
# One for each model with a camera; these models come first.
CAMERAS: list[dict[str, Any]] = [
    {"type": "simple", "config": {"zoom": -5}},
    {"type": "simple", "config": {"pan": 5}},
    {"type": "forward_up"},
    {"type": "simple", "config": {"horizontal": -6}},
    {"type": "left_turn_forward"},
    {"type": "simple", "config": {"tilt": 4}},
    {"type": "down_back"},
    {"type": "simple", "config": {"roll": 4}},
]


def made() -> dict[str, Any]:
    """Run the cells of the notebook that draw its pictures; return their variables by name."""
    cells = {cell.id: cell.source for cell in nbformat.read(EVERY_MODEL, 4).cells}
    names: dict[str, Any] = {}
    for cell in ("boats", "face", "mc30-mask"):
        exec(cells[cell], names)
    return names


def values(links: dict[str, str], path: list[dict[str, int]], model: str, number: int) -> dict[str, Any]:
    """Return a value for every field."""
    return {
        "prompt": "the boat of <<<image_1>>> meets <<<element_1>>>" if model.endswith("o1") else "a boat on the lake",
        "seconds": 5,
        "size": "1280x720",
        "aspect_ratio": "16:9",
        "resolution": "720P",
        "sound": model.endswith("3.0"),
        "image": links["face" if model.endswith(("avatar", "identifyface")) else "morning"],
        "image_tail": links["evening"],
        "image_list": [links["evening"], links["face"]],
        "multi_shots": True,
        "shot_type": "customize",
        "multi_prompt": [
            {"index": 1, "prompt": "a paper boat, seen from far away", "duration": "2"},
            {"index": 2, "prompt": "close: <<<element_1>>> is on board", "duration": "3"},
        ],
        "kling_elements": [{"element_id": "101"}],
        "camera_control": CAMERAS[number % len(CAMERAS)],
        "dynamic_masks": [{"mask_url": links["mask"], "trajectories": path}],
        "video_list": [{"url": "https://example.com/walk.mp4", "refer_type": "feature", "keep_original_sound": "yes"}],
        "voice_list": [{"url": "https://example.com/voice.wav"}],
        "session_id": "SESSION_ID",
        "face_choose": "FACE_ID",
    }


def gallery(folder: Path) -> Image.Image:
    """Draw the whole gallery; ``folder`` receives the uploads."""
    store, names, links = Store(folder), made(), {}
    for name in ("morning", "evening", "face", "mask"):
        buffer = io.BytesIO()
        names[name].save(buffer, "PNG")
        links[name] = f"http://127.0.0.1{UPLOADS_PATH}{store.save_upload(buffer.getvalue(), '.png')}"
    rows = -(-len(FIELDS) // ACROSS)
    sheet = Image.new("RGB", (ACROSS * (WIDTH + GAP) - GAP, rows * (HEIGHT + GAP) - GAP), "white")
    for number, (model, fields) in enumerate(FIELDS.items()):
        given = values(links, names["path"], model, number)
        request = VideoRequest(model, **{field: given[field] for field in fields})
        frame = Painter(Animation.of(request, store.uploads)).frame(MOMENT)
        frame = frame.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        sheet.paste(frame, (number % ACROSS * (WIDTH + GAP), number // ACROSS * (HEIGHT + GAP)))
    return sheet


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        gallery(Path(scratch)).save(GALLERY, quality=82, optimize=True)
