"""What bench-search computes: the table, the replays, what is true, the measures; on made-up runs."""

from __future__ import annotations

import math
import random
import statistics
from dataclasses import replace

import numpy as np
import pytest
from search_case import lines, small

from benchmarks import search_table
from benchmarks.search import OURS, RANDOM, RULES, STRATEGIES, Job, report, write_rows
from benchmarks.search_grid import STUDY, Grid, main, runs_in
from benchmarks.search_measure import Row, differences, earlier, interval, quartiles, reached
from benchmarks.search_replay import SHUFFLED, Strategy, Trace, ladder_of, pruning_of, replay
from benchmarks.search_table import how_much, name_of, table
from benchmarks.search_text import aim, problem
from benchmarks.search_truth import noise, paired_noise, truth
from harness.config.space import Choices
from harness.config.study_file import load_study
from harness.errors import InputError, StudyError
from harness.runs import RunFolder
from harness.runs.provenance import collect
from sweeps.plan import create_run, drawn_point, grid_params, resolve, run_overrides

SMALL = small()
EXACT = table(SMALL, lines(SMALL, noise=0.0), SMALL.seeds)
NOISY = table(SMALL, lines(SMALL, noise=0.15), SMALL.seeds)
BEST = len(EXACT.params) - 1
WHOLE = [strategy for strategy in STRATEGIES if strategy.whole]
BY_NAME = {strategy.name: strategy for strategy in STRATEGIES}


def test_the_grid_is_the_one_that_was_decided_on():
    study = load_study(STUDY)
    points = list(grid_params(study))
    assert len(points) == 78 and study.seeds == (1, 2, 3, 4)
    assert sum(point["schedule"] == "constant" for point in points) == 12
    assert all(point["schedule.end"] < point["schedule.start"] for point in points if "schedule.end" in point)
    config = resolve(run_overrides(study, drawn_point(points[-1]).overrides, 3)).config
    assert config["trainer"]["steps"] == 40 and config["schedule"]["family"] == "cosine" and config["seed"] == 3


def test_a_table_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "table.csv"
    assert search_table.read(path, SMALL) == []
    written = lines(SMALL, noise=0.1)
    search_table.write(path, SMALL, reversed(written))
    found = search_table.read(path, SMALL)
    assert sorted(found, key=repr) == sorted(written, key=repr)
    assert [line.seed for line in found] == sorted(line.seed for line in found), "seed by seed"


def test_a_table_of_something_else_is_refused(tmp_path):
    path = tmp_path / "table.csv"
    written = lines(SMALL, noise=0.1)
    search_table.write(path, SMALL, written)
    text = path.read_text()
    path.write_text(text.replace("flat,1,,", "flat,1,0.1,", 1))
    with pytest.raises(InputError, match="a point of the grid"):
        search_table.read(path, SMALL)
    path.write_text(text + text.splitlines()[-1] + "\n")
    with pytest.raises(InputError, match="once"):
        search_table.read(path, SMALL)
    path.write_text(text.replace("kind,", "sort,", 1))
    with pytest.raises(InputError, match="columns"):
        search_table.read(path, SMALL)


def test_a_part_of_a_table_says_how_much_it_is_and_is_not_replayed():
    part = lines(SMALL, noise=0.1)[:-1]
    assert how_much(SMALL, part, SMALL.seeds).startswith(
        "23 of 24 runs are there (seed 1: 8, seed 2: 8, seed 3: 7 of 8 points)"
    )
    with pytest.raises(InputError, match="every point of the grid on every seed; got 23 of 24"):
        table(SMALL, part, SMALL.seeds)
    whole = table(SMALL, part, SMALL.seeds, complete_points=True)
    assert len(whole.params) == 7 and whole.grid_steps == 7 * 3 * 80
    assert len(table(SMALL, part, (1, 2)).params) == 8, "fewer seeds, all points"
    with pytest.raises(InputError, match="two seeds"):
        table(SMALL, part, (1,))
    odd = replace(part[0], values={0: 0.0, 80: 1.0})
    with pytest.raises(InputError, match="same steps and looks"):
        table(SMALL, [odd, *lines(SMALL, noise=0.1)[1:]], SMALL.seeds)


def test_points_that_are_left_out_are_never_proposed():
    whole = table(SMALL, lines(SMALL, noise=0.1)[:-1], SMALL.seeds, complete_points=True)
    for strategy in STRATEGIES:
        trace = replay(SMALL, whole, strategy, 1, trials=99)
        assert trace.begun <= 7 and all(0 <= point < 7 for _, point in trace.reports)


@pytest.mark.parametrize("strategy", WHOLE, ids=lambda strategy: strategy.name)
@pytest.mark.parametrize("given", [EXACT, NOISY])
def test_who_runs_everything_ends_with_the_best_of_the_table(strategy, given):
    best = int(given.ends.mean(axis=1).argmax())
    for number in range(4):
        trace = replay(SMALL, given, strategy, number, trials=99)
        assert trace.reports[-1][1] == best
        spent = [steps for steps, _ in trace.reports]
        assert all(steps % (3 * 80) == 0 for steps in spent) and spent == sorted(spent)
        assert spent[-1] == trace.begun * 3 * 80, "broken off where nothing can change any more"


def test_a_minimum_is_looked_for_where_it_is_asked_for():
    study = replace(SMALL, objective=replace(SMALL.objective, direction="minimize"))
    for strategy in STRATEGIES:
        assert replay(study, EXACT, strategy, 1, trials=8).reports[-1][1] == 0
    assert truth(EXACT, "minimize").means.argmax() == 0


def test_steps_of_one_seed_each_are_counted():
    trace = replay(SMALL, EXACT, Strategy("one", SHUFFLED, whole=False), 1, trials=5)
    assert (trace.spent, trace.begun) == (5 * 80, 5)
    assert trace.at(79) is None and trace.at(80) is not None


def test_steps_of_promotions_are_counted_and_the_top_rung_is_reported(monkeypatch):
    from benchmarks import search_replay

    monkeypatch.setattr(search_replay, "pruning_of", lambda table: search_replay.Pruning())
    trace = replay(SMALL, EXACT, Strategy("rules", SHUFFLED, whole=False, rules=True), 3, trials=8)
    promoted = (trace.spent - 8 * 80) // (2 * 80)
    assert trace.spent == 8 * 80 + promoted * 2 * 80 and promoted >= 8 // 3
    assert trace.reports[-1][1] == BEST


def test_pruned_runs_cost_their_steps_up_to_the_look():
    """The median rule by hand: these curves never cross and no two average to a third, so the first look, step 40,
    decides."""
    ends = 2.0 ** np.arange(len(EXACT.params))
    curves = ends[:, None, None] * np.array(EXACT.looks) / EXACT.run_steps * np.ones((1, 3, 1))
    given = replace(EXACT, curves=curves)
    rules = Strategy("rules", SHUFFLED, whole=False, rules=True)
    pruned = 0
    for number in range(6):
        order = list(range(len(EXACT.params)))
        random.Random(f"order {number}").shuffle(order)
        ended: list[int] = []
        for point in order:
            if len(ended) < 5 or ends[point] > statistics.median(ends[ended]):
                ended.append(point)
        first = 80 * len(ended) + 40 * (len(order) - len(ended))
        trace = replay(SMALL, given, rules, number, trials=8)
        assert trace.spent is not None and trace.spent > first and (trace.spent - first) % (2 * 80) == 0
        assert trace.reports[-1][1] == BEST
        pruned += len(order) - len(ended)
    assert pruned > 0


def test_the_settings_of_the_rules():
    assert ladder_of([4, 2, 5, 1]).rungs == ((4, 2), (5, 1))
    assert ladder_of([4]).rungs == ((4,),) and ladder_of([]) is None
    pruning = pruning_of(EXACT)
    assert (pruning.pruner, pruning.start, pruning.every) == ("median", 40, 20)
    assert pruning_of(replace(EXACT, looks=(0, 80))).pruner == "none"


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
def test_a_replay_is_its_number(strategy):
    assert replay(SMALL, NOISY, strategy, 5, 8) == replay(SMALL, NOISY, strategy, 5, 8)
    others = {replay(SMALL, NOISY, strategy, number, 8).reports for number in range(8)}
    assert len(others) > 1, "other numbers draw others"


def test_strategies_of_one_number_share_their_screening_seed():
    for number in range(5):
        seeds = {replay(SMALL, NOISY, strategy, number, 8).screening for strategy in STRATEGIES}
        assert len(seeds) == 1


def test_truth_by_hand():
    curves = np.array([[[0.0, 1.0], [0.0, 3.0]], [[0.0, 3.0], [0.0, 3.0]], [[0.0, 2.0], [0.0, 4.0]]])
    given = replace(EXACT, params=EXACT.params[:3], seeds=(1, 2), looks=(0, 80), curves=curves)
    true = truth(given, "maximize")
    assert true.means.tolist() == [2.0, 3.0, 3.0]
    assert noise(given) == pytest.approx(math.sqrt((2 + 0 + 2) / 3))
    assert true.error == pytest.approx(math.sqrt(4 / 3 / 2)) and true.near.tolist() == [False, True, True]
    assert true.share == pytest.approx(2 / 3)
    other = truth(given, "maximize", without=1)
    assert other.means.tolist() == [3.0, 3.0, 4.0] and other.error == pytest.approx(math.sqrt(4 / 3))
    assert truth(given, "minimize").near.tolist() == [True, False, False]


def test_what_a_seed_does_to_all_points_is_not_paired_noise():
    shifted = replace(EXACT, curves=EXACT.curves + np.array([0.0, 1.0, 5.0])[None, :, None])
    assert noise(shifted) > 1 and paired_noise(shifted) == pytest.approx(0, abs=1e-12)


def test_first_reached_and_staying_are_different():
    near = np.array([False, True, True])
    trace = Trace(((10, 1), (20, 0), (30, 2), (40, 1)), 50, 1, 4)
    assert reached(trace, near) == (10, 30)
    assert reached(replace(trace, reports=((10, 1), (20, 0))), near) == (10, math.inf)
    assert reached(replace(trace, reports=((10, 0),)), near) == (math.inf, math.inf)
    assert [trace.at(steps) for steps in (9, 10, 25, 99)] == [None, 1, 0, 1]


def test_quartiles_are_infinite_where_so_many_never_came():
    assert quartiles([3, 1, 2, 4]) == (1, 2, 3)
    assert quartiles([1, 2, math.inf, math.inf]) == (1, 2, math.inf)


def made(strategy, stays, value):
    pairs = zip(stays, value, strict=True)
    return [Row(strategy, n, s, s, s, s, 1.0, 8, (1.0,) * 3, (v,) * 3) for n, (s, v) in enumerate(pairs)]


def test_pairs_are_of_the_same_replay():
    ours, theirs = made("a", [1, 5, math.inf], [3, math.nan, 1]), made("b", [2, 5, 4], [1, 1, 1])
    assert differences(ours, theirs[::-1], 0) == [2, 0]
    assert earlier(ours, theirs) == [1, 0.5, 0]
    found = interval([0.0, 1.0] * 50)
    assert found.estimate == 0.5 and 0.38 < found.low < 0.43 and 0.57 < found.high < 0.62


def test_an_aim_that_is_missed_is_said_to_be():
    theirs = made("random", [500] * 20, [1] * 20)
    assert (
        aim({"ours": made("ours", [290] * 20, [1] * 20), "random": theirs}, "ours", "random", 1000).count(" met") == 2
    )
    missed = aim({"ours": made("ours", [600] * 20, [1] * 20), "random": theirs}, "ours", "random", 1000)
    assert missed.count("MISSED") == 2 and "60.0%" in missed
    assert "never, MISSED" in aim(
        {"ours": made("ours", [math.inf] * 20, [1] * 20), "random": theirs}, "ours", "random", 1000
    )


def test_an_easy_problem_is_called_easy():
    flat = replace(NOISY, curves=NOISY.curves * 0 + NOISY.curves[:1])
    assert "TOO EASY" in problem(flat, "maximize") and "8 of 8 points" in problem(flat, "maximize")
    hard = replace(EXACT, params=EXACT.params * 2, curves=np.concatenate([EXACT.curves, EXACT.curves - 1]))
    assert "not above 10%" in problem(hard, "maximize")
    assert hard.repeats == 0 and f"\n{7 * len(flat.seeds)} runs have the curve" in problem(flat, "maximize")


def test_the_report_and_the_rows_are_of_all_strategies(tmp_path):
    job = Job(SMALL, NOISY, 4, STRATEGIES)
    numbers = range(1, 4)
    found = [row for number in numbers for row in job.replays(number)]
    rows = {name: [row for row in found if row.strategy == name] for name in BY_NAME}
    text = report(job, rows, numbers)
    assert all(f"| {name} |" in text for name in BY_NAME) and "seeds 1 to 3" in text
    assert f"| true value, {OURS} minus {RANDOM} |" in text and f"{OURS} minus {RULES}" in text
    write_rows(tmp_path / "rows.csv", rows)
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 1 + 3 * len(STRATEGIES)


def few_points():
    """The grid's study with 6 of its points, since each is resolved."""
    study = load_study(STUDY)
    space = (
        Choices("schedule", ("constant", "linear")),
        Choices("schedule.start", (0.3, 0.4)),
        Choices("schedule.end", (0.1, 0.2), when=(("schedule", ("linear",)),)),
    )
    return replace(study, space=space, base=(*study.base, "method.gamma=3"))


def test_runs_are_taken_from_folders_that_ended_once(tmp_path):
    study = few_points()
    grid = Grid(study, tmp_path / "table.csv")
    params = list(grid_params(study))
    for name, place, done in (("a", 0, True), ("b", 4, False)):
        overrides = run_overrides(study, drawn_point(params[place]).overrides, 2)
        run = create_run(tmp_path / "runs" / name, resolve(overrides), name, collect())
        attempt = run.begin_attempt(0)
        for step in (0, 1, 2, 2):
            run.append_metrics(step, {study.objective.metric: 0.1 * step, "timing_s/step": 2.0}, attempt)
        if done:
            run.mark_done()
    folders = runs_in(tmp_path / "runs")
    assert grid.add(folders) == 1 and grid.add(folders) == 0
    (line,) = search_table.read(tmp_path / "table.csv", study)
    assert line.point == name_of(study, params[0]) and line.seed == 2 and line.steps == 40
    assert line.values == pytest.approx({0: 0.0, 1: 0.1, 2: 0.2}) and line.seconds == 6.0, "a repeated step counts once"
    assert len(grid.missing(2)) == 5 and len(grid.missing(1)) == 6
    RunFolder(tmp_path / "runs" / "b").mark_done()
    assert grid.add(folders) == 1
    text = (tmp_path / "table.csv").read_text()
    (tmp_path / "table.csv").write_text(text.replace(line.key, "f" * 16))
    with pytest.raises(StudyError, match="1 of 2 are of others"):
        Grid(study, tmp_path / "table.csv")


def test_a_complete_table_is_not_computed_again(tmp_path, capsys):
    study = load_study(STUDY)
    search_table.write(tmp_path / "table.csv", study, lines(study, noise=0.1))
    assert main(["--table", str(tmp_path / "table.csv"), "--dir", str(tmp_path / "studies")]) == 0
    assert "312 of 312 runs are there" in capsys.readouterr().out and not (tmp_path / "studies").exists()
