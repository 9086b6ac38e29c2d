"""Rollouts as tensors, the order of problems, and the figures of a validation."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_runs import small

from harness.core.pass_at_k import pass_at_k
from harness.problems.countdown import CountdownConfig, grade, make_problems
from harness.torch_backend.feed import epoch_of_step, problems_of_step
from harness.torch_backend.generate import Sampling
from harness.torch_backend.policy import Policy
from harness.torch_backend.random import torch_generator
from harness.torch_backend.rollouts import Rollouts
from harness.torch_backend.trainer import Trainer

TOKENS = st.lists(st.integers(1, 9), min_size=1, max_size=5)
GROUPS = st.lists(st.tuples(TOKENS, TOKENS, TOKENS), min_size=1, max_size=5)  # a prompt and two responses
PROBLEMS = make_problems(CountdownConfig(train_problems=10, test_problems=1))["train"]


def rollouts_of(groups: list[tuple[list[int], list[int], list[int]]]) -> Rollouts:
    responses = [response for _, *pair in groups for response in pair]
    return Rollouts.of([prompt for prompt, *_ in groups], responses, 0, torch.device("cpu"))


def as_lists(rollouts: Rollouts) -> list[tuple[list[int], list[int]]]:
    return [
        (
            rollouts.prompts[of, : rollouts.prompt_length[of]].tolist(),
            rollouts.responses[row, : rollouts.response_length[row]].tolist(),
        )
        for row, of in enumerate(rollouts.prompt_of.tolist())
    ]


@given(groups=GROUPS, data=st.data())
def test_a_selection_holds_its_rows_and_nothing_else(groups, data) -> None:  # type: ignore[no-untyped-def]
    expected = [(prompt, response) for prompt, *pair in groups for response in pair]
    rollouts = rollouts_of(groups)
    assert as_lists(rollouts) == expected
    chosen = data.draw(st.lists(st.integers(0, len(expected) - 1), min_size=1, max_size=8))
    some = rollouts[torch.tensor(chosen)]
    assert as_lists(some) == [expected[row] for row in chosen]
    assert some.responses.shape[1] == some.response_length.max() and some.prompts.shape[1] == some.prompt_length.max()
    assert len(some.prompts) == len({row // 2 for row in chosen})
    assert some.mask.sum(dim=1).tolist() == some.response_length.tolist()
    assert some.tokens == sum(len(prompt) + len(response) for prompt, response in as_lists(some))
    assert some.last_prompt_token().tolist() == [groups[g][0][-1] for g in sorted({row // 2 for row in chosen})]


@given(groups=GROUPS)
def test_rows_stand_side_by_side_with_the_positions_that_predict_their_responses(groups) -> None:  # type: ignore[no-untyped-def]
    rollouts = rollouts_of(groups)
    ids, before = rollouts.rows()
    for row, (prompt, response) in enumerate(as_lists(rollouts)):
        assert ids[row, : len(prompt) + len(response)].tolist() == prompt + response
        assert before[row, : len(response)].tolist() == list(range(len(prompt) - 1, len(prompt) + len(response) - 1))
    assert int(before.max()) < ids.shape[1]


@given(count=st.integers(1, 10), seed=st.integers(0, 5))
def test_every_problem_is_seen_once_an_epoch(count: int, seed: int) -> None:
    steps = 10  # of `count` problems: `count` whole epochs
    seen = [p.problem_id for step in range(1, steps + 1) for p in problems_of_step(PROBLEMS, count, seed, step)]
    epochs = [seen[first : first + 10] for first in range(0, len(seen), 10)]
    assert all(sorted(epoch) == sorted(p.problem_id for p in PROBLEMS) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == len(epochs)  # shuffled anew
    assert [epoch_of_step(10, count, step) for step in (1, steps, steps + 1)] == [0, (9 * count) // 10, count]


def test_the_problems_of_a_step_depend_on_seed_and_step_alone() -> None:
    later = problems_of_step(PROBLEMS, 4, 3, 7)
    for step in (1, 9, 2):
        problems_of_step(PROBLEMS, 4, 3, step)
    assert problems_of_step(PROBLEMS, 4, 3, 7) == later
    assert problems_of_step(PROBLEMS, 4, 4, 7) != later


def test_generators_are_independent_by_seed_step_and_stream() -> None:
    names = [(1, 1, "rollouts"), (2, 1, "rollouts"), (1, 2, "rollouts"), (1, 1, "clip_cov")]
    draws = {tuple(torch.rand(3, generator=torch_generator(*name)).tolist()) for name in names}
    assert len(draws) == 4
    again = torch.rand(3, generator=torch_generator(1, 1, "rollouts")).tolist()
    assert tuple(again) in draws


def test_a_validation_keeps_every_sample_and_counts_from_them(tiny: Path) -> None:
    config = small("grpo", "validation.problems=3", "validation.samples=40", "validation.pass_k=[1,8]")
    trainer = Trainer(config, tiny)
    validation = trainer.validate()
    problems = {p.problem_id: p for p in trainer.problems["test"]}
    keys = [(s["problem_id"], s["sample"]) for s in validation.samples]
    assert keys == [(p.problem_id, n) for p in trainer.problems["test"][:3] for n in range(40)]
    for sample in validation.samples:
        result = grade(problems[sample["problem_id"]], sample["output"])
        assert (sample["correct"], sample["score"], sample["prediction"]) == (
            result.correct,
            result.score,
            result.prediction,
        )
        assert sample["input"] == problems[sample["problem_id"]].question and sample["step"] == 0
    right = [sum(s["correct"] for s in validation.samples[first : first + 40]) for first in (0, 40, 80)]
    assert 0 < sum(right) < 120
    assert validation.metrics == {
        "val-core/countdown/acc/mean@40": pytest.approx(sum(right) / 120),
        "val-aux/countdown/pass@1": pytest.approx(sum(right) / 120),
        "val-aux/countdown/pass@8": pytest.approx(sum(float(pass_at_k([40], [c], 8)[0]) for c in right) / 3),
    }
    assert trainer.validate() == validation


def test_the_shipped_policy_is_a_base_to_learn_from(shipped: Policy) -> None:
    """Accuracy .1 to .3 and at least .55 nats per token, on the first 50 problems of the default test split."""
    problems = make_problems(CountdownConfig(train_problems=1))["test"][:50]
    prompts = shipped.prompts([p.question for p in problems])
    answers = shipped.sample(prompts, 16, Sampling(max_new_tokens=24), torch.Generator().manual_seed(0))
    right = [grade(problems[row // 16], shipped.text(answer)).correct for row, answer in enumerate(answers)]
    rollouts = shipped.rollouts(prompts, answers)
    entropy = shipped.score_all(rollouts, 1.0, True, 400).entropy
    assert entropy is not None
    assert 0.1 <= sum(right) / len(right) <= 0.3
    assert entropy[rollouts.mask].mean() >= 0.55
