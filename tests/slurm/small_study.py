"""A study of real runs that are over in seconds, for the command line."""

from pathlib import Path

STUDY = """\
name: small
title: A small study
seeds: [1]
parallel: 2
base: [trainer.steps={steps}, trainer.prompts_per_step=2, trainer.rollouts_per_prompt=4, validation.problems=2,
       validation.samples=2, "validation.pass_k=[1]", checkpoint.every=2, trainer.threads=1]
objective: {{metric: critic/score/mean, direction: maximize}}
trials:
"""
TRIALS = (
    "  - {title: a, overrides: [method=grpo]}\n",
    "  - {title: b, overrides: [method=grpo, trainer.lr=1e-4]}\n",
)
SLURM = ["launcher=slurm", "resources.cpus_per_task=1", "resources.mem_gb=2", "poll_s=0.3"]


def write(folder: Path, steps: int = 2, trials: int = 2) -> list[str]:
    """The words of a sweep of the study on Slurm, whose file is in the folder."""
    path = folder / "small.yaml"
    path.write_text(STUDY.format(steps=steps) + "".join(TRIALS[:trials]))
    return ["sweep", f"study={path}", *SLURM, "--dir", str(folder / "studies")]
