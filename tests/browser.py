"""Debian's Chromium, headless, for pages that are opened from their files: driven, and listened to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

WIDTH, HEIGHT = 1200, 900
IMAGES = """return Promise.all([...document.images].map(image => image.decode().then(() => true, () => false).then(
    decoded => ({decoded, width: image.naturalWidth, alt: image.alt, where: image.currentSrc.slice(0, 80)}))))"""
DUPLICATE_IDS = """const ids = [...document.querySelectorAll("[id]")].map(each => each.id);
    return ids.filter((id, place) => ids.indexOf(id) != place)"""


@contextmanager
def chromium(profile: Path) -> Iterator[webdriver.Chrome]:
    """A browser with an empty profile in that folder, which asks for nothing by itself."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for word in (
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
        *("--disable-background-networking", "--force-device-scale-factor=1", f"--window-size={WIDTH},{HEIGHT}"),
        f"--user-data-dir={profile}",
    ):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    try:
        driver.set_page_load_timeout(60)
        yield driver
    finally:
        driver.quit()


def opened(browser: webdriver.Chrome, page: Path) -> list[dict[str, Any]]:
    """Opens the page; the events of the DevTools protocol since."""
    for kind in ("browser", "performance"):
        browser.get_log(kind)  # what was before
    browser.get(page.as_uri())
    return [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
