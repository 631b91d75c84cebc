// Drawing above the picture: the masks in their colours, the paths with their numbers, the brush.

// Strokes a line with a dark outline, so that it is visible on any picture.
function outlined(context, unit, wide, colour, draw) {
  for (const [width, style] of [
    [wide + 2.5, "rgba(0, 0, 0, .65)"],
    [wide, colour],
  ]) {
    Object.assign(context, { lineWidth: width * unit, strokeStyle: style, lineJoin: "round", lineCap: "round" });
    context.beginPath();
    draw();
    context.stroke();
  }
}

// Draws a mask with a dark edge. What is below it is erased first: the picture shines through, other masks do not.
function drawMask(context, layer, ratio, alpha) {
  const draw = (state) => {
    context.save();
    Object.assign(context, state);
    context.drawImage(layer, 0, 0, context.canvas.width, context.canvas.height);
    context.restore();
  };
  draw({ shadowColor: "#000", shadowBlur: 4 * ratio });
  draw({ globalCompositeOperation: "destination-out" });
  draw({ globalAlpha: alpha });
}

function drawRing(context, unit, [x, y], radius) {
  outlined(context, unit, 1.5, "#fff", () => context.arc(x, y, radius, 0, 2 * Math.PI));
}

function drawPath(context, unit, places, colour, chosen) {
  const end = places.at(-1);
  const before = places.findLast(([x, y]) => x !== end[0] || y !== end[1]);
  if (!before) return;
  const angle = Math.atan2(end[1] - before[1], end[0] - before[0]);
  outlined(context, unit, chosen ? 3 : 2, colour, () => {
    for (const place of places) context.lineTo(...place);
    for (const side of [-0.5, 0.5]) {
      const [x, y] = [Math.cos(angle + side), Math.sin(angle + side)];
      context.moveTo(...end);
      context.lineTo(end[0] - 11 * unit * x, end[1] - 11 * unit * y);
    }
  });
  context.fillStyle = "#fff";
  for (const [x, y] of places.slice(1, -1)) context.fillRect(x - 1.5 * unit, y - 1.5 * unit, 3 * unit, 3 * unit);
}

function drawNumber(context, unit, place, colour, number) {
  outlined(context, unit, 0.5, "#000", () => context.arc(...place, 8 * unit, 0, 2 * Math.PI));
  context.fillStyle = colour;
  context.fill();
  context.font = `bold ${11 * unit}px sans-serif`;
  Object.assign(context, { fillStyle: "#000", textAlign: "center", textBaseline: "middle" });
  context.fillText(String(number), ...place);
}

// Draws everything. regions: { layer, places, begin, colour, number, chosen }, the selected one last; ring: the brush
// as { place, radius }, or null. A place is [x, y] from the top left.
function drawScene(canvas, picture, regions, ring) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(canvas.clientWidth * ratio);
  canvas.height = Math.round(canvas.clientHeight * ratio);
  const context = canvas.getContext("2d");
  for (const { layer, chosen } of regions) if (layer) drawMask(context, layer, ratio, chosen ? 0.6 : 0.4);
  const scale = canvas.width / picture.width;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  const unit = ratio / scale; // a CSS pixel, in pixels of the picture
  for (const { places, begin, colour, number, chosen } of regions) {
    if (places.length) drawPath(context, unit, places, colour, chosen);
    if (begin) drawNumber(context, unit, begin, colour, number);
  }
  if (ring) drawRing(context, unit, ring.place, ring.radius ?? 4 * unit);
}
