"""Headless Chromium, and what the page's canvas holds. Needs chromium, chromedriver, Selenium and NumPy."""
import base64
import time

import numpy
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

CANVAS = """const c = document.getElementById('picture'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
let text = ''; for (let i = 0; i < d.length; i += 8192) text += String.fromCharCode(...d.subarray(i, i + 8192));
return [c.width, c.height, btoa(text)];"""


def start():
    options = webdriver.ChromeOptions()
    for option in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,800"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.set_script_timeout(120)
    return driver


def wait(what, condition, seconds=90):
    end = time.time() + seconds
    while time.time() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise SystemExit("FAILED: nothing came of: " + what)


def canvas(driver):
    width, height, text = driver.execute_script(CANVAS)
    return numpy.frombuffer(base64.b64decode(text), numpy.uint8).reshape(height, width, 4)
