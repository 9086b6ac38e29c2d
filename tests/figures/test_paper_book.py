"""The page: every figure in the paper's order with its words and data, what is missing, nothing from a network."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from paper_study import experiments, write_experiments
from synthetic import SyntheticRun, linear, write_run

from paper_figures import alt
from paper_figures.book import write_book
from paper_figures.web import MOST_ROWS, thinned


class Page(HTMLParser):
    """Attributes of every element by tag, and the text of the headings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, list[dict[str, str | None]]] = {}
        self.headings: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.setdefault(tag, []).append(dict(attrs))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside in ("h2", "h3") and data.strip():
            self.headings.append(data)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the runs of Fig. 6, and a small one of ours that was left out."""
    root, out = tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("book")
    write_experiments(root, experiments(["6"]))
    failed = SyntheticRun({"name": "nsr"}, 1, [0.6, 0.9], state="failed", reason="entropy is NaN")
    write_run(root / "failed", failed)
    write_book(root, out, {})
    return out


@pytest.fixture(scope="module")
def page(book: Path) -> Page:
    return Page((book / "index.html").read_text())


def test_sections_are_in_the_papers_order_then_ours_then_of_the_runs(page: Page) -> None:
    sections = [str(each["id"]) for each in page.found["section"]]
    paper = [f"fig{number}" for number in range(1, 8)]
    assert sections[:7] == paper and sections[-8:] == [f"table{number}" for number in range(1, 9)]
    assert sections[7:11] == ["tracking", "authority", "gamma", "cost"]
    assert sections[11:13] == ["entropy", "reward"]
    linked = [str(each["href"])[1:] for each in page.found["a"] if str(each["href"]).startswith("#")]
    assert linked == [*sections, "claims", "missing"]
    identities = {each["id"] for tags in page.found.values() for each in tags if "id" in each}
    assert set(linked) <= identities


def test_every_picture_has_words_and_data(page: Page, book: Path) -> None:
    pictures = page.found["img"]
    assert len(pictures) == len(page.found["details"]) == len(list((book / "figures").glob("*.png")))
    for each in pictures:
        words = str(each["alt"])
        assert len(words) > 60 and re.search(r"\d", words), words
        assert str(each["src"]).startswith("data:image/png;base64,")


def test_the_words_are_computed_from_what_is_drawn(page: Page, book: Path) -> None:
    frame = pd.read_csv(book / "figures" / "fig6.csv", keep_default_na=False)
    words = next(str(each["alt"]) for each in page.found["img"] if str(each["alt"]).startswith("Fig. 6"))
    assert "entropy (nats per token) against training samples (prompts)" in words
    for series, rows in frame[frame["what"] == ""].groupby("series"):
        first, last = float(rows["value"].iloc[0]), float(rows["value"].iloc[-1])
        assert f"{series} from {first:.3g} at 1,024 to {last:.3g} at 454,656" in words
    assert "target of GRPO + Entrocraft, target .8 from 0.8 at 1,024" in words


def test_nothing_is_asked_of_a_network(book: Path) -> None:
    text = (book / "index.html").read_text()
    assert not re.search(r"https?:|url\(|@import|<script|<link", text)
    assert {match for match in re.findall(r'(?:src|href)="([a-z]+[:/])', text)} <= {"data:", "figures/"}


def test_linked_files_are_there(page: Page, book: Path) -> None:
    linked = [str(each["href"]) for each in page.found["a"] if not str(each["href"]).startswith("#")]
    assert linked and all((book / name).is_file() for name in linked)


def test_what_is_missing_is_named_with_its_study(book: Path) -> None:
    text = (book / "index.html").read_text()
    missing = text[text.index('id="missing"') :]
    assert "entrocraft sweep study=paper_fig4" in missing and "4a, 4b" in missing.replace("</code>", "")
    assert "entrocraft sweep study=paper_fig2, then entrocraft osb" in missing
    assert "entrocraft sweep study=paper_fig6" not in missing
    assert "left out: failed" in text


def test_a_sidecar_names_the_runs_of_its_figure(book: Path) -> None:
    six = json.loads((book / "figures" / "fig6.json").read_text())
    assert len(six["runs"]) == 4
    five = json.loads((book / "figures" / "fig5.json").read_text())
    assert {Path(run["folder"]).name for run in five["runs"]} < {Path(run["folder"]).name for run in six["runs"]}
    assert not (book / "figures" / "fig7.png").exists() or (book / "figures" / "fig7.json").exists()


def test_a_figure_of_the_papers_own_numbers_has_no_sidecar(tmp_path: Path) -> None:
    write_run(tmp_path / "runs" / "a", SyntheticRun({"name": "grpo"}, 1, np.linspace(0.6, 0.2, 30)))
    write_book(tmp_path / "runs", tmp_path / "out", {})
    assert (tmp_path / "out" / "figures" / "fig3.png").exists()
    assert not (tmp_path / "out" / "figures" / "fig3.json").exists()
    assert (tmp_path / "out" / "figures" / "entropy.json").exists()


def test_data_on_the_page_are_few_rows_with_the_ends_of_every_line() -> None:
    frame = pd.DataFrame({"series": ["a"] * 100 + ["b"] * 50, "x": [*range(100), *range(50)], "value": 0.0})
    kept = thinned(frame)
    assert len(kept) == MOST_ROWS
    for series, last in (("a", 99), ("b", 49)):
        xs = list(kept.loc[kept["series"] == series, "x"])
        assert (xs[0], xs[-1]) == (0, last) and len(xs) == 15
    assert len(thinned(frame.assign(series=range(150)))) == MOST_ROWS
    pd.testing.assert_frame_equal(thinned(frame.head(MOST_ROWS)), frame.head(MOST_ROWS))


def test_words_of_a_frame_count_what_they_do_not_tell() -> None:
    rows = [{"label": f"c{place}", "step": step, "value": place + 0.5 * step} for place in range(10) for step in (1, 2)]
    words = alt.of_frame("Title", pd.DataFrame(rows), ("label",), "step", "value")
    assert words.startswith("Title: value against step. c0 from 0.5 at 1 to 1 at 2; ")
    assert words.endswith("and 2 more in the data.")


def test_hostile_names_do_not_get_into_the_page(tmp_path: Path) -> None:
    run = SyntheticRun({"name": '"><b>x'}, 1, np.linspace(0.6, 0.2, 30), linear(0.5, 0.2))
    write_run(tmp_path / "runs" / "a", run)
    write_book(tmp_path / "runs", tmp_path / "out", {})
    assert '"><b>x' not in (tmp_path / "out" / "index.html").read_text()
