#!/usr/bin/env python3
"""Decodes in headless Chromium and compares with what the program decoded.

    decode_in_chromium.py FOLDER

FOLDER: what scripts/web.sh made, and in it files NAME.aec with NAME.sha256, the hash of the samples that are expected
(of 16 bits: the high byte first). One line a file; exit 1 where samples differ. Then speed. Needs chromium,
chromedriver and Selenium.
"""
import functools
import http.server
import pathlib
import sys
import threading

import chromium

DECODE = """
const [name, done] = arguments;
(async () => {
  const {Decoder} = await import("/decoder.js");
  const bytes = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());
  if (!window.decoder) {
    window.decoder = await Decoder.create(await bytes("/aecomp.wasm"));
    window.model = decoder.addModel(await bytes("/release.aecm"));
  }
  const file = await bytes(name), id = decoder.info(file).modelId;
  const begin = performance.now(), picture = decoder.decode(file, id), seconds = (performance.now() - begin) / 1000;
  let samples = new Uint8Array(picture.samples.buffer);
  if (picture.bits === 16) {
    samples = new Uint8Array(samples.length);
    const view = new DataView(samples.buffer);
    picture.samples.forEach((v, i) => view.setUint16(2 * i, v));
  }
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", samples));
  done([Array.from(hash, (v) => v.toString(16).padStart(2, "0")).join(""), picture.width * picture.height, seconds]);
})().catch((error) => done(["" + error, 0, 0]));
"""


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


folder = pathlib.Path(sys.argv[1])
names = sorted(path.stem for path in folder.glob("*.sha256"))
if not names:
    sys.exit("decode_in_chromium.py: no .sha256 files in " + str(folder))
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
threading.Thread(target=server.serve_forever, daemon=True).start()
driver = chromium.start()
different, pixels, seconds = 0, 0, 0
try:
    driver.get("http://127.0.0.1:%d/" % server.server_port)
    for name in names:
        got, size, time = driver.execute_async_script(DECODE, name + ".aec")
        equal = got == (folder / (name + ".sha256")).read_text().strip()
        print("%s: %s.aec" % ("equal" if equal else "DIFFERENT", name) + ("" if equal else ": " + got))
        different += not equal
        pixels, seconds = pixels + size, seconds + time
finally:
    driver.quit()
    server.shutdown()
print("%.2f megapixels/s in Chromium" % (pixels / 1e6 / max(seconds, 1e-9)), file=sys.stderr)
sys.exit(different > 0)
