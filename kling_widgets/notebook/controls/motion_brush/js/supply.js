// Loading pictures: the browser loads links, and requests the bytes of files from the kernel.

const isLink = (key) => /^https?:/i.test(key);

function loaded(source, attributes = {}) {
  return new Promise((done, failed) => {
    const image = new Image();
    Object.assign(image, { referrerPolicy: "no-referrer", alt: "", draggable: false, ...attributes });
    image.onload = () => done(image);
    image.onerror = failed;
    image.src = source;
  });
}

function supply(model) {
  const asked = new Map(); // key → callbacks that wait for its bytes

  function receive({ kind, key }, buffers) {
    if (kind !== "bytes") return;
    for (const done of asked.get(key) ?? []) done(buffers?.[0]);
    asked.delete(key);
  }

  async function fetched(key, attributes) {
    if (isLink(key)) return loaded(key, attributes);
    model.send({ kind: "want", key });
    const bytes = await new Promise((done) => asked.set(key, [...(asked.get(key) ?? []), done]));
    if (!bytes) throw new Error("no bytes");
    const address = URL.createObjectURL(new Blob([bytes]));
    return loaded(address).finally(() => URL.revokeObjectURL(address));
  }

  // With readable pixels if the server allows that (CORS), otherwise only for display.
  const readable = (key) =>
    fetched(key, { crossOrigin: "anonymous" }).catch((error) => (isLink(key) ? fetched(key) : Promise.reject(error)));

  model.on("msg:custom", receive);
  return { fetched, readable, close: () => model.off("msg:custom", receive) };
}
