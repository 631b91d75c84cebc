// The toolbar above the picture, and helpers that create elements.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// aria-disabled instead of "disabled": after the last undo the button keeps the keyboard focus.
function button(words, act, attributes = {}) {
  const made = element("button", { type: "button", class: "jupyter-button", ...attributes }, words);
  made.addEventListener("click", () => made.getAttribute("aria-disabled") !== "true" && act());
  return made;
}

const able = (button, on) => button.setAttribute("aria-disabled", !on);
const pressed = (button, on) => button.setAttribute("aria-pressed", Boolean(on));

const TOOLS = {
  paint: ["Paint", "Paint what should move"],
  erase: ["Erase", "Erase the mask"],
  path: ["Path", "Draw where it goes: click for each point, or drag"],
};

// act: { choose(index), use(tool), resize(pixels), undo, redo, clear, remove }
function toolbar(act) {
  const group = (attributes, ...children) =>
    element("span", { class: "kling-brush-group", ...attributes }, ...children);
  const pills = group({ role: "group", "aria-label": "Region" });
  const more = button("+ Region", () => act.choose(pills.shown), { title: "Add another region" });
  const tools = Object.fromEntries(
    Object.entries(TOOLS).map(([name, [words, title]]) => [name, button(words, () => act.use(name), { title })]),
  );
  const slider = element("input", { type: "range", min: "1", "aria-label": "Brush size in pixels" });
  slider.addEventListener("input", () => act.resize(Number(slider.value)));
  const width = element("output");
  const [undo, redo] = [button("Undo", act.undo), button("Redo", act.redo)];
  const [clear, remove] = [button("Clear mask", act.clear), button("Remove region", act.remove)];
  const bar = element(
    "div",
    { class: "kling-brush-bar", role: "group", "aria-label": "Motion brush" },
    group({}, pills, more),
    group({ role: "group", "aria-label": "Tool" }, ...Object.values(tools)),
    element("label", { class: "kling-brush-group" }, "Size", slider, width),
    group({}, undo, redo, clear, remove),
  );

  function show({ regions, at, most, tool, size, largest, past, future, colour }) {
    while (pills.children.length < Math.max(regions.length, at + 1)) {
      const index = pills.children.length;
      const dot = element("span", { class: "kling-brush-dot", style: `background: ${colour(index)}` });
      const pill = button(dot, () => act.choose(index), { "aria-label": `Region ${index + 1}` });
      pill.append(String(index + 1));
      pills.append(pill);
    }
    pills.shown = regions.length;
    [...pills.children].forEach((pill, index) => {
      pill.hidden = index >= regions.length && index !== at;
      pressed(pill, index === at);
    });
    for (const [name, each] of Object.entries(tools)) pressed(each, name === tool);
    Object.assign(slider, { max: largest, value: size });
    width.textContent = `${size} px`;
    able(more, at < regions.length && regions.length < most);
    able(undo, past.length);
    able(redo, future.length);
    able(clear, tool === "path" ? regions[at]?.points.length : regions[at]?.mask);
    able(remove, at < regions.length);
    clear.textContent = tool === "path" ? "Clear path" : "Clear mask";
  }

  return { bar, undo, redo, show };
}
