// A button that puts a text into the clipboard. A page of plain http has no clipboard; there the old way still works.

function byHand(text, place) {
  const box = Object.assign(document.createElement("textarea"), { value: text });
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

function render({ model, el }) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Copy" });
  button.className = "jupyter-button kling-quiet";
  button.title = model.get("what");
  const said = document.createElement("span");
  said.setAttribute("role", "status");
  said.className = "kling-dim";
  let clearing = 0;
  button.addEventListener("click", async () => {
    const done = await copied(model.get("text"), el);
    button.focus();
    said.textContent = done ? "Copied" : "Not copied: select the text and press Ctrl+C";
    clearTimeout(clearing);
    clearing = setTimeout(() => (said.textContent = ""), 3000);
  });
  const update = () => (el.hidden = !model.get("text"));
  model.on("change:text", update);
  update();
  el.classList.add("kling-copy");
  el.append(button, said);
  return () => {
    clearTimeout(clearing);
    model.off("change:text", update);
  };
}

export default { render };
