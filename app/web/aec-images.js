// Shows every <img data-aec="photo.aec"> of a page, and those that are added later:
//
//   <script type="module" src="aecomp/aec-images.js"></script>
//   <img data-aec="photo.aec" alt="A photo">
//
// An image gets its pixels as a PNG, with the profile and metadata of the file, and an event "load". Where that fails,
// its text says why, as does the attribute data-aec-error, and it gets an event "error".
import {decodeToPng} from "./client.js";

async function show(image) {
  const name = image.dataset.aec;
  if (name === undefined) return;
  delete image.dataset.aecError;
  try {
    const {blob} = await decodeToPng({url: new URL(name, document.baseURI).href});
    if (image.dataset.aec !== name) return;  // another picture is wanted by now
    const url = URL.createObjectURL(blob);
    image.addEventListener("load", () => URL.revokeObjectURL(url), {once: true});
    image.src = url;
  } catch (error) {
    image.dataset.aecError = image.alt = image.title = name + ": " + error.message;
    image.dispatchEvent(new Event("error"));
  }
}

const showAll = (root) => root.querySelectorAll?.("img[data-aec]").forEach(show);
showAll(document);
new MutationObserver((changes) => {
  for (const {type, target, addedNodes} of changes) {
    if (type === "attributes") show(target);
    for (const node of addedNodes) node.matches?.("img[data-aec]") ? show(node) : showAll(node);
  }
}).observe(document, {subtree: true, childList: true, attributeFilter: ["data-aec"]});
