"""Every page of the built site, opened in a browser at desk and phone width, light and dark."""

import json

import pytest
from selenium.webdriver.support.ui import WebDriverWait

pytestmark = pytest.mark.xdist_group("site")


def show(browser, url, width, mode="light"):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": 850, "deviceScaleFactor": 1, "mobile": width < 600})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-color-scheme", "value": mode}]})
    browser.get(url)


@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_and_run_without_error(browser, address, pages, width):
    browser.get_log("browser")
    browser.get_log("performance")
    wrong = []
    for name in pages:
        show(browser, f"{address}/{name}", width)
        across = browser.execute_script("return document.documentElement.scrollWidth")
        if across > width:
            wrong.append(f"{name}: {across} px wide in a window of {width} px")
        unseen = browser.execute_script(
            "return [...document.querySelectorAll('article img')]"
            ".filter(i => i.complete && !i.naturalWidth).map(i => i.src)")
        wrong += [f"{name}: image not shown: {src}" for src in unseen]
        wrong += [f"{name}: {entry['message']}" for entry in browser.get_log("browser")
                  if entry["level"] in ("SEVERE", "WARNING")]
    assert wrong == []
    asked = [json.loads(e["message"])["message"] for e in browser.get_log("performance")]
    urls = {m["params"]["request"]["url"] for m in asked if m["method"] == "Network.requestWillBeSent"}
    assert urls and {u for u in urls if not u.startswith((address, "data:"))} == set()


def test_dark_mode_is_dark_and_figures_stay_readable(browser, address, study_pages):
    name = next(n for n, (_, page) in study_pages.items() if page["notebook"].endswith("/survival.ipynb"))
    show(browser, f"{address}/{name}", 1280, "dark")
    look = browser.execute_script(
        "const style = q => getComputedStyle(document.querySelector(q)).backgroundColor;"
        "return [document.documentElement.dataset.theme, style('body'), style('article figure img')]")
    assert look[0] == "dark"
    assert sum(map(int, look[1].removeprefix("rgb(").removesuffix(")").split(","))) < 150
    assert look[2] == "rgb(255, 255, 255)"


def test_code_is_folded_and_opens(browser, address, study_pages):
    show(browser, f"{address}/{next(iter(study_pages))}", 1280)
    folds = browser.find_elements("css selector", "details.hide")
    assert folds and not any(fold.get_attribute("open") for fold in folds)
    folds[0].find_element("css selector", "summary").click()
    WebDriverWait(browser, 5).until(lambda _: folds[0].find_element("css selector", "pre").is_displayed())


def test_the_notebook_is_one_click_away(browser, address, book, study_pages):
    show(browser, f"{address}/{next(iter(study_pages))}", 1280)
    buttons = browser.find_elements("css selector", ".article-header-buttons a")
    links = [button.get_attribute("href") for button in buttons]
    notebook = next(link for link in links if link.endswith(".ipynb"))
    text = (book / notebook.removeprefix(f"{address}/")).read_text(encoding="utf-8")
    assert json.loads(text)["nbformat"] == 4


def test_search_finds_a_page(browser, address):
    show(browser, f"{address}/search.html?q=Kaplan-Meier", 1280)
    WebDriverWait(browser, 10).until(
        lambda b: b.find_elements("css selector", "#search-results a[href*='methods.html']"))
