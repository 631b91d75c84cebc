// Pictures from elsewhere: links are loaded by the browser, the bytes of files are asked for.

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
  const asked = new Map(); // key → what waits for its bytes

  function heard({ kind, key }, buffers) {
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

  // To be read too where the server lets pages do that, else only to be seen.
  const readable = (key) =>
    fetched(key, { crossOrigin: "anonymous" }).catch((error) => (isLink(key) ? fetched(key) : Promise.reject(error)));

  model.on("msg:custom", heard);
  return { fetched, readable, close: () => model.off("msg:custom", heard) };
}
