#!/usr/bin/env python3
"""Opens files in the page of a server and compares the canvas with what the program decoded.

    open_page.py URL FOLDER NAME...

URL: of the page, which has NAME.aec beside it. FOLDER: holds NAME.ppm. Exit 1 where pixels differ.
"""
import pathlib
import sys

import chromium
import numpy
from PIL import Image
from selenium.webdriver.common.by import By

url, folder, names = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
driver, different = chromium.start(), 0
try:
    for name in names:
        driver.get("%s?src=%s.aec" % (url, name))
        shown = [driver.find_element(By.ID, element) for element in ("picture", "error")]
        chromium.wait("opening " + name, lambda: any(element.is_displayed() for element in shown))
        want = numpy.asarray(Image.open(folder / (name + ".ppm")))
        equal = shown[0].is_displayed() and numpy.array_equal(chromium.canvas(driver)[:, :, :3], want)
        print("%s.aec: %s" % (name, "the page shows its pixels" if equal else "DIFFERENT " + shown[1].text))
        different += not equal
finally:
    driver.quit()
sys.exit(different > 0)
