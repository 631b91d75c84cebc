// Shows errors of a module in the cell. anywidget only logs them to the browser's console, where users do not look.

function guarded(render) {
  return ({ model, el }) => {
    const show = (error) => {
      console.error(error);
      if (el.querySelector(".kling-broken")) return;
      const note = document.createElement("div");
      note.className = "kling-broken kling-error";
      note.textContent = `This form failed in the browser (${error}): run the cell again, or use kw.submit.`;
      el.append(note);
    };
    const known = new Map();
    const guard = (work) => {
      const tried = (...given) => {
        try {
          const done = work(...given);
          done?.catch?.(show);
          return done;
        } catch (error) {
          show(error);
        }
      };
      return known.get(work) ?? known.set(work, tried).get(work);
    };
    const [on, off] = ["on", "off"].map((change) => (names, work) => model[change](names, guard(work)));
    // Errors in DOM listeners and timers: their stack has the URL of this module, which differs for each model.
    const failed = ({ error, reason = error }) => reason?.stack?.includes(import.meta.url) && show(reason);
    const kinds = ["error", "unhandledrejection"];
    for (const kind of kinds) window.addEventListener(kind, failed);
    const end = guard(render)({ model: { ...model, on, off }, el });
    return () => {
      for (const kind of kinds) window.removeEventListener(kind, failed);
      end?.();
    };
  };
}
