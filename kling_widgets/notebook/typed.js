// Tells the kernel what stands in the form's boxes, when it asks. While one change of a box is unanswered its next ones
// wait in the page, and a click on a button overtakes them.

function render({ model, el }) {
  const answer = async ({ ask, boxes }) => {
    if (ask === undefined) return;
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
  };
  el.hidden = true;
  model.on("msg:custom", answer);
  model.set("alive", true);
  model.save_changes();
  return () => model.off("msg:custom", answer);
}

export default { render };
