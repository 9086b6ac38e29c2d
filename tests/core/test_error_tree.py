import pickle

import pytest

from harness import errors
from harness.errors import ConfigError, HarnessError, InputError, as_setting, unknown


def test_rule_value_remedy():
    error = ConfigError("x must be positive", "-1", "Set x=1.")
    assert str(error) == "x must be positive; got -1. Set x=1."
    assert (error.rule, error.value, error.remedy) == ("x must be positive", "-1", "Set x=1.")


def test_parts_may_be_absent():
    assert str(HarnessError("x must be positive")) == "x must be positive"
    assert str(HarnessError("x must be positive", remedy="Set x=1.")) == "x must be positive. Set x=1."


def test_every_error_is_also_a_standard_one():
    own = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, HarnessError)]
    for error in set(own) - {HarnessError}:
        assert issubclass(error, ValueError | RuntimeError | ImportError), error


def test_an_error_crosses_processes():
    error = ConfigError("rule", "value", "Remedy.")
    assert str(pickle.loads(pickle.dumps(error))) == str(error) == "rule; got value. Remedy."


def test_unknown_names_list_the_valid_ones():
    error = unknown("keys", ["wdith"], ["width", "low"])
    assert str(error) == "keys must be known ones; got 'wdith'. Did you mean 'width'? Valid: low, width."


def test_an_input_error_becomes_a_setting_error_with_its_parts():
    with pytest.raises(ConfigError) as caught, as_setting("schedule"):
        raise InputError("start must be finite", "inf", "Give a number.")
    assert str(caught.value) == "schedule: start must be finite; got inf. Give a number."
