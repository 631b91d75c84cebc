// The code of the request, with a button that copies it to the clipboard. Pages served over plain http have no
// navigator.clipboard; there the deprecated execCommand still works.

function oldCopy(text, parent) {
  const box = element("textarea", { value: text });
  Object.assign(box.style, { position: "fixed", opacity: 0 });
  box.setAttribute("aria-hidden", "true");
  parent.append(box);
  box.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    box.remove();
  }
}

async function copy(text, parent) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return oldCopy(text, parent);
  }
}

function code(box, text) {
  let shown = box.querySelector("pre");
  if (!shown) {
    shown = element("pre", { tabIndex: 0 });
    const button = element("button", { type: "button", className: "jupyter-button kling-quiet" }, "Copy");
    button.title = "Copy this code";
    const note = element("span", { role: "status", className: "kling-dim" });
    let clearing = 0;
    button.addEventListener("click", async () => {
      const done = await copy(shown.textContent, box);
      button.focus();
      note.textContent = done ? "Copied" : "Not copied: select the text and press Ctrl+C";
      clearTimeout(clearing);
      clearing = setTimeout(() => (note.textContent = ""), 3000);
    });
    box.append(shown, element("div", { className: "kling-copy" }, button, note));
  }
  if (shown.textContent !== text) shown.textContent = text;
}
