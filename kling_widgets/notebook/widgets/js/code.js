// The code of the request, and a button that puts it into the clipboard. A page of plain http has no clipboard; there
// the old way still works.

function byHand(text, place) {
  const box = element("textarea", { value: text });
  Object.assign(box.style, { position: "fixed", opacity: 0 });
  box.setAttribute("aria-hidden", "true");
  place.append(box);
  box.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    box.remove();
  }
}

async function copied(text, place) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return byHand(text, place);
  }
}

function code(box, text) {
  let shown = box.querySelector("pre");
  if (!shown) {
    shown = element("pre", { tabIndex: 0 });
    const button = element("button", { type: "button", className: "jupyter-button kling-quiet" }, "Copy");
    button.title = "Copy the code of the chosen tab";
    const said = element("span", { role: "status", className: "kling-dim" });
    let clearing = 0;
    button.addEventListener("click", async () => {
      const done = await copied(shown.textContent, box);
      button.focus();
      said.textContent = done ? "Copied" : "Not copied: select the text and press Ctrl+C";
      clearTimeout(clearing);
      clearing = setTimeout(() => (said.textContent = ""), 3000);
    });
    box.append(shown, element("div", { className: "kling-copy" }, button, said));
  }
  if (shown.textContent !== text) shown.textContent = text;
}
