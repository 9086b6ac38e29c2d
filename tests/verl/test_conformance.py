"""From the same weights, rollouts and rewards both backends compute the first updates of a step, each for itself."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.assets import model_folder
from harness.config import RunConfig, resolve
from harness.core import entropy
from harness.core.ragged import Ragged
from harness.core.tokens import token_summary
from harness.methods import Batch
from harness.problems.countdown import grade, make_problems
from harness.torch_backend.generate import Sampling
from harness.torch_backend.policy import Policy
from harness.torch_backend.random import torch_generator
from harness.torch_backend.update import Prepared, Updater
from tests.verl.verl_environment import ROOT, python

pytestmark = [pytest.mark.needs("verl"), pytest.mark.timeout(900)]

# 54 rows in mini-batches of 27: two ranks need padding.
PROMPTS, SIBLINGS, MINI_BATCHES, COMPARED = 9, 6, 2, 2
BELOW = ["schedule=constant", "schedule.start=0.05"]  # the shipped policy is above: H must come down
ABOVE = ["schedule=constant", "schedule.start=2.5"]
SETTINGS: dict[str, list[str]] = {
    "grpo": ["method=grpo"],
    "grpo without a reference": ["method=grpo", "loss.kl_coef=0"],
    "gspo": ["method=gspo"],
    "entrocraft on grpo, H above": ["method=entrocraft", *BELOW],
    "entrocraft on grpo, H below": ["method=entrocraft", *ABOVE],
    "entrocraft on gspo": ["method=entrocraft", "method.base=gspo", "loss.average=seq_mean_token_mean", *BELOW],
    "entrocraft, eq5": ["method=entrocraft", "loss.average=eq5", *BELOW],
    "entrocraft, as released, H below": ["method=entrocraft", "method.gamma=inf", "method.advantage=raw",
                                         "method.zero_variance=raw", "method.denominator=all", *ABOVE],
    "entrocraft, raw in equal groups, H above": ["method=entrocraft", "method.zero_variance=raw", *BELOW],
    "band_switch, H above": ["method=band_switch", *BELOW],
    "band_switch, H below": ["method=band_switch", *ABOVE],
    "entropic": ["method=entropic", *BELOW],
    # All candidates are removed: of fewer, each backend draws its own.
    "clip_cov": ["method=clip_cov", "method.fraction=1", "method.low=0.5"],
    "clip_cov on gspo": ["method=clip_cov", "method.base=gspo", "loss.average=seq_mean_token_mean",
                         "method.fraction=1", "method.low=0.5"],
    "entropy_loss": ["method=entropy_loss", "method.coefficient=0.1"],
    "clip_higher": ["method=clip_higher"],
    "raftpp": ["method=raftpp"],
    "psr": ["method=psr"],
    "nsr": ["method=nsr"],
    "reinforce": ["method=reinforce"],
    "w_reinforce": ["method=w_reinforce"],
}  # fmt: skip
SHARED = [
    f"trainer.prompts_per_step={PROMPTS}", f"trainer.rollouts_per_prompt={SIBLINGS}", "trainer.epochs=1",
    f"trainer.mini_batches={MINI_BATCHES}", "trainer.lr=1e-3", "seed=5",
]  # fmt: skip


@pytest.fixture(scope="module")
def given() -> dict[str, Any]:
    """Rollouts of the shipped policy, with their rewards."""
    config = resolve(["method=grpo", *SHARED])
    policy = Policy.load(model_folder("tiny"), torch.device("cpu"))
    problems = make_problems(config.data)["train"][:PROMPTS]
    prompts = policy.prompts([problem.question for problem in problems])
    responses = policy.sample(prompts, SIBLINGS, Sampling(1.0, max_new_tokens=16), torch_generator(1, 1, "rollouts"))
    groups = [row // SIBLINGS for row in range(len(responses))]
    rewards = [grade(problems[group], policy.text(r)).score for group, r in zip(groups, responses, strict=True)]
    assert {-1.0, 1.0} == set(rewards)
    return {"prompts": [prompts[group] for group in groups], "responses": responses, "groups": groups,
            "rewards": rewards, "model": str(model_folder("tiny")), "compare_updates": COMPARED}  # fmt: skip


def configuration(name: str, *settings: str) -> RunConfig:
    return resolve([*SHARED, *SETTINGS[name], *settings])


@pytest.fixture(scope="module", params=[1, 2], ids=["dp 1", "dp 2"])
def verl(request: pytest.FixtureRequest, given: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What verl's workers made of it, on that many data-parallel ranks, and how many there were."""
    folder = tmp_path_factory.mktemp(f"conformance{request.param}")
    configs = {name: configuration(name, "backend=verl", f"platform.gpus={request.param}").to_dict()
               for name in SETTINGS}  # fmt: skip
    (folder / "given.json").write_text(json.dumps({**given, "configs": configs}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {
        **os.environ,
        "VERL_PLATFORM": "cpu",
        "VERL_ENGINE_DEVICE": "cuda",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(request.param),
    }
    command = [
        str(python()),
        "-m",
        "tests.verl.conformance_worker",
        str(folder / "given.json"),
        str(folder / "out.json"),
    ]
    ranks = []
    for rank in range(request.param):
        log = (folder / f"rank{rank}.log").open("wb")
        ranks.append(subprocess.Popen(command, env={**environ, "RANK": str(rank)}, cwd=folder, stdout=log, stderr=log))
    try:
        for rank, process in enumerate(ranks):
            assert process.wait(timeout=600) == 0, (folder / f"rank{rank}.log").read_text()[-4000:]
    finally:
        for process in ranks:
            process.kill()
    return json.loads((folder / "out.json").read_text()), request.param


def torch_backend(given: dict[str, Any], config: RunConfig, pieces: int) -> dict[str, Any]:
    """The torch backend's own; a mini-batch in as many pieces as verl has ranks: Clip-Cov's means are a piece's."""
    policy = Policy.load(Path(given["model"]), torch.device("cpu"))
    first = [row * SIBLINGS for row in range(PROMPTS)]
    rollouts = policy.rollouts([given["prompts"][row] for row in first], given["responses"])
    score = policy.score_all(rollouts, config.trainer.temperature, True, 1000)
    assert score.entropy is not None
    token_entropy = Ragged.of(score.entropy.double().numpy(), rollouts.mask.numpy())
    log_prob = Ragged.of(score.log_prob.numpy(), rollouts.mask.numpy())
    entropies = {name: entropy.aggregate(token_entropy, name) for name in entropy.AGGREGATIONS}
    rewards, groups = np.array(given["rewards"]), np.array(given["groups"])
    advantages = config.method.advantages(rewards, groups)
    band = config.schedule.bands.band(1) if config.schedule else None
    batch = Batch(config.seed, 1, entropies["token-mean"], band, rewards, groups, advantages)
    action, _ = config.method.act(batch, config.method.initial_state())
    rows = -(-int(action.keep.sum()) // MINI_BATCHES)
    trainer = configuration_pieces(config, -(-rows // pieces) if pieces > 1 else None)
    updater = Updater(policy, config.method.loss(), config.loss, trainer.trainer, config.seed)
    reference = score.log_prob if config.loss.kl_coef > 0 else None
    updates = updater.updates(Prepared(rollouts, score.log_prob, reference, groups, action), 1)
    return {
        "entropy": entropies["token-mean"],
        "entropy_seq_mean": entropies["seq-mean-token-mean"],
        "advantages": action.advantages.tolist(),
        "tokens": token_summary(log_prob, token_entropy, advantages, rewards),
        "keep": action.keep.tolist(),
        "first": [next(updates) for _ in range(COMPARED)],
    }


def configuration_pieces(config: RunConfig, rows: int | None) -> RunConfig:
    values = config.to_dict()
    values["trainer"]["micro_batch_rows"] = rows
    return RunConfig.from_dict(values)


@pytest.mark.parametrize("name", SETTINGS)
def test_both_backends_compute_the_same(name: str, given: dict[str, Any], verl: Any) -> None:
    results, ranks = verl
    there, here = results[name], torch_backend(given, configuration(name), ranks)
    close = {"rel": 1e-5, "abs": 1e-5}
    # AdamW's first step has the size of the learning rate whatever the gradient's: it makes rounding larger.
    after_a_step = {"rel": 1e-4, "abs": 1e-4}
    assert there["entropy"] == pytest.approx(here["entropy"], **close)
    assert there["entropy_seq_mean"] == pytest.approx(here["entropy_seq_mean"], **close)
    assert there["advantages"] == pytest.approx(here["advantages"], **close)
    assert there["keep"] == here["keep"]
    # A token on the edge of the condition may be on either side: one of the batch's some 400.
    assert there["tokens"] == pytest.approx({name: here["tokens"][name] for name in there["tokens"]}, abs=3e-3)
    assert {"tokens/above", "rollouts/above", "rollouts/first_order_change"} <= there["tokens"].keys()
    for verls, ours, tolerance in zip(there["first"], here["first"], (close, after_a_step), strict=True):
        assert verls["loss"] == pytest.approx(ours["actor/loss"], **tolerance)
        assert verls["grad_norm"] == pytest.approx(ours["actor/grad_norm"], **tolerance)
