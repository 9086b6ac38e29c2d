"""Round trip: samples with known correct counts -> runs -> tables -> LaTeX, parsed back; and what fills a cell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from paper_runs import ANSWERS, configuration, write_paper_run

from analysis import Runs, load_runs
from analysis.paper import TABLES, Cell, load_paper, table, table_frame, write_paper_tables
from analysis.paper.cells import BENCHMARKS, PASS, Column
from analysis.paper.fill import dense_rank
from analysis.paper.grid import markdown, tex
from analysis.paper.recipes import Recipe
from analysis.paper.which import FAMILIES, HIGH, SIGNS, Which
from harness.config.experiments import experiments
from harness.config.study_file import load_study
from harness.errors import AnalysisError, ConfigError

PAPER = load_paper()
CELL = re.compile(r"(\\textbf\{|\\underline\{)?([\d.]+|-)\}?(\\rlap\{\$\^\\dagger\$\})?")
Known = dict[tuple[str, str], Fraction]
"""Exact percentages by row and column."""


@cache
def configurations() -> dict[str, dict[str, Any]]:
    return {each.name: each.config.to_dict() for each in experiments()}


def test_each_row_selects_its_experiment_and_no_other() -> None:
    rows = [*(which for recipe in TABLES.values() for which in recipe.rows.values())]
    rows += [*FAMILIES.values(), *HIGH.values(), *SIGNS.values()]
    configs = configurations()
    for which in rows:
        assert [name for name, config in configs.items() if agrees(which, config)] == [which.experiment]


def agrees(which: Which, config: Mapping[str, object]) -> bool:
    return all(found(config, key) == value for key, value in which.settings.items())


def found(config: object, key: str) -> object:
    for part in key.split("."):
        config = config.get(part) if isinstance(config, Mapping) else None
    return config


def test_each_study_runs_the_experiments_of_its_table() -> None:
    for recipe in TABLES.values():
        trials = [word for trial in load_study(recipe.study).trials for word in trial.overrides]
        wanted = {f"experiment={which.experiment}" for which in recipe.rows.values()}
        assert wanted == set(trials)


def draw(recipe: Recipe, seed: int) -> dict[str, dict[int, dict[str, list[int]]]]:
    """row -> step -> benchmark -> correct answers. Row 1 repeats row 0 (a tie); row 2 has one answer more than it."""
    rng = np.random.default_rng(seed)
    titles = list(dict.fromkeys(column.title for column in recipe.columns if not column.average))
    counts: dict[str, dict[int, dict[str, list[int]]]] = {}
    for place, (row, which) in enumerate(recipe.rows.items()):
        config = configuration(which.experiment)
        steps = [config["trainer"]["steps"]]
        if recipe.number == 3:
            steps = [100, 195, 295, 390]
        counts[row] = {}
        for step in steps:
            ease = {title: rng.beta(0.5, 1.0, BENCHMARKS[title].problems) for title in titles}
            drawn = {title: rng.binomial(ANSWERS, ease[title]).tolist() for title in titles}
            if place == 1 and len(recipe.rows) > 2:
                drawn = {title: list(values) for title, values in counts[next(iter(counts))][step].items()}
            if place == 2:
                drawn = {title: list(values) for title, values in counts[next(iter(counts))][step].items()}
                for values in drawn.values():
                    values[next(i for i, value in enumerate(values) if 0 < value < ANSWERS)] += 1
            counts[row][step] = drawn
    return counts


def known(recipe: Recipe, counts: Mapping[str, Mapping[int, Mapping[str, list[int]]]]) -> Known:
    stages = dict(zip((100_000, 200_000, 300_000, 400_000), (100, 195, 295, 390), strict=True))
    exact: Known = {}
    for row in recipe.rows:
        for column in recipe.columns:
            step = max(counts[row]) if column.train_samples is None else stages[column.train_samples]
            titles = ["MATH-500", "AMC-23", "AIME-25"] if column.average else [column.title]
            parts = [share(counts[row][step][title], column.metric) for title in titles]
            exact[row, column.name] = 100 * sum(parts, Fraction(0)) / len(parts)
    return exact


def share(correct: list[int], metric: str) -> Fraction:
    if metric == PASS:
        return Fraction(sum(count > 0 for count in correct), len(correct))
    return Fraction(sum(correct), ANSWERS * len(correct))


@pytest.fixture(scope="module", params=[2, 3, 5, 6, 7, 8])
def regenerated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Recipe, Runs, Known]:
    recipe = TABLES[request.param]
    counts = draw(recipe, request.param)
    root = tmp_path_factory.mktemp("runs")
    for place, (row, which) in enumerate(recipe.rows.items()):
        write_paper_run(root / f"t{place:04d}-s1", which.experiment, counts[row])
    return recipe, load_runs(root), known(recipe, counts)


def parsed(text: str) -> tuple[list[str], dict[str, list[tuple[str, str, bool]]]]:
    """Column names, and row -> (number, mark, dagger) of each cell, read from a tabular."""
    body = text.split(r"\begin{tabular}")[1].split(r"\end{tabular}")[0]
    lines = [line.removesuffix(r" \\ \hline").removesuffix(r" \\") for line in body.splitlines() if " & " in line]
    spans = re.findall(r"\\multicolumn\{(\d+)\}\{c\}\{([^}]*)\}", lines[0])
    groups = [name for size, name in spans for _ in range(int(size))]
    names = [f"{group} {name}" for group, name in zip(groups, lines[1].split(" & "), strict=True)][1:]
    rows = {}
    for line in lines[2:]:
        title, *cells = line.split(" & ")
        matches = [CELL.fullmatch(cell) for cell in cells]
        rows[title] = [(match[2], match[1] or "", bool(match[3])) for match in matches if match]
        assert len(rows[title]) == len(names), line
    return names, rows


def test_every_cell_comes_back_from_latex(regenerated: tuple[Recipe, Runs, Known]) -> None:
    recipe, runs, exact = regenerated
    assert not len(runs.excluded)
    names, rows = parsed(tex(table(recipe.number, runs, PAPER)))
    assert [name.replace("@32 ", "@32 at ") for name in names] == [column.name for column in recipe.columns]
    assert list(rows) == list(recipe.rows)
    for place, column in enumerate(recipe.columns):
        values = {row: exact[row, column.name] for row in recipe.rows}
        best, second = [*sorted(set(values.values()), reverse=True), None][:2]
        for row, value in values.items():
            text, mark, dagger = rows[row][place]
            assert abs(Fraction(text) - value) <= Fraction(1, 20) and len(text.split(".")[1]) == 1
            wanted = r"\textbf{" if value == best else r"\underline{" if recipe.second and value == second else ""
            assert (mark, dagger) == (wanted, False), (row, column.name)


def test_the_frame_has_the_exact_values(regenerated: tuple[Recipe, Runs, Known]) -> None:
    recipe, runs, exact = regenerated
    frame = table_frame(recipe.number, runs, PAPER)
    assert (frame["source"] == "runs").all() and (frame["seeds"] == 1).all()
    for cell in frame.to_dict("records"):
        assert cell["value"] == pytest.approx(float(exact[cell["row"], cell["column"]]), abs=1e-9)


def test_ties_and_near_ties_occur_in_the_round_trip(regenerated: tuple[Recipe, Runs, Known]) -> None:
    recipe, _, exact = regenerated
    if len(recipe.rows) == 2:
        return  # nothing to tie
    rows = list(recipe.rows)
    column = recipe.columns[0].name
    assert exact[rows[0], column] == exact[rows[1], column] < exact[rows[2], column]
    assert f"{float(exact[rows[0], column]):.1f}" == f"{float(exact[rows[2], column]):.1f}" or recipe.number == 5


def test_markdown_has_the_same_cells_as_latex(regenerated: tuple[Recipe, Runs, Known]) -> None:
    recipe, runs, _ = regenerated
    shown = table(recipe.number, runs, PAPER)
    lines = [line for line in markdown(shown).splitlines() if line.startswith("| G") or line.startswith("| W")]
    lines += [line for line in markdown(shown).splitlines() if line.startswith("| EntroPIC")]
    _, rows = parsed(tex(shown))
    marks = {"": "{}", r"\textbf{": "**{}**", r"\underline{": "<u>{}</u>"}
    for line in lines:
        title, *cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        assert cells == [marks[mark].format(text) for text, mark, _ in rows[title.strip()]]


def test_the_prompts_of_a_stage_are_printed(tmp_path: Path) -> None:
    recipe = TABLES[3]
    for place, (row, counts) in enumerate(draw(recipe, 1).items()):
        write_paper_run(tmp_path / f"t{place:04d}-s1", recipe.rows[row].experiment, counts)
    notes = " ".join(table(3, load_runs(tmp_path), PAPER).notes)
    assert "100K: 102,400, 200K: 199,680, 300K: 302,080, 400K: 399,360" in notes
    assert "\N{DAGGER}" not in notes


def one_run(folder: Path, **options: object) -> Runs:
    """One run of Table 7's GRPO with every answer right, changed by options."""
    counts = {101: {title: [ANSWERS] * BENCHMARKS[title].problems for title in ("MATH-500", "AMC-23", "AIME-25")}}
    given = {"counts": counts, **options}
    write_paper_run(folder / "runs" / "t0000-s1", "paper/grpo_8b", given.pop("counts"), **given)  # type: ignore[arg-type]
    return load_runs(folder)


def test_ours_and_the_papers_are_never_ranked_together(tmp_path: Path) -> None:
    runs = one_run(tmp_path)
    frame = table_frame(7, runs, PAPER).set_index(["row", "column"])
    assert (frame.loc["GRPO", "value"] == 100).all() and (frame.loc["GRPO", "source"] == "runs").all()
    assert not frame.loc["GRPO", "best"].any()  # alone in its source
    theirs = frame.loc["GRPO + Entrocraft"]
    assert (theirs["source"] == "paper").all() and theirs["best"].all()  # as in the paper
    shown = table(7, runs, PAPER)
    _, rows = parsed(tex(shown))
    assert all(dagger for *_, dagger in rows["GRPO + Entrocraft"]) and not any(dagger for *_, dagger in rows["GRPO"])
    notes = " ".join(shown.notes)
    assert (
        "among ours and among the paper's apart" in notes and "grpo_entrocraft_linear_8b (study paper_table7)" in notes
    )


def test_without_runs_all_is_the_papers_and_says_so() -> None:
    for number, recipe in TABLES.items():
        names, rows = parsed(tex(table(number, None, PAPER)))
        printed = PAPER.table(number).set_index(["row", "column"])["value"]
        for row in recipe.rows:
            for column, (text, _, dagger) in zip(recipe.columns, rows[row], strict=True):
                assert dagger and float(text) == printed[row, column.name]
        assert len(names) == len(recipe.columns)


def test_without_runs_and_paper_the_missing_experiments_are_named() -> None:
    shown = table(8)
    assert {entry.text for row in shown.rows for entry in row[1:]} == {"-"}
    assert shown.notes == (
        "No run of: paper/grpo_14b_full, paper/grpo_entrocraft_cosine_14b_full (study paper_table8).",
    )


FULL = {title: [5] * BENCHMARKS[title].problems for title in ("MATH-500", "AMC-23", "AIME-25")}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"steps": 60, "counts": {60: FULL}}, "trained to step 60 of 101"),
        ({"counts": {50: FULL}}, "last validated at step 50 of 101"),
        ({"counts": {}}, "no samples of math500"),
        ({"counts": {100: {**FULL, "AIME-25": [5] * 29}}}, "29 problems of AIME-25, not 30"),
        ({"counts": {100: FULL}, "answers": 8}, "8 answers a problem of MATH-500, not 32"),
    ],
)
def test_a_run_that_is_not_the_papers_fills_nothing(options: dict[str, object], reason: str, tmp_path: Path) -> None:
    shown = table(7, one_run(tmp_path, **options), PAPER)
    assert f"Not from runs: paper/grpo_8b: {reason}." in shown.notes
    _, rows = parsed(tex(shown))
    place = 4 if "AIME-25" in reason else 0
    assert rows["GRPO"][place][2]  # the paper's
    assert rows["GRPO"][6][2] and rows["GRPO"][7][2]  # and so is the average


def test_two_configurations_for_one_row_are_refused(tmp_path: Path) -> None:
    for place, rate in enumerate((1e-6, 2e-6)):
        folder = tmp_path / f"t{place:04d}-s1"
        write_paper_run(folder, "paper/grpo_8b", {101: FULL}, changes={"trainer": {"lr": rate}})
    notes = " ".join(table(7, load_runs(tmp_path), PAPER).notes)
    assert "several configurations could be meant: GRPO (lr=1e-06); GRPO (lr=2e-06)" in notes


def test_a_run_that_differs_from_its_experiment_is_named(tmp_path: Path) -> None:
    runs = one_run(tmp_path, changes={"trainer": {"lr": 2e-6}})
    known = {"paper/grpo_8b": configuration("paper/grpo_8b")}
    assert "GRPO: trainer.lr is 2e-06, not 1e-06." in table(7, runs, PAPER, known).notes
    same = one_run(tmp_path / "same")
    assert not [note for note in table(7, same, PAPER, known).notes if note.startswith("GRPO")]


def test_seeds_are_averaged_and_counted(tmp_path: Path) -> None:
    for seed, right in ((1, 8), (2, 16)):
        counts = {title: [right] * BENCHMARKS[title].problems for title in FULL}
        write_paper_run(tmp_path / f"t0000-s{seed}", "paper/grpo_8b", {101: counts}, seed=seed)
    frame = table_frame(7, load_runs(tmp_path), PAPER).set_index(["row", "column"])
    cell = frame.loc[("GRPO", "AIME-25 mean@32")]
    assert cell["value"] == 37.5 and cell["seeds"] == 2
    assert cell["problems_error"] == pytest.approx(100 * np.std([0.25, 0.5], ddof=1) / 2**0.5)
    assert cell["answers_error"] == pytest.approx(
        100 * (30 * (0.25 * 0.75 + 0.5 * 0.5) / 31) ** 0.5 / 60
    )  # binomial variances of the 60 means, over 60


def test_equal_values_share_a_rank() -> None:
    assert list(dense_rank(np.array([0.1 + 0.2, 0.3, 0.2, 0.1, 0.2]))) == [1, 1, 2, 3, 2]


def test_table_4_compares_the_experiments_with_the_paper() -> None:
    configs = configurations()
    frame = table_frame(4, configurations={"paper/grpo_4b": configs["paper/grpo_4b"]}).set_index("row")
    assert list(frame.index) == list(PAPER.table(4)["row"])
    assert (frame["unlike"] == "").all() and (frame["ours"] == frame["paper"]).all()
    changed = {**configs["paper/grpo_4b"], "loss": {**configs["paper/grpo_4b"]["loss"], "kl_coef": 0.01}}
    frame = table_frame(4, configurations={"mine": changed}).set_index("row")
    assert frame.loc["kl_loss_coef", "unlike"] == "mine: 0.01"
    assert (frame["unlike"] != "").sum() == 1
    notes = " ".join(table(4, configurations=configs).notes)
    assert "val_kwargs.temperature: paper/grpo_8b: 0.1" in notes
    with pytest.raises(AnalysisError, match="mine without 'loss'"):
        table(
            4,
            configurations={
                "mine": {"trainer": {"prompts_per_step": 1, "mini_batches": 1}}
                | {"platform": {"max_prompt_tokens": 1}, "trainer": dict(configs["paper/grpo_4b"]["trainer"])}
            },
        )


def test_table_1_is_measured_where_there_are_runs(tmp_path: Path) -> None:
    follow = np.linspace(0.65, 0.45, 101) + 0.01  # the band's middle, plus .01
    write_paper_run(tmp_path / "a", "paper/grpo_entrocraft_linear_4b", {}, entropy=follow)
    write_paper_run(tmp_path / "b", "paper/entropic_4b", {}, entropy=np.full(101, 0.6))  # .1 above its target
    write_paper_run(tmp_path / "c", "paper/grpo_clip_cov_4b", {})
    runs = load_runs(tmp_path)
    frame = table_frame(1, runs, PAPER).set_index(["row", "column"])
    curve = frame.loc[("Entrocraft", "Control Entropy Curve")]
    assert (curve["value"], curve["source"], curve["count"]) == ("yes", "runs", 1)
    assert curve["error"] == pytest.approx(0.01)
    reached = frame.loc[("EntroPIC", "Reach Target Entropy")]
    assert (reached["value"], reached["source"]) == ("no", "runs") and reached["error"] == pytest.approx(0.1)
    assert frame.loc[("Entrocraft", "Reach Target Entropy"), "source"] == "paper"  # no constant target was run
    assert frame.loc[("Clip-Cov", "Control Entropy Curve"), "value"] == "no"
    shown = markdown(table(1, runs, PAPER))
    assert "| Entrocraft | yes\N{DAGGER} | yes (0.010, 1) | yes |" in shown
    assert "Unlike the paper: EntroPIC, Reach Target Entropy: no, the paper yes." in shown


def test_unknown_tables_are_refused() -> None:
    with pytest.raises(ConfigError, match="Valid: 1, 2, 3"):
        table(9)


def test_every_table_is_written_in_every_form(tmp_path: Path) -> None:
    paths = write_paper_tables(tmp_path / "out", None, PAPER, {"x": configuration("paper/grpo_4b")})
    assert sorted({path.suffix for path in paths}) == [".csv", ".html", ".md", ".tex"] and len(paths) == 32
    assert all(path.stat().st_size for path in paths)
    assert all(path.read_text().isascii() for path in paths if path.suffix == ".tex")


def test_cells_name_their_place() -> None:
    assert str(Cell(2, "GRPO", "AIME-25 pass@32")) == "Table 2, GRPO, AIME-25 pass@32"
    assert Column("Avg. pass@32").average and not Column("AIME-25 pass@32").average
