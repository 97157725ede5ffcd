// Where models come from: files of the user's, the browser's cache, and beside these scripts. Runs in a worker.
import {Code, DecoderError} from "./decoder.js";

const kCache = "aecomp-models";

const release = new URL("release.aecm", import.meta.url).href;
const named = (id) => new URL("models/" + id + ".aecm", import.meta.url).href;

/** Null where there is none: in pages that were not fetched from this machine or by https. */
const openCache = () => self.caches ? caches.open(kCache).catch(() => null) : null;

async function bytesOf(response, progress) {
  const size = Number(response.headers.get("Content-Length")), parts = [];
  let done = 0;
  for (const reader = response.body.getReader();;) {
    const {value} = await reader.read();
    if (value === undefined) break;
    parts.push(value), done += value.length;
    if (size > 0) progress(Math.min(1, done / size));
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** The bytes at url, from the cache or from the server; null where there are none. fresh: not from the cache. */
async function fetchModel(url, progress, fresh) {
  const cache = await openCache();
  const kept = fresh ? undefined : await cache?.match(url);
  if (kept) return new Uint8Array(await kept.arrayBuffer());
  const response = await fetch(url, {cache: "no-cache"}).catch(() => null);
  if (!response?.ok) return null;
  const bytes = await bytesOf(response, progress);
  await cache?.put(url, new Response(bytes)).catch(() => {});  // full: it is fetched again the next time
  return bytes;
}

/** Keeps a model file that the user has given. Returns its id. */
export async function keepModel(decoder, bytes) {
  const id = decoder.addModel(bytes);
  await (await openCache())?.put(named(id), new Response(bytes)).catch(() => {});
  return id;
}

/** Makes sure that the decoder has the model. Looks at the released model first, as nearly all files are made with it,
 *  then at models/ID.aecm; a cached copy of another version is replaced once. progress(part) while it is fetched.
 *  id: "" where a file needs none. */
export async function needModel(decoder, id, progress) {
  if (id === "" || decoder.hasModel(id)) return id;
  let last = "";
  for (const [url, fresh] of [[release, false], [named(id), false], [release, true]]) {
    const bytes = await fetchModel(url, progress, fresh);
    if (bytes !== null) last = decoder.addModel(bytes);
    if (last === id) return id;
  }
  const found = last === "" ? "no model could be fetched" : "the model here is " + last;
  throw new DecoderError(Code.model, "was made with model " + id + ", but " + found, id);
}
