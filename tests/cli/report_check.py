#!/usr/bin/env python3
"""Opens a report in headless Chromium, uses it as a person would, and fails on the first thing that is wrong.

    tests/cli/report_check.py page.html [--screenshots FOLDER] [--no-pictures] [--training] [--seconds 30]

Debian: chromium chromium-driver python3-selenium.
"""

import argparse
import json
import pathlib
import sys
import time

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

WIDE, NARROW = (1280, 900), (400, 850)


def check(true, what):
    if not true:
        sys.exit(f"report_check: {what}")


def start():
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options)
    browser.set_script_timeout(120)
    return browser


def load(browser, page, limit):
    begin = time.time()
    browser.get(page.resolve().as_uri())
    while browser.execute_script("return document.documentElement.dataset.ready") != "true":
        check(time.time() - begin < limit, f"not ready after {limit} s")
        time.sleep(0.02)
    return time.time() - begin


def requests(browser, page):
    """Addresses that were asked for, beside the page itself and what it holds."""
    found = []
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            found.append(message["params"]["request"]["url"])
    return [url for url in found if not url.startswith(("data:", "blob:")) and url != page.resolve().as_uri()]


def resize(browser, size):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                            {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size is NARROW})  # fmt: skip
    time.sleep(0.3)


def shot(browser, folder, name, whole=True):
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    if not whole:
        browser.save_screenshot(str(folder / f"{name}.png"))
        return
    import base64

    data = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "format": "png",
        "clip": {"x": 0, "y": 0, "width": browser.execute_script("return innerWidth"),
                 "height": min(6000, browser.execute_script("return document.documentElement.scrollHeight")), "scale": 1}})  # fmt: skip
    (folder / f"{name}.png").write_bytes(base64.b64decode(data["data"]))


def find(browser, what):
    return browser.find_element(By.CSS_SELECTOR, what)


def check_curves(browser, host, tabs):
    buttons = browser.find_elements(By.CSS_SELECTOR, f"#{tabs} button")
    check(len(buttons) >= 1, f"{tabs}: no tabs")
    for button in buttons:
        button.click()
        check(button.get_attribute("aria-selected") == "true", f"{tabs}: a tab is not chosen")
        check(browser.find_elements(By.CSS_SELECTOR, f"#{host} svg polyline"), f"{host}: no curves for {button.text}")
    buttons[0].click()
    chart = find(browser, f"#{host} svg")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", chart)
    ActionChains(browser).move_to_element(chart).perform()
    tip = find(browser, "#tooltip")
    check(tip.is_displayed() and len(tip.text.splitlines()) >= 2, f"{host}: hovering shows no point")
    first = tip.text
    chart.send_keys(Keys.ARROW_RIGHT)
    check(tip.text != first or len(tip.text) > 0, f"{host}: arrow keys show no point")
    browser.execute_script("arguments[0].blur()", chart)


def place(browser):
    return browser.execute_script("""
      const stage = document.getElementById("stage"), divider = document.getElementById("divider");
      const left = document.getElementById("image-left"), right = document.getElementById("image-right");
      return {transform: left.style.transform, same: left.style.transform === right.style.transform &&
                left.style.transform === document.getElementById("frames").style.transform,
              clip: right.style.clipPath, at: Number(divider.getAttribute("aria-valuenow")),
              scale: Number(document.getElementById("zoom").textContent.replace(/[^0-9.]/g, "")),
              loaded: left.naturalWidth > 0 && right.naturalWidth > 0, wide: stage.clientWidth};""")


def wait_for(browser, condition, what):
    for _ in range(200):
        if condition(place(browser)):
            return
        time.sleep(0.05)
    check(False, f"{what}: {place(browser)}")


def check_comparer(browser, folder):
    stage, divider = find(browser, "#stage"), find(browser, "#divider")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", stage)
    wait_for(browser, lambda p: p["loaded"], "the pictures do not load")
    start_place = place(browser)
    check(start_place["same"] and start_place["at"] == 50, f"at first: {start_place}")
    ActionChains(browser).drag_and_drop_by_offset(divider, -start_place["wide"] // 4, 0).perform()
    moved = place(browser)
    check(20 <= moved["at"] <= 30 and moved["clip"] != start_place["clip"], f"dragging the divider: {moved}")
    divider.send_keys(Keys.ARROW_RIGHT)
    check(place(browser)["at"] > moved["at"], "the divider does not follow the arrow keys")
    for _ in range(3):
        find(browser, "#zoom-in").click()
    zoomed = place(browser)
    check(zoomed["scale"] > 2.5 * start_place["scale"] and zoomed["same"], f"zoom: {zoomed}")
    ActionChains(browser).move_to_element_with_offset(stage, 60, 80).click_and_hold().move_by_offset(-50, -30).release().perform()
    check(place(browser)["transform"] != zoomed["transform"] and place(browser)["same"], "dragging does not move both pictures")
    browser.execute_script("arguments[0].focus()", stage)
    before = place(browser)
    ActionChains(browser).send_keys(Keys.ARROW_LEFT).perform()
    check(place(browser)["transform"] != before["transform"], "arrow keys do not move the picture")
    ActionChains(browser).send_keys("+").perform()
    check(place(browser)["scale"] > before["scale"], "+ does not zoom")
    ActionChains(browser).send_keys("0").perform()
    check(abs(place(browser)["scale"] - start_place["scale"]) <= 1, "0 does not fit")
    check_flicker(browser, stage)
    regions = browser.find_elements(By.CSS_SELECTOR, "#regions button")
    check(1 <= len(regions) <= 3, f"{len(regions)} worst regions")
    check(len(browser.find_elements(By.CSS_SELECTOR, "#frames b")) == len(regions), "worst regions are not framed")
    regions[0].click()
    near = place(browser)
    check(near["scale"] > start_place["scale"] and near["same"], f"worst region: {near}")
    shot(browser, folder, "region", whole=False)
    check_choices(browser)


def check_flicker(browser, stage):
    browser.execute_script("arguments[0].focus()", stage)
    ActionChains(browser).send_keys("f").perform()
    check(find(browser, "#flicker").get_attribute("aria-pressed") == "true", "F does not flicker")
    seen = set()
    for _ in range(40):
        seen.add(place(browser)["clip"])
        time.sleep(0.05)
    check(len(seen) == 2, f"flicker shows {seen}")
    find(browser, "#flicker").click()
    check(find(browser, "#flicker").get_attribute("aria-pressed") == "false", "flicker does not stop")


def check_choices(browser):
    right, tag = Select(find(browser, "#right")), find(browser, "#tag-right")
    for option in range(len(right.options)):
        right.select_by_index(option)
        wait_for(browser, lambda p: p["loaded"], f"version {option} does not load")
        check(tag.text == right.options[option].text, "the label is that of another version")
    right.select_by_index(1)
    picture = Select(find(browser, "#picture"))
    name = picture.first_selected_option.text
    find(browser, "#next").click()
    check(len(picture.options) == 1 or picture.first_selected_option.text != name, "the next picture does not come")
    rows = browser.find_elements(By.CSS_SELECTOR, "#all-pictures tr.pick")
    check(len(rows) == len(picture.options), "the table of all pictures has other rows")
    rows[0].click()
    check(picture.first_selected_option.text == name, "a row does not open its picture")
    check(len(browser.find_elements(By.CSS_SELECTOR, "#picture-table tr")) == len(right.options), "the table of a picture")


def colour(browser):
    return browser.execute_script("return getComputedStyle(document.body).backgroundColor")


def check_looks(browser, folder, stage):
    light = colour(browser)
    find(browser, "#theme").click()
    check(colour(browser) != light, "dark looks like light")
    shot(browser, folder, "dark", whole=False)
    find(browser, "#theme").click()
    browser.execute_script("scrollTo(0, 0)")
    shot(browser, folder, "wide")
    resize(browser, NARROW)
    overflow = browser.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    check(overflow <= 0, f"on a phone the page is {overflow} pixels too wide")
    if stage:
        browser.execute_script("document.getElementById('stage').scrollIntoView({block: 'center'})")
        shot(browser, folder, "narrow-stage", whole=False)
    browser.execute_script("scrollTo(0, 0)")
    shot(browser, folder, "narrow")
    resize(browser, WIDE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("--screenshots", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=60, help="until the page has to be ready")
    parser.add_argument("--no-pictures", action="store_true"), parser.add_argument("--training", action="store_true")
    parser.add_argument("--no-curves", action="store_true")
    arguments = parser.parse_args()
    browser = start()
    try:
        resize(browser, WIDE)
        seconds = load(browser, arguments.page, arguments.seconds)
        if not arguments.no_curves:
            check_curves(browser, "curves", "metric-tabs")
            check(browser.find_elements(By.CSS_SELECTOR, "#rates tr:nth-child(2) td small"), "no BD-rate with its range")
        if arguments.training:
            check_curves(browser, "training-curves", "training-tabs")
        if not arguments.no_pictures:
            check_comparer(browser, arguments.screenshots)
        check_looks(browser, arguments.screenshots, not arguments.no_pictures)
        asked = requests(browser, arguments.page)
        check(not asked, f"the page asks for {asked[:3]}")
        errors = [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
        check(not errors, f"console: {errors[:3]}")
        print(f"ready in {seconds:.2f} s, {arguments.page.stat().st_size} bytes, 0 requests, 0 console errors")
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
