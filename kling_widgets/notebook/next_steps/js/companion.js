// Buttons under the figures of a kernel, in whichever page and view shows them. Nothing of this is in the notebook.

const ENDS = ".kling-figure[class*=kling-job-], .kling-end[class*=kling-job-]";
const markOf = (end) => [...end.classList].find((name) => name.startsWith("kling-job-"));

function button(label, press, properties) {
  const made = element("button", { type: "button", className: "jupyter-button", ...properties }, label);
  made.addEventListener("click", press);
  return made;
}

function codeBlock([label, text]) {
  const box = element("div", { className: "kling-code" });
  code(box, text);
  box.querySelector("button").setAttribute("aria-label", `Copy the ${label} code`);
  return box;
}

function question(ask, send) {
  const box = element("input", { type: "text", placeholder: ask, className: "kling-next-input" });
  box.setAttribute("aria-label", ask);
  const go = () => box.value.trim() && send(box.value.trim());
  box.addEventListener("keydown", (event) => event.key === "Enter" && !event.isComposing && go());
  return element("div", { className: "kling-next-row" }, box, button("Watch it", go));
}

function initialize({ model, signal }) {
  const bars = new Map();

  async function addView(box, id) {
    const manager = model.widget_manager;
    const view = await manager.create_view(await manager.get_model(id), {});
    const widget = view.luminoWidget ?? view.pWidget;
    if (box.isConnected) widget.constructor.attach(widget, box);
  }

  function fill(box, mark, { step, code: codes, view, ask, error }) {
    const parts = (codes ?? []).map(codeBlock);
    if (ask) parts.push(question(ask, (text) => model.send({ press: step, mark, text })));
    if (error) parts.push(element("div", { role: "alert", className: "kling-error" }, error));
    box.replaceChildren(...parts);
    if (view) addView(box, view);
  }

  function update(bar, mark, names) {
    const { row, box } = bar;
    const open = model.get("opened")[mark];
    const labels = model.get("labels");
    if (bar.names !== `${names}`) {
      bar.names = `${names}`;
      const buttons = names.map((name) =>
        button(labels[name], () => {
          row.setAttribute("aria-busy", "true");
          model.send({ press: name, mark });
        }, { name }),
      );
      row.replaceChildren(...buttons);
    }
    row.removeAttribute("aria-busy");
    for (const each of row.children) each.setAttribute("aria-expanded", each.name === open?.step);
    const content = JSON.stringify(open ?? {});
    if (bar.content !== content) {
      bar.content = content;
      fill(box, mark, open ?? {});
    }
  }

  function dress(end) {
    const mark = markOf(end);
    const names = model.get("steps")[mark];
    let bar = bars.get(end);
    if (!names) {
      bar?.root.remove();
      bars.delete(end);
      return;
    }
    if (!bar) {
      if (end.nextElementSibling?.matches(".kling-next")) return;  // of another kernel
      const row = element("div", { className: "kling-next-row" });
      row.setAttribute("role", "group");
      row.setAttribute("aria-label", "Next steps");
      const box = element("div", { className: "kling-next-opened" });
      bar = { row, box, root: element("div", { className: "kling kling-next" }, row, box) };
      // JupyterLab would take keys that are typed here for its own shortcuts.
      bar.root.setAttribute("data-lm-suppress-shortcuts", "true");
      bars.set(end, bar);
    }
    if (end.nextElementSibling !== bar.root) end.after(bar.root);
    update(bar, mark, names);
  }

  const born = (event) => event.animationName === "kling-born" && event.target.matches(ENDS) && dress(event.target);
  const dressAll = () => document.querySelectorAll(ENDS).forEach(dress);
  const clear = () => {
    for (const { root } of bars.values()) root.remove();
    bars.clear();
  };
  const end = () => {
    document.removeEventListener("animationstart", born, true);
    clear();
  };

  document.addEventListener("animationstart", born, true);
  model.on("change:steps change:opened", dressAll);
  model.on("comm:close", end);
  model.on("comm_live_update", async () => {
    const { comm_live } = await model.widget_manager.get_model(model.get("me"));
    if (comm_live) dressAll();
    else clear();
  });
  signal?.addEventListener("abort", end);
  dressAll();
  return end;
}

export default { initialize };
