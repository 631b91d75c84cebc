"""Objects that people may pass as values: of Python, numpy, pandas, ipywidgets and Pillow."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime
import enum
import importlib.util
import io
import json
import pathlib
import re
import types
import uuid
from decimal import Decimal
from fractions import Fraction
from typing import Any

import ipywidgets
import numpy as np
import PIL.Image

from tests.core.samples import Hostile


class Quality(enum.Enum):
    """An enum of constants."""

    FINE = "1080P"


class Word(enum.StrEnum):
    """An enum of texts."""

    BOAT = "a boat"


class Length(enum.IntEnum):
    """An enum of numbers."""

    SHORT = 5


class Named(str):
    """A subclass of ``str``."""


class Place:
    """A path-like object."""

    def __fspath__(self) -> str:
        return "first.png"


class City:
    """An object with its own ``__str__``."""

    def __str__(self) -> str:
        return "Rome"


@dataclasses.dataclass
class Shot:
    """A dataclass."""

    prompt: str = "a boat"


Row = collections.namedtuple("Row", "prompt seconds")

# Objects with an obvious plain value, and that value.
MEANT: dict[str, tuple[Any, Any]] = {
    "np.int8": (np.int8(5), 5),
    "np.int64": (np.int64(5), 5),
    "np.uint16": (np.uint16(5), 5),
    "np.float64": (np.float64(5.0), 5.0),
    "np.float32": (np.float32(2.6), 2.6),
    "np.float16": (np.float16(2.5), 2.5),
    "np.longdouble": (np.longdouble(5), 5.0),
    "np.bool_": (np.bool_(True), True),
    "np.str_": (np.str_("first.png"), "first.png"),
    "an array without sides": (np.array(5), 5),
    "an array of one text": (np.array("a boat"), "a boat"),
    "Decimal": (Decimal("2.6"), 2.6),
    "Fraction": (Fraction(5, 2), 2.5),
    "a constant": (Quality.FINE, "1080P"),
    "a constant of text": (Word.BOAT, "a boat"),
    "a constant of a number": (Length.SHORT, 5),
    "text of its own class": (Named("a boat"), "a boat"),
    "PathLike": (Place(), pathlib.Path("first.png")),
    "a path of another system": (pathlib.PurePosixPath("first.png"), pathlib.Path("first.png")),
    "a tuple": (("a.png", "b.png"), ["a.png", "b.png"]),
    "a named tuple": (Row("a boat", 5), ["a boat", 5]),
    "OrderedDict": (collections.OrderedDict(url="https://example.com/a"), {"url": "https://example.com/a"}),
    "UserDict": (collections.UserDict({"type": "simple"}), {"type": "simple"}),
    "a read-only dict": (types.MappingProxyType({"a": (1, np.int64(2))}), {"a": [1, 2]}),
}

# Missing values of tables.
HOLES: dict[str, Any] = {
    "NaN": float("nan"),
    "np.nan of 32 bits": np.float32("nan"),
    "Decimal NaN": Decimal("NaN"),
    "masked": np.ma.masked,
}

# Objects without a meaning in a request.
WRONG: dict[str, Any] = {
    "infinity": float("inf"),
    "np.inf": np.float32("-inf"),
    "Decimal infinity": Decimal("Infinity"),
    "a number too long to write": 10**6000,
    "complex": 2j,
    "np.complex128": np.complex128(2j),
    "an array": np.array([5, 10]),
    "an array of texts": np.array(["a", "b"]),
    "a picture in an array": np.zeros((4, 4, 3), np.uint8),
    "a masked array": np.ma.array([1, 2], mask=[True, False]),
    "np.datetime64": np.datetime64("2026-11-30"),
    "np.datetime64 in nanoseconds": np.datetime64("2026-11-30T00:00:00.000000001"),
    "np.timedelta64": np.timedelta64(5, "s"),
    "an array of one time": np.array(np.timedelta64(5, "ns")),
    "np.void": np.void(b"abc"),
    "np.bytes_": np.bytes_(b"a boat"),
    "bytes": b"a boat",
    "bytearray": bytearray(b"a boat"),
    "memoryview": memoryview(b"a boat"),
    "array.array": array.array("b", b"abc"),
    "an open file": io.BytesIO(b"a boat"),
    "an open text": io.StringIO("a boat"),
    "a set": {"a boat"},
    "a frozen set": frozenset(["a boat"]),
    "range": range(5),
    "a generator": (each for each in "abc"),
    "an iterator": iter(["a boat"]),
    "map": map(str, "abc"),
    "zip": zip("ab", "cd", strict=True),
    "the keys of a dict": {"a": 1}.keys(),
    "deque": collections.deque(["a boat"]),
    "date": datetime.date(2026, 11, 30),
    "datetime": datetime.datetime(2026, 11, 30, 12),
    "time": datetime.time(12),
    "timedelta": datetime.timedelta(seconds=5),
    "UUID": uuid.UUID(int=5),
    "a pattern": re.compile("a boat"),
    "a match": re.match("a", "a boat"),
    "a dataclass": Shot(),
    "a namespace": types.SimpleNamespace(prompt="a boat"),
    "an object with a text": City(),
    "an object of which nothing can be asked": Hostile(),
    "object": object(),
    "a class": City,
    "a class of constants": Quality,
    "a function": json.dumps,
    "a lambda": lambda: "a boat",
    "a method": "a boat".upper,
    "a module": json,
    "an error": ValueError("a boat"),
    "Ellipsis": ...,
    "NotImplemented": NotImplemented,
    "a slice": slice(5),
    "a widget for text": ipywidgets.Textarea("a boat"),
    "a widget for numbers": ipywidgets.IntSlider(5),
    "a widget for files": ipywidgets.FileUpload(),
    "an output": ipywidgets.Output(),
    "a picture of Pillow": PIL.Image.new("RGB", (4, 4)),
}

if importlib.util.find_spec("pandas"):
    import pandas as pd

    FRAME = pd.DataFrame({"prompt": ["a boat", None], "seconds": [5, None]})
    MEANT["a cell of a table"] = (FRAME["seconds"].iloc[0], 5.0)
    MEANT["a text of a table"] = (FRAME["prompt"].iloc[0], "a boat")
    HOLES |= {
        "pd.NA": pd.NA,
        "pd.NaT": pd.NaT,
        "an empty cell of texts": FRAME.astype({"prompt": "string"})["prompt"].iloc[1],
        "an empty cell of numbers": FRAME["seconds"].iloc[1],
        "an empty cell of whole numbers": FRAME.astype({"seconds": "Int64"})["seconds"].iloc[1],
    }
    WRONG |= {
        "DataFrame": FRAME,
        "Series": FRAME["prompt"],
        "a row": FRAME.iloc[0],
        "Index": FRAME.index,
        "Categorical": pd.Categorical(["a"]),
        "Timestamp": pd.Timestamp("2026-11-30"),
        "Timedelta": pd.Timedelta(5, "s"),
        "Period": pd.Period("2026-11"),
        "Interval": pd.Interval(0, 5),
        "a group": FRAME.groupby("seconds"),
        "an array of pandas": FRAME["seconds"].array,
    }
