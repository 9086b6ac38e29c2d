"""docs/claims.md is what the code generates, and says every verdict of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from analysis.paper import Cell, audit, load_paper
from analysis.paper.page import page

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_the_one_that_the_code_generates() -> None:
    assert (DOCS / "claims.md").read_text() == page(), "docs/claims.md is stale: run `make docs`"


def test_make_docs_prints_the_same_page() -> None:
    command = [sys.executable, "-m", "analysis.paper"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == page()
    assert "-m analysis.paper > docs/claims.new" in (DOCS.parent / "Makefile").read_text()


def test_the_page_follows_the_numbers() -> None:
    changed = load_paper().changed({Cell(3, "GRPO + Clip-Cov", "AIME-25 mean@32 at 400K"): 14.1})
    text = page(changed)
    assert text != page()
    row = audit(changed).set_index("claim").loc["clip-cov-drops"]
    assert row["verdict"] == "holds"
    assert "| clip-cov-drops | section 5.4 | paper | holds |" in text
