"""The definition of a promotion."""

import pytest

from harness.config.promotion import Promotion
from harness.errors import ConfigError

PLAIN = {"keep": 3, "rungs": [[2, 3], [4, 5, 6]]}


def test_a_definition_survives_its_own_dictionary():
    ladder = Promotion.from_dict(PLAIN)
    assert ladder == Promotion(3, ((2, 3), (4, 5, 6)))
    assert ladder.to_dict() == PLAIN
    assert ladder.seeds == (2, 3, 4, 5, 6)
    ladder.check((1, 7))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"keep": 1}, "promotion.keep must be >= 2: one in so many goes on; got 1. Set keep=3."),
        ({"keep": 2.5}, "promotion.keep must be a whole number"),
        ({"rungs": []}, "must list seeds for one or more rungs; got []"),
        ({"rungs": [[2], []]}, "must list seeds for one or more rungs; got [[2], []]"),
        ({"rungs": 2}, "must be a list of lists of seeds; got 2"),
        ({"rungs": [2, 3]}, "promotion.rungs[0] must be a list of whole numbers; got 2"),
        ({"rungs": [[2, "3"]]}, "promotion.rungs[0][1] must be a whole number; got '3'"),
        ({"rungs": [[2, 3], [3, 2]]}, "must be different on all rungs; got 2, 3. Choose other seeds."),
        ({"rungs": [[2, -3]]}, "must be whole numbers >= 0; got -3"),
        ({"rung": [[2]]}, "Did you mean 'rungs'?"),
    ],
)
def test_what_is_wrong_is_refused_in_words(change, message):
    with pytest.raises(ConfigError) as refused:
        Promotion.from_dict({**PLAIN, **change})
    assert message in str(refused.value)


@pytest.mark.parametrize("values, message", [({"keep": 3}, "promotion.rungs must be given"), (3, "must be a group")])
def test_what_is_no_promotion_is_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        Promotion.from_dict(values)


def test_a_seed_that_the_study_has_itself_is_refused():
    with pytest.raises(ConfigError, match=r"others than those of study\.seeds; got 2, 6"):
        Promotion.from_dict(PLAIN).check((6, 1, 2))
