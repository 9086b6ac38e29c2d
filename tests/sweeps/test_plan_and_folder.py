"""From definition to overrides, and the definition that is frozen."""

import pytest
from fake_study import study

from harness.config.study_file import load_study, shipped
from harness.errors import StudyError
from harness.runs import RunFolder
from harness.runs.provenance import collect
from sweeps.folder import StudyFolder
from sweeps.plan import create_run, drawn_point, points, resolve, resolved_points, run_overrides


def frozen(*trials, **changes):
    return {"study": study(*trials, **changes).to_dict(), "points": [{"lr": 0.1}]}


def test_a_grid_is_every_combination_the_last_dimension_fastest():
    space = {"a": {"choices": [1, None]}, "b": {"choices": ["x", True]}}
    titles = [point.title for point in points(study("a=0", space=space, sampler="grid"))]
    assert titles == ["trial a=0", "a=1 b=x", "a=1 b=true", "a=null b=x", "a=null b=true"]


def test_a_trials_overrides_come_after_the_base_and_the_seed_last():
    config = study("x=1", base=["x=0", "steps=5"])
    assert run_overrides(config, ("x=1",), 2) == ["x=0", "steps=5", "x=1", "seed=2"]


def test_infinity_and_floats_survive_the_override_grammar():
    overrides = drawn_point({"method.gamma": float("inf"), "trainer.lr": 1e-05}).overrides
    config = resolve(["method=entrocraft", "schedule=constant", "schedule.start=0.3", *overrides]).config
    assert config["method"]["gamma"] == "inf" and config["trainer"]["lr"] == 1e-05


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_study_resolves(name):
    config = load_study(name)
    assert len(resolved_points(config, resolve)) == len(points(config))


def test_a_run_folder_knows_its_place_and_has_its_schedule(tmp_path):
    resolved = resolve(["method=entrocraft", "schedule=linear", "schedule.start=0.5", "schedule.end=0.2"])
    run = create_run(tmp_path / "t0000-s1", resolved, "a title", collect())
    manifest = RunFolder(run.path).manifest()
    assert manifest["config"]["run"] == {"dir": str(tmp_path / "t0000-s1"), "name": "a title"}
    assert manifest["schedule"]["horizon"] == manifest["steps"]


def test_the_same_definition_is_accepted_again_whatever_its_parallel(tmp_path):
    folder = StudyFolder(tmp_path)
    folder.freeze(frozen("x=1"))
    folder.freeze(frozen("x=1", parallel=7))
    assert folder.definition()["study"]["parallel"] == 2


@pytest.mark.parametrize(
    "changed, difference",
    [
        (frozen("x=1", seeds=[1, 3]), "study.seeds.1: 2 -> 3"),
        (frozen("x=1", "x=2"), 'study.trials.1: null -> {"title":"trial x=2"'),
        (frozen("x=2"), 'study.trials.0.overrides.0: "x=1" -> "x=2"'),
        ({**frozen("x=1"), "points": [{"lr": 0.2}]}, "points.0.lr: 0.1 -> 0.2"),
    ],
)
def test_a_changed_definition_is_refused_with_the_difference(tmp_path, changed, difference):
    folder = StudyFolder(tmp_path)
    folder.freeze(frozen("x=1"))
    with pytest.raises(StudyError) as refused:
        folder.freeze(changed)
    assert difference in str(refused.value) and "start a study of another name" in str(refused.value)


def test_many_differences_are_counted(tmp_path):
    folder = StudyFolder(tmp_path)
    folder.freeze(frozen("x=1", seeds=list(range(20))))
    with pytest.raises(StudyError, match="and 10 more"):
        folder.freeze(frozen("x=1", seeds=list(range(100, 120))))


@pytest.mark.parametrize("content, message", [("{", "readable study.json"), ('{"schema": 9}', "schema 1; got 9")])
def test_a_folder_of_something_else_is_refused(tmp_path, content, message):
    (tmp_path / "study.json").write_text(content)
    with pytest.raises(StudyError, match=message):
        StudyFolder(tmp_path).definition()
