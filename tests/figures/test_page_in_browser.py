"""The page of `entrocraft paper` in a real browser, opened from its file: whole, quiet, and nothing asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from selenium import webdriver
from synthetic import SyntheticRun, linear, write_run

from harness.cli.main import main
from tests.browser import DUPLICATE_IDS, IMAGES, WIDTH, chromium, opened

pytestmark = pytest.mark.needs("chromium")

TOO_WIDE = """const edge = document.documentElement.clientWidth;
    return [...document.body.querySelectorAll("*")].filter(each => each.getBoundingClientRect().right > edge + 1)
        .map(each => each.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


def made(folder: Path, *words: str) -> Path:
    assert main(["paper", *words, "--out", str(folder / "out")]) == 0
    return folder / "out" / "index.html"


@pytest.fixture(scope="module")
def with_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two methods, one run that was left out, and names that HTML would take for markup."""
    root = tmp_path_factory.mktemp("with runs")
    for method, schedule in (({"name": "grpo"}, None), ({"name": "entrocraft", "gamma": 10.0}, linear(0.5, 0.2))):
        run = SyntheticRun(method, 1, np.linspace(0.6, 0.2, 30).tolist(), schedule, correct={15: [1, 2], 30: [2, 4]})
        write_run(root / "runs" / f"{method['name']} <b>&", run)
    write_run(root / "runs" / "lost", SyntheticRun({"name": "psr"}, 1, [0.5], state="failed", reason="<script>x"))
    return made(root, str(root / "runs"))


@pytest.fixture(scope="module")
def without_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("without runs"))


@pytest.mark.parametrize("name", ["with_runs", "without_runs"])
def test_the_page_is_whole_and_asks_nothing_of_the_network(
    name: str, browser: webdriver.Chrome, request: pytest.FixtureRequest
) -> None:
    page: Path = request.getfixturevalue(name)
    events = opened(browser, page)
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert asked.count(page.as_uri()) == 1, "the log sees requests"
    assert {url.split(":")[0] for url in asked} <= {"file", "data"}
    failed = [event["params"] for event in events if event["method"] == "Network.loadingFailed"]
    assert not failed
    images = browser.execute_script(IMAGES)
    assert len(images) >= (3 if name == "with_runs" else 0)
    assert [image for image in images if not image["decoded"] or not image["width"]] == []
    assert [image for image in images if not image["alt"].strip()] == []
    assert browser.execute_script("return document.documentElement.clientWidth") == WIDTH
    assert browser.execute_script(TOO_WIDE) == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= WIDTH
    assert browser.execute_script(DUPLICATE_IDS) == []
    assert browser.title and browser.execute_script("return document.documentElement.lang") == "en"
    assert len(browser.find_elements("css selector", "h1")) == 1
    assert browser.get_log("browser") == [], "nothing in the console"


def test_links_of_the_page_lead_to_its_files(browser: webdriver.Chrome, with_runs: Path) -> None:
    opened(browser, with_runs)
    links = browser.execute_script("return [...document.links].map(link => link.href)")
    here = with_runs.parent.as_uri()
    local = [link for link in links if not link.startswith(with_runs.as_uri() + "#")]
    assert all(link.startswith(here) for link in local), links
    for link in local:
        assert (with_runs.parent / link.removeprefix(here + "/")).is_file(), link


def test_names_are_shown_and_not_taken_for_markup(browser: webdriver.Chrome, with_runs: Path) -> None:
    opened(browser, with_runs)
    shown = browser.find_element("css selector", "body").text
    assert "lost: the run failed: <script>x" in shown
    assert browser.execute_script("return [...document.scripts].filter(each => each.text.trim() == 'x').length") == 0
    assert browser.execute_script("return document.querySelectorAll('td b, p b, li b, figcaption b').length") == 0


def test_the_checks_see_a_page_that_is_not_whole(browser: webdriver.Chrome, tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text(
        '<!DOCTYPE html><body><img src="data:image/png;base64,AAAA"><div style="width:2000px">x</div>'
        '<img src="http://127.0.0.1:9/x.png"><script>undefined_name()</script>'
    )
    events = opened(browser, page)
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert "http://127.0.0.1:9/x.png" in asked
    images = browser.execute_script(IMAGES)
    assert [image["decoded"] for image in images] == [False, False] and [image["alt"] for image in images] == ["", ""]
    assert len(browser.execute_script(TOO_WIDE)) == 1
    assert any("undefined_name" in entry["message"] for entry in browser.get_log("browser"))
