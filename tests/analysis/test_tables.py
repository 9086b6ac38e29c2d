"""The formats of a table, parsed back; escapes; the sidecar."""

import io
import json
import re
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from synthetic import write_study

from analysis import compare, latex, load_runs, render, tables, write_table
from harness.errors import ConfigError


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("study"), seeds=2, steps=30, problems=12, n=4)


@pytest.fixture(scope="module")
def frame(root: Path) -> pd.DataFrame:
    return compare(load_runs(root))


def test_csv_parses_back_equal(frame: pd.DataFrame) -> None:
    texts = ["notes", "warnings", "paired_on", "to_resolve"]
    parsed = pd.read_csv(io.StringIO(render(frame, "csv")), dtype=dict.fromkeys(texts, "str"))
    parsed = parsed.astype({"step": "Int64", "n": "Int64"}).fillna(dict.fromkeys(texts, ""))
    pd.testing.assert_frame_equal(parsed, frame, check_dtype=False)


def test_markdown_parses_back_equal(frame: pd.DataFrame) -> None:
    lines = [line for line in render(frame, "md").splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    assert rows[0] == list(tables.display(frame))
    assert rows[2:] == tables.display(frame).to_numpy().tolist()


def test_latex_parses_back_equal(frame: pd.DataFrame) -> None:
    back = {replacement: character for character, replacement in latex.SPECIAL.items()}
    pattern = re.compile("|".join(re.escape(text) for text in sorted(back, key=len, reverse=True)))
    rows: list[list[str]] = []
    for block in blocks(render(frame, "tex")):
        cells = [
            [pattern.sub(lambda found: back[found[0]], cell) for cell in line.removesuffix(r" \\").split(" & ")]
            for line in block.split("\\hline\n")[2].strip().splitlines()
        ]
        rows = [left + right[1:] for left, right in zip(rows, cells, strict=True)] if rows else cells
    assert rows == tables.display(frame).to_numpy().tolist()


def blocks(text: str) -> list[str]:
    """The tabulars of a table that goes on below."""
    return [part.split(r"\end{tabular}")[0] for part in text.split(r"\begin{tabular}")[1:]]


def test_latex_has_as_many_columns_as_it_declares(frame: pd.DataFrame) -> None:
    for block in blocks(render(frame, "tex")):
        declared = re.match(r"\{(l+)\}", block)
        assert declared
        rows = [line for line in block.splitlines() if re.search(r"\\\\", line)]
        assert {line.count(" & ") + 1 for line in rows} == {len(declared[1])}
        assert all(line.isascii() for line in rows)


@pytest.mark.needs("latex")
def test_latex_compiles(frame: pd.DataFrame, tmp_path: Path) -> None:
    odd = frame.assign(label=["[a] 50 % & x_1^2 <é> ~ \\", *frame["label"][1:]])
    body = render(odd, "tex") + "\n" + render(frame, "tex")
    head = [r"\documentclass{article}", r"\setlength{\textwidth}{5.5in}"]
    lines = [*head, r"\begin{document}", body, r"\end{document}"]
    (tmp_path / "t.tex").write_text("\n".join(lines))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in done.stdout
    assert not re.findall(r"Overfull \\hbox.*", done.stdout)


def test_latex_escapes_every_special_character() -> None:
    assert latex.escape("a_b & 50 % $x$ #1 {y} ~ ^ \\") == (
        r"a\_b \& 50 \% \$x\$ \#1 \{y\} \textasciitilde{} \textasciicircum{} \textbackslash{}"
    )
    assert latex.escape("Kéry 漢") == "Kéry [U+6F22]"


def test_text_fits_the_width_and_repeats_the_configuration(frame: pd.DataFrame) -> None:
    text = render(frame, "text", width=100)
    assert max(map(len, text.splitlines())) <= 100
    assert text.count("configuration") > 1
    assert len(re.findall("^GRPO ", text, re.MULTILINE)) == text.count("configuration ")
    assert render(frame, "text", width=1000).count("configuration") == 1


def test_every_verdict_is_in_every_format(frame: pd.DataFrame) -> None:
    for format in tables.FORMATS:
        text = render(frame, format)
        assert all(verdict in text for verdict in frame["verdict"])


def test_unknown_formats_are_refused(frame: pd.DataFrame, root: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Valid: csv, md, tex, text"):
        render(frame, "html")
    with pytest.raises(ConfigError, match=r"\.xlsx"):
        write_table(frame, load_runs(root), tmp_path / "table.xlsx")


def test_the_sidecar_names_runs_commit_data_and_what_was_left_out(root: Path, tmp_path: Path) -> None:
    runs = load_runs(root)
    path = write_table(compare(runs), runs, tmp_path / "out" / "compare.md")
    sidecar = json.loads(path.with_suffix(".json").read_text())
    assert len(sidecar["runs"]) == len(runs.runs)
    for run in sidecar["runs"]:
        assert (path.parent / run["folder"] / "manifest.json").is_file()
        assert re.fullmatch("[0-9a-f]{64}", run["sha256"])
    assert sidecar["commits"] == ["0" * 40] and sidecar["dirty"] is False
    assert sidecar["excluded"] == [{"run": "runs/t0099-s1", "reason": "the run failed: entropy is NaN at step 3"}]
    assert sidecar["tool"]["name"] == "entrocraft-harness" and sidecar["created"]


def test_the_data_hash_changes_with_the_data_and_not_with_the_place(tmp_path: Path) -> None:
    study = write_study(tmp_path / "a", seeds=1, steps=25, problems=3, n=2)

    def digest(root: Path) -> str:
        runs = load_runs(root)
        return json.loads(write_table(compare(runs), runs, tmp_path / "t.csv").with_suffix(".json").read_text())[
            "data_sha256"
        ]

    before = digest(study)
    study = study.rename(tmp_path / "b")
    assert digest(study) == before
    sample = study / "runs" / "t0000-s1" / "samples" / "step_000025.jsonl"
    sample.write_text(sample.read_text().replace("false", "true", 1))
    assert digest(study) != before
