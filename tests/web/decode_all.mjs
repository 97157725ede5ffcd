// Decodes every .aec of a folder in one module: decode_all.mjs WEB MODEL FOLDER. Whatever they hold, it ends with a
// picture or with a DecoderError; after one that the memory did not suffice for, a new module goes on.
import fs from "node:fs";
import {pathToFileURL} from "node:url";

const [web, model, folder] = process.argv.slice(2);
const {Code, Decoder, DecoderError} = await import(pathToFileURL(web + "/decoder.js").href);
const start = async () => {
  const made = await Decoder.create(fs.readFileSync(web + "/aecomp.wasm"));
  return [made, made.addModel(fs.readFileSync(model))];
};
let [decoder, id] = await start(), decoded = 0, refused = 0, restarts = 0;
for (const name of fs.readdirSync(folder).filter((name) => name.endsWith(".aec")).sort()) {
  try {
    decoder.decode(fs.readFileSync(folder + "/" + name), id, {mostPixels: 2 ** 22});
    ++decoded;
  } catch (error) {
    if (!(error instanceof DecoderError) || error.message === "") throw error;
    if (/out of bounds|indirect call|signature/.test(error.message)) throw error;
    ++refused;
    if (error.code === Code.memory) [decoder, id] = await start(), ++restarts;
  }
}
console.log(`${refused} refused, ${decoded} decoded, ${restarts} times a new module`);
