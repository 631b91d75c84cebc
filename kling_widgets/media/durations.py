"""How long a clip or a sound is, and how large a clip, read from its headers with the standard library alone.

What is cut, made up or unusual is not known: nothing here raises, or takes long.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from kling_widgets.media.mp4_boxes import boxes

_MOST_BOXES = 10_000  # of an mp4: more than any real one has, and few enough to look at
_LARGEST_HEADER = 32_000_000  # bytes of an mp4's "moov"
_MOST_FRAMES = 16_000_000  # bytes of an mp3 or aac that are counted frame by frame; the rest is taken to be alike
_MOST_GAPS = 10_000  # places that look like a frame's beginning and are none; so many are no sound


@dataclass(frozen=True, slots=True)
class Length:
    """What a header says.

    Attributes:
        seconds: how long it is, or None.
        width, height: pixels of the picture as it is shown, or None.
        rate: frames a second, or None.
    """

    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    rate: float | None = None


def measure(kind: str, file: BinaryIO, size: int) -> Length:
    """The length of a file of this kind ("mp4", "mov", "m4a", "wav", "mp3" or "aac") and so many bytes; an empty one
    where it cannot be told."""
    try:
        match kind:
            case "mp4" | "mov" | "m4a":
                return _movie(file, size)
            case "wav":
                return Length(_wave(file, size))
            case "mp3" | "aac":
                return Length(_frames(file, size))
    except (OSError, ValueError, struct.error, LookupError, ArithmeticError):  # LookupError: a box that is not there
        pass
    return Length()


# mp4, mov, m4a: boxes in boxes (ISO/IEC 14496-12)


def _movie(file: BinaryIO, size: int) -> Length:
    for name, start, end in islice(boxes(file, 0, size), _MOST_BOXES):
        if name == b"moov":
            end = min(end, size)
            if end - start > _LARGEST_HEADER:
                return Length()
            file.seek(start)
            return _moov(file.read(end - start))
    return Length()


def _moov(content: bytes) -> Length:
    seconds = width = height = rate = None
    for name, body in _within(content):
        if name == b"mvhd":
            scale, units = _duration(body)
            # All ones: not known; so is nothing, as in a file that goes on in fragments.
            seconds = units / scale if scale and units not in (0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF) else None
        elif name == b"trak" and width is None:
            width, height, rate = _track(body)
    return Length(seconds, width, height, rate)


def _track(content: bytes) -> tuple[int | None, int | None, float | None]:
    """Width, height and frames a second of a track of pictures."""
    track = dict(_within(content))
    media = dict(_within(track[b"mdia"])) if b"mdia" in track else {}
    if media.get(b"hdlr", b"")[8:12] != b"vide":
        return None, None, None
    header = track[b"tkhd"]
    matrix = struct.unpack_from(">9i", header, len(header) - 44)
    across, down = (each >> 16 for each in struct.unpack_from(">II", header, len(header) - 8))
    if not matrix[0] and not matrix[4]:  # turned by a quarter
        across, down = down, across
    scale, units = _duration(media[b"mdhd"])
    table = dict(_within(dict(_within(media.get(b"minf", b""))).get(b"stbl", b""))).get(b"stts", b"")
    counted = sum(struct.unpack_from(">I", table, at)[0] for at in range(8, len(table) - 7, 8))
    return across or None, down or None, counted * scale / units if counted and units else None


def _duration(body: bytes) -> tuple[int, int]:
    """The time scale, and the length in its units, of an mvhd or mdhd box."""
    scale, units = struct.unpack_from(">IQ" if body[0] else ">II", body, 20 if body[0] else 12)
    return scale, units


def _within(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    for name, start, end in islice(boxes(io.BytesIO(content), 0, len(content)), _MOST_BOXES):
        yield name, content[start:end]


# wav: chunks


def _wave(file: BinaryIO, size: int) -> float | None:
    at, per_second = 12, 0
    for _ in range(_MOST_BOXES):
        file.seek(at)
        name, length = struct.unpack("<4sI", file.read(8))
        if name == b"fmt ":
            (per_second,) = struct.unpack("<I", file.read(12)[8:12])
        elif name == b"data":
            # A recorder that could not go back leaves nothing or all ones here.
            there = size - at - 8
            return (length if 0 < length <= there else there) / per_second if per_second else None
        at += 8 + length + length % 2
    return None


# mp3, aac: frames, each with its own header

_RATES = (44100, 48000, 32000)
_MPEG_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)


def _frames(file: BinaryIO, size: int) -> float | None:
    content = file.read(_MOST_FRAMES)
    at = begin = _tag(content)
    seconds, gaps = 0.0, 0
    while at + 7 <= len(content) and gaps < _MOST_GAPS:
        frame = _frame(content, at)
        if frame is None:
            gaps += 1
            at = content.find(b"\xff", at + 1)  # what stands between two frames, or behind the last one
            if at < 0:
                break
            continue
        length, lasts = frame
        # The first frame of an mp3 may hold its table of contents in place of sound.
        told = not seconds and any(word in content[at : at + 200] for word in (b"Xing", b"Info", b"VBRI"))
        seconds += 0 if told else lasts
        at += length
    if size > len(content) > begin:
        seconds *= (size - begin) / (len(content) - begin)
    return seconds or None


def _tag(content: bytes) -> int:
    """Where the sound begins: behind the title, the cover and what else an ID3 tag holds."""
    if content[:3] != b"ID3":
        return 0
    length = 0
    for part in content[6:10]:
        length = length << 7 | part & 0x7F
    return 10 + length


def _frame(content: bytes, at: int) -> tuple[int, float] | None:
    """Bytes and seconds of the frame that begins here, or None where none does."""
    first, second, third = content[at : at + 3]
    if first != 0xFF or second & 0xE0 != 0xE0:
        return None
    if second & 0xF6 == 0xF0:  # aac in ADTS
        rate = third >> 2 & 15
        length = (content[at + 3] & 3) << 11 | content[at + 4] << 3 | content[at + 5] >> 5
        blocks = (content[at + 6] & 3) + 1
        return (length, 1024 * blocks / _AAC_RATES[rate]) if length > 7 and rate < len(_AAC_RATES) else None
    version, layer, bits, speed = second >> 3 & 3, second >> 1 & 3, third >> 4, third >> 2 & 3
    if version == 1 or layer != 1 or not 0 < bits < 15 or speed == 3:
        return None
    rate = _RATES[speed] >> {3: 0, 2: 1, 0: 2}[version]
    kilobits, samples = (_MPEG_1, 1152) if version == 3 else (_MPEG_2, 576)
    return samples // 8 * kilobits[bits] * 1000 // rate + (third >> 1 & 1), samples / rate
