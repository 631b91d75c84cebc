"""What can be measured of the looks: everything fits, can be read, and has its label, in both themes and two widths.
The pictures are for eyes: KLING_TEST_SCREENSHOTS names the folder where they stay."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.form import FormInPage
from tests.browser.notebook import Notebook

CELLS = [
    "%load_ext kling_widgets",
    "%kling_form 3.0",
    "%kling --model 2.6 --seconds 5 demo:slow a paper boat in the rain, and a very long prompt after it "
    + "word " * 60,
    "%kling --model 2.6 --size 512x512 a paper boat",
    "%kling_models",
    "%kling_tasks",
    "%kling demo:fail",
]
# What is wider than the place it stands in, without a bar to scroll it.
_TOO_WIDE = """() => [...document.querySelectorAll('.jp-OutputArea-output .kling *, figure *')].filter(one => {
    const place = one.closest('.jp-OutputArea-output').getBoundingClientRect(), box = one.getBoundingClientRect();
    return box.width && one.checkVisibility() && box.right > place.right + 1;
}).map(one => `${one.tagName}.${one.className}: ${one.innerText?.slice(0, 40)}`)"""
# Text whose contrast with what is behind it is under 4.5 (WCAG AA).
_TOO_FAINT = """() => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgba = colour => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = colour => {
        const [r, g, b] = colour.map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = one => {
        for (let at = one; at; at = at.parentElement) {
            const colour = rgba(getComputedStyle(at).backgroundColor);
            if (colour[3] > 250) return colour;
        }
        return [255, 255, 255, 255];
    };
    return [...document.querySelectorAll('.kling *')].filter(one =>
        one.checkVisibility() && !one.disabled && [...one.childNodes].some(n => n.nodeType === 3 && n.data.trim())
    ).map(one => {
        const [a, b] = [light(rgba(getComputedStyle(one).color)), light(behind(one))].sort((a, b) => b - a);
        return [(a + 0.05) / (b + 0.05), `${one.tagName}.${one.className}: ${one.innerText?.slice(0, 40)}`];
    }).filter(([contrast]) => contrast < 4.5).map(([contrast, what]) => `${contrast.toFixed(1)} ${what}`);
}"""
# Controls without a visible text label of their own.
_UNLABELLED = """() => {
    const seen = label => label && label.innerText.trim() && label.checkVisibility() && label.offsetWidth > 0;
    const boxes = [...document.querySelectorAll('.kling input:not([type=file]), .kling select, .kling textarea')]
        .filter(one => one.checkVisibility() && ![...one.labels].some(seen));
    const rows = [...document.querySelectorAll('.kling .widget-toggle-buttons')]
        .filter(one => one.checkVisibility() && !seen(one.querySelector('.widget-label')));
    const buttons = [...document.querySelectorAll('.kling button')]
        .filter(one => one.checkVisibility() && !one.innerText.trim());
    return [...boxes, ...rows, ...buttons].map(one => one.outerHTML.slice(0, 120));
}"""


@pytest.fixture
def shown(notebook: Notebook) -> Iterator[Notebook]:
    """A notebook with everything that we show, the form with all its sections unfolded."""
    notebook.open(CELLS)
    notebook.page.set_viewport_size({"width": 1200, "height": 4200})
    for index in range(len(CELLS)):
        notebook.run_cell(index)
    notebook.wait_idle()
    form = FormInPage(notebook, 1)
    form.box("Prompt").fill("a boat")
    for section in ("Frames", "References", "Video and voice", "Shots", "Elements", "Camera"):
        form.open(section)
    form.box("First frame").fill("ftp://example.com/a.png")
    form.add_shot(1, "a paper boat leaves the shore", 5)
    form.add_shot(2, "rain falls on the sea, and it does not stop for the whole of the night", 3)
    form.move_camera("pan", 4)
    form.slide("Seconds", "seconds", 7)
    expect(form.root.get_by_text("Error:").first).to_be_visible()
    expect(notebook.output(2)).to_contain_text("Making the video", timeout=60_000)
    expect(notebook.output(3).locator("figure video")).to_be_visible(timeout=60_000)
    expect(notebook.output(6)).to_contain_text("Failed", timeout=60_000)
    yield notebook
    notebook.theme("JupyterLab Light")


def test_everything_fits_can_be_read_and_has_a_label(shown: Notebook) -> None:
    """At 1200 and 600 pixels, light and dark: nothing sticks out, no text is faint, no control lacks its words."""
    found = {}
    for theme in ("Light", "Dark"):
        shown.theme(f"JupyterLab {theme}")
        for width in (1200, 600):
            shown.page.set_viewport_size({"width": width, "height": 4200})
            shown.page.wait_for_function("() => new Promise(done => requestAnimationFrame(() => done(true)))")
            shown.screenshot(f"looks-{theme}-{width}")
            found[f"too wide, {theme}, {width}"] = shown.page.evaluate(_TOO_WIDE)
        found[f"too faint, {theme}"] = shown.page.evaluate(_TOO_FAINT)
    found["without a label"] = shown.page.evaluate(_UNLABELLED)
    wrong = [f"{what}: {each}" for what, where in found.items() for each in where]
    assert not wrong, "\n".join(wrong)
