"""One picture of a saved video, exactly: the last one as the next first frame."""

from __future__ import annotations

import hashlib
import io
import operator
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, SupportsIndex

from kling_widgets.core.text import one_line
from kling_widgets.errors import KlingError
from kling_widgets.files.atomic_file import AtomicFile
from kling_widgets.media import probe

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from PIL.Image import Image


_HD = 720  # lines; above them a video that does not say its colours has those of HD


def frame(path: Path, index: SupportsIndex) -> Path:
    """The n-th picture of a video as a PNG beside it, such as ``boat_3f9a1c_frame-12.png`` or
    ``boat_3f9a1c_frame-last.png``: another video in the same place has frames of other names.

    Args:
        path: the video.
        index: from 0, or from the end: -1 is the last one.

    Raises:
        KlingError: there is no such video or no such picture, it cannot be read or written, or PyAV is not installed.
    """
    try:
        number = operator.index(index)
    except TypeError:
        raise KlingError(f"A frame is a whole number, -1 for the last one, not {one_line(repr(index), 60)}.") from None
    if not path.is_file():
        raise KlingError(f"The video {path} is not there any more.")
    beside = _beside(path)
    if number == -1 and (last := beside("last")).is_file():
        return last
    try:
        import av
        import PIL.Image  # noqa: F401 - image_of makes one
    except ImportError as missing:
        raise KlingError(
            f'A frame of a video needs more packages ({missing.name}): pip install "kling_widgets[video]".'
        ) from None
    try:
        with path.open("rb") as file, av.open(_clip(file), mode="r") as container:
            times = _times(container)
            if not -len(times) <= number < len(times):
                raise KlingError(
                    f"{path.name} has {len(times)} frames: from 0 to {len(times) - 1}, or -1 for the last one to "
                    f"-{len(times)} for the first, not {number}."
                )
            place = beside("last" if number == -1 else str(number % len(times)))
            if not place.is_file():
                _write(_picture(_decoded(container, times[number])), place)
            return place
    except KlingError:
        raise
    except Exception as error:  # noqa: BLE001 - what a decoder finds in a broken file comes in many kinds
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise KlingError(f"No frame can be had of {path.name} ({one_line(why, 100)}).") from None


def _clip(file: BinaryIO) -> BinaryIO:
    """The file, if it is a clip: a decoder that is asked about a playlist would follow it to other files."""
    if probe.format_of(probe.kind_of(file.read(probe.ENOUGH))) != "clip":
        raise ValueError("no clip")
    file.seek(0)
    return file


def _beside(path: Path) -> Callable[[str], Path]:
    """Where the pictures of this very video go: what is there is neither the user's nor of a video before it."""
    try:
        stamp = path.stat()
    except OSError:
        raise KlingError(f"The video {path} is not there any more.") from None
    video = hashlib.sha256(f"{stamp.st_size} {stamp.st_mtime_ns}".encode()).hexdigest()[:6]
    return lambda which: path.with_name(f"{path.stem}_{video}_frame-{which}.png")


def _times(container: InputContainer) -> list[int]:
    """When each picture shows, in the stream's units and in their order. No picture is decoded for it."""
    packets = container.demux(container.streams.video[0])
    return sorted(packet.pts for packet in packets if packet.pts is not None and not packet.is_discard)


def _decoded(container: InputContainer, time: int) -> VideoFrame:
    """The picture of this time."""
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    # Back to the picture that stands by itself, from which this one can be drawn; if that is not far enough, as in
    # files cut by others, to the beginning.
    for start in (time, 0):
        container.seek(start, stream=stream, backward=True)
        for found in container.decode(stream):
            if found.pts == time:
                return found
            if found.pts is not None and found.pts > time:
                break
    raise EOFError("the video is not whole")


def _picture(found: VideoFrame) -> bytes:
    # Most videos do not say how their colours were made; then the number of lines tells, as for players.
    unsaid = int(found.colorspace) == 2
    options: dict[str, Any] = {"src_colorspace": "ITU709" if found.height >= _HD else "ITU601"} if unsaid else {}
    buffer = io.BytesIO()
    image_of(found, **options).save(buffer, "PNG")
    return buffer.getvalue()


def _write(content: bytes, place: Path) -> None:
    part = AtomicFile(place, overwrite=True)
    try:
        part.begin()
        part.write(content)
        part.finish()
    except OSError as error:
        raise KlingError(f"The frame cannot be saved in {place.parent} ({error.strerror}).") from None
    finally:
        part.discard()


def image_of(frame: VideoFrame, **options: Any) -> Image:
    """Return a frame as a picture; the options are those of ``VideoReformatter.reformat``.

    By a reformatter of its own, which is gone at once. From PyAV 19 on ``VideoFrame.reformat`` keeps one for each
    thread, with a pool of threads for which every forked child, and so every ``!command`` of a cell, waits for ever on
    Python 3.12 and later.

    Raises:
        ImportError: the extra ``video`` is not installed.
    """
    import PIL.Image  # noqa: F401 - to_image makes one
    from av.video.reformatter import VideoReformatter

    picture: Image = VideoReformatter().reformat(frame, format="rgb24", **options).to_image()  # type: ignore[no-untyped-call]
    return picture
