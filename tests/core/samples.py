"""Samples for the tests of core: prompts that break lines and parsers, values for every field, and random junk."""

from __future__ import annotations

import ast
import json
import os
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Any

from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from kling_widgets.catalog import fields, structured_fields
from kling_widgets.catalog.all_fields import FIELDS
from kling_widgets.catalog.fields import Field
from kling_widgets.catalog.link_fields import Link, Links
from kling_widgets.catalog.models import models
from kling_widgets.catalog.reference_fields import References
from kling_widgets.catalog.shot_fields import Shots
from kling_widgets.core.json_values import is_blank
from tests.conftest import ROOT

# Factor for the number of examples of the longest property tests: KLING_TEST_TIMES=20 before a release.
TIMES = int(os.environ.get("KLING_TEST_TIMES", "1"))
WIRE = ROOT / "tests" / "wire"
BODIES: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((WIRE / "requests").glob("*.json"))
}
KEY = "sk-" + "Abc123xyz" * 4

# Prompts that look like options, in the dashes of people, phones and editors, or begin with an option's value.
SLIPS = (
    "a boat --seconds 10",
    "a boat --secnds 10 --ar 16:9 -o x",
    "--dry-run",
    "—dry-run a boat",
    "—— a boat",
    "– a boat",
    "a boat －－seconds 10",
    "a boat -\u200b-seconds 10",
    "\u200b--seconds 10",
    "\u3164—seconds 10",
    "-n 3",
    "-a boat",
    "-seconds 10 a boat",
    "silence—sound of nothing",
    '"--seconds 10" a boat',
    '"a boat" --seconds 10',
    '"a boat" --save "b"',
    '"" --save ""',
    '""a" --seconds 5 "b""',
    '""a"" --save ""b""',
    "“a boat --seconds 10”",
    "a boat\n--seconds 10\nin the rain",
    "a boat --seconds 10?",
    "a boat --seconds\\",
    "3.0 a lighthouse",
    "O1: a lighthouse",
    "aigc-video-kling-9 x",
    "kling-v2-6 x",
    "https://example.com/a.png moves",
    "first.png moves",
    '"my first.png" moves',
    "first.png",
    "３.０ x",
)
# Prompts in which a notebook, a shell or a template would insert the value of a variable.
VARIABLES = (
    "$name",
    "a $name's $$name $100 $",
    "${name}",
    "{{ name }}",
    "{{{name}}}",
    "{name.upper()} {name!r} {name:>9} {len(name)}",
    "{ name } {name } { name}",
    'f"a boat in {name}"',
    "f'{name}'",
    '{"a": "{name}", "b": {"c": "$name"}}',
    "{名}",
    "{name",
    "name}",
    "}}{{ name }}{{",
)

# Prompts that a shell, a front end or the magic's parser could misread.
PROMPTS = (
    "a cat's dream",
    'she said "go" and "stop"',
    '"in quotes"',
    '"',
    '""',
    '"""',
    "'",
    "'''",
    '"Yes", she said, "go"',
    '" blanks "',
    "{name}",
    "{name.attr} {name[0]} {name['k']}",
    "{{name}}",
    "{",
    "}",
    "}}{{",
    '{"a": {"b": {"c": 1}}}',
    '{"a": "{{b}}"}',
    "--seconds 5 a boat",
    "--nonsense",
    "-- x",
    "--",
    "-o x",
    "- a list",
    "models",
    "Models 2.6",
    "resume abc",
    'show "x',
    "help",
    "help me",
    "on the road",
    "off",
    "TRUE love",
    "on\u3000the road",
    "off\u00a0road",
    "boat?",
    "boat??",
    "boat? # or ship",
    "?boat",
    "??",
    "boat\\",
    "boat\\\\",
    "C:\\new\\table",
    '\\"',
    "\\u0041",
    "!ls",
    "!!ls",
    "$HOME $x",
    "%timeit",
    "%%time",
    "x = %time",
    "x = !ls",
    ">>> x",
    "In [1]: x",
    "[ins] In [1]: x",
    "... x",
    "...: x",
    "x\n>>> y",
    "x\n...: y",
    ">>> x\n... y",
    "In [1]: x\n...: y",
    "x\nIn [2]: y",
    "one\ntwo",
    "one\n\n\ntwo",
    "one\n   \ntwo",
    "one\n    indented\n\ttabbed",
    "one \ntwo",
    "one\ttwo",
    "one\rtwo",
    "one\r\ntwo",
    "one\x0btwo",
    "one\x0ctwo",
    "one\x1ctwo",
    "one\x85two",
    "one\u2028two",
    "one\u2029two",
    "one\x00two",
    "one\x1b[31mtwo",
    "\ufeffboat",
    "# a comment",
    "a # b",
    "f(",
    ")",
    "0777 1_ 0x 1e",
    "纸船在雨中",
    "مركب ورقي",
    "👩‍🚀 in 🌧️",
    "@file.json",
    "[1, 2]",
    "a=b",
    "<b>bold</b>",
    "`code` $math$",
    '"""\n>>> a\n"""',
    *SLIPS,
    *VARIABLES,
)

_words = st.text(st.sampled_from("ab {}[]\"'\\-?!%$@#=.>:…纸\n\t\r\x0b\u2028"), max_size=20)
_tokens = st.sampled_from(
    (
        *"-—–−－ \"“”'{}$?\\\n,=",
        *("--", "\u200b", "\u00a0", "seconds", "secnds", "dry-run", "o", "ar", "v", "10", "16:9", "3.0", "a", "boat"),
        *("name", "{name}", "{{ name }}", "$name", "first.png", "https://example.com/a.png", "on", "models"),
    )
)
_tokens_in_a_row = st.lists(_tokens, max_size=8)
_lines = st.one_of(_tokens_in_a_row.map("".join), _tokens_in_a_row.map(" ".join))
prompts = (
    st.one_of(st.sampled_from(PROMPTS), st.text(max_size=40), _words, _lines)
    .map(str.strip)
    .filter(lambda text: not is_blank(text))
)
texts = prompts
links = st.one_of(
    st.just("https://example.com/a.png"),
    st.text(st.sampled_from("ab/?#&=%{}'\"\\-"), max_size=12).map(lambda tail: f"https://example.com/{tail}"),
)


def _is_path(text: str) -> bool:
    shown = str(Path(text))
    return shown == shown.strip() and "\0" not in text and not shown.lower().startswith("data:")


paths = (
    st.one_of(
        st.sampled_from(
            ["first.png", "my pictures/first frame.png", "-o.png", "@a.png", "on", '"a".png', "{a}.png", "~/a"]
        ),
        st.text(st.sampled_from("ab/.~ {}'\"\\-?@[\n"), min_size=1, max_size=12),
    )
    .filter(_is_path)
    .map(Path)
)
pictures = st.one_of(links, paths)
words = st.one_of(st.sampled_from(["a", "b c", "{x}", "SESSION"]), texts)
numbers = st.one_of(st.integers(-1000, 1000), st.floats(-1000, 1000))
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)


def valid(field: Field) -> st.SearchStrategy[Any]:
    """Values of the right structure for a field, including ones beyond documented limits."""
    match field:
        case fields.Text():
            return texts
        case fields.Choice():
            more = {"size": "640x480", "aspect_ratio": "21:9", "resolution": "540P", "shot_type": "other"}
            return st.sampled_from((*field.choices, more[field.name]))
        case fields.Number():
            return st.integers(field.low, field.high)
        case fields.Flag():
            return st.booleans()
        case Link():
            return pictures
        case References():
            more = st.builds(
                lambda name, link: {name: link, "type": "x"}, st.sampled_from(["url", "image_url"]), pictures
            )
            return st.lists(st.one_of(pictures, pictures, more), min_size=1, max_size=4)
        case Links():
            return st.lists(pictures, min_size=1, max_size=4)
        case structured_fields.Clips():
            return st.lists(
                st.one_of(links, links.map(lambda url: {"url": url, "refer_type": "base"})), min_size=1, max_size=2
            )
        case Shots():
            shot = st.fixed_dictionaries(
                {"index": st.integers(1, 6), "prompt": texts, "duration": st.integers(1, 9).map(str)}
            )
            return st.lists(shot, min_size=1, max_size=3)
        case structured_fields.Elements():
            described = st.fixed_dictionaries({"name": texts, "element_input_urls": st.lists(pictures, max_size=2)})
            named = st.fixed_dictionaries({"element_id": st.one_of(st.integers(1), texts)})
            return st.lists(st.one_of(named, described), min_size=1, max_size=4)
        case structured_fields.CameraControl():
            axes = st.dictionaries(st.sampled_from(structured_fields.CAMERA_AXES), st.integers(-10, 10), max_size=2)
            return st.fixed_dictionaries(
                {"type": st.sampled_from(structured_fields.CAMERA_MOVES)}, optional={"config": axes}
            )
        case structured_fields.Masks():
            point = st.fixed_dictionaries({"x": st.integers(0, 2000), "y": st.floats(0, 2000)})
            mask = st.fixed_dictionaries({"mask_url": pictures, "trajectories": st.lists(point, max_size=3)})
            return st.lists(mask, min_size=1, max_size=2)
        case structured_fields.Anything():
            return st.one_of(texts, st.lists(json_values, min_size=1), st.dictionaries(texts, json_values, min_size=1))
    raise AssertionError(f"no values for {field}")


# Invalid values of the kind that people type: text.
_mistaken = {
    "seconds": ["5s", "7.5", "0", "abc"],
    "size": ["big", "1280"],
    "sound": ["maybe", "yes please"],
    "image": ["ftp://x"],
}


@st.composite
def given_fields(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A model's name and some fields for it, most of them valid."""
    model = draw(st.one_of(st.sampled_from([model.name for model in models()]), st.just("aigc-video-kling-9.1")))
    names = draw(st.lists(st.sampled_from(sorted(FIELDS)), unique=True, max_size=5))
    values = {name: draw(valid(FIELDS[name])) for name in names}
    for name in _mistaken.keys() & set(names):
        if draw(st.integers(0, 5)) == 0:
            values[name] = draw(st.sampled_from(_mistaken[name]))
    if not {"image", "image_tail"} & {*names} and draw(st.integers(0, 3)) == 0:
        values["images"] = draw(st.lists(pictures, min_size=1, max_size=3))
    if draw(st.booleans()):
        values["prompt"] = draw(prompts)
    if draw(st.integers(0, 4)) == 0:
        values["metadata"] = draw(st.dictionaries(texts.map(lambda name: f"x {name}"), json_values, max_size=3))
    return model, values


class Hostile:
    """An object whose every method raises."""

    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__

    def __len__(self) -> int:
        raise RuntimeError("no")


class HostileDict(dict[str, object]):
    """A dictionary that cannot be read."""

    def items(self) -> Any:
        raise RuntimeError("no")


class HostilePath:
    """A path-like object that returns no path."""

    def __fspath__(self) -> bytes:
        return b"\xff"


_any_text = st.text(st.characters(), max_size=10)  # lone surrogates too
_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.builds(lambda: 10**6000),
    st.floats(),
    st.decimals(),
    st.builds(lambda: Fraction(10**400, 3)),
    _any_text,
    st.sampled_from(["\ud800", "[" * 5000, '{"a": NaN}', "[" + "9" * 5000 + "]", KEY, f"x\n{KEY}", "a" * 5000]),
    st.binary(max_size=5),
    st.builds(Hostile),
    st.builds(lambda: HostileDict(a=1)),
    st.builds(HostilePath),
    st.just(date(2026, 1, 1)),
    st.just(Decimal("NaN")),
    st.sampled_from([PurePath("a"), Path("\udcff.png"), Path(KEY), Path("/")]),
)
junk = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(
            st.one_of(
                _any_text, st.sampled_from(["url", "mask_url", "trajectories", "type", "config", "prompt", "x", "y"])
            ),
            inner,
            max_size=3,
        ),
        st.dictionaries(
            st.one_of(st.none(), st.integers(), st.builds(lambda: 10**6000), st.tuples(st.integers())),
            inner,
            max_size=2,
        ),
    ),
    max_leaves=8,
)


def as_the_shell_gives_it(code: str) -> tuple[str, str | None]:
    """The line and the cell that IPython passes to the magic for the code of a cell."""
    statements = ast.parse(TransformerManager().transform_cell(code)).body
    assert len(statements) == 1, f"{code!r} became {len(statements)} statements"
    call = statements[0].value  # type: ignore[attr-defined]
    name, magic, *rest = (call.func.attr, *(ast.literal_eval(argument) for argument in call.args))
    assert magic == "kling"
    line, cell = rest if name == "run_cell_magic" else (*rest, None)
    assert name in ("run_line_magic", "run_cell_magic")
    return line, cell
