"""The strict graders: the normal form by hand, and the release's own functions as verl carries them."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from harness.graders.released import equivalent, grade, normal_form
from tests.verl.verl_environment import python


@pytest.mark.parametrize(
    "answer, form",
    [
        (r"\dfrac{1}{2}", r"\frac{1}{2}"),
        (r"\frac12", r"\frac{1}{2}"),
        (r"\frac1{72}", r"\frac{1}{72}"),
        (r"\frac{72}1", r"\frac{72}1"),
        (r"\frac1\frac23", r"\frac1\frac23"),
        ("1/2", r"\frac{1}{2}"),
        ("-3/4", r"\frac{-3}{4}"),
        ("01/2", "01/2"),
        ("0.5", r"\frac{1}{2}"),
        (".5", r"\frac{1}{2}"),
        (r"\sqrt3 + 1", r"\sqrt{3}+1"),
        ("x = 5", "5"),
        ("xyz = 5", "xyz=5"),
        (r"\left( 1,\! 2 \right)", "(1,2)"),
        (r"5\text{ cm}", "5"),
        (r"5\text{cm}", r"5\text{cm}"),
        (r"90^\circ", "90"),
        (r"\$50\%", "50"),
        ("033", "033"),
        ("", ""),
        (r"1\text{ a}\text{ b}", None),
        (r"\sqrt", None),
        (r"\frac", None),
    ],
)
def test_normal_form(answer: str, form: str | None) -> None:
    assert normal_form(answer) == form


def test_without_a_normal_form_the_strings_decide() -> None:
    assert equivalent(r"\sqrt", r"\sqrt") and not equivalent(r"\sqrt ", r"\sqrt")


@pytest.mark.parametrize("source", ["aime24", "aime25", "aime26"])
def test_aime_is_a_box_in_the_last_100_characters_character_by_character(source: str) -> None:
    assert grade(source, r"\boxed{033}" + "." * 89, "033").correct
    assert not grade(source, r"\boxed{033}" + "." * 90, "033").correct
    assert not grade(source, r"\boxed{33}", "033").correct
    assert grade("math500", r"\boxed{033}" + "." * 90, "033").correct


THEIRS = """
import contextlib, importlib.util, io, json, pathlib, sys

def module(name):
    root = pathlib.Path(importlib.util.find_spec("verl").submodule_search_locations[0])
    spec = importlib.util.spec_from_file_location(name, root / "utils" / "reward_score" / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found

strings, aime = module("math_reward"), module("math_dapo")
verdicts = []
for text, gold in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()):
        by_string = strings.compute_score(text, gold) == 1.0
        try:
            by_box = aime.compute_score(text, gold, strict_box_verify=True)["acc"]
        except AssertionError:
            by_box = False
    verdicts.append([by_string, by_box])
json.dump(verdicts, sys.stdout)
"""


@pytest.mark.needs("verl")
def test_the_verdicts_are_those_of_the_functions_that_the_release_uses(corpus: list[dict[str, Any]]) -> None:
    pairs = [(row["text"], row["gold"]) for row in corpus]
    done = subprocess.run([python(), "-c", THEIRS], input=json.dumps(pairs), capture_output=True, text=True, check=True)
    ours = [[grade(source, *pair).correct for source in ("math500", "aime24")] for pair in pairs]
    assert json.loads(done.stdout) == ours
