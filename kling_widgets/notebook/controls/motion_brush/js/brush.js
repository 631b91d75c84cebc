// The motion brush in the page: a picture, the masks painted on it, and the path of each. The kernel is notified at the
// end of a stroke, never while it is drawn.

const ENCODING_WAIT = 250; // ms that a change waits for its mask to be encoded

function render({ model, el }) {
  let now = { regions: [], at: 0 }; // regions: { mask, points }; at: index of the selected one, or of a new one
  let [past, future] = [[], []];
  let picture = null; // { width, height } once it is loaded
  let [tool, size, painted, version] = ["paint", 0, 0, 0];
  let [drag, cursor, layers] = [null, null, []];
  const masks = new Map(); // by key; never removed, as undo needs them
  const { fetched, readable, close } = supply(model);

  const { bar, undo, redo, show } = toolbar({
    choose: (index) => ((now = { ...now, at: index }), refresh()),
    use: (name) => ((tool = name), refresh()),
    resize: (pixels) => ((size = pixels), refresh()),
    undo: () => travel(past, future),
    redo: () => travel(future, past),
    clear: () => change({ ...region(), ...(tool === "path" ? { points: [] } : { mask: null }) }),
    remove: () => commit(now.regions.filter((_, index) => index !== now.at)),
  });
  const canvas = element("canvas", { tabindex: "0", role: "application", "aria-roledescription": "drawing area" });
  const stage = element("div", { class: "kling-brush-stage" });
  const notice = element("p", { class: "kling-dim" });
  const [status, position] = [element("span", { role: "status" }), element("span", { class: "kling-dim" })];
  const below = element("div", { class: "kling-brush-said" }, status, position);
  // keeps keystrokes from triggering shortcuts of the notebook
  el.append(element("div", { class: "kling-brush", "data-lm-suppress-shortcuts": "true" }, notice, bar, stage, below));

  const colour = (index) => model.get("colours")[index % model.get("colours").length];
  const region = () => now.regions[now.at] ?? { mask: null, points: [] };

  function refresh(sentence = "") {
    notice.hidden = Boolean(picture);
    for (const each of [bar, stage, below]) each.hidden = !picture;
    const { mask, points } = region();
    const largest = picture ? Math.max(2, Math.round(Math.min(picture.width, picture.height) / 2)) : 2;
    show({ ...now, most: model.get("most_regions"), tool, size, largest, past, future, colour });
    const count = points.length ? `${points.length} point${points.length > 1 ? "s" : ""}` : "no path";
    const trouble = mask?.base?.lost ? "Its mask cannot be shown here." : "";
    const state = `Region ${now.at + 1}: ${mask ? "painted" : "nothing painted"}, ${count}.`;
    const words = [state, sentence || trouble].join(" ").trim();
    if (words !== status.textContent) status.textContent = words;
    redraw();
  }

  let frame = 0;
  function redraw() {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      if (!picture || !canvas.clientWidth) return;
      const order = [...now.regions.keys()].filter((index) => index !== now.at).concat(now.at);
      const aimed = tool === "path" ? document.activeElement === canvas && {} : { radius: size / 2 };
      drawScene(canvas, picture, order.map(sight), cursor && aimed && { place: cursor, ...aimed });
    });
  }

  function sight(index) {
    const chosen = index === now.at;
    const { mask = null, points = [] } = now.regions[index] ?? {};
    const drawn = chosen && drag && !drag.stroke && drag.moved;
    const places = drawn ? drag.places : points.map((point) => placeOf(point, picture));
    const layer = mask || (chosen && drag?.stroke) ? layerOf(index) : null;
    const begin = places[0] ?? mask?.strokes[0]?.places[0];
    return { layer, places, begin, colour: colour(index), number: index + 1, chosen };
  }

  function layerOf(index) {
    const mask = now.regions[index]?.mask ?? null;
    if (layers[index]?.mask !== mask || !layers[index]) {
      layers[index] = { mask, canvas: traced(mask, colour(index), picture) };
    }
    return layers[index].canvas;
  }

  // Undo history and synchronisation with the kernel

  function change(made, sentence) {
    const regions = [...now.regions];
    regions[now.at] = made;
    commit(regions, sentence);
  }

  function commit(regions, sentence) {
    past.push(now);
    future = [];
    now = { regions, at: clamp(now.at, 0, Math.max(0, regions.length - 1)) };
    publish();
    refresh(sentence);
  }

  function travel(from, to) {
    to.push(now);
    now = from.pop();
    publish();
    refresh();
  }

  const flat = () => now.regions.map(({ mask, points }) => ({ mask: mask?.key ?? "", points }));

  // Masks are sent before the regions, so that the kernel knows every mask that a region names. If encoding takes long,
  // the regions are sent first: the kernel then knows that a mask is pending, and does not submit the previous one.
  function publish() {
    stage.parentElement.klingPending = sendRegions(); // the form waits for this promise before it submits
  }

  async function sendRegions() {
    const own = ++version;
    const sent = Promise.all(now.regions.map(({ mask }, index) => mask && send(mask, index + 1))).catch(() =>
      refresh("The mask could not be saved here: enter one in the table below."),
    );
    await Promise.race([sent, new Promise((done) => setTimeout(done, ENCODING_WAIT))]);
    if (own !== version) return;
    model.set("regions", flat());
    model.save_changes();
  }

  function send(mask, number) {
    mask.sent ??= Promise.resolve(mask.base?.ready) // the image that it was painted on may still be loading
      .then(() => pngOf(mask))
      .then((bytes) => model.send({ kind: "mask", key: mask.key, number }, undefined, [bytes]));
    return mask.sent;
  }

  function receiveRegions() {
    const regions = model.get("regions");
    if (JSON.stringify(regions) === JSON.stringify(flat())) return;
    version++; // discards an older update that has not been sent yet
    past.push(now);
    future = [];
    now = { regions: regions.map(({ mask, points }) => ({ mask: known(mask), points })), at: now.at };
    now.at = Math.min(now.at, Math.max(0, regions.length - 1));
    refresh();
  }

  // Pictures and masks from the kernel

  const sendSize = (key, image) => model.send({ kind: "size", key, size: [image.naturalWidth, image.naturalHeight] });

  function known(key) {
    if (key && !masks.has(key)) {
      const base = { image: null };
      masks.set(key, { key, base, strokes: [], sent: Promise.resolve() });
      base.ready = readable(key)
        .then((image) => {
          base.image = image;
          sendSize(key, image);
        })
        .catch(() => (base.lost = true))
        .finally(() => ((layers = []), refresh()));
    }
    return masks.get(key) ?? null;
  }

  let soon = 0;
  function showPicture(wait) {
    const key = model.get("picture");
    clearTimeout(soon);
    picture = null;
    notice.textContent = model.get("notice");
    refresh();
    if (!key) return;
    soon = setTimeout(async () => {
      const image = await fetched(key).catch(() => null);
      if (key !== model.get("picture")) return;
      if (image) layOut(image);
      else notice.textContent = "The first frame cannot be shown here. The table below works without it.";
      refresh();
      if (image) sendSize(key, image);
    }, wait);
  }

  function layOut(image) {
    const { naturalWidth: width, naturalHeight: height } = image;
    picture = { width, height };
    [layers, cursor, drag] = [[], null, null];
    size = clamp(size || Math.round(Math.min(width, height) / 10), 1, Math.min(width, height) / 2);
    stage.replaceChildren(image, canvas);
    // as wide as fits, but with a limited height: all of it has to be visible for drawing
    stage.style.width = `min(100%, ${(520 * width) / height}px)`;
    stage.style.aspectRatio = `${width} / ${height}`;
    canvas.setAttribute(
      "aria-label",
      `First frame, ${width} by ${height} pixels, to paint and draw on. Arrow keys move the brush, with Shift by one ` +
        "pixel; Space uses it. The table below does the same.",
    );
  }

  // Drawing, by pointer and by keyboard

  function move(place) {
    cursor = place;
    position.textContent = pointOf(place, picture).join(", ");
    redraw();
  }

  function begin(place) {
    drag = { places: [place], moved: false };
    if (tool === "path") return;
    const { mask } = region();
    const closed = mask?.base?.lost || mask?.base?.locked; // a mask whose pixels cannot be read cannot be changed
    Object.assign(drag, { mask: closed ? null : mask, closed });
    drag.stroke = { erase: tool === "erase", size, places: drag.places };
    if (closed) layers[now.at] = { mask, canvas: canvasFor(picture) };
    paintStroke(layerOf(now.at), drag.stroke, colour(now.at), picture);
  }

  function follow(places) {
    const from = drag.places.length - 1;
    drag.places.push(...places);
    if (drag.stroke) paintStroke(layerOf(now.at), drag.stroke, colour(now.at), picture, from);
  }

  function end() {
    const { stroke, places, moved, mask, closed } = drag;
    drag = null;
    if (stroke) {
      layers[now.at] = undefined; // it held the preview of the stroke; forces a redraw
      if (stroke.erase && !mask) return refresh("There is nothing that can be erased here.");
      const key = `painted:${Date.now().toString(36)}:${Math.random().toString(36).slice(2)}:${++painted}`;
      const made = withStroke(mask, stroke, picture, key);
      masks.set(key, made);
      if (stroke.erase && isEmpty(traced(made, "#fff", picture))) return change({ ...region(), mask: null });
      return change({ ...region(), mask: made }, closed ? "A new mask: the previous one cannot be changed here." : "");
    }
    const most = model.get("most_points");
    const points = places.map((place) => pointOf(place, picture));
    const pixel = picture.width / canvas.clientWidth; // the tolerance is half a pixel of the screen
    if (moved) return change({ ...region(), points: thinned(points, most, Math.max(0.5, pixel / 2)) });
    if (region().points.length >= most) return refresh(`A path has at most ${most} points.`);
    change({ ...region(), points: [...region().points, points[0]] });
  }

  const placeIn = ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
    return [x * picture.width, y * picture.height];
  };

  const pointers = {
    pointerdown(event) {
      if (event.button || drag) return;
      event.preventDefault();
      move(placeIn(event));
      canvas.focus({ preventScroll: true });
      canvas.setPointerCapture(event.pointerId);
      begin(placeIn(event));
      Object.assign(drag, { pointer: event.pointerId, from: [event.clientX, event.clientY] });
    },
    pointermove(event) {
      if (drag && event.pointerId === drag.pointer) {
        const [x, y] = drag.from;
        drag.moved ||= Math.hypot(event.clientX - x, event.clientY - y) > 3; // a smaller movement is a click
        const events = event.getCoalescedEvents?.() ?? [];
        if (drag.moved || drag.stroke) follow((events.length ? events : [event]).map(placeIn));
      }
      move(placeIn(event));
    },
    pointerup: (event) => event.pointerId === drag?.pointer && end(),
    pointercancel: (event) => event.pointerId === drag?.pointer && end(),
    pointerleave() {
      if (!drag) [cursor, position.textContent] = [null, ""];
      redraw();
    },
  };

  function focus() {
    if (cursor || !canvas.matches(":focus-visible")) return;
    move([picture.width / 2, picture.height / 2]);
    refresh("Arrow keys move the brush, Space uses it.");
  }

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  function keydown(event) {
    const { width, height } = picture;
    const [x, y] = cursor ?? [width / 2, height / 2];
    if (ARROWS[event.key]) {
      const step = event.shiftKey ? 1 : Math.max(1, Math.round(Math.max(width, height) / 50));
      const [dx, dy] = ARROWS[event.key];
      move([clamp(x + dx * step, 0.5, width - 0.5), clamp(y + dy * step, 0.5, height - 0.5)]);
    } else if ([" ", "Enter"].includes(event.key)) {
      if (drag) return;
      move([x, y]);
      begin([x, y]);
      end();
    } else if ((event.ctrlKey || event.metaKey) && /^[zy]$/i.test(event.key)) {
      (event.shiftKey || /y/i.test(event.key) ? redo : undo).click();
    } else return;
    event.preventDefault();
  }

  // Set-up and clean-up

  for (const [name, act] of Object.entries({ ...pointers, keydown, focus, blur: redraw }))
    canvas.addEventListener(name, act);
  const listeners = { "change:regions": receiveRegions, "change:picture change:notice": () => showPicture(400) };
  for (const [name, act] of Object.entries(listeners)) model.on(name, act);
  const watch = new ResizeObserver(redraw);
  watch.observe(stage);
  now = { regions: model.get("regions").map(({ mask, points }) => ({ mask: known(mask), points })), at: 0 };
  showPicture(0);
  return () => {
    for (const [name, act] of Object.entries(listeners)) model.off(name, act);
    close();
    watch.disconnect();
    clearTimeout(soon);
    cancelAnimationFrame(frame);
  };
}

export default { render: guarded(render) };
