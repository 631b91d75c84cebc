// Buttons that open the browser's file dialog. Large files are not sent: a message of over about 10 MB drops the
// connection to the kernel, and the file would be lost without an error.

function files({ model, form }) {
  const pressed = ({ target }) => {
    const button = target.closest?.(".kling-choose");
    if (!button) return;
    const { slot, accept, multiple } = button.dataset;
    const input = element("input", { type: "file", accept, multiple: Boolean(multiple) });
    input.addEventListener("change", async () => {
      model.send({ chosen: slot, count: input.files.length });
      for (const file of [...input.files]) {
        const small = file.size <= model.get("largest");
        const content = small ? await file.arrayBuffer().catch(() => null) : null;
        model.send({ chosen: slot, name: file.name, size: file.size }, undefined, content ? [content] : []);
      }
    });
    input.click();
  };
  form.addEventListener("click", pressed);
  return () => form.removeEventListener("click", pressed);
}
