"""Tables as text, HTML and Markdown."""

from __future__ import annotations

from html.parser import HTMLParser

from kling_widgets.notebook.output.table import Table, TableCell, TablePicture, columns_of
from kling_widgets.notebook.widgets.styles import TABLE_STYLE


def test_text_is_aligned() -> None:
    """Columns are aligned with their titles; the note is below the table."""
    table = Table(("a", "name"), [["long one", "x"], ["y", ""]], "A note.")
    assert repr(table).splitlines() == ["a         name", "long one  x", "y", "A note."]


def test_html_is_escaped() -> None:
    """Titles, cells and note are escaped, also from MathJax."""
    page = Table(("<i>",), [["<script>"]], "<b> $x$")._repr_html_()
    assert "<script>" not in page
    assert "<i>" not in page
    assert "&lt;b&gt;" in page
    assert "mathjax_ignore" in page


def test_markdown_keeps_its_columns() -> None:
    """A vertical bar in a cell does not end the cell."""
    assert Table(("a", "b"), [["x|y", "z"]]).to_markdown() == "| a | b |\n| --- | --- |\n| x\\|y | z |"


def test_an_empty_table_is_its_titles() -> None:
    """A table without rows is its titles."""
    assert repr(Table(("a", "b"), [])) == "a  b"


def test_columns_go_below_where_there_is_no_room() -> None:
    """As many columns as fit are beside the rows' names; at least one, even if it does not fit."""
    titles, rows = ("name", "aaaa", "bbbb", "cccc"), [("x", "1", "2", "3"), ("y", "4", "5", "6")]
    assert repr(Table(titles, rows, "Note.", folds=True, width=lambda: 16)).splitlines() == [
        "name  aaaa  bbbb",
        "x     1     2",
        "y     4     5",
        "",
        "name  cccc",
        "x     3",
        "y     6",
        "Note.",
    ]
    narrow = repr(Table(titles, rows, folds=True, width=lambda: 1)).splitlines()
    assert [line for line in narrow if line.startswith("name")] == ["name  aaaa", "name  bbbb", "name  cccc"]
    assert len(repr(Table(titles, rows, folds=True, width=lambda: 100)).splitlines()) == 3
    assert len(repr(Table(titles, rows, width=lambda: 1)).splitlines()) == 3


def test_a_cell_is_text_that_means_more() -> None:
    """A TableCell equals its text; in HTML its meaning is the symbol's label."""
    cell = TableCell("●", 'said <b> "so"')
    assert cell == "●" and cell.meaning == 'said <b> "so"' and TableCell("x").meaning == ""
    page = Table(("a", "b"), [["x", cell]])._repr_html_()
    assert '<td><span role="img" title="said &lt;b&gt; &#34;so&#34;">●</span></td>' in page


class _Tree(HTMLParser):
    """Parser that records unclosed elements and all elements of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_can_be_read_out_and_reached() -> None:
    """Titles and row names are header cells; the scrollable part is focusable and has a label."""
    page = Table(("a", "b"), [["x", "1"], ["y", "2"]], "Note.")._repr_html_()
    tree = _Tree(page)
    assert tree.open == []
    assert [about.get("scope") for tag, about in tree.seen if tag == "th"] == ["col", "col", "row", "row"]
    (group,) = (about for _, about in tree.seen if about.get("role") == "group")
    assert group["tabindex"] == "0" and group["aria-label"]
    assert page.startswith(TABLE_STYLE)


def test_a_cell_is_one_line_of_text() -> None:
    """Line breaks and control characters in a cell change neither the rows nor the terminal."""
    table = Table(("a\nb", "c"), [["x\r\ny\x1b[2J", TableCell("1\u2028", "why\x9b")]], "note\n\x07")
    assert repr(table).splitlines() == ["a b      c", "x y [2J  1", "note"]
    assert table.to_markdown().splitlines()[2] == "| x y \\[2J | 1 |"


def test_markdown_is_escaped() -> None:
    """The start of a link, tag, code or formula in a cell is escaped."""
    row = Table(("a", "b"), [["`x` [y](z) <b>", "$x$ www.a.example https://b.example c@d.example"]]).to_markdown()
    assert row.splitlines()[2] == (
        "| \\`x\\` \\[y\\](z) \\<b\\> | \\$x\\$ www\\.a.example https\\://b.example c\\@d.example |"
    )


def test_columns_stand_below_each_other_in_any_script() -> None:
    """Columns are aligned with Chinese characters, which are two columns wide, and combining marks, which are none."""
    assert columns_of("\u7eb8\u8239") == 4
    assert columns_of("e\u0301") == 1
    lines = repr(Table(("a", "b"), [["\u7eb8\u8239", "x"], ["long", "y"]])).splitlines()
    assert lines == ["a     b", "\u7eb8\u8239  x", "long  y"]


def test_the_last_column_is_cut_where_it_would_not_fit() -> None:
    """The last column is cut to the width; if less than twenty columns are left, it is printed below the others."""
    rows = [("x", "word " * 20), ("y", "\u7eb8" * 50)]
    lines = repr(Table(("a", "text"), rows, folds=True, cuts=True, width=lambda: 40)).splitlines()
    assert [37 <= columns_of(line) <= 40 for line in lines[1:]] == [True, True]
    assert all(line.endswith("…") for line in lines[1:])
    narrow = Table(("a", "b", "text"), [("x" * 12, "y" * 12, "words" * 9)], folds=True, cuts=True, width=lambda: 40)
    assert repr(narrow).splitlines()[-1] == f"{'x' * 12}  {('words' * 9)[:25]}…"  # fills the whole width
    short = Table(("a", "text"), [("x", "as it is")], cuts=True, width=lambda: 40)
    assert "as it is" in repr(short)


def test_a_picture_is_a_cell() -> None:
    """A picture's bytes are in HTML; in text, and without a picture, the cell is empty."""
    table = Table(("a", "video"), [["x", TablePicture(b"\xff\xd8\xff")], ["y", TablePicture(b"")]])
    page = table._repr_html_()
    assert page.count("<img") == 1
    assert 'src="data:image/jpeg;base64,/9j/"' in page
    assert repr(table).splitlines() == ["a  video", "x", "y"]
