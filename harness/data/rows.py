"""One row in verl's schema, whatever the problem is about."""

from __future__ import annotations

from typing import Any

SYSTEM_PROMPT = (
    "You solve mathematics problems. Work through each one step by step, and write the final answer inside \\boxed{}."
)
"""The system message of training rows. The wording is ours; evaluation has no system message, as in the release."""

INSTRUCTION = "Reason step by step, and give your final answer in \\boxed{}."
"""Follows the problem in the user message, in training and in evaluation, as in the release; the wording is ours."""

Row = dict[str, Any]


def verl_row(
    source: str,
    question: str,
    ground_truth: str,
    *,
    ability: str,
    split: str,
    problem_id: str,
    system: str | None = None,
) -> Row:
    """A row that verl's data set reads. `question` is the user message; the grader of `source` gets `ground_truth`."""
    messages = [{"role": "user", "content": question}]
    if system is not None:
        messages.insert(0, {"role": "system", "content": system})
    return {
        "data_source": source,
        "prompt": messages,
        "ability": ability,
        "reward_model": {"style": "rule", "ground_truth": ground_truth},
        "extra_info": {"split": split, "problem_id": problem_id},
    }
