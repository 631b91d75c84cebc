// A button that opens the browser's window for files. A large file is not sent: over about 10 MB in one message the
// connection to the kernel drops, and the file would be gone without a word.

function render({ model, el }) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Choose…" });
  button.className = "jupyter-button kling-choose";
  button.title = model.get("what");
  button.setAttribute("aria-label", model.get("what"));
  const input = Object.assign(document.createElement("input"), { type: "file", accept: model.get("accept") });
  input.multiple = model.get("multiple");
  input.hidden = true;
  button.addEventListener("click", () => {
    input.value = ""; // so that the same file can be chosen again
    input.click();
  });
  input.addEventListener("change", async () => {
    model.send({ chosen: input.files.length });
    for (const file of [...input.files]) {
      const small = file.size <= model.get("largest");
      const content = small ? await file.arrayBuffer().catch(() => null) : null;
      model.send({ name: file.name, size: file.size }, undefined, content ? [content] : []);
    }
  });
  el.append(button, input);
}

export default { render };
