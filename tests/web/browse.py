#!/usr/bin/env python3
"""Opens the page in headless Chromium and compares what its canvas holds with what the program decoded.

    browse.py FOLDER [SCREENSHOTS]

FOLDER: what scripts/web.sh made, and beside it images.html, plain.aec (RGB), gray.aec, deep.aec (16 bits),
lossless.aec, clear.aec (with alpha), broken.aec and other.aec (of another model), each of the first five with what the
program decoded it to as .pam. SCREENSHOTS: a folder for pictures of the page, wide and narrow. Needs chromium,
chromedriver and Selenium.
"""
import base64
import functools
import http.server
import io
import pathlib
import sys
import threading

import chromium
import numpy
from chromium import canvas, wait
from PIL import Image
from selenium.webdriver.common.by import By

folder = pathlib.Path(sys.argv[1])
requests = []


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        requests.append(self.path)


def read_pam(name):
    data = (folder / name).read_bytes()
    head, _, content = data.partition(b"ENDHDR\n")
    fields = dict(line.split(None, 1) for line in head.decode().splitlines() if " " in line)
    shape = [int(fields[key]) for key in ("HEIGHT", "WIDTH", "DEPTH")]
    return numpy.frombuffer(content, ">u2" if int(fields["MAXVAL"]) > 255 else "u1").reshape(shape)


def rgba_8(array):
    """As the page shows it."""
    if array.dtype.itemsize == 2:
        array = (array.astype(numpy.int64) * 255 + 32767) // 65535
    height, width, depth = array.shape
    alpha = array[:, :, depth - 1:] if depth % 2 == 0 else numpy.full((height, width, 1), 255)
    colour = array[:, :, :3] if depth >= 3 else numpy.repeat(array[:, :, :1], 3, 2)
    return numpy.concatenate([colour, alpha], 2).astype(numpy.uint8)


def check(what, right):
    print(("ok: " if right else "FAILED: ") + what)
    failures.append(what) if not right else None


failures = []
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
threading.Thread(target=server.serve_forever, daemon=True).start()
root = "http://127.0.0.1:%d/" % server.server_port
driver = chromium.start()

SAVE = """const done = arguments[0], make = URL.createObjectURL;
URL.createObjectURL = (blob) => { const r = new FileReader(); r.onload = () => done(r.result); r.readAsDataURL(blob);
  URL.createObjectURL = make; return make.call(URL, blob); };
HTMLAnchorElement.prototype.click = () => {}; document.getElementById('save').click();"""


def visible(name):
    return driver.find_element(By.ID, name).is_displayed()


def settled():
    return not visible("work") and (visible("picture") or visible("error"))


def open_file(name):
    before = driver.find_elements(By.CSS_SELECTOR, "#files li")
    driver.find_element(By.ID, "pick").send_keys(str((folder / name).resolve()))
    wait("opening " + name, lambda: len(driver.find_elements(By.CSS_SELECTOR, "#files li")) > len(before))
    wait("decoding " + name, settled)


def screenshot(name):
    if len(sys.argv) > 2:
        driver.save_screenshot(str(pathlib.Path(sys.argv[2]) / (name + ".png")))


try:
    driver.get(root)
    screenshot("empty")
    for name in ("plain", "gray", "lossless", "deep"):
        open_file(name + ".aec")
        want = rgba_8(read_pam(name + ".pam"))
        check("the canvas holds the pixels of %s.aec" % name, visible("picture") and numpy.array_equal(canvas(driver), want))
    speed = [e.text for e in driver.find_elements(By.CSS_SELECTOR, "#info dd")][-1]
    for name in ("plain", "deep", "clear"):
        open_file(name + ".aec")
        url = driver.execute_async_script(SAVE)
        saved = (folder / ("saved_%s.png" % name))
        saved.write_bytes(base64.b64decode(url.split(",", 1)[1]))
    for name in ("plain", "clear"):
        with Image.open(folder / ("saved_%s.png" % name)) as image:
            image.load()
            check("the saved PNG of %s.aec" % name, numpy.array_equal(numpy.asarray(image), read_pam(name + ".pam")))
    open_file("plain.aec")
    facts = driver.find_element(By.ID, "info").text
    check("the page says what the file is: " + facts.replace("\n", " "), "RGB, 8 bits" in facts and "MP/s" in facts)
    check("the page shows the metadata", "EXIF" in driver.find_element(By.ID, "metadata").text)
    screenshot("wide")
    driver.find_element(By.ID, "full").click()
    check("1:1 is 100 %", driver.find_element(By.ID, "scale").text == "100 %")
    for _ in range(8):
        driver.find_element(By.ID, "in").click()
    check("zoom", driver.find_element(By.ID, "scale").text == "596 %")
    screenshot("zoomed")
    driver.find_element(By.ID, "fit").click()

    open_file("broken.aec")
    text = driver.find_element(By.ID, "error").text
    check("an error is shown in the page: " + text, visible("error") and "broken.aec: damaged: the checksum" in text)
    screenshot("error")
    open_file("other.aec")
    text = driver.find_element(By.ID, "error").text
    check("another model: " + text.replace("\n", " "), "was made with model" in text and ".aecm" in text)
    screenshot("model")
    driver.find_element(By.ID, "pick").send_keys(str((folder / "other.aecm").resolve()))
    wait("decoding with the model that was given", lambda: settled() and visible("picture"))
    check("a model that is given", numpy.array_equal(canvas(driver), rgba_8(read_pam("other.pam"))))

    driver.set_window_size(390, 800)
    driver.find_elements(By.CSS_SELECTOR, "#files button")[0].click()
    wait("the first file again", lambda: settled() and visible("picture"))
    screenshot("narrow")
    wide = driver.execute_script("return document.documentElement.scrollWidth > innerWidth")
    check("nothing sticks out of a narrow window", not wide)

    fetched = requests.count("/release.aecm")
    driver.get(root + "?src=plain.aec")
    wait("the file that the address names", lambda: settled() and visible("picture"))
    check("a file that the address names", numpy.array_equal(canvas(driver), rgba_8(read_pam("plain.pam"))))
    check("the model is fetched once: %d, %d" % (fetched, requests.count("/release.aecm")),
          requests.count("/release.aecm") == fetched)

    driver.set_window_size(1280, 800)
    driver.get(root + "images.html")
    plain = driver.find_element(By.ID, "plain")
    wait("images of a page", lambda: all(driver.execute_script(
        "return ['plain', 'clear'].every((id) => document.getElementById(id).naturalWidth > 0) && "
        "['broken', 'missing'].every((id) => document.getElementById(id).dataset.aecError)")
        for _ in range(1)))
    for name in ("plain", "clear"):
        size = driver.execute_script("const i = document.getElementById(arguments[0]); return [i.naturalHeight, i.naturalWidth]", name)
        check("<img data-aec> of %s.aec" % name, size == list(read_pam(name + ".pam").shape[:2]))
    for name in ("broken", "missing"):
        print("ok: " + driver.find_element(By.ID, name).get_attribute("alt"))
    screenshot("images")
    hosts = [line["message"] for line in driver.get_log("browser") if "Content Security" in line["message"]]
    check("nothing is asked of other hosts", not hosts)
    print("speed in Chromium: " + speed)
finally:
    driver.quit()
    server.shutdown()
sys.exit(1 if failures else 0)
