// Keeps keys that are pressed in the form from JupyterLab, which treats them as commands unless the focus is in a text
// box: "down" in a list moves to the next cell, "x" on a button cuts the cell with the whole form in it. Lumino checks
// the attribute on the focused element before its ancestors, so it is set on that one; a capturing listener on the
// window runs first. Ctrl+S and the like, and Shift+Enter, are left to the notebook.

function keys({ form }) {
  const keep = (event) => {
    if (event.target === window || !form.contains(event.target)) return;
    const command = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter");
    event.target.toggleAttribute("data-lm-suppress-shortcuts", !command);
  };
  window.addEventListener("keydown", keep, true);
  return () => window.removeEventListener("keydown", keep, true);
}
