// Keys that are pressed in the form stay there. JupyterLab would take them for its own commands unless a text is being
// typed: down leaves a list for the next cell, "x" on a button cuts the cell with the whole form in it. Lumino asks for
// the attribute at the element that has the focus before it asks those around it, so it must stand there; the window
// hears of a key first. Ctrl+S and the like, and Shift+Enter, go on to the notebook.

function keys({ form }) {
  const keep = (event) => {
    if (event.target === window || !form.contains(event.target)) return;
    const command = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter");
    event.target.toggleAttribute("data-lm-suppress-shortcuts", !command);
  };
  window.addEventListener("keydown", keep, true);
  return () => window.removeEventListener("keydown", keep, true);
}
