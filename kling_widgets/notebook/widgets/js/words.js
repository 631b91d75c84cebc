// What the form says stands in the box that it is about: "kling-at-image" holds the lines of the place "image". Boxes
// come and go as sections are opened; their lines come back with them. All of it is text, whoever wrote it.

const SHEETS = ["media", "shots", "camera", "motion"]; // each comes when it is first needed

function element(tag, properties, ...inside) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...inside);
  return made;
}

function words({ model, form }) {
  const button = (words, place) => {
    const made = element("button", { type: "button", className: "jupyter-button" }, words);
    made.dataset.press = place;
    return made;
  };
  const line = ([text, look, presses, role, mark], place) => {
    const made = element("div", { className: look }, text, ...presses.map((words) => button(words, place)));
    if (mark) made.prepend(element("span", { className: "kling-mark" }, mark), " ");
    if (role) made.setAttribute("role", role);
    return made;
  };
  const chooser = ({ what, accept, multiple }, place) => {
    const made = element("button", { type: "button", className: "jupyter-button kling-choose", title: what }, "Choose…");
    made.setAttribute("aria-label", what);
    Object.assign(made.dataset, { place, accept, multiple });
    return made;
  };
  // At the end of a box, as what ipywidgets puts into it counts from its beginning; places in the order of its classes.
  const put = (place, value, inside) => {
    for (const box of form.querySelectorAll(`.kling-at-${place}`)) {
      const there = [...box.children].filter((each) => each.dataset.place);
      let now = there.find((each) => each.dataset.place === place);
      if (!now) {
        now = element("div", { className: "kling-said" });
        now.dataset.place = place;
        const order = ({ dataset }) => [...box.classList].indexOf(`kling-at-${dataset.place}`);
        box.insertBefore(now, there.find((each) => order(each) > order(now)) ?? null);
      }
      if (now.klingSaid !== value) now.replaceChildren(...inside());
      now.klingSaid = value;
    }
  };
  const show = () => {
    const said = { ...model.get("kept"), ...model.get("said") };
    const choosers = model.get("choosers");
    for (const old of form.querySelectorAll(".kling-said")) {
      if (!(old.dataset.place in said || old.dataset.place in choosers)) old.remove();
    }
    for (const [place, all] of Object.entries(said)) {
      put(place, JSON.stringify(all), () => all.map((one) => line(one, place)));
    }
    for (const [place, about] of Object.entries(choosers)) put(place, place, () => [chooser(about, place)]);
    for (const box of form.querySelectorAll(".kling-code")) code(box, model.get("code"));
    watching.takeRecords();
  };
  const dress = () => sheets.replaceChildren(SHEETS.map((name) => model.get(name)).join(""));
  // Before the box hears of it: ToggleButtons takes each button in its element for one of its own choices.
  const pressed = (event) => {
    const { press } = event.target.dataset ?? {};
    if (!press) return;
    event.stopPropagation();
    model.send({ press, words: event.target.textContent });
  };
  const sheets = form.querySelector(".kling-at-page").appendChild(element("style"));
  const watching = new MutationObserver(show);
  watching.observe(form, { childList: true, subtree: true });
  form.addEventListener("click", pressed, true);
  const [changes, news] = [["kept", "said", "choosers", "code"], SHEETS].map((names) =>
    names.map((name) => `change:${name}`).join(" "),
  );
  model.on(changes, show);
  model.on(news, dress);
  dress();
  show();
  return () => {
    watching.disconnect();
    form.removeEventListener("click", pressed, true);
    model.off(changes, show);
    model.off(news, dress);
  };
}
