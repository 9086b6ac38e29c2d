"""The paper's tables through a real pdflatex: nothing out of the text, and every cell printed where it belongs."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from paper_runs import ANSWERS, configuration, write_paper_run

from analysis import load_runs
from analysis.paper import TABLES, load_paper, table, table_frame, write_paper_tables
from analysis.paper.cells import BENCHMARKS
from analysis.paper.grid import tex
from analysis.paper.tables import NUMBERS
from harness.config.experiments import experiments

PAPER = load_paper()
TEXT_WIDTH = "5.5in"
"""What the tables are made for (analysis/paper/grid.py); not a point more."""

pytestmark = pytest.mark.needs("latex")


def compiled(folder: Path, bodies: list[str]) -> list[str]:
    """The text of each page of one document with a page for each of `bodies`."""
    pages = "\n\\newpage\n".join(bodies)
    head = ["\\documentclass{article}", f"\\setlength{{\\textwidth}}{{{TEXT_WIDTH}}}", "\\begin{document}"]
    (folder / "t.tex").write_text("\n".join([*head, pages, "\\end{document}", ""]))
    command = [shutil.which("pdflatex") or "pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in done.stdout
    assert not re.findall(r"Overfull \\hbox.*", done.stdout)
    with pypdfium2.PdfDocument(folder / "t.pdf") as document:
        return [page.get_textpage().get_text_bounded() for page in document]


def printed(page: str, title: str, scores: int) -> list[str]:
    """The first numbers with a decimal, or "-", behind the name of a method: extracted text may break a line in two."""
    (begin,) = re.finditer(rf"^{re.escape(title)}\s+(?=-|\d+\.\d)", page, re.MULTILINE)
    return re.findall(r"(?<!\d)(?:-|\d+\.\d)(?!\d)", page[begin.end() :])[:scores]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `entrocraft paper` writes: Table 7 half from runs, all else the paper's own."""
    root = tmp_path_factory.mktemp("tables")
    rng = np.random.default_rng(8)
    counts = {
        title: rng.binomial(ANSWERS, 0.4, BENCHMARKS[title].problems).tolist()
        for title in ("MATH-500", "AMC-23", "AIME-25")
    }
    write_paper_run(root / "runs" / "a", TABLES[7].rows["GRPO"].experiment, {101: counts})
    configurations = {each.name: each.config.to_dict() for each in experiments()}
    write_paper_tables(root / "out", load_runs(root / "runs"), PAPER, configurations)
    return root


def test_all_tables_in_one_document(files: Path, tmp_path: Path) -> None:
    bodies = [(files / "out" / f"table{number}.tex").read_text() for number in NUMBERS]
    pages = compiled(tmp_path, bodies)
    assert len(pages) == len(NUMBERS)
    runs = load_runs(files / "runs")
    for number, recipe in TABLES.items():
        cells = table_frame(number, runs, PAPER).set_index(["row", "column"])["value"]
        for row in recipe.rows:
            wanted = [f"{cells[row, column.name]:.1f}" for column in recipe.columns]
            assert printed(pages[number - 1], row, len(wanted)) == wanted, (number, row)
    assert "val kwargs.temperature" in re.sub(r"[_\s]+", " ", pages[3])


def test_empty_tables_and_those_of_runs_alone_fit_too(files: Path, tmp_path: Path) -> None:
    runs = load_runs(files / "runs")
    known = {"paper/grpo_4b": configuration("paper/grpo_4b")}
    bodies = [tex(table(number, runs, None, known)) for number in NUMBERS] + [tex(table(number)) for number in NUMBERS]
    pages = compiled(tmp_path, bodies)
    assert printed(pages[6], "GRPO + Entrocraft", 8) == ["-"] * 8
    assert printed(pages[len(NUMBERS) + 1], "EntroPIC", 8) == ["-"] * 8
