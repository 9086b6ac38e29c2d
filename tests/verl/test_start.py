"""What `--dry-run` shows is what the real start does, and what must be there before it."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from harness.assets import model_folder
from harness.cli.main import main
from harness.cli.run_folder import open_run, placed
from harness.config import resolve
from harness.config.math_data import MathDataConfig
from harness.errors import ConfigError, DataError, RunFolderError
from harness.verl_backend import run, start
from harness.verl_backend.files import prepared_files, ready
from tests.prepared_data import write_prepared

SAYS = """
import json, os, pathlib, sys
here = pathlib.Path("said.json")
here.write_text(json.dumps({"arguments": sys.argv[1:], "environ": dict(os.environ), "folder": str(here.absolute())}))
"""
COUNTDOWN = ["backend=verl", "schedule=linear", "schedule.start=.5", "schedule.end=.2", "method=entrocraft"]


@pytest.fixture
def fake_verl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process in verl's place that writes down how it was started."""
    program = tmp_path / "says.py"
    program.write_text(SAYS)
    monkeypatch.setattr(start, "COMMAND", (sys.executable, str(program)))
    monkeypatch.setattr(run, "require", lambda: None)


def shown(capsys: pytest.CaptureFixture[str], overrides: list[str]) -> str:
    """The command that `--dry-run` prints below the configuration."""
    assert main(["run", *overrides, "--dry-run"]) == 0
    configuration, _, command = capsys.readouterr().out.partition("\n# verl is started by")
    assert configuration.startswith("seed: 1\nbackend: verl\n")
    return command.partition("\n")[2]


def started(overrides: list[str]) -> Path:
    """Where the real start put what it says of the process in verl's place."""
    folder = open_run(placed(resolve(overrides)))
    with pytest.raises(RunFolderError, match="exit code 0 at step 0 of 120"):
        run.execute(folder)
    return folder.path / "verl" / f"attempt_{len(folder.manifest()['attempts']):03d}" / "said.json"


def said(path: Path) -> dict[str, object]:
    found = json.loads(path.read_text())
    of_a_shell = ("_", "PWD", "OLDPWD", "SHLVL", "LC_CTYPE", "COLUMNS", "LINES")
    return {**found, "environ": {key: value for key, value in found["environ"].items() if key not in of_a_shell}}


@pytest.mark.usefixtures("fake_verl")
@pytest.mark.parametrize("name", ["plain", 'it\'s a "folder" $HOME'])
def test_a_shell_does_with_the_dry_run_what_the_real_start_does(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    for _ in range(2):  # the second time it goes on with the run
        command = shown(capsys, COUNTDOWN)
        path = started(COUNTDOWN)
        really = said(path)
        path.unlink()
        subprocess.run(["sh", "-c", command], check=True)
        assert said(path) == really
        arguments = really["arguments"]
        assert isinstance(arguments, list) and "data.seed=1" in arguments and len(arguments) > 50


@pytest.mark.usefixtures("fake_verl")
@pytest.mark.parametrize(("logged", "again"), [([0, 1, 2], "False"), ([0, 1], "True")])
def test_a_checkpoint_whose_step_was_not_logged_is_validated_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: list[int], again: str
) -> None:
    """The run is then not complete until that is logged, also where the checkpoint is its last."""
    pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)
    folder = open_run(placed(resolve([*COUNTDOWN, "trainer.steps=2", "schedule.horizon=2"])))
    folder.begin_attempt(0)
    for step in logged:
        folder.append_metrics(step, {"actor/entropy": 0.5}, 1)
    checkpoints = folder.path / "verl" / "checkpoints"
    for step in (1, 2):
        (checkpoints / f"global_step_{step}").mkdir(parents=True)
    (checkpoints / "latest_checkpointed_iteration.txt").write_text("2")
    if again == "True":
        with pytest.raises(
            RunFolderError, match="exit code 0 at step 1 of 2"
        ):  # the process in verl's place logs nothing
            run.execute(folder)
    else:
        assert run.execute(folder) == "complete"
    arguments = said(folder.path / "verl" / "attempt_002" / "said.json")["arguments"]
    assert isinstance(arguments, list) and arguments[-1] == f"trainer.val_before_train={again}"
    assert [path.name for path in checkpoints.glob("global_step_*")] == ["global_step_2"]  # checkpoint.keep is 1


def test_a_run_of_the_paper_can_be_shown_where_nothing_of_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = shlex.split(shown(capsys, ["experiment=paper/grpo_entrocraft_linear_4b"]).replace("\\\n", ""))
    assert list(tmp_path.iterdir()) == []
    assert words[0] == "cd" and words[1].startswith(str(tmp_path / "runs" / "grpo_entrocraft_linear_4b-"))
    assert "HF_HUB_OFFLINE=1" in words and "verl.trainer.main_ppo" in words
    assert "actor_rollout_ref.model.path='Qwen/Qwen3-4B-Base'" in words
    assert f"data.train_files=['{tmp_path}/data/numina-100k.parquet']" in words
    names = ("math500", "amc23", "aime24", "aime25", "aime26")
    benchmarks = ",".join(f"'{tmp_path}/data/{name}.parquet'" for name in names)
    assert f"data.val_files=[{benchmarks}]" in words
    assert words[-1] == "trainer.val_before_train=True"


def prepare(folder: Path, **rows: int) -> None:
    """Files with the rows that their manifests say; nothing reads them here."""
    for name, count in rows.items():
        write_prepared(folder, name.replace("_", "-"), [{"row": 1}], count)


def test_problems_of_a_validation_come_from_the_manifests(tmp_path: Path) -> None:
    settings = ["backend=verl", "data=numina-100k", f"data.folder={tmp_path}", "data.benchmarks=[aime25,math500]"]
    prepare(tmp_path, numina_100k=103424, aime25=30, math500=499)
    assert ready(resolve([*settings, "validation.problems=null"]), tmp_path) == 529
    one = [*settings[:-1], "data.benchmarks=[math500]", "validation.problems=40"]
    assert ready(resolve(one), tmp_path) == 40


def test_what_is_not_prepared_is_refused_with_the_command_that_prepares_it(tmp_path: Path) -> None:
    settings = ["backend=verl", "data=numina-100k", "data.benchmarks=[aime25]", "validation.problems=null"]
    data = resolve([*settings, f"data.folder={tmp_path}"]).data
    assert isinstance(data, MathDataConfig)
    prepare(tmp_path, numina_100k=103424)
    with pytest.raises(DataError, match=r"no aime25 in .*entrocraft data prepare aime25"):
        prepared_files(data)
    prepare(tmp_path, numina_100k=103000, aime25=30)
    with pytest.raises(ConfigError, match=r"train_problems 103424, .*has 103000. Set data.train_problems=103000"):
        prepared_files(data)
    (tmp_path / "aime25.parquet").write_bytes(b"another")
    with pytest.raises(DataError, match="must be what was prepared"):
        prepared_files(data)


def test_a_model_of_the_hub_must_be_prefetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    config = resolve(["experiment=paper/grpo_4b"])
    message = r"model.path must be .*offline.*'Qwen/Qwen3-4B-Base'.*entrocraft prefetch Qwen/Qwen3-4B-Base"
    with pytest.raises(ConfigError, match=message):
        start.ready_model(config, tmp_path)
    with pytest.raises(ConfigError, match=message):
        resolve(["model=qwen3-4b-base"])  # the torch backend needs the folder at once
    model = tmp_path / "models--Qwen--Qwen3-4B-Base"
    for revision in ("abc", "def"):
        (model / "snapshots" / revision).mkdir(parents=True)
        (model / "snapshots" / revision / "config.json").write_text("{}")
    with pytest.raises(ConfigError, match=message):  # two revisions, and none of them is said to be main
        start.ready_model(config, tmp_path)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text("def")
    start.ready_model(config, tmp_path)
    assert model_folder("Qwen/Qwen3-4B-Base") == model / "snapshots" / "def"
    assert start.model_path(config, tmp_path) == Path("Qwen/Qwen3-4B-Base")
