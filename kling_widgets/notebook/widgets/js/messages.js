// Shows the messages of the form in the boxes that they belong to: "kling-at-image" marks a box for the slot "image".
// Boxes come and go as sections are opened and closed, and their messages with them. All messages are inserted as text.

const SHEETS = ["media", "shots", "camera", "motion"]; // each is sent when first needed

function messages({ model, form }) {
  const button = (label, slot) => {
    const made = element("button", { type: "button", className: "jupyter-button" }, label);
    made.dataset.press = slot;
    return made;
  };
  const line = ([text, style, labels, role, mark], slot) => {
    const made = element("div", { className: style }, text, ...labels.map((label) => button(label, slot)));
    if (mark) made.prepend(element("span", { className: "kling-mark" }, mark), " ");
    if (role) made.setAttribute("role", role);
    return made;
  };
  const chooser = ({ what, accept, multiple }, slot) => {
    const made = element("button", { type: "button", className: "jupyter-button kling-choose", title: what }, "Choose…");
    made.setAttribute("aria-label", what);
    Object.assign(made.dataset, { slot, accept, multiple });
    return made;
  };
  // Appended at the end of a box, as ipywidgets counts its children from the start; slots in the order of its classes.
  const put = (slot, value, content) => {
    for (const box of form.querySelectorAll(`.kling-at-${slot}`)) {
      const items = [...box.children].filter((each) => each.dataset.slot);
      let item = items.find((each) => each.dataset.slot === slot);
      if (!item) {
        item = element("div", { className: "kling-slot" });
        item.dataset.slot = slot;
        const order = ({ dataset }) => [...box.classList].indexOf(`kling-at-${dataset.slot}`);
        box.insertBefore(item, items.find((each) => order(each) > order(item)) ?? null);
      }
      if (item.klingText !== value) item.replaceChildren(...content());
      item.klingText = value;
    }
  };
  const show = () => {
    const shown = { ...model.get("static"), ...model.get("messages") };
    const choosers = model.get("choosers");
    for (const old of form.querySelectorAll(".kling-slot")) {
      if (!(old.dataset.slot in shown || old.dataset.slot in choosers)) old.remove();
    }
    for (const [slot, lines] of Object.entries(shown)) {
      put(slot, JSON.stringify(lines), () => lines.map((each) => line(each, slot)));
    }
    for (const [slot, about] of Object.entries(choosers)) put(slot, slot, () => [chooser(about, slot)]);
    for (const box of form.querySelectorAll(".kling-code")) code(box, model.get("code"));
    watcher.takeRecords();
  };
  const load = () => styles.replaceChildren(SHEETS.map((name) => model.get(name)).join(""));
  // Captured before the box: ToggleButtons takes any button inside its element for one of its own options.
  const pressed = (event) => {
    const { press } = event.target.dataset ?? {};
    if (!press) return;
    event.stopPropagation();
    model.send({ press, label: event.target.textContent });
  };
  const styles = form.querySelector(".kling-at-page").appendChild(element("style"));
  const watcher = new MutationObserver(show);
  watcher.observe(form, { childList: true, subtree: true });
  form.addEventListener("click", pressed, true);
  const [content, sheets] = [["static", "messages", "choosers", "code"], SHEETS].map((names) =>
    names.map((name) => `change:${name}`).join(" "),
  );
  model.on(content, show);
  model.on(sheets, load);
  load();
  show();
  return () => {
    watcher.disconnect();
    form.removeEventListener("click", pressed, true);
    model.off(content, show);
    model.off(sheets, load);
  };
}
