"""Texts that would have an effect if they were not treated as plain text, and ways to detect such an effect."""

from __future__ import annotations

import re
from html.parser import HTMLParser

PROBE = "kling-probe"  # the id, name or word of anything that a text would create
_SCRIPT = f"document.body.id='{PROBE}';alert('{PROBE}')"

# Texts that a page would run, load or draw, or that would close the surrounding element.
MARKUP = (
    f"<script>{_SCRIPT}</script>",
    f'"><img id={PROBE} src=x onerror="{_SCRIPT}">',
    f"' onmouseover='{_SCRIPT}' id='{PROBE}",
    f"</figcaption></figure></td></table></pre></div><iframe id={PROBE} src=https://{PROBE}.example></iframe>",
    f"</em></span><svg id={PROBE} onload={_SCRIPT}>",
    f"</style><style>*{{display:none}}</style><link id={PROBE} rel=stylesheet href=https://{PROBE}.example/a.css>",
    f"<details id={PROBE} open ontoggle={_SCRIPT}>x</details>",
    f'<a id={PROBE} href="javascript:{_SCRIPT}">x</a>',
    f"<form id={PROBE} action=https://{PROBE}.example><input autofocus onfocus={_SCRIPT}>",
    f"&lt;b id={PROBE}&gt;&#60;script&#62;{_SCRIPT}",
    f"<!-- {PROBE} ",
    f"]]><?xml {PROBE}?>",
    f"<math id={PROBE}><mtext></form><mglyph><style></math><img src onerror={_SCRIPT}>",
    f'{{{{constructor.constructor("{_SCRIPT}")()}}}}',
)
# Texts that would become a link, an image, a heading, a table or a formula.
MARKDOWN = (
    f"[x](javascript:{_SCRIPT})",
    f"![x](https://{PROBE}.example/pixel.png)",
    f"<https://{PROBE}.example>",
    f"https://{PROBE}.example www.{PROBE}.example {PROBE}@{PROBE}.example",
    "`code` *a* _b_ ~~c~~ # d | e | f",
    "line one\n\n# heading\n- item\n\n| a | b |\n| - | - |\n| c | d |\n\n---",
    "$$\\def\\x{1}$$ \\(x\\) \\[x\\]",
    "\\| \\` \\< backslashes before it",
)
# Control codes for terminals, line ends for editors, and characters that change how text is displayed.
TERMINAL = (
    "\x1b[2J\x1b[1;31mcleared",
    "\x1b]0;title\x07\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x9b31mred \x85 next \x7f\x08\x08gone",
    "a line\roverwritten\vbelow\fpage",
    "one\u2028two\u2029three",
    "\u202egpj.exe\u2066 isolated \u2069\u202d\u202a\u202b\u202c",
    "nothing\x00behind",
)
# Texts that a shell, Python or IPython would run.
CODE = (
    f"'; touch {PROBE}; echo '",
    f"$(touch {PROBE}) `touch {PROBE}` ${{HOME}}",
    f'"""\nimport os; os.system("touch {PROBE}")\n"""',
    f"{{__import__('os').system('touch {PROBE}')}} {{{{x}}}}",
    f"x\n!touch {PROBE}\n%%bash\ntouch {PROBE}",
    f"x\n%kling {PROBE}",
    f"x\r!touch {PROBE}",
    "ends in ?",
    "ends in \\",
    '"quoted"',
    "--model 3.0 --save /tmp/x",
    "\\u001b[2J \\x1b[2J",
)
# Names that a file system would resolve to another folder, or could not store.
NAMES = (
    "../../etc/passwd",
    "/etc/passwd",
    "..\\..\\windows\\system32\\a",
    "C:\\a:stream",
    "con.mp4",
    "NUL",
    "~root",
    "file:///etc/passwd",
    "x" * 300,
    "\u7eb8\u8239" * 150,
    "\u202e4pm.exe",
    " . ",
    "-rf",
    ".hidden",
)
LINKS = (
    f"javascript:{_SCRIPT}",
    f"JaVaScRiPt:{_SCRIPT}//https://a.example/a.mp4",
    f"data:text/html,<script>{_SCRIPT}</script>",
    "file:///etc/passwd",
    f"vbscript:{_SCRIPT}",
    f"blob:https://{PROBE}.example/1",
    f"//{PROBE}.example/a.mp4",
    f'https://a.example/"onerror="{_SCRIPT}',
    "https://a.example/\x1b[2J.mp4",
    "\\\\evil.example\\share\\a.mp4",
)
TEXTS = (*MARKUP, *MARKDOWN, *TERMINAL, *CODE, *NAMES, *LINKS)

_SPOKEN = frozenset({"aria-label", "title", "alt", "placeholder"})  # attributes that hold text for people


class Shape(HTMLParser):
    """The structure of a page without its text: pages that differ only in their text have equal shapes.

    Attributes:
        parts: elements with their attributes, comments and so on, in order.
        text: the text.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts: list[tuple[str, ...]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append((tag, *(name if name in _SPOKEN else f"{name}={value}" for name, value in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.parts.append((f"/{tag}",))

    def handle_comment(self, data: str) -> None:
        self.parts.append(("comment", data))

    def handle_decl(self, decl: str) -> None:
        self.parts.append(("declaration", decl))

    def handle_pi(self, data: str) -> None:
        self.parts.append(("instruction", data))

    def unknown_decl(self, data: str) -> None:
        self.parts.append(("declaration", data))

    def handle_data(self, data: str) -> None:
        self.text += data


def shape(page: str) -> list[tuple[str, ...]]:
    """Return the structure of a page."""
    return Shape(page).parts


def controls(text: str) -> list[str]:
    """Return the characters in a text that control a terminal or an editor, or change the reading direction, except
    line breaks."""
    return re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", text)
