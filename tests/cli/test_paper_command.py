"""`entrocraft paper`: everything of the paper in one folder and on one page."""

import re

import pytest

from harness.cli.main import main


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Without runs: the paper's own numbers, marked."""
    folder = tmp_path_factory.mktemp("paper")
    assert main(["paper", "--out", str(folder)]) == 0
    return folder


def test_every_table_has_every_form(book):
    written = {path.name for path in (book / "tables").iterdir()}
    assert written == {f"table{n}{suffix}" for n in range(1, 9) for suffix in (".tex", ".md", ".html", ".csv")}


def test_the_page_shows_tables_and_claims_and_asks_for_nothing_else(book):
    page = (book / "index.html").read_text()
    body, details = page.split("</style>")[1], page.count("<details>")
    assert body.count("<table") == 9 + details and "the paper's own" in page
    assert "does not hold" in page and "cannot be decided" in page
    assert not re.search(r'(src|href)="(?!data:|figures/|#)', page)
    assert "http" not in page


def test_the_claims_are_text_and_data(book):
    assert "| claim |" in (book / "claims.md").read_text()
    assert "verdict" in (book / "claims.csv").read_text().splitlines()[0]


def test_a_folder_without_runs_is_refused(tmp_path, capsys):
    assert main(["paper", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "run folder" in capsys.readouterr().err
