// Locks the form from a click on the submit button until the kernel has asked for the values of its inputs. Otherwise the
// click could overtake them: while the kernel has not acknowledged one change, ipywidgets holds back the next ones; and
// while a cell runs, the kernel may receive the click minutes later.

// The second half of a double click must not submit again, nor confirm a question that the first half raised. Operating
// systems let users set the interval to up to 900 ms.
const DOUBLE_CLICK = 900;

function pending({ model, form }) {
  const unlock = () => form.removeAttribute("inert");
  let last = -Infinity;

  const clicked = (event) => {
    const button = event.target.closest?.(".kling-submit");
    if (!button || button.disabled || !form.contains(button)) return;
    const since = event.timeStamp - last;
    last = event.timeStamp;
    if (since < DOUBLE_CLICK || !reached()) event.stopImmediatePropagation();
    else form.setAttribute("inert", "");
  };

  const onAsk = async ({ ask, inputs }) => {
    // If several pages show this form, only the one that was clicked is locked, and answers.
    if (ask !== undefined && form.hasAttribute("inert")) {
      // A stroke of the brush may still be on its way to the kernel.
      await Promise.all([...form.querySelectorAll(".kling-brush")].map((brush) => brush.klingPending));
      const found = {};
      await Promise.all(
        Object.entries(inputs).map(async ([id, name]) => {
          try {
            found[id] = (await model.widget_manager.get_model(id)).get(name);
          } catch {
            // the input was closed: it has no value
          }
        }),
      );
      model.send({ answer: ask, found });
    }
    unlock();
  };

  // ipywidgets sends 2 for a typed "2.7": show the whole number that is sent.
  const blur = ({ target }) => {
    const whole = parseInt(target.value, 10);
    if (target.type === "number" && form.contains(target) && !Number.isNaN(whole)) target.value = whole;
  };

  const ended = () => {
    if (form.querySelector(".kling-ended")) return;
    const button = form.querySelector(".kling-submit");
    unlock();
    button.disabled = true;
    const text = "This form's kernel has gone: run its cell again.";
    button.after(element("span", { className: "kling-ended kling-error" }, text));
  };
  const live = () => setTimeout(() => form.classList.contains("jupyter-widgets-disconnected") && ended());
  // A kernel that was shut down for good sends no event, but sending to it throws.
  const reached = () => {
    try {
      model.send({ clicked: true });
      return true;
    } catch {
      ended();
    }
  };

  window.addEventListener("click", clicked, true);
  window.addEventListener("focusout", blur, true);
  model.on("msg:custom", onAsk);
  model.on("comm_live_update", live);
  model.set("alive", true);
  model.save_changes();
  return () => {
    window.removeEventListener("click", clicked, true);
    window.removeEventListener("focusout", blur, true);
    model.off("msg:custom", onAsk);
    model.off("comm_live_update", live);
  };
}
