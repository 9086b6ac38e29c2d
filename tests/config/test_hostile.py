"""Hostile configurations: each is refused, and the text says the rule, the value and the remedy."""

from __future__ import annotations

import pytest

from harness.config import resolve
from harness.errors import ConfigError

LINEAR = "schedule=linear schedule.start=0.5 schedule.end=0.2"
BOUNDS = "schedule.low.start=.4 schedule.low.end=.1 schedule.high.start=.6 schedule.high.end=.3"

# What the phrases below count on, whatever the shipped defaults are; the overrides of a row come after these.
BASE = [
    *("trainer.steps=120", "trainer.prompts_per_step=32", "trainer.rollouts_per_prompt=8"),
    *(
        "validation.samples=32",
        "data.train_problems=4096",
        "data.test_problems=200",
        "validation.problems=200",
    ),
]

# overrides, separated by spaces | phrases of the refusal: rule, value, remedy
HOSTILE: list[tuple[str, list[str]]] = [
    # names and keys
    ("trainer.stepz=3", ["keys of trainer", "'stepz'", "Did you mean 'steps'?", "Valid: device, epochs"]),
    (
        "traner.steps=3",
        ["keys of the configuration", "'traner'", "Did you mean 'trainer'?", "Valid: backend"],
    ),
    ("+extra=1", ["keys of the configuration", "'extra'", "Valid: backend, checkpoint, control"]),
    ("method=entrocaft", ["group 'method'", "'entrocaft'", "Did you mean 'entrocraft'?", "band_switch"]),
    ("method.name=grpoo", ["methods must be known ones", "'grpoo'", "Did you mean 'grpo'?"]),
    (
        f"method=entrocraft {LINEAR} method.gama=3",
        ["method 'entrocraft'", "'gama'", "'gamma'?", "Valid: advantage, base"],
    ),
    ("method.gamma=3", ["keys of method 'grpo' must be known ones", "'gamma'", "Valid: none"]),
    ("schedule=liner", ["group 'schedule'", "'liner'", "Did you mean 'linear'?", "constant, cosine"]),
    (f"{LINEAR} schedule.family=step", ["schedule families", "'step'", "Valid: constant, cosine, linear"]),
    (f"{LINEAR} schedule.wdth=0.1", ["schedule family 'linear'", "'wdth'", "Did you mean 'width'?"]),
    (
        "schedule=constant schedule.start=.5 schedule.end=.2",
        ["schedule family 'constant'", "'end'", "Valid: "],
    ),
    (
        "backend=verl platform.gpus=3",
        ["must be a multiple of platform.gpus", "rows 256, gpus 3", "Change trainer.prompts_per_step"],
    ),
    ("platform.name=tpu", ["platform.name must be one of cpu, gpu", "'tpu'"]),
    ("platform.gpu_memory_utilization=1.5", ["platform.gpu_memory_utilization", "<= 1", "1.5"]),
    ("backend=jax", ["backends must be known ones", "'jax'", "Valid: torch"]),
    ("schedule=null", ["group 'schedule'", "'None'", "none"]),
    ("~trainer.lr", ["trainer.lr must be given", "nothing", "Set trainer.lr=VALUE"]),
    ("trainer=5", ["group 'trainer'", "'5'", "Valid: default"]),
    ("data.name=gsm8k", ["data sets must be known ones", "'gsm8k'", "Valid: countdown, numina-100k, numina-full"]),
    # the grammar
    ("seed", ["must read KEY=VALUE", "'seed'", "Quote a value"]),
    ("run.dir=a=b", ["must read KEY=VALUE", "'run.dir=a=b'", "Quote a value with special characters"]),
    ("seed=1,2", ["one value per key", "'seed=1,2'", "entrocraft sweep"]),
    ("hydra.run.dir=x", ["must not set Hydra's own keys", "'hydra.run.dir=x'", "Leave it out"]),
    ("model.path=${nowhere}", ["must compose", "nowhere"]),
    # types
    ("trainer.steps='120'", ["trainer.steps must be a whole number", "'120' (str)", "Set trainer.steps"]),
    ("trainer.steps=1.5", ["trainer.steps must be a whole number", "1.5 (float)"]),
    ("trainer.steps=true", ["trainer.steps must be a whole number", "True (bool)"]),
    ("trainer.lr=fast", ["trainer.lr must be a number", "'fast' (str)"]),
    ("trainer.lr=false", ["trainer.lr must be a number", "False (bool)"]),
    ("trainer.lr=null", ["trainer.lr must be a number", "null"]),
    ("seed=one", ["seed must be a whole number", "'one' (str)"]),
    ("model.path=/no/such", ["shipped models (tiny)", "'/no/such'", "Set model.path=tiny"]),
    ("model.path=7", ["model.path must be a text", "7 (int)"]),
    ("validation.pass_k=[1,two]", ["validation.pass_k[1] must be a whole number", "'two' (str)"]),
    (f"{LINEAR} schedule.start=high", ["schedule.start must be a number", "'high' (str)"]),
    (f"method=entrocraft {LINEAR} method.gamma=ten", ["method.gamma must be a number", "'ten' (str)"]),
    ("trainer.lr=[1]", ["trainer.lr must be a number", "[1] (list)"]),
    ("trainer={lr: 1}", ["group 'trainer'", "{'lr': 1}", "Valid: default"]),
    # ranges
    ("seed=-1", ["seed must be a whole number >= 0", "-1", "Set e.g. seed=1"]),
    ("data.seed=-1", ["data.seed must be a whole number >= 0", "-1"]),
    ("trainer.steps=0", ["trainer.steps must be a whole number >= 1", "got 0", "Set e.g. trainer.steps=120"]),
    ("trainer.epochs=0", ["trainer.epochs must be a whole number >= 1", "got 0"]),
    ("trainer.rollouts_per_prompt=0", ["trainer.rollouts_per_prompt must be a whole number >= 1", "got 0"]),
    ("trainer.max_new_tokens=-4", ["trainer.max_new_tokens must be a whole number >= 1", "got -4"]),
    ("trainer.threads=0", ["trainer.threads must be a whole number >= 1", "got 0"]),
    ("trainer.micro_batch_rows=0", ["trainer.micro_batch_rows must be a whole number >= 1", "got 0"]),
    ("trainer.lr=0", ["trainer.lr must be a finite number > 0", "got 0.0", "Set e.g. trainer.lr=0.0002"]),
    ("trainer.lr=nan", ["trainer.lr must be a finite number > 0", "got nan"]),
    ("trainer.lr=inf", ["trainer.lr must be a finite number > 0", "got inf"]),
    ("trainer.weight_decay=-.1", ["trainer.weight_decay must be a finite number >= 0", "got -0.1"]),
    ("trainer.max_grad_norm=0", ["trainer.max_grad_norm must be a finite number > 0", "got 0.0"]),
    ("trainer.temperature=0", ["trainer.temperature must be a finite number > 0", "got 0.0"]),
    ("validation.temperature=-1", ["validation.temperature must be a finite number > 0", "got -1.0"]),
    ("validation.top_p=0", ["validation.top_p must be a finite number > 0 and <= 1", "got 0.0"]),
    ("validation.top_k=-1", ["validation.top_k must be a whole number >= 0", "got -1"]),
    ("validation.every=0", ["validation.every must be a whole number >= 1", "got 0"]),
    ("validation.samples=0", ["validation.samples must be a whole number >= 1", "got 0"]),
    ("checkpoint.keep=0", ["checkpoint.keep must be a whole number >= 1", "got 0", "checkpoint.keep=1"]),
    ("checkpoint.every=0", ["checkpoint.every must be a whole number >= 1", "got 0"]),
    ("trainer.device=tpu", ["trainer.device must be one of cpu, cuda", "'tpu'", "trainer.device=cpu"]),
    ("loss.average=mean", ["loss.average must be one of token_mean, eq5", "'mean'"]),
    ("control.entropy_aggregation=max", ["control.entropy_aggregation must be one of token-mean", "'max'"]),
    ("wandb.mode=always", ["wandb.mode must be one of off, offline, online", "'always'"]),
    ("run.name=''", ["run.name must be a text that is not empty", "''"]),
    # the loss
    ("loss.clip_low=0", ["loss.clip_low must be a finite number > 0 and <= 1", "got 0.0"]),
    ("loss.clip_low=1.5", ["loss.clip_low must be a finite number > 0 and <= 1", "got 1.5"]),
    ("loss.clip_high=-.2", ["loss.clip_high must be a finite number > 0", "got -0.2"]),
    ("loss.clip_c=1", ["loss.clip_c must be a finite number > 1", "got 1.0"]),
    ("loss.clip_c=1.1", ["must exceed 1 + loss.clip_high", "clip_c 1.1, clip_high 0.2", "loss.clip_c=3"]),
    ("loss.kl_coef=-1", ["loss.kl_coef must be a finite number >= 0", "got -1.0"]),
    (
        "method=clip_higher loss.clip_high=.1",
        ["clip_higher needs", "clip_high 0.1", "Set loss.clip_high=0.28"],
    ),
    ("method=clip_cov loss.clip_high=.2", ["clip_cov needs", "clip_high 0.2", "Set loss.clip_low=1"]),
    # the method
    (
        "method=entrocraft",
        ["'entrocraft' controls entropy", "schedule=none", "schedule=linear schedule.start"],
    ),
    ("method=entropic", ["'entropic' controls entropy", "schedule=none", "schedule=linear schedule.start"]),
    (f"method=entrocraft {LINEAR} method.gamma=-1", ["gamma must be at least 0", "-1", "number >= 0"]),
    (f"method=entrocraft {LINEAR} method.gamma=nan", ["gamma must be a number", "nan"]),
    (f"method=entrocraft {LINEAR} method.advantage=raww", ["advantage must be one of base, raw", "'raww'"]),
    (f"method=entrocraft {LINEAR} method.zero_variance=in", ["zero_variance must be one of base, raw", "'in'"]),
    (f"method=entrocraft {LINEAR} method.denominator=8", ["method.denominator must be", "8"]),
    (
        f"method=entrocraft {LINEAR} method.base=entropic",
        ["must be an estimator", "'entropic'", "Valid: grpo"],
    ),
    (f"method=band_switch {LINEAR} method.base=none", ["bases must be known ones", "'none'", "Valid: grpo"]),
    (f"method=entropic {LINEAR} method.variant=mine", ["variant must be one of paper, released", "'mine'"]),
    ("method=clip_cov method.fraction=2", ["fraction must be in (0, 1]", "got 2", "2e-4"]),
    (
        f"method=entrocraft {LINEAR} method.base=gspo",
        ["gspo averages over sequences", "'token_mean'", "Set loss.average=seq_mean_token_mean"],
    ),
    # the schedule
    (
        "schedule.start=.5",
        ["schedule.start needs a schedule", "no family", "schedule=constant|cosine|linear"],
    ),
    ("schedule=linear", ["needs schedule.start and schedule.end", "only the family", "schedule.low.start"]),
    ("schedule=cosine schedule.start=.5", ["needs schedule.end", "only start", "Set schedule.end=VALUE"]),
    (f"{LINEAR} {BOUNDS}", ["not as both", "schedule.start", "schedule.high", "Leave out one"]),
    (
        f"schedule=linear {BOUNDS} schedule.width=.1",
        ["not as both", "schedule.width, schedule.low", "Leave out"],
    ),
    (
        "schedule=linear schedule.low={start: .4, end: .1}",
        ["needs both", "only schedule.low", "schedule.high.end"],
    ),
    (f"schedule=linear {BOUNDS} schedule.low.top=1", ["keys of schedule.low", "'top'", "Valid: end, start"]),
    (
        f"schedule=linear {BOUNDS} ~schedule.low.end",
        ["schedule.low.end must be given", "schedule.low.end=VALUE"],
    ),
    (
        f"schedule=linear {BOUNDS} schedule.high.end=.05",
        ["low curve of a band must not exceed", "low 0.157983 > high 0.156303", "at step 97 of 120"],
    ),
    (
        f"{LINEAR} schedule.horizon=0",
        ["schedule.horizon must be >= 1", "horizon 0, steps 120", "leave it null"],
    ),
    (f"{LINEAR} schedule.horizon=60", [">= trainer.steps", "horizon 60, steps 120", "schedule.horizon=120"]),
    (
        f"{LINEAR} schedule.horizon=200.0",
        ["schedule.horizon must be a whole number or null", "200.0 (float)"],
    ),
    (f"{LINEAR} schedule.width=-.1", ["schedule: ", "width", "at least 0", "got -0.1", ">= 0"]),
    (f"{LINEAR} schedule.width=inf", ["schedule: width", "must be finite", "got inf"]),
    (f"{LINEAR} schedule.start=nan", ["schedule: start must be a number", "nan"]),
    (f"{LINEAR} schedule.end=-.1", ["schedule: end must not be negative", "-0.1 nats per token"]),
    (f"{LINEAR} schedule.progress=mine", ["progress convention must be one of paper, released", "'mine'"]),
    # between groups
    (
        "trainer.mini_batches=300",
        ["rows of a step", "mini_batches 300, rows 256", "mini_batches=256 or less"],
    ),
    ("validation.pass_k=[1,64]", ["pass@k needs k <= n", "k 64, n 32", "validation.samples=64"]),
    ("validation.pass_k=[]", ["validation.pass_k must list whole numbers", "()", "[1,8,32]"]),
    ("validation.pass_k=[8,1]", ["rising", "(8, 1)", "validation.pass_k=[1,8,32]"]),
    ("validation.pass_k=[0,1]", ["validation.pass_k must list whole numbers >= 1", "(0, 1)"]),
    (
        "validation.problems=201",
        ["must not exceed data.test_problems", "validation.problems 201", "=200 or less"],
    ),
    ("trainer.prompts_per_step=5000", ["must not exceed data.train_problems", "5000", "=4096 or less"]),
    ("data.low=9 data.high=3", ["data.low and data.high", "low 9, high 3", "data.low=1 data.high=13"]),
    ("data.numbers=9", ["data.numbers must be between 2 and 6", "9", "data.numbers=3"]),
]


# the same without BASE, which sets keys of the embedded problem
MATHEMATICS: list[tuple[str, list[str]]] = [
    ("data=numina-100k", ["backend=torch trains on the embedded problem only", "'numina-100k'", "or backend=verl"]),
    ("backend=verl data=numina-100k data.benchmarks=[gsm8k]", ["data.benchmarks must list some of math500", "gsm8k"]),
    ("backend=verl data=numina-100k data.benchmarks=[]", ["data.benchmarks must list some of", "Set e.g."]),
    ("backend=verl data=numina-100k data.benchmarks=[aime25,aime25]", ["each once", "[math500]"]),
    ("backend=verl data=numina-100k data.benchmarks=[7]", ["data.benchmarks[0] must be a text", "7 (int)"]),
    ("backend=verl data=numina-100k data.benchmarks=aime25", ["data.benchmarks must be a list of texts", "'aime25'"]),
    ("backend=verl data=numina-100k data.grader=mine", ["data.grader must be one of math_verify, released", "'mine'"]),
    ("backend=verl data=numina-100k data.folder=''", ["data.folder must be a text that is not empty"]),
    ("backend=verl data=numina-100k data.seed=1", ["keys of data must be known ones", "'seed'", "benchmarks, folder"]),
    ("backend=verl data=numina-100k data.train_problems=9", ["must not exceed data.train_problems", "32", "9"]),
    (
        "backend=verl data=numina-100k validation.problems=40",
        ["the problems of one benchmark", "problems 40, data.benchmarks math500", "Set validation.problems=null"],
    ),
    (
        "backend=verl data=numina-100k validation.problems=631",
        ["problems of data.benchmarks", "631", "benchmarks 630", "=null for all"],
    ),
    (
        "experiment=paper/grpo_5b",
        ["options of the group 'experiment'", "'paper/grpo_5b'", "Did you mean 'paper/grpo_8b'?"],
    ),
    ("experiment=paper/_base", ["options of the group 'experiment'", "'paper/_base'"]),
    ("experiment=paper/grpo_4b experiment.hours=1", ["must not change what an experiment says", "Leave it out"]),
    ("experiment.mark=ours", ["must not change what an experiment says", "'experiment.mark=ours'"]),
    ("experiment=paper/grpo_4b backend=torch", ["backend=torch trains on the embedded problem only"]),
]


def split(overrides: str) -> list[str]:
    """Split at the spaces outside braces."""
    parts: list[str] = []
    for word in overrides.split(" "):
        if parts and parts[-1].count("{") > parts[-1].count("}") and "${" not in parts[-1]:
            parts[-1] += " " + word
        else:
            parts.append(word)
    return parts


@pytest.mark.parametrize(("overrides", "phrases"), HOSTILE, ids=[overrides for overrides, _ in HOSTILE])
def test_is_refused_with_rule_value_and_remedy(overrides: str, phrases: list[str]) -> None:
    with pytest.raises(ConfigError) as refusal:
        resolve([*BASE, *split(overrides)])
    for phrase in phrases:
        assert phrase in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_there_are_enough_of_them() -> None:
    assert len(HOSTILE) >= 30


@pytest.mark.parametrize(("overrides", "phrases"), MATHEMATICS, ids=[overrides for overrides, _ in MATHEMATICS])
def test_mathematics_is_refused_with_rule_value_and_remedy(overrides: str, phrases: list[str]) -> None:
    with pytest.raises(ConfigError) as refusal:
        resolve(split(overrides))
    for phrase in phrases:
        assert phrase in str(refusal.value)
