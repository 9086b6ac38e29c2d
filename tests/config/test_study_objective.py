"""The definition of an objective."""

from pathlib import Path

import pytest
import yaml

from harness.config.objective import DIRECTIONS, STEPS, WHOLE_RUN, Objective
from harness.config.study import Objective as FromStudy
from harness.errors import ConfigError

PLAIN = {"metric": "acc", "direction": "maximize"}


def test_it_is_found_where_it_was():
    assert FromStudy is Objective


def test_a_definition_with_the_defaults_is_what_earlier_versions_froze():
    assert Objective.from_dict({**PLAIN, "steps": "final", "last": 5}).to_dict() == PLAIN


@pytest.mark.parametrize("more", [{}, {"steps": "best"}, {"steps": "mean"}, {"steps": "mean", "last": 3}])
def test_a_definition_survives_its_own_dictionary(more):
    assert Objective.from_dict({**PLAIN, **more}).to_dict() == {**PLAIN, **more}


@pytest.mark.parametrize(
    "more, text",
    [({}, "acc"), ({"steps": "mean", "last": 3}, "mean of last 3 acc"), ({"steps": "area"}, "area under acc")],
)
def test_its_text_says_what_was_made_of_the_steps(more, text):
    assert Objective.from_dict({**PLAIN, **more}).text == text


@pytest.mark.parametrize(
    "change, message",
    [
        ({"direction": "up"}, "got 'up'. Valid: maximize, minimize"),
        ({"steps": "bets"}, "got 'bets'. Did you mean 'best'? Valid: area, best, final, mean"),
        ({"step": "best"}, "Did you mean 'steps'?"),
        ({"steps": None}, "also[0].steps must be a text; got null"),
        ({"steps": "mean", "last": 0}, "objective.last must be >= 1 value; got 0"),
        ({"steps": "mean", "last": 2.0}, "also[0].last must be a whole number; got 2.0 (float)"),
        ({"last": 3}, "unless objective.steps is mean; got last 3, steps final"),
        ({"metric": "tracking_error", "steps": "best"}, "one number for the whole run; got 'best'"),
        ({"metric": "gpu_hours", "steps": "area"}, "must be left out for gpu_hours"),
    ],
)
def test_what_is_wrong_is_refused_in_words(change, message):
    with pytest.raises(ConfigError) as refused:
        Objective.from_dict({**PLAIN, **change}, "also[0]")
    assert message in str(refused.value)


def test_the_examples_of_the_docs_are_objectives():
    text = (Path(__file__).parents[2] / "docs" / "objectives.md").read_text()
    study = yaml.safe_load(text.split("```yaml")[1].split("```")[0])
    assert [Objective.from_dict(each).direction for each in (study["objective"], *study["also"])] == list(
        reversed(DIRECTIONS)
    )
    assert all(f"| `{each}`" in text for each in (*STEPS, *WHOLE_RUN))
