"""What `--dry-run` shows is what the real start does, and what must be there before it."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.cli.run_folder import open_run, placed
from harness.config import resolve
from harness.errors import ConfigError, RunFolderError
from harness.verl_backend import run, start
from harness.verl_backend.files import prepared_files, ready

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


def shown(capsys: pytest.CaptureFixture[str], overrides: list[str]) -> list[str]:
    """The words of the command that `--dry-run` prints, behind `cd FOLDER && env`."""
    assert main(["run", *overrides, "--dry-run"]) == 0
    output = capsys.readouterr().out
    words = shlex.split(output[output.index("# verl is started by:") :], comments=True)
    assert (words[0], words[2], words[3]) == ("cd", "&&", "env")
    return [words[1], *words[4:]]


def started(overrides: list[str]) -> dict[str, object]:
    """How the real start started the process in verl's place."""
    folder = open_run(placed(resolve(overrides)))
    with pytest.raises(RunFolderError, match="exit code 0 at step 0 of 120"):
        run.execute(folder)
    attempt = folder.path / "verl" / f"attempt_{len(folder.manifest()['attempts']):03d}"
    said = json.loads((attempt / "said.json").read_text())
    assert isinstance(said, dict)
    return said


@pytest.mark.usefixtures("fake_verl")
@pytest.mark.parametrize("name", ["plain", 'it\'s a "folder" $HOME'])
def test_the_dry_run_shows_what_the_real_start_does(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    for attempt in (1, 2):
        inside, *words = shown(capsys, COUNTDOWN)
        said = started(COUNTDOWN)
        arguments, environ = said["arguments"], said["environ"]
        assert isinstance(arguments, list) and isinstance(environ, dict)
        assert words[-len(arguments) :] == arguments
        assert inside.endswith(f"attempt_{attempt:03d}") and f"{inside}/said.json" == said["folder"]
        before = words[: -len(arguments)]
        variables = dict(word.split("=", 1) for word in before if "=" in word)
        assert before[len(variables) :] == list(start.COMMAND)
        assert {key: environ[key] for key in variables} == variables
        changed = {key for key, value in environ.items() if os.environ.get(key) != value}
        assert changed - {"LC_CTYPE", "PWD"} <= set(variables)


def test_a_run_of_the_paper_can_be_shown_where_nothing_of_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    inside, *words = shown(capsys, ["experiment=paper/grpo_entrocraft_linear_4b"])
    assert list(tmp_path.iterdir()) == []
    assert inside.startswith(str(tmp_path / "runs" / "grpo_entrocraft_linear_4b-"))
    assert "HF_HUB_OFFLINE=1" in words and "verl.trainer.main_ppo" in words
    assert "actor_rollout_ref.model.path='Qwen/Qwen3-4B-Base'" in words
    assert f"data.train_files=['{tmp_path}/data/numina-100k.parquet']" in words
    benchmarks = ",".join(
        f"'{tmp_path}/data/{name}.parquet'" for name in ("math500", "amc23", "aime24", "aime25", "aime26")
    )
    assert f"data.val_files=[{benchmarks}]" in words
    assert words[-1] == "trainer.val_before_train=True"


def prepare(folder: Path, **rows: int) -> None:
    """Files that have the rows that their manifests say; nothing reads them here."""
    for name, count in rows.items():
        (folder / f"{name.replace('_', '-')}.parquet").write_bytes(b"")
        (folder / f"{name.replace('_', '-')}.manifest.json").write_text(json.dumps({"rows": count}))


def test_problems_of_a_validation_come_from_the_manifests(tmp_path: Path) -> None:
    settings = ["backend=verl", "data=numina-100k", f"data.folder={tmp_path}", "data.benchmarks=[aime25,math500]"]
    prepare(tmp_path, numina_100k=103424, aime25=30, math500=499)
    assert ready(resolve([*settings, "validation.problems=null"]), tmp_path) == 529
    assert ready(resolve([*settings, "validation.problems=40"]), tmp_path) == 40


def test_what_is_not_prepared_is_refused_with_the_command_that_prepares_it(tmp_path: Path) -> None:
    data = resolve(["backend=verl", "data=numina-100k", f"data.folder={tmp_path}", "data.benchmarks=[aime25]"]).data
    prepare(tmp_path, numina_100k=103424)
    with pytest.raises(ConfigError, match=r"aime25\.parquet .*entrocraft data prepare aime25"):
        prepared_files(data)
    prepare(tmp_path, numina_100k=103000, aime25=30)
    with pytest.raises(ConfigError, match=r"train_problems 103424, .*has 103000. Set data.train_problems=103000"):
        prepared_files(data)
    (tmp_path / "aime25.manifest.json").write_text("half")
    with pytest.raises(ConfigError, match="prepared files, each with its manifest"):
        prepared_files(data)


def test_a_model_of_the_hub_must_be_prefetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    config = resolve(["experiment=paper/grpo_4b"])
    with pytest.raises(ConfigError, match=r"offline .*Qwen/Qwen3-4B-Base.*entrocraft prefetch Qwen/Qwen3-4B-Base"):
        start.ready_model(config, tmp_path)
    snapshot = tmp_path / "models--Qwen--Qwen3-4B-Base" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    start.ready_model(config, tmp_path)
