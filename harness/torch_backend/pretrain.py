"""Makes the embedded base policy: a tiny Qwen3 that writes countdown expressions, some of them right.

    python -m harness.torch_backend.pretrain --out harness/assets/tiny

The corpus pairs a problem with a right expression in RIGHT_SHARE of the cases and otherwise with a random expression
over the same numbers, so that the base is diverse (entropy) and seldom right (accuracy): room for reinforcement
learning in both directions. Problems of the default test split are left out of it.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from torch.nn import functional as F

from harness.problems.countdown import MAX_TARGET, CountdownConfig, make_problems, random_expression
from harness.problems.expression import ExpressionError, evaluate
from harness.torch_backend import hf_folder
from harness.torch_backend.qwen3 import LeanQwen3
from harness.torch_backend.qwen3_shape import Qwen3Shape
from harness.torch_backend.rollouts import Rollouts
from harness.torch_backend.threads import set_threads
from harness.torch_backend.tokenizer import PolicyTokenizer

RIGHT_SHARE = 0.3
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['content'] }}{% if message['role'] == 'user' %}:"
    "{% else %}{{ eos_token }}{% endif %}{% endfor %}"
)
CHARACTERS = "0123456789+-*/()= :"


def write_companions(folder: Path, hidden: int, layers: int) -> None:
    """config.json, generation_config.json and the character tokenizer. vocab_size equals len(tokenizer)."""
    vocabulary = {"<pad>": 0, "<eos>": 1, "<unk>": 2} | {c: i + 3 for i, c in enumerate(CHARACTERS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens(["<pad>", "<eos>", "<unk>"])
    config = {
        "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "vocab_size": len(vocabulary),
        "hidden_size": hidden, "intermediate_size": 3 * hidden, "num_hidden_layers": layers,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": hidden // 4, "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0, "hidden_act": "silu", "attention_bias": False, "attention_dropout": 0.0,
        "use_sliding_window": False, "max_position_embeddings": 256, "initializer_range": 0.02,
        "tie_word_embeddings": True, "bos_token_id": None, "eos_token_id": 1, "pad_token_id": 0, "dtype": "float32",
    }  # fmt: skip
    tokenizer_config = {
        "tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>", "eos_token": "<eos>",
        "unk_token": "<unk>", "model_max_length": 256, "clean_up_tokenization_spaces": False,
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    for name, content in {
        "config.json": config,
        "generation_config.json": {"eos_token_id": 1, "pad_token_id": 0},
        "tokenizer_config.json": tokenizer_config,
    }.items():
        (folder / name).write_text(json.dumps(content, indent=1) + "\n")
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE)


def make_corpus(size: int, seed: int) -> list[tuple[str, str]]:
    """`size` pairs (question, expression), none of them about a problem of the default test split."""
    config = CountdownConfig()
    held_out = {(tuple(sorted(p.numbers)), p.target) for p in make_problems(config)["test"]}
    rng = np.random.default_rng(seed)
    corpus: list[tuple[str, str]] = []
    while len(corpus) < size:
        numbers = tuple(int(n) for n in rng.integers(config.low, config.high + 1, size=config.numbers))
        expression = random_expression(numbers, rng)
        try:
            target = evaluate(expression).value
        except ExpressionError:
            continue
        if target.denominator != 1 or not 1 <= target <= MAX_TARGET:
            continue
        if (tuple(sorted(numbers)), int(target)) in held_out:
            continue
        if rng.random() >= RIGHT_SHARE:
            expression = random_expression(numbers, rng)
        shown = rng.permutation(np.array(numbers))
        corpus.append((f"{' '.join(map(str, shown))}={target}", expression))
    return corpus


def encode(corpus: list[tuple[str, str]], tokenizer: PolicyTokenizer) -> Rollouts:
    """The corpus as rollouts, one answer a prompt, the end token included."""
    prompts = [tokenizer.encode_prompt(question) for question, _ in corpus]
    answers = [[*tokenizer.encode(expression), tokenizer.eos_id] for _, expression in corpus]
    return Rollouts.of(prompts, answers, tokenizer.pad_id, torch.device("cpu"))


def train(model: LeanQwen3, corpus: Rollouts, steps: int, rows: int, lr: float) -> None:
    """Next-token cross-entropy on the answers: AdamW, cosine decay after a short warm-up."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    started = time.monotonic()
    for step in range(steps):
        rate = lr * min(1.0, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * step / steps))
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch = corpus[torch.randint(len(corpus), (rows,))]
        logits = model.logits(model.response_hidden(batch)[batch.mask])
        loss = F.cross_entropy(logits, batch.responses[batch.mask])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 200 == 0 or step == steps - 1:
            print(f"step {step} of {steps}: loss {loss.item():.4f} nats per token, {time.monotonic() - started:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--rows", type=int, default=256, help="rows of one optimiser step")
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--corpus", type=int, default=400_000, help="training pairs")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    set_threads(options.threads)
    torch.manual_seed(options.seed)
    write_companions(options.out, options.hidden, options.layers)
    tokenizer = PolicyTokenizer.load(options.out)
    model = LeanQwen3(Qwen3Shape.from_config(hf_folder.read_config(options.out)))
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.02)
    corpus = encode(make_corpus(options.corpus, options.seed), tokenizer)
    train(model, corpus, options.steps, options.rows, options.lr)
    hf_folder.save(model, options.out, options.out)


if __name__ == "__main__":
    main()
