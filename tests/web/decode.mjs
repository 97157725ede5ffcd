// Decodes with the page's own decoder in Node: decode.mjs FOLDER MODEL FILE.aec OUT.pam [REPETITIONS, which are timed].
// MODEL: - for files that need none. Errors go to stderr; the exit code is that of the program aecomp.
import fs from "node:fs";
import {pathToFileURL} from "node:url";

const [folder, model, file, out, repetitions] = process.argv.slice(2);
const {Decoder, DecoderError} = await import(pathToFileURL(folder + "/decoder.js").href);
try {
  const decoder = await Decoder.create(fs.readFileSync(folder + "/aecomp.wasm"));
  const bytes = fs.readFileSync(file), id = model === "-" ? "" : decoder.addModel(fs.readFileSync(model));
  decoder.info(bytes);
  for (let i = 0; i < Number(repetitions ?? 0); ++i) {
    const begin = performance.now(), {width, height} = decoder.decode(bytes, id);
    const seconds = (performance.now() - begin) / 1000;
    console.log(`${seconds.toFixed(3)} s, ${(width * height / 1e6 / seconds).toFixed(2)} MP/s`);
  }
  const {width, height, channels, bits, hasAlpha, samples} = decoder.decode(bytes, id);
  const content = bits === 16 ? Buffer.from(samples.buffer).swap16() : Buffer.from(samples);
  const kind = (channels === 3 ? "RGB" : "GRAYSCALE") + (hasAlpha ? "_ALPHA" : "");
  const header = `P7\nWIDTH ${width}\nHEIGHT ${height}\nDEPTH ${channels + (hasAlpha ? 1 : 0)}\n` +
    `MAXVAL ${2 ** bits - 1}\nTUPLTYPE ${kind}\nENDHDR\n`;
  fs.writeFileSync(out, Buffer.concat([Buffer.from(header), content]));
} catch (error) {
  if (!(error instanceof DecoderError)) throw error;
  console.error(`decode.mjs: ${file}: ${error.message}`);
  process.exit(error.code);
}
