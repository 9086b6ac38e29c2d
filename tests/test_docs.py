"""What the docs repeat of the code must be what the code says."""

import re
from pathlib import Path

import pytest

from harness.config.compose import options, resolve
from harness.config.experiments import experiments
from harness.config.study_file import load_study, shipped
from harness.methods import METHODS, markdown
from sweeps.plan import corner

DOCS = Path(__file__).parents[1] / "docs"


def test_methods_table_is_the_one_that_the_code_generates() -> None:
    assert markdown().strip() in (DOCS / "methods.md").read_text(), "docs/methods.md is stale: run `make docs`"


def test_every_method_is_in_the_table() -> None:
    written = (DOCS / "methods.md").read_text()
    assert all(f"| {name} |" in written for name in METHODS)


FIDELITY = (DOCS / "fidelity.md").read_text()
ROWS = [
    line.strip("| ").split(" | ")
    for line in FIDELITY.splitlines()
    if line.startswith("| ") and "| switch |" not in line
]
CONFIGS = [each.config.to_dict() for each in experiments()]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_each_difference_has_its_five_cells_and_a_switch_that_exists(row: list[str]) -> None:
    assert len(row) == 5
    words = re.findall(r"`([^`]+)`", row[3])
    assert words or row[3] == "-"
    for setting in (part for word in words for part in word.split()):
        key, _, option = setting.partition("=")
        group, _, name = key.partition(".")
        assert all(group in config for config in CONFIGS)
        if name not in ("", "*"):
            assert any(isinstance(config[group], dict) and name in config[group] for config in CONFIGS), key
        if option:
            assert option in (options(group) if not name else METHODS)


def test_experiments_and_studies_that_are_named_exist() -> None:
    for name in re.findall(r"experiment=(paper/\w+)", FIDELITY):
        assert name in options("experiment")
    for name in re.findall(r"study=(\w+)", FIDELITY):
        assert name in shipped()


def test_the_validations_nearest_to_the_samples_of_table_3() -> None:
    steps = [
        min(range(5, 445, 5), key=lambda step: abs(step * 1024 - wanted)) for wanted in (100e3, 200e3, 300e3, 400e3)
    ]
    assert f"steps {steps[0]}, {steps[1]}, {steps[2]} and {steps[3]}" in FIDELITY
    assert f"({steps[0] * 1024:,} to {steps[3] * 1024:,} prompts)" in FIDELITY


def test_the_study_in_search_md_can_be_run(tmp_path: Path) -> None:
    text = (DOCS / "search.md").read_text().split("```yaml\n")[1].split("```")[0]
    path = tmp_path / "example.yaml"
    path.write_text(text)
    study = load_study(str(path))
    assert resolve([*study.base, *corner(study).overrides]).method.name == "entrocraft"
    assert {dim.key: bool(dim.when) for dim in study.space}["schedule.end"]
