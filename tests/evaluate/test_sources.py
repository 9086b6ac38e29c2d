"""What may be evaluated, and how it is told apart."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.assets import model_folder
from harness.config import resolve
from harness.errors import ConfigError, EvaluationError, RunFolderError
from harness.evaluate.place import Place
from harness.evaluate.settings import EvalSettings
from harness.evaluate.sources import Kind, find, fingerprint
from harness.runs import RunFolder

TINY = model_folder("tiny").resolve()


def new_run(folder: Path, backend: str) -> RunFolder:
    settings = ["backend=verl", "platform=cpu", "loss.kl_coef=0"] if backend == "verl" else []
    return RunFolder.create(folder, resolve([*settings, f"run.dir={folder}"]).to_dict())


def shards(actor: Path) -> Path:
    (actor / "huggingface").mkdir(parents=True)
    (actor / "fsdp_config.json").write_text(json.dumps({"world_size": 1}))
    (actor / "model_world_size_1_rank_0.pt").write_bytes(b"weights")
    return actor


def test_the_newest_checkpoint_of_a_torch_run(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", "torch")
    for step in (4, 12):
        shutil.copytree(TINY, run.checkpoint_dir(step))
    newest, chosen, before = find(str(run.path)), find(str(run.path), 4), find(str(run.path), 0)
    assert (newest.kind, newest.path, newest.step) == (Kind.FOLDER, run.checkpoint_dir(12).resolve(), 12)
    assert chosen.path == run.checkpoint_dir(4).resolve()
    assert before.path == TINY
    with pytest.raises(RunFolderError, match=r"step 5 .*checkpoints of the steps 0, 4, 12"):
        find(str(run.path), 5)


def test_a_verl_run_has_the_checkpoints_whose_actor_is_left(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", "verl")
    checkpoints = run.path / "verl" / "checkpoints"
    (checkpoints / "global_step_4").mkdir(parents=True)  # pruned by verl
    actor = shards(checkpoints / "global_step_8" / "actor")
    shards(checkpoints / "global_step_12" / "actor")  # killed while it was saved
    (checkpoints / "latest_checkpointed_iteration.txt").write_text("8")
    source = find(str(run.path))
    assert (source.kind, source.path, source.step) == (Kind.SHARDS, actor.resolve(), 8)
    with pytest.raises(RunFolderError, match="checkpoints of the steps 0, 8"):
        find(str(run.path), 4)


def test_a_run_without_a_checkpoint_is_refused_with_the_remedy(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", "torch")
    with pytest.raises(RunFolderError, match="evaluate the model before training: --step 0"):
        find(str(run.path))
    assert find(str(run.path), 0).path == TINY


@pytest.mark.parametrize("given", ["global_step_3", "global_step_3/actor"])
def test_a_sharded_checkpoint_by_itself(given: str, tmp_path: Path) -> None:
    actor = shards(tmp_path / "global_step_3" / "actor")
    source = find(str(tmp_path / given))
    assert (source.kind, source.path, source.run) == (Kind.SHARDS, actor.resolve(), None)


def test_whole_weights_beside_the_shards_need_no_merging(tmp_path: Path) -> None:
    actor = shards(tmp_path / "actor")
    shutil.copyfile(TINY / "model.safetensors", actor / "huggingface" / "model.safetensors")
    assert find(str(actor)).kind is Kind.FOLDER


def test_a_hugging_face_folder_and_a_shipped_model() -> None:
    assert find(str(TINY)) == find("tiny")


@pytest.mark.parametrize("what", ["nowhere", "."])
def test_what_is_none_of_them_is_refused(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"must be a run, a checkpoint .* or a Hugging Face folder"):
        find(what)


def test_a_step_is_of_a_run() -> None:
    with pytest.raises(ConfigError, match="--step must choose a checkpoint of a run folder"):
        find("tiny", 4)


def test_the_fingerprint_is_of_weights_tokenizer_and_template(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(TINY, copy)
    before = fingerprint(find(str(copy)))
    assert before == fingerprint(find("tiny"))
    (copy / "chat_template.jinja").write_text("{{ messages[0]['content'] }}")
    changed = fingerprint(find(str(copy)))
    (copy / "model.safetensors").write_bytes((copy / "model.safetensors").read_bytes()[:-1] + b"\0")
    assert len({before, changed, fingerprint(find(str(copy)))}) == 3
    (copy / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match="no weights in "):
        fingerprint(find(str(copy)))


def test_the_evaluation_of_a_run_is_in_it_and_any_other_needs_a_folder(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", "torch")
    shutil.copytree(TINY, run.checkpoint_dir(12))
    place = Place.of(find(str(run.path)), EvalSettings(), None)
    assert place.folder == run.path / "eval" / "step_000012" / "T0.6-p0.95-k20-3072tokens"
    assert place.model_cache == run.path / "eval" / "step_000012" / "model"
    assert Place.of(find("tiny"), EvalSettings(), tmp_path / "out").folder == tmp_path / "out"
    with pytest.raises(EvaluationError, match="Give --out DIR"):
        Place.of(find("tiny"), EvalSettings(), None)
