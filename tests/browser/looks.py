"""Measurable properties of the appearance: everything fits, is readable and labelled, and passes a checker."""

from __future__ import annotations

from collections import Counter

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator

from tests.browser.notebook import Notebook

# Elements that are wider than their container and cannot be scrolled.
_TOO_WIDE = """() => [...document.querySelectorAll('.jp-OutputArea-output .kling *, figure *')].filter(one => {
    const place = one.closest('.jp-OutputArea-output').getBoundingClientRect(), box = one.getBoundingClientRect();
    return box.width && one.checkVisibility() && box.right > place.right + 1;
}).map(one => `${one.tagName}.${one.className}: ${one.innerText?.slice(0, 40)}`)"""
# Text whose contrast with its background is under 4.5 (WCAG AA).
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


def faults(notebook: Notebook, name: str, height: int) -> list[str]:
    """Return what overflows, has too little contrast or lacks a label, at 1200 and 600 pixels, light and dark; save a
    screenshot of each under this name. The page is ``height`` pixels high, so that all of it is visible."""
    found: dict[str, list[str]] = {}
    for theme in ("Light", "Dark"):
        notebook.theme(f"JupyterLab {theme}")
        for width in (1200, 600):
            notebook.page.set_viewport_size({"width": width, "height": height})
            notebook.page.wait_for_function("() => new Promise(done => requestAnimationFrame(() => done(true)))")
            notebook.screenshot(f"{name}-{theme}-{width}")
            found[f"too wide, {theme}, {width}"] = notebook.page.evaluate(_TOO_WIDE)
        found[f"too faint, {theme}"] = notebook.page.evaluate(_TOO_FAINT)
    found["without a label"] = notebook.page.evaluate(_UNLABELLED)
    notebook.theme("JupyterLab Light")
    return [f"{what}: {each}" for what, where in found.items() for each in where]


def serious(notebook: Notebook, part: Locator) -> Counter[str]:
    """Return how often each rule that axe-core calls serious or critical is violated in this part."""
    part.evaluate("element => element.setAttribute('data-looked-at', '')")
    found = Axe().run(notebook.page, context="[data-looked-at]").response["violations"]
    part.evaluate("element => element.removeAttribute('data-looked-at')")
    return Counter({each["id"]: len(each["nodes"]) for each in found if each["impact"] in ("serious", "critical")})
