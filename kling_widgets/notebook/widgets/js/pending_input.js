// What stands in the form's boxes belongs to the click: it is told to the kernel when that asks, and until then nothing
// more can be typed. While one change of a box is unanswered its next ones wait in the page, and the click on a button
// overtakes them; while a cell runs, the kernel may hear of the click minutes later.

// The second half of a double click is no second wish, however soon the first one was accepted, and no yes to a question
// that the first one raised. Systems let people set up to 900 ms between the two.
const DOUBLE_CLICK = 900;

function typed({ model, form }) {
  const free = () => form.removeAttribute("inert");
  let last = -Infinity;

  const clicked = (event) => {
    const button = event.target.closest?.(".kling-submit");
    if (!button || button.disabled || !form.contains(button)) return;
    const since = event.timeStamp - last;
    last = event.timeStamp;
    if (since < DOUBLE_CLICK || !reached()) event.stopImmediatePropagation();
    else form.setAttribute("inert", "");
  };

  const heard = async ({ ask, boxes }) => {
    // Of several pages with this form only the one that was clicked knows.
    if (ask !== undefined && form.hasAttribute("inert")) {
      // A stroke of the brush is still on its way.
      await Promise.all([...form.querySelectorAll(".kling-brush")].map((brush) => brush.klingPending));
      const found = {};
      await Promise.all(
        Object.entries(boxes).map(async ([id, name]) => {
          try {
            found[id] = (await model.widget_manager.get_model(id)).get(name);
          } catch {
            // a box that is gone has nothing to say
          }
        }),
      );
      model.send({ answer: ask, found });
    }
    free();
  };

  // A box for whole numbers shows what is sent, not what was typed: "2.7" is taken for 2.
  const left = ({ target }) => {
    const whole = parseInt(target.value, 10);
    if (target.type === "number" && form.contains(target) && !Number.isNaN(whole)) target.value = whole;
  };

  const ended = () => {
    if (form.querySelector(".kling-ended")) return;
    const button = form.querySelector(".kling-submit");
    free();
    button.disabled = true;
    const said = "This form's kernel has gone: run its cell again.";
    button.after(element("span", { className: "kling-ended kling-error" }, said));
  };
  const live = () => setTimeout(() => form.classList.contains("jupyter-widgets-disconnected") && ended());
  // Of a kernel that was shut down for good nothing is heard: what is sent to it throws.
  const reached = () => {
    try {
      model.send({ clicked: true });
      return true;
    } catch {
      ended();
    }
  };

  window.addEventListener("click", clicked, true);
  window.addEventListener("focusout", left, true);
  model.on("msg:custom", heard);
  model.on("comm_live_update", live);
  model.set("alive", true);
  model.save_changes();
  return () => {
    window.removeEventListener("click", clicked, true);
    window.removeEventListener("focusout", left, true);
    model.off("msg:custom", heard);
    model.off("comm_live_update", live);
  };
}
