"""One checkpoint: its responses, drawn or given, and what is measured of each. Only this needs the torch backend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.core.output_space import VERSIONS, TokenBaselines, positions_at_once
from harness.errors import ConfigError, HarnessError, InputError
from harness.importing.responses import BASELINES, CHANGES, COUNTS, FURTHER, SUMS
from harness.output_space.prompts import Prompts
from harness.output_space.settings import OsbSettings

if TYPE_CHECKING:
    from harness.torch_backend.output_space import Asked, Change
    from harness.torch_backend.policy import Policy

ROWS_AT_ONCE = 256
"""Responses that are drawn together, with a small vocabulary."""
OTHERS = 64
"""Other responses over whose positions the entropy after an update is taken, at most."""
PLACES = 7
"""Significant digits of a token's numbers in the file of tokens."""

OnResponse = Callable[[], None]


def measure(
    model: Path, prompts: Prompts, settings: OsbSettings, *, device: str, threads: int, on_response: OnResponse
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The responses of a model folder in the authors' schema, and the numbers of their tokens, a record each.

    Raises:
        ConfigError: no such device, no threads, prompts that do not fit the model.
        InputError: logits that are not finite.
    """
    from harness.torch_backend.output_space import load

    if threads < 1:
        raise ConfigError("--threads must be a whole number >= 1", repr(threads), "Give e.g. --threads 1.")
    policy = load(model, device, threads)
    asked = _responses(policy, prompts, settings)
    rows: list[dict[str, Any]] = []
    tokens: list[dict[str, Any]] = []
    for number, each in enumerate(asked):
        prompt = prompts.rows[number // (1 if prompts.given else settings.samples)]
        row, of_tokens = _measured(policy, each, settings, number)
        text = prompt.response if prompt.response is not None else policy.text(each.response)
        ended = bool(each.response) and each.response[-1] == policy.tokenizer.eos_id
        rows.append({**row, "ended": ended, "generated_response": text, "ground_truth": prompt.ground_truth})
        tokens.append({"sample": number, **of_tokens})
        if number < settings.updates and each.response:
            others = [other for other in asked[: OTHERS + 1] if other is not each][:OTHERS]
            rows[-1] |= _realised(policy, each, others, settings)
        on_response()
    return rows, tokens


def _responses(policy: Policy, prompts: Prompts, settings: OsbSettings) -> list[Asked]:
    from harness.torch_backend.generate import Sampling
    from harness.torch_backend.hf_folder import read_config
    from harness.torch_backend.output_space import Asked
    from harness.torch_backend.random import torch_generator

    encoded = [policy.tokenizer.encode_messages(row.messages) for row in prompts.rows]
    given = [policy.tokenizer.encode(row.response) for row in prompts.rows if row.response is not None]
    answers = [len(each) for each in given] if given else [settings.max_new_tokens] * len(encoded)
    longest = max(len(prompt) + answer for prompt, answer in zip(encoded, answers, strict=True))
    room = read_config(policy.folder).get("max_position_embeddings")
    if isinstance(room, int) and longest > room:
        raise ConfigError(
            f"prompt and response must fit the model's {room} positions",
            f"{longest} tokens",
            "Leave out the long responses." if given else "Give a smaller --max-new-tokens.",
        )
    if given:
        return [Asked(prompt, response) for prompt, response in zip(encoded, given, strict=True)]
    sampling = Sampling(settings.temperature, settings.top_p, settings.top_k, settings.max_new_tokens)
    vocabulary = read_config(policy.folder).get("vocab_size")
    rows = positions_at_once(vocabulary) if isinstance(vocabulary, int) else 1
    together = max(1, min(ROWS_AT_ONCE, rows) // settings.samples)
    asked = []
    for first in range(0, len(encoded), together):
        some = encoded[first : first + together]
        draws = torch_generator(settings.seed, 0, f"osb/{prompts.name}/{first}", policy.device)
        drawn = policy.sample(some, settings.samples, sampling, draws)
        asked += [Asked(some[row // settings.samples], response) for row, response in enumerate(drawn)]
    return asked


def _measured(
    policy: Policy, asked: Asked, settings: OsbSettings, number: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    from harness.torch_backend.output_space import baselines

    try:
        found = baselines(policy, asked, settings.temperature)
    except InputError as error:
        raise InputError(f"response {number}: {error.rule}", error.value, error.remedy) from error
    length = {"response_length": len(asked.response)}
    if found is None:
        return {**dict.fromkeys((*SUMS, *FURTHER), 0.0), **dict.fromkeys(COUNTS, 0), **length}, {"tokens": []}
    sums: dict[str, Any] = {"log_likelihood": float(found.log_prob.sum()), "entropy": float(found.entropy.sum())}
    sums |= {BASELINES[version]: float(values.sum()) for version, values in found.baselines.items()}
    sums |= {name: float(getattr(found, name).sum()) for name in CHANGES}
    sums |= {f"tokens_above_{v}": int((found.log_prob > values).sum()) for v, values in found.baselines.items()}
    return {**sums, **length}, _of_tokens(found, asked)


def _of_tokens(found: TokenBaselines, asked: Asked) -> dict[str, Any]:
    values = {"log_prob": found.log_prob, "entropy": found.entropy, **{v: found.baselines[v] for v in VERSIONS}}
    return {"tokens": asked.response, **{name: _rounded(array) for name, array in values.items()}}


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.{PLACES}g}") for value in values]


def _realised(policy: Policy, asked: Asked, others: list[Asked], settings: OsbSettings) -> dict[str, float | None]:
    from harness.torch_backend.output_space import changes

    try:
        found = changes(policy, asked, others, settings.temperature, settings.update_lr, settings.update_step)
    except RuntimeError as error:
        if isinstance(error, HarnessError) or "out of memory" not in str(error):
            raise
        raise ConfigError(
            "an update must fit the device's memory, with a copy of the weights and their gradient",
            f"{len(asked.response)} tokens: {error}",
            "Leave --updates out, or give a smaller --max-new-tokens.",
        ) from error
    return {**_named("realised_up", found[1]), **_named("realised_down", found[-1])}


def _named(name: str, change: Change) -> dict[str, float | None]:
    return {name: change.own, f"{name}_others": change.others}
