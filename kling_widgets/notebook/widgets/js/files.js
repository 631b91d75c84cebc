// A button that opens the browser's window for files. A large file is not sent: over about 10 MB in one message the
// connection to the kernel drops, and the file would be gone without a word.

function files({ model, form }) {
  const pressed = ({ target }) => {
    const button = target.closest?.(".kling-choose");
    if (!button) return;
    const { place, accept, multiple } = button.dataset;
    const input = element("input", { type: "file", accept, multiple: Boolean(multiple) });
    input.addEventListener("change", async () => {
      model.send({ chosen: place, count: input.files.length });
      for (const file of [...input.files]) {
        const small = file.size <= model.get("largest");
        const content = small ? await file.arrayBuffer().catch(() => null) : null;
        model.send({ chosen: place, name: file.name, size: file.size }, undefined, content ? [content] : []);
      }
    });
    input.click();
  };
  form.addEventListener("click", pressed);
  return () => form.removeEventListener("click", pressed);
}
