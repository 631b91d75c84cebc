"""Exact frames of a saved video, such as the last one, to use as the first frame of another."""

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


_HD = 720  # lines; from this height on, a video without a colour space uses that of HD


def frame(path: Path, index: SupportsIndex) -> Path:
    """Save one frame of a video as a PNG beside it, and return its path.

    The name, such as ``boat_3f9a1c_frame-12.png`` or ``boat_3f9a1c_frame-last.png``, contains a hash of the video's
    size and time, so that frames of an earlier video at this path are not used.

    Args:
        path: the video.
        index: number of the frame, from 0, or negative from the end: -1 is the last one.

    Raises:
        KlingError: there is no such video or frame, it cannot be read or written, or PyAV is not installed.
    """
    try:
        number = operator.index(index)
    except TypeError:
        raise KlingError(f"A frame is a whole number, -1 for the last one, not {one_line(repr(index), 60)}.") from None
    if not path.is_file():
        raise KlingError(f"The video {path} no longer exists.")
    target_for = _frame_paths(path)
    if number == -1 and (last := target_for("last")).is_file():
        return last
    try:
        import av
        import PIL.Image  # noqa: F401 - needed by image_of
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
            target = target_for("last" if number == -1 else str(number % len(times)))
            if not target.is_file():
                _write(_png(_decoded(container, times[number])), target)
            return target
    except KlingError:
        raise
    except Exception as error:  # noqa: BLE001 - a decoder may raise anything for a damaged file
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise KlingError(f"No frame can be read from {path.name} ({one_line(reason, 100)}).") from None


def _clip(file: BinaryIO) -> BinaryIO:
    """Return the file if it is a clip: for a playlist, the decoder would open other files."""
    if probe.kind_of(probe.format_of(file.read(probe.ENOUGH))) != "clip":
        raise ValueError("it is not a video")
    file.seek(0)
    return file


def _frame_paths(path: Path) -> Callable[[str], Path]:
    """Return a function from a frame's name to its path, which is unique to this version of the video."""
    try:
        stat = path.stat()
    except OSError:
        raise KlingError(f"The video {path} no longer exists.") from None
    version = hashlib.sha256(f"{stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()[:6]
    return lambda name: path.with_name(f"{path.stem}_{version}_frame-{name}.png")


def _times(container: InputContainer) -> list[int]:
    """Return the times of all frames in the stream's time base, sorted, without decoding them."""
    packets = container.demux(container.streams.video[0])
    return sorted(packet.pts for packet in packets if packet.pts is not None and not packet.is_discard)


def _decoded(container: InputContainer, time: int) -> VideoFrame:
    """Return the frame at this time."""
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    # Seek back to the keyframe from which this frame can be decoded; if that fails, as in some edited files, to the
    # start.
    for start in (time, 0):
        container.seek(start, stream=stream, backward=True)
        for found in container.decode(stream):
            if found.pts == time:
                return found
            if found.pts is not None and found.pts > time:
                break
    raise EOFError("the video is incomplete")


def _png(frame: VideoFrame) -> bytes:
    # Most videos do not name their colour space; it then depends on the height, as in players.
    unspecified = int(frame.colorspace) == 2
    options: dict[str, Any] = {"src_colorspace": "ITU709" if frame.height >= _HD else "ITU601"} if unspecified else {}
    buffer = io.BytesIO()
    image_of(frame, **options).save(buffer, "PNG")
    return buffer.getvalue()


def _write(content: bytes, target: Path) -> None:
    file = AtomicFile(target, overwrite=True)
    try:
        file.begin()
        file.write(content)
        file.finish()
    except OSError as error:
        raise KlingError(f"The frame cannot be saved in {target.parent} ({error.strerror}).") from None
    finally:
        file.discard()


def image_of(frame: VideoFrame, **options: Any) -> Image:
    """Return a frame as a Pillow image; the options are those of ``VideoReformatter.reformat``.

    It uses a temporary reformatter. From PyAV 19 on, ``VideoFrame.reformat`` keeps one for each thread, with a thread
    pool. On Python 3.12 and later, every forked child, and so every ``!command`` in a cell, would wait for that pool
    forever.

    Raises:
        ImportError: the extra ``video`` is not installed.
    """
    import PIL.Image  # noqa: F401 - needed by to_image
    from av.video.reformatter import VideoReformatter

    image: Image = VideoReformatter().reformat(frame, format="rgb24", **options).to_image()  # type: ignore[no-untyped-call]
    return image
