// The worker as functions that return promises.
import {DecoderError} from "./decoder.js";

const waiting = new Map();
let worker = null, count = 0;

function start() {
  worker = new Worker(new URL("worker.js", import.meta.url), {type: "module"});
  worker.onmessage = ({data: {id, progress, result, error}}) => {
    const job = waiting.get(id);
    if (progress) return job.progress(progress);
    waiting.delete(id);
    if (error) return job.reject(new DecoderError(error.code, error.message, error.modelId));
    job.resolve(result);
  };
  worker.onerror = (event) => {  // it could not be loaded, or ended
    for (const job of waiting.values()) job.reject(new DecoderError(0, event.message || "worker.js cannot be loaded"));
    waiting.clear(), worker = null;
  };
}

function ask(what, job, progress = () => {}) {
  if (worker === null) start();
  const id = ++count;
  return new Promise((resolve, reject) => {
    waiting.set(id, {resolve, reject, progress});
    worker.postMessage({id, what, ...job});
  });
}

/** source: {bytes: Uint8Array} or {url}. The picture as Decoder.decode gives it, with rgba for a canvas, seconds and
 *  bytes. progress({stage: "model" or "picture", part}). Errors: DecoderError. */
export const show = (source, progress) => ask("show", source, progress);

/** source as above -> {blob, width, height}: a PNG with all of the file's metadata. */
export const decodeToPng = (source) => ask("toPng", source);

/** picture: of `show` -> Blob. */
export const saveAsPng = ({rgba, ...picture}) => ask("png", {picture});

/** Makes a model file known and keeps it. Returns its id. */
export const addModel = (bytes) => ask("model", {bytes});
