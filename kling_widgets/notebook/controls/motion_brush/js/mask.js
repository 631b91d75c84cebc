// Masks. A mask consists of a base (an image, or null) and the strokes painted on it, in pixels of the picture that it
// was made for. It is immutable: a stroke makes a new one, so undo only restores the previous one. Its pixels are a
// canvas that is opaque where the mask is white.

const MAX_PIXELS = 4_200_000; // of a mask while it is painted; for a larger picture it is scaled up when it is saved

function canvasFor({ width, height }) {
  const scale = Math.min(1, Math.sqrt(MAX_PIXELS / (width * height)));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  canvas.getContext("2d", { willReadFrequently: true });
  return canvas;
}

// Paints a stroke, starting at the place with index ``from``; its size and places are in pixels of the picture.
function paintStroke(canvas, { erase, size, places }, colour, picture, from = 0) {
  const context = canvas.getContext("2d");
  context.setTransform(canvas.width / picture.width, 0, 0, canvas.height / picture.height, 0, 0);
  context.globalCompositeOperation = erase ? "destination-out" : "source-over";
  Object.assign(context, { lineWidth: size, lineCap: "round", lineJoin: "round" });
  context.fillStyle = context.strokeStyle = colour;
  context.beginPath();
  context.arc(...places[from], size / 2, 0, 2 * Math.PI);
  context.fill();
  context.beginPath();
  for (const place of places.slice(from)) context.lineTo(...place);
  context.stroke();
}

// Returns an image as a mask, white on transparent: of an image with transparency its opaque pixels, otherwise its
// light pixels. Null if its pixels cannot be read, as of a link to a server without CORS.
function stencil(base, { width, height }) {
  if (base.stencil?.width === width && base.stencil.height === height) return base.stencil;
  const made = Object.assign(document.createElement("canvas"), { width, height });
  const context = made.getContext("2d", { willReadFrequently: true });
  context.drawImage(base.image, 0, 0, width, height);
  try {
    const pixels = context.getImageData(0, 0, width, height);
    const { data } = pixels;
    let clear = false;
    for (let i = 3; i < data.length && !clear; i += 4) clear = data[i] < 128;
    for (let i = 0; i < data.length; i += 4) {
      const on = clear ? data[i + 3] > 127 : data[i] + data[i + 1] + data[i + 2] > 3 * 127;
      data.fill(on ? 255 : 0, i, i + 4);
    }
    context.putImageData(pixels, 0, 0);
    base.stencil = made;
  } catch {
    base.locked = true;
  }
  return base.stencil ?? null;
}

// Returns the mask as pixels, on a new canvas: one that has drawn a picture without CORS can never be read again.
function traced(mask, colour, picture) {
  const canvas = canvasFor(picture);
  const context = canvas.getContext("2d");
  if (mask?.base?.image) {
    const white = stencil(mask.base, canvas);
    context.drawImage(white ?? mask.base.image, 0, 0, canvas.width, canvas.height);
    context.globalCompositeOperation = white ? "source-in" : "multiply"; // an unreadable image keeps its black
    context.fillStyle = colour;
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  for (const stroke of mask?.strokes ?? []) paintStroke(canvas, stroke, colour, mask.picture);
  return canvas;
}

function isEmpty(canvas) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 3; i < data.length; i += 4) if (data[i] > 127) return false;
  return true;
}

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
  return byte;
});

function chunk(name, data) {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(name), 4);
  bytes.set(data, 8);
  let crc = -1;
  for (let i = 4; i < bytes.length - 4; i++) crc = CRC[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  view.setUint32(bytes.length - 4, ~crc);
  return bytes;
}

// Returns a mask with one more stroke. A mask that was made for another picture is stretched, as the service would do.
function withStroke(mask, stroke, picture, key) {
  const same =
    !mask?.strokes.length || (mask.picture.width === picture.width && mask.picture.height === picture.height);
  const base = same ? (mask?.base ?? null) : { image: traced(mask, "#fff", picture) };
  return { key, picture, base, strokes: [...(same ? (mask?.strokes ?? []) : []), stroke] };
}

// Returns the mask as the service expects it: a PNG in RGB, white on black, of the picture's size. It is encoded row by
// row, as a canvas of the size of a large picture takes hundreds of MB, which many browsers refuse.
async function pngOf(mask) {
  const { width, height } = mask.picture;
  const canvas = traced(mask, "#fff", mask.picture);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const column = Uint32Array.from({ length: width }, (_, x) => Math.floor(((x + 0.5) * canvas.width) / width));
  const deflate = new CompressionStream("deflate");
  const packed = new Response(deflate.readable).arrayBuffer();
  const writer = deflate.writable.getWriter();
  let [row, shown] = [null, -1];
  for (let y = 0; y < height; y++) {
    const from = Math.floor(((y + 0.5) * canvas.height) / height);
    if (from !== shown) {
      [row, shown] = [new Uint8Array(1 + 3 * width), from];
      for (let x = 0, at = 1; x < width; x++, at += 3) {
        const alpha = data[4 * (from * canvas.width + column[x]) + 3];
        if (alpha > 127) row[at] = row[at + 1] = row[at + 2] = 255;
      }
    }
    await writer.write(row);
  }
  await writer.close();
  const header = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]); // the last five: 8 bits, RGB
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  const parts = [chunk("IHDR", header), chunk("IDAT", new Uint8Array(await packed)), chunk("IEND", new Uint8Array())];
  return new Blob([new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]), ...parts]).arrayBuffer();
}
