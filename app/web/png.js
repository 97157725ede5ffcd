// Writes PNG files of 8 and 16 bits, gray and RGB, with alpha, ICC profile, EXIF and XMP, with what browsers have. A
// canvas would make 8 bits of all, and lose what is below transparent places.

const kCrc = Uint32Array.from({length: 256}, (_, i) => {
  for (let k = 0; k < 8; ++k) i = i & 1 ? i >>> 1 ^ 0xEDB88320 : i >>> 1;
  return i >>> 0;
});

function crc32(bytes, crc) {
  for (let i = 0; i < bytes.length; ++i) crc = crc >>> 8 ^ kCrc[(crc ^ bytes[i]) & 255];
  return crc;
}

const textBytes = (text) => new TextEncoder().encode(text);

/** The pieces of a chunk, for a Blob. */
function chunk(type, ...pieces) {
  const head = new DataView(new ArrayBuffer(8)), tail = new DataView(new ArrayBuffer(4));
  head.setUint32(0, pieces.reduce((sum, piece) => sum + piece.length, 0));
  new Uint8Array(head.buffer).set(textBytes(type), 4);
  const crc = pieces.reduce((sum, piece) => crc32(piece, sum), crc32(textBytes(type), 0xFFFFFFFF));
  tail.setUint32(0, ~crc >>> 0);
  return [head.buffer, ...pieces, tail.buffer];
}

async function deflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Rows with the filter "Sub", which suits photographs and takes one pass. */
function filteredRows({width, height, channels, bits, hasAlpha, samples}) {
  const step = (channels + (hasAlpha ? 1 : 0)) * bits / 8, row = width * step;
  let bytes = samples;
  if (bits === 16) {  // from the byte order of the machine to PNG's
    bytes = new Uint8Array(samples.length * 2);
    for (let i = 0; i < samples.length; ++i) bytes[2 * i] = samples[i] >> 8, bytes[2 * i + 1] = samples[i];
  }
  const rows = new Uint8Array((row + 1) * height);
  for (let y = 0, to = 0, from = 0; y < height; ++y) {
    rows[to++] = 1;
    for (let x = 0; x < row; ++x, ++from) rows[to++] = x < step ? bytes[from] : bytes[from] - bytes[from - step];
  }
  return rows;
}

/** picture: as Decoder.decode gives it. Returns a Blob. */
export async function toPng(picture) {
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, picture.width), header.setUint32(4, picture.height);
  header.setUint8(8, picture.bits), header.setUint8(9, (picture.channels === 3 ? 2 : 0) + (picture.hasAlpha ? 4 : 0));
  const signature = new Uint8Array([0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10]);
  const parts = [signature, ...chunk("IHDR", new Uint8Array(header.buffer))];
  if (picture.icc) parts.push(...chunk("iCCP", textBytes("icc\0\0"), await deflated(picture.icc)));
  if (picture.exif) parts.push(...chunk("eXIf", picture.exif));
  if (picture.xmp) parts.push(...chunk("iTXt", textBytes("XML:com.adobe.xmp\0\0\0\0\0"), picture.xmp));
  parts.push(...chunk("IDAT", await deflated(filteredRows(picture))), ...chunk("IEND"));
  return new Blob(parts, {type: "image/png"});
}
