"""`entrocraft data` and `entrocraft prefetch` as a user sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.assets import model_folder
from harness.cli.main import main


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "aime26.jsonl"
    rows = [{"problem": f"Find {i}.", "answer": str(i), "id": str(i)} for i in range(30)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_prepare_then_list(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ["--folder", str(tmp_path / "data")]
    assert main(["data", "list", *folder]) == 0
    before = capsys.readouterr().out
    for name, rows in (("numina-100k", "103,424"), ("math500", "500"), ("aime26", "30")):
        (line,) = [line for line in before.splitlines() if line.startswith(f"{name} ")]
        assert f" {rows} " in line and line.endswith(" -")
    assert main(["data", "prepare", "aime26", "--from", f"aime26={source}", *folder]) == 0
    out, error = capsys.readouterr()
    assert out.startswith("aime26: 30 of 30 rows (aime26.jsonl; dropped: 0 too long, 0 no answer, 0 duplicate) in ")
    assert error == ""
    assert main(["data", "prepare", "aime26", *folder]) == 0
    assert " already in " in capsys.readouterr().out
    assert main(["data", "list", *folder]) == 0
    assert "30 rows, local files" in capsys.readouterr().out
    (tmp_path / "data" / "aime26.parquet").write_bytes(b"")
    assert main(["data", "list", *folder]) == 0
    assert "damaged: SHA-256" in capsys.readouterr().out


def test_what_an_override_changes_is_said(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["data", "prepare", "numina-100k", "--from", f"numina-100k={source}", "--folder", str(tmp_path / "data")]
    assert main([*line, "--allow-count"]) == 0
    error = capsys.readouterr().err
    assert "103,424 rows were expected" in error and "no length was limited" in error


def test_prefetch_checks_a_local_folder(capsys: pytest.CaptureFixture[str]) -> None:
    folder = model_folder("tiny").resolve()
    assert main(["prefetch", str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder}: complete, model.path={folder}\n"


@pytest.mark.parametrize(
    ("line", "phrase"),
    [
        ("data prepare", "`data prepare` needs names"),
        ("data prepare aime27", "Did you mean 'aime26'?"),
        ("data list aime26", "Leave the names out"),
        ("data prepare aime26 --from amc23=x", "--from must be NAME=PATH"),
        ("data prepare aime26 --from aime26", "--from must be NAME=PATH"),
        ("data prepare aime26 --from aime26=/nowhere.parquet", "which does not exist"),
        ("prefetch ./nowhere", "a model folder must exist"),
    ],
)
def test_refusals(line: str, phrase: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 2
    error = capsys.readouterr().err
    assert error.startswith("entrocraft: ") and phrase in error and error.count("\n") == 1
