// Decodes in the background. Gets {id, what, ...}, answers {id, progress}, {id, result} or {id, error}.
import {Code, Decoder, DecoderError, toRgba} from "./decoder.js";
import {keepModel, needModel} from "./models.js";
import {toPng} from "./png.js";

let decoder = null;

async function getDecoder() {
  if (decoder !== null) return decoder;
  const response = await fetch(new URL("aecomp.wasm", import.meta.url)).catch(() => null);
  if (!response?.ok) throw new DecoderError(Code.input, "the decoder, aecomp.wasm, cannot be fetched");
  decoder = await Decoder.create(await response.arrayBuffer());
  return decoder;
}

async function fetchFile(url) {
  const response = await fetch(url).catch(() => null);
  if (response?.ok) return new Uint8Array(await response.arrayBuffer());
  throw new DecoderError(Code.input, "cannot be fetched" + (response ? ": the server says " + response.status : ""));
}

const jobs = {
  async decode({bytes, url}, progress) {
    const file = bytes ?? await fetchFile(url);
    const decoder = await getDecoder(), info = decoder.info(file);
    const model = await needModel(decoder, info.modelId, (part) => progress({stage: "model", part}));
    const begin = performance.now();
    const picture = decoder.decode(file, model, {progress: (part) => progress({stage: "picture", part})});
    return {...picture, seconds: (performance.now() - begin) / 1000, bytes: file.length};
  },
  /** What a page shows: pixels for a canvas, and all that is needed to save the picture. */
  async show(job, progress) {
    const picture = await jobs.decode(job, progress);
    return {...picture, rgba: toRgba(picture)};
  },
  async png({picture}) {
    return toPng(picture);
  },
  async toPng(job, progress) {
    const picture = await jobs.decode(job, progress);
    return {blob: await toPng(picture), width: picture.width, height: picture.height};
  },
  async model({bytes}) {
    return keepModel(await getDecoder(), bytes);
  },
};

function buffersOf(result) {
  return Object.values(result).filter(ArrayBuffer.isView).map((view) => view.buffer);
}

async function run({id, what, ...job}) {
  try {
    const result = await jobs[what](job, (progress) => postMessage({id, progress}));
    postMessage({id, result}, result instanceof Blob ? [] : buffersOf(result));
  } catch (error) {
    if (error.code === Code.memory) decoder = null;
    const {code = 0, message, modelId = ""} = error;
    postMessage({id, error: {code, message, modelId}});
  }
}

// One after the other: memory holds one picture at a time.
let last = Promise.resolve();
onmessage = ({data}) => { last = last.then(() => run(data)); };
