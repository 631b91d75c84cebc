// Points. A point is [x, y] in whole pixels of the picture with the origin at the bottom left, as the service expects
// them; a place is [x, y] in fractional pixels from the top left, as on a canvas.

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

const pointOf = ([x, y], { width, height }) => [
  clamp(Math.floor(x), 0, width - 1),
  height - 1 - clamp(Math.floor(y), 0, height - 1),
];
const placeOf = ([x, y], { height }) => [x + 0.5, height - 1 - y + 0.5];

function distance([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = dx || dy ? clamp(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy), 0, 1) : 0;
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}

// Ramer–Douglas–Peucker: removed points are at most the tolerance away from the remaining line.
function simplified(points, tolerance) {
  const kept = new Set([0, points.length - 1]);
  const spans = [[0, points.length - 1]];
  while (spans.length) {
    const [first, last] = spans.pop();
    let [far, at] = [tolerance, 0];
    for (let i = first + 1; i < last; i++) {
      const away = distance(points[i], points[first], points[last]);
      if (away > far) [far, at] = [away, i];
    }
    if (!at) continue;
    kept.add(at);
    spans.push([first, at], [at, last]);
  }
  return points.filter((_, i) => kept.has(i));
}

// Returns at most ``most`` points that keep the shape.
function thinned(points, most, tolerance) {
  const apart = points.filter(([x, y], i) => !i || x !== points[i - 1][0] || y !== points[i - 1][1]);
  for (; ; tolerance *= 1.25) {
    const kept = simplified(apart, tolerance);
    if (kept.length <= most) return kept;
  }
}
