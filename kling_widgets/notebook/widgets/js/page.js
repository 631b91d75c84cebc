// The page's side of a form, in one model: messages, code, keys, the submit click and files.

function render({ model, el }) {
  let [waiting, ends] = [0, []];
  const begin = () => {
    const form = el.closest(".kling-card");
    if (form) ends = [keys, pending, messages, files].map((part) => part({ model, form }));
    else waiting = setTimeout(begin, 20);
  };
  begin();
  return () => {
    clearTimeout(waiting);
    for (const end of ends) end();
  };
}

export default { render: guarded(render) };
