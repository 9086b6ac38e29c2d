import math
from dataclasses import dataclass

import pytest

from harness.core.discover import subclasses
from harness.core.options import construct, encoded
from harness.core.rewards import signed
from harness.core.schedules import Curve
from harness.errors import ConfigError, InputError


@dataclass(frozen=True)
class Thing:
    size: float
    colour: str = "red"


def test_infinity_passes_through_json_as_text():
    assert encoded({"size": math.inf, "colour": "red"}) == {"size": "inf", "colour": "red"}
    assert construct(Thing, {"size": "inf"}, "thing").size == math.inf


def test_unknown_and_missing_options():
    with pytest.raises(ConfigError, match=r"options of thing.*got 'color'\. Did you mean 'colour'"):
        construct(Thing, {"size": 1, "color": "blue"}, "thing")
    with pytest.raises(ConfigError, match=r"thing needs size; got only colour\. Set size as well"):
        construct(Thing, {"colour": "blue"}, "thing")


def test_two_classes_of_one_name_are_a_mistake(tmp_path, monkeypatch):
    package = tmp_path / "twice"
    package.mkdir()
    (package / "__init__.py").touch()
    for module in ("a", "b"):
        (package / f"{module}.py").write_text(
            "from harness.core.schedules import Curve\n\n\nclass Own(Curve):\n    name = 'own'\n"
        )
    monkeypatch.syspath_prepend(tmp_path)
    import twice

    with pytest.raises(TypeError, match="two classes are named 'own'"):
        subclasses(twice.__name__, Curve)


@pytest.mark.parametrize("rewards", [[1.0, 0.0], [0.5], [-2.0]])
def test_only_plus_and_minus_one_are_signed_rewards(rewards):
    with pytest.raises(InputError, match=r"\+1 for correct and -1 for wrong.*2 r - 1"):
        signed(rewards)
