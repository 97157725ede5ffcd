// Reads the parts of EXIF and ICC profiles that people ask for. Whatever the bytes are, it ends with what it
// understood.

const kTags = {0x010F: "Make", 0x0110: "Camera", 0x0131: "Software", 0x0132: "Date", 0x013B: "Artist",
  0x8298: "Copyright", 0x010E: "Description", 0x9003: "Taken", 0x829A: "Exposure", 0x829D: "Aperture", 0x8827: "ISO", 0x920A: "Focal length",
  0xA434: "Lens"};
const kExifPart = 0x8769;
const kShown = {0x829A: (v) => (v < 0.4 ? "1/" + Math.round(1 / v) : v) + " s", 0x829D: (v) => "f/" + v,
  0x920A: (v) => v + " mm"};
const kSizes = {2: 1, 3: 2, 4: 4, 5: 8};

function valueOf(view, type, count, at, little) {
  if (type === 2) {
    const bytes = new Uint8Array(view.buffer, view.byteOffset + at, count);
    return new TextDecoder().decode(bytes).replace(/\0[^]*/, "").trim();
  }
  if (type === 3) return view.getUint16(at, little);
  if (type === 4) return view.getUint32(at, little);
  return Math.round(view.getUint32(at, little) / view.getUint32(at + 4, little) * 1e6) / 1e6;
}

function readPart(view, at, little, found, depth) {
  const entries = view.getUint16(at, little);
  for (let i = 0; i < entries; ++i) {
    const entry = at + 2 + 12 * i, tag = view.getUint16(entry, little), type = view.getUint16(entry + 2, little);
    const count = view.getUint32(entry + 4, little), size = kSizes[type] * count;
    if (tag === kExifPart && depth === 0) readPart(view, view.getUint32(entry + 8, little), little, found, 1);
    if (!(tag in kTags) || !(size > 0)) continue;
    const value = valueOf(view, type, count, size > 4 ? view.getUint32(entry + 8, little) : entry + 8, little);
    if (value !== "" && Number.isNaN(value) === false) found.push([kTags[tag], kShown[tag]?.(value) ?? String(value)]);
  }
}

/** bytes: EXIF from the TIFF byte order mark on. Returns pairs of name and text. */
export function exifTexts(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), found = [];
  try {
    const little = view.getUint16(0) === 0x4949;
    readPart(view, view.getUint32(4, little), little, found, 0);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;  // it ends early: the texts so far
  }
  return found;
}

/** The description of an ICC profile; empty where it has none. */
export function iccName(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at, size, label = "latin1") =>
    new TextDecoder(label).decode(bytes.subarray(at, at + size)).replace(/\0[^]*/, "");
  try {
    for (let i = 0; i < Math.min(view.getUint32(128), 100); ++i) {
      if (text(132 + 12 * i, 4) !== "desc") continue;
      const at = view.getUint32(136 + 12 * i);
      if (text(at, 4) === "desc") return text(at + 12, view.getUint32(at + 8));
      if (text(at, 4) === "mluc") return text(at + view.getUint32(at + 24), view.getUint32(at + 20), "utf-16be");
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return "";
}
