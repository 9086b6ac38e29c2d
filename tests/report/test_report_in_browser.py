"""The page of `entrocraft report` in a real browser, opened from its file: whole, quiet, and nothing asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_up import HOSTILE, rich, study
from selenium import webdriver
from test_report_page import hostile

from study_report.page import render
from tests.browser import DUPLICATE_IDS, IMAGES, chromium, opened

pytestmark = pytest.mark.needs("chromium")

TOO_WIDE = """const edge = document.documentElement.clientWidth;
    return [...document.body.querySelectorAll("*")].filter(each => !each.closest(".wide"))
        .filter(each => each.getBoundingClientRect().right > edge + 1).map(each => each.outerHTML.slice(0, 120))"""
PAGES = {"rich": rich, "hostile": hostile, "empty": study}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("some pages")
    for name, made in PAGES.items():
        (folder / f"{name}.html").write_text(render(made()))
    return {name: folder / f"{name}.html" for name in PAGES}


@pytest.mark.parametrize("width", [1200, 600])
@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_whole_and_asks_nothing_of_the_network(
    name: str, width: int, browser: webdriver.Chrome, pages: dict[str, Path]
) -> None:
    browser.set_window_size(width, 900)
    page = pages[name]
    events = opened(browser, page)
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert asked.count(page.as_uri()) == 1, "the log sees requests"
    assert {url.split(":")[0] for url in asked} <= {"file", "data"}
    assert not [event["params"] for event in events if event["method"] == "Network.loadingFailed"]
    browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    images = browser.execute_script(IMAGES)
    assert len(images) == (0 if name == "empty" else 8)
    assert [image for image in images if not image["decoded"] or not image["width"]] == []
    assert [image for image in images if not image["alt"].strip()] == []
    assert browser.execute_script(TOO_WIDE) == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script(DUPLICATE_IDS) == []
    assert browser.title and browser.execute_script("return document.documentElement.lang") == "en"
    assert len(browser.find_elements("css selector", "h1")) == 1
    assert browser.get_log("browser") == [], "nothing in the console"


def test_names_are_shown_and_not_taken_for_markup(browser: webdriver.Chrome, pages: dict[str, Path]) -> None:
    opened(browser, pages["hostile"])
    shown = browser.find_element("css selector", "h1").text
    assert shown.startswith('"><script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>')
    assert HOSTILE not in shown, "without what cannot be seen"
    assert browser.execute_script("return document.scripts.length") == 0


def test_the_policy_of_the_page_stops_what_the_checks_would_see(
    browser: webdriver.Chrome, pages: dict[str, Path], tmp_path: Path
) -> None:
    page, bad = tmp_path / "page.html", '<img src="http://127.0.0.1:9/x.png"><script>undefined_name()</script></body>'
    page.write_text(pages["empty"].read_text().replace("</body>", bad))
    opened(browser, page)
    console = [entry["message"] for entry in browser.get_log("browser")]
    assert sum("Content Security Policy" in each for each in console) == 2, console
    assert not any("undefined_name is not defined" in each for each in console)
