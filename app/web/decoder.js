// aecomp.wasm, the portable decoder, as a class. Runs in pages, workers and Node; needs nothing but WebAssembly.

const kNumbers = ["width", "height", "channels", "bits", "hasAlpha", "formatVersion", "quality", "tileSize", "samples",
  "samplesSize", "icc", "iccSize", "exif", "exifSize", "xmp", "xmpSize"];
const kModelIdAt = 64, kErrorAt = 84, kErrorSize = 256;  // in the results of glue.cpp

/** Codes of errors: the exit codes of the program aecomp. */
export const Code = {usage: 2, input: 3, corrupt: 4, model: 5, memory: 8};

/** Something that the caller can tell its user. `code`: of Code. `modelId`: of the model that a file needs. */
export class DecoderError extends Error {
  constructor(code, message, modelId = "") {
    super(message);
    this.name = "DecoderError";
    this.code = code;
    this.modelId = modelId;
  }
}

/** Decodes .aec files with the models that were added. A decoder that ran out of memory is of no further use. */
export class Decoder {
  /** wasm: the bytes of aecomp.wasm. */
  static async create(wasm) {
    const decoder = new Decoder();
    const {instance} = await WebAssembly.instantiate(wasm, decoder.#imports());
    decoder.#exports = instance.exports;
    decoder.#exports._initialize?.();
    decoder.#results = decoder.#exports.results();
    return decoder;
  }

  /** bytes: of a model file. Returns its id, 16 hexadecimal digits. */
  addModel(bytes) {
    return this.#guarded(() => {
      const model = this.#withBytes(bytes, (at, size) => this.#exports.load_model(at, size));
      if (model === 0) throw new DecoderError(this.#numbers().quality, this.#text(kErrorAt, kErrorSize));
      const id = this.#text(kModelIdAt, 17);
      this.#models.set(id, model);
      return id;
    });
  }

  hasModel(id) {
    return this.#models.has(id);
  }

  /** What a file says of itself: width, height, channels (of colour), bits, hasAlpha, formatVersion, quality (in 1/16
   *  steps), tileSize, modelId ("": decoding needs no model). Needs no model. */
  info(bytes) {
    return this.#guarded(() => this.#withBytes(bytes, (at, size) => {
      this.#check(this.#exports.read_info(at, size));
      return this.#infoOfResults();
    }));
  }

  /** The info; samples: Uint8Array or Uint16Array [height, width, channels + alpha]; icc, exif, xmp: Uint8Array or
   *  null. modelId: of the file's info.
   *  progress(part): called now and then with the part of the work that is done, 0 to 1. */
  decode(bytes, modelId, {mostPixels = 2 ** 28, progress = () => {}} = {}) {
    this.#progress = progress;
    return this.#guarded(() => this.#withBytes(bytes, (at, size) => {
      const model = modelId === "" ? 0 : this.#models.get(modelId);
      if (model === undefined) throw new DecoderError(Code.model, "needs model " + modelId, modelId);
      this.#check(this.#exports.decode(at, size, model, mostPixels));
      const info = this.#infoOfResults(), n = this.#numbers();
      const samples = this.#copy(n.samples, n.samplesSize);
      const picture = {...info, samples: info.bits === 16 ? new Uint16Array(samples.buffer) : samples};
      for (const kind of ["icc", "exif", "xmp"]) {
        picture[kind] = n[kind] === 0 ? null : this.#copy(n[kind], n[kind + "Size"]);
      }
      this.#exports.free_image();
      return picture;
    }));
  }

  #exports;
  #results;
  #models = new Map();
  #progress = () => {};

  /** The module asks for nothing of the system but to be told when it must end. */
  #imports() {
    const end = () => { throw new Error("exit"); };
    const nothing = new Proxy({}, {get: (_, name) => name === "proc_exit" ? end : () => 0});
    const aecomp = {progress: (part) => { this.#progress(part); return 0; }};
    return {aecomp, env: nothing, wasi_snapshot_preview1: nothing};
  }

  /** A trap means that the decoder's memory did not suffice: whatever else is wrong it says in its results. */
  #guarded(f) {
    try {
      return f();
    } catch (error) {
      if (error instanceof DecoderError) throw error;
      const why = `memory does not suffice for this picture in a browser (${error.message})`;
      throw new DecoderError(Code.memory, why);
    }
  }

  #withBytes(bytes, f) {
    const at = this.#exports.reserve(bytes.length) >>> 0;
    if (at === 0) throw new DecoderError(Code.memory, "memory does not suffice");
    new Uint8Array(this.#exports.memory.buffer).set(bytes, at);
    try {
      return f(at, bytes.length);
    } finally {
      this.#exports.release(at);
    }
  }

  #check(code) {
    if (code !== 0) throw new DecoderError(code, this.#text(kErrorAt, kErrorSize));
  }

  #numbers() {
    const values = new Uint32Array(this.#exports.memory.buffer, this.#results, kNumbers.length);
    return Object.fromEntries(kNumbers.map((name, i) => [name, values[i]]));
  }

  #infoOfResults() {
    const {width, height, channels, bits, hasAlpha, formatVersion, quality, tileSize} = this.#numbers();
    const modelId = this.#text(kModelIdAt, 17);
    return {width, height, channels, bits, hasAlpha: hasAlpha !== 0, formatVersion, quality, tileSize, modelId};
  }

  #text(offset, most) {
    const bytes = new Uint8Array(this.#exports.memory.buffer, this.#results + offset, most);
    return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)));
  }

  #copy(at, size) {
    return new Uint8Array(this.#exports.memory.buffer, at, size).slice();
  }
}

/** 8-bit RGBA of a picture, as canvases want it. Samples of 16 bits are rounded. */
export function toRgba({width, height, channels, bits, hasAlpha, samples}) {
  const rgba = new Uint8ClampedArray(width * height * 4), step = channels + (hasAlpha ? 1 : 0);
  const [green, blue] = channels === 3 ? [1, 2] : [0, 0];
  const to8 = bits === 16 ? (v) => (v * 255 + 32767) / 65535 | 0 : (v) => v;
  for (let from = 0, to = 0; to < rgba.length; from += step, to += 4) {
    rgba[to] = to8(samples[from]);
    rgba[to + 1] = to8(samples[from + green]);
    rgba[to + 2] = to8(samples[from + blue]);
    rgba[to + 3] = hasAlpha ? to8(samples[from + channels]) : 255;
  }
  return rgba;
}
