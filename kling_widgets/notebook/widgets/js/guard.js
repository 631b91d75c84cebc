// Shows errors of a module in the cell: anywidget logs them to the browser's console, where nobody looks.

function guarded(render) {
  return ({ model, el }) => {
    const tell = (error) => {
      console.error(error);
      if (el.querySelector(".kling-broken")) return;
      const said = document.createElement("div");
      said.className = "kling-broken kling-error";
      said.textContent = `This form failed in the browser (${error}): run the cell again, or use kw.submit.`;
      el.append(said);
    };
    const known = new Map();
    const guard = (work) => {
      const tried = (...given) => {
        try {
          const done = work(...given);
          done?.catch?.(tell);
          return done;
        } catch (error) {
          tell(error);
        }
      };
      return known.get(work) ?? known.set(work, tried).get(work);
    };
    const [on, off] = ["on", "off"].map((change) => (names, work) => model[change](names, guard(work)));
    // Errors in DOM listeners and timers: their stack has the URL of this module, which is another one for each model.
    const failed = ({ error, reason = error }) => reason?.stack?.includes(import.meta.url) && tell(reason);
    const kinds = ["error", "unhandledrejection"];
    for (const kind of kinds) window.addEventListener(kind, failed);
    const end = guard(render)({ model: { ...model, on, off }, el });
    return () => {
      for (const kind of kinds) window.removeEventListener(kind, failed);
      end?.();
    };
  };
}
