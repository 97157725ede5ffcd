// The page: files are picked or dropped, decoded in the background, shown, and saved as PNG.
import {addModel, saveAsPng, show} from "./client.js";
import {Code} from "./decoder.js";
import {exifTexts, iccName} from "./metadata.js";
import {Viewer} from "./viewer.js";

const $ = (id) => document.getElementById(id);
const viewer = new Viewer($("stage"), $("picture"), (scale) => { $("scale").value = Math.round(scale * 100) + " %"; });
const entries = [];  // {name, file or url, button}, in the order of the list
let current = null, picture = null;

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

const number = (n) => n.toLocaleString("en");

/** Pairs of name and text. */
function factsOf({width, height, channels, bits, hasAlpha, formatVersion, quality, tileSize, modelId, bytes, seconds}) {
  const megapixels = width * height / 1e6;
  return [["Size", `${number(width)} × ${number(height)} (${megapixels.toFixed(2)} MP)`],
    ["Colours", `${channels === 3 ? "RGB" : "gray"}${hasAlpha ? " + alpha" : ""}, ${bits} bits`],
    ["File", `${number(bytes)} bytes, ${(bytes * 8 / width / height).toFixed(3)} bits a pixel`],
    ["Quality", (quality / 16).toFixed(2) + " on the model's axis"], ["Format", "version " + formatVersion],
    ["Tiles", `${tileSize} × ${tileSize}`], ["Model", modelId || "needs none"],
    ["Decoded in", `${seconds.toFixed(2)} s, ${(megapixels / seconds).toFixed(2)} MP/s`]];
}

function list(pairs) {
  return pairs.flatMap(([name, text]) => [element("dt", name), element("dd", text)]);
}

function showMetadata({icc, exif, xmp, bits}) {
  const parts = [];
  const add = (title, ...content) => parts.push(element("details", "", element("summary", title), ...content));
  if (exif) add(`EXIF, ${number(exif.length)} bytes`, element("dl", "", ...list(exifTexts(exif))));
  if (icc) {
    const name = iccName(icc) || "Without a name";
    add(`ICC profile, ${number(icc.length)} bytes`,
      element("p", name + ". The picture is shown as if it were sRGB; the saved PNG has the profile."));
  }
  if (xmp) add(`XMP, ${number(xmp.length)} bytes`, element("pre", new TextDecoder().decode(xmp)));
  if (bits === 16) parts.push(element("p", "Shown with 8 bits; the saved PNG has all 16."));
  $("metadata").replaceChildren(...parts);
}

function setReady(ready) {
  for (const id of ["in", "out", "fit", "full", "save"]) $(id).disabled = !ready;
  if (!ready) $("scale").value = "";
}

function clear() {
  picture = null;
  viewer.hide();
  $("hint").hidden = true, $("error").hidden = true;
  $("info").replaceChildren(), $("metadata").replaceChildren();
  setReady(false);
}

function showError(name, error) {
  const parts = [element("strong", name + ": "), error.message];
  if (error.code === Code.model && error.modelId) {
    parts.push(element("p", "", "This picture needs the model with the id ", element("code", error.modelId),
      ". Whoever made the picture has it as a file that ends in .aecm. Drop that file here: it is kept for the next " +
      "time."));
  }
  $("error").replaceChildren(...parts);
  $("error").hidden = false;
}

function showProgress({stage, part}) {
  $("work").hidden = false;
  $("stage-name").textContent = stage === "model" ? "Fetching the model" : "Decoding";
  $("progress").value = part;
}

async function sourceOf(entry) {
  return entry.url ? {url: entry.url} : {bytes: new Uint8Array(await entry.file.arrayBuffer())};
}

async function open(entry) {
  current = entry;
  for (const other of entries) other.button.setAttribute("aria-current", other === entry);
  clear();
  showProgress({stage: "picture", part: 0});
  try {
    const decoded = await show(await sourceOf(entry), (progress) => { if (current === entry) showProgress(progress); });
    if (current !== entry) return;
    viewer.show(decoded.rgba, decoded.width, decoded.height);
    picture = decoded;
    $("info").replaceChildren(...list(factsOf(decoded)));
    showMetadata(decoded);
    setReady(true);
    entry.button.classList.remove("bad");
  } catch (error) {
    entry.button.classList.add("bad"), entry.failed = error.code;
    if (current !== entry) return;
    clear();
    showError(entry.name, error);
  }
  $("work").hidden = true;
}

function add(entry) {
  entry.button = element("button", entry.name);
  entry.button.onclick = () => open(entry);
  entries.push(entry);
  $("files").append(element("li", "", entry.button));
  return entry;
}

/** Models are kept, and the picture that waits for one is tried again; of pictures the first is opened. */
async function take(files) {
  let first = null, model = false;
  for (const file of files) {
    if (!file.name.toLowerCase().endsWith(".aecm")) {
      const entry = add({name: file.name, file});
      first ??= entry;
      continue;
    }
    try {
      await addModel(new Uint8Array(await file.arrayBuffer()));
      model = true;
    } catch (error) {
      clear();
      return showError(file.name, error);
    }
  }
  if (first !== null) return open(first);
  if (model && current?.failed === Code.model) return open(current);
}

async function save() {
  const {name} = current;
  $("save").disabled = true;
  try {
    const link = element("a");
    link.href = URL.createObjectURL(await saveAsPng(picture));
    link.download = name.replace(/.*\//, "").replace(/(\.png)?\.aec$/i, "") + ".png";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  } catch (error) {
    showError(name, error);
  }
  $("save").disabled = picture === null;
}

function step(by) {
  const next = entries[entries.indexOf(current) + by];
  if (next) open(next);
}

const keys = {"+": () => viewer.zoom(1.25), "=": () => viewer.zoom(1.25), "-": () => viewer.zoom(0.8),
  "0": () => viewer.fit(), "1": () => viewer.full(), ArrowRight: () => step(1), ArrowLeft: () => step(-1)};
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const allowed = picture !== null || event.key.startsWith("Arrow");
  if (event.key in keys && allowed) event.preventDefault(), keys[event.key]();
});
$("in").onclick = () => viewer.zoom(1.25);
$("out").onclick = () => viewer.zoom(0.8);
$("fit").onclick = () => viewer.fit();
$("full").onclick = () => viewer.full();
$("save").onclick = save;
$("pick").onchange = () => { take([...$("pick").files]), $("pick").value = ""; };
$("pick").parentElement.onkeydown = (event) => { if (event.key === "Enter" || event.key === " ") $("pick").click(); };
addEventListener("dragover", (event) => { event.preventDefault(), $("stage").classList.add("drop"); });
addEventListener("dragleave", (event) => { if (event.relatedTarget === null) $("stage").classList.remove("drop"); });
addEventListener("drop", (event) => {
  event.preventDefault(), $("stage").classList.remove("drop");
  take([...event.dataTransfer.files]);
});

// index.html?src=photo.aec opens a file of the same server.
const given = new URLSearchParams(location.search).getAll("src");
const opened = given.map((src) => add({name: src, url: new URL(src, location.href).href}));
if (opened.length > 0) open(opened[0]);
