"""The notebooks: kept without outputs, and executed from their first to their last cell on real runs."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import nbformat
import numpy as np
import pytest
from matplotlib.image import imread
from nbclient import NotebookClient

from analysis import compare, load_runs
from harness.cli.main import main

FOLDER = Path(__file__).parents[1] / "notebooks"
NAMES = ("look_at_a_study", "compare_baselines", "regenerate_the_paper")
TIMEOUT_S = 240
SMALL = (
    *("trainer.steps=24", "trainer.prompts_per_step=4", "trainer.rollouts_per_prompt=4", "trainer.epochs=1"),
    *("trainer.mini_batches=1", "validation.every=12", "validation.problems=8", "validation.samples=4"),
)
ENTROCRAFT = ("method=entrocraft", "schedule=linear", "schedule.start=0.6", "schedule.end=0.5")
RUNS = (("method=grpo", 1), ("method=grpo", 2), (" ".join(ENTROCRAFT), 1), (" ".join(ENTROCRAFT), 2))
ALONE = ("method=clip_higher", 1)


def read(name: str) -> nbformat.NotebookNode:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three configurations of the torch backend, one of them with one seed, and a run that failed."""
    root = tmp_path_factory.mktemp("study")
    for place, (words, seed) in enumerate((*RUNS, ALONE)):
        assert main(["run", *words.split(), f"seed={seed}", f"run.dir={root / f't{place}'}", *SMALL]) == 0
    (root / "lost").mkdir()
    (root / "lost" / "manifest.json").write_text("{")
    return root


def executed(
    name: str, runs: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[nbformat.NotebookNode], list[str]]:
    """Outputs of all cells, and the texts among them; a cell that raises is a failure of the test."""
    for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(variable, str(out / "jupyter"))
    notebook = read(name)
    (settings,) = (cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    settings.source += f"\nRUNS, OUT = Path({str(runs)!r}), Path({str(out / 'paper')!r})"
    NotebookClient(notebook, timeout=TIMEOUT_S, resources={"metadata": {"path": str(FOLDER)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    said = [output for output in outputs if output.output_type == "stream" and output.name == "stderr"]
    assert not said, "no warning in a notebook"
    texts = [
        str(output.data.get(kind, ""))
        for output in outputs
        if "data" in output
        for kind in ("text/markdown", "text/html", "text/plain")
    ]
    return outputs, texts


def pictures(outputs: list[nbformat.NotebookNode]) -> list[np.ndarray]:
    found = [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    return [imread(io.BytesIO(base64.b64decode(each)), format="png") for each in found]


def test_all_notebooks_are_known_here() -> None:
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_kept_without_outputs(name: str) -> None:
    notebook = read(name)
    nbformat.validate(notebook)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)
    assert code[0].metadata.tags == ["parameters"] and 'RUNS = Path("../studies/demo")' in code[0].source
    assert notebook.cells[0].source.startswith("# "), "it begins with its title"


def test_look_at_a_study(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs, texts = executed("look_at_a_study", study, tmp_path, monkeypatch)
    assert any("One seed only: 1 of 3 configurations** (Clip-Higher)" in text for text in texts)
    assert any("must be JSON" in text for text in texts), "the reason of the run that was left out"
    assert len(pictures(outputs)) == 4
    assert all(len(np.unique(picture.reshape(-1, picture.shape[-1]), axis=0)) > 10 for picture in pictures(outputs))


def test_compare_baselines(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs, texts = executed("compare_baselines", study, tmp_path, monkeypatch)
    assert len(pictures(outputs)) == 3
    frame = compare(load_runs(study)).dropna(subset="difference")
    assert len(frame) == 2
    page = "\n".join(texts)
    assert all(f"{value:.4f}" in page for value in frame["difference"])
    assert "one seed: the noise between seeds is not in the interval" in page
    assert "only 8 problems" in page


def test_regenerate_the_paper(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs, texts = executed("regenerate_the_paper", study, tmp_path, monkeypatch)
    assert len(pictures(outputs)) == 1
    assert any("Table 2: 0 of 96 cells from runs" in text for text in texts)
    assert any("best-at-every-stage" in text and "changed" in text for text in texts)
    assert (tmp_path / "paper" / "index.html").is_file()
