"""The `validation` group: how often, on how many problems, with how many samples each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from harness.config.fields import count, number, rising
from harness.config.group import Group, mapping
from harness.errors import ConfigError


@dataclass(frozen=True)
class ValidationConfig(Group):
    """Sampled evaluation on held-out problems: mean@n, n = samples, and unbiased pass@k for each k in pass_k."""

    KEY: ClassVar[str] = "validation"

    every: int = count(1, 40)
    """Steps between two validations; there is one before step 1 and one after the last, too."""
    problems: int | None = count(1, 200)
    """null = all problems of the test split or of the benchmarks."""
    samples: int = count(1, 32)
    """n, completions per problem."""
    pass_k: tuple[int, ...] = rising(1, 8, 32)
    """Each k of pass@k, rising; null in YAML = the powers of two up to `samples`."""
    temperature: float = number(above=0, example=1.0)
    top_p: float = number(above=0, at_most=1, example=1.0)
    top_k: int = count(0, 0)
    """0 = off; 1 = greedy."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if max(self.pass_k) > self.samples:
            raise ConfigError(
                "each k of validation.pass_k must be <= validation.samples: pass@k needs k <= n",
                f"k {max(self.pass_k)}, n {self.samples}",
                f"Set validation.samples={max(self.pass_k)} or leave out the larger k.",
            )

    @classmethod
    def from_dict(cls, values: object) -> Self:
        found = mapping(values, cls.KEY)
        if found.get("pass_k", ()) is None:
            samples = found.get("samples")
            most = samples if type(samples) is int and samples >= 1 else 1  # `samples` is refused by its own rule
            found["pass_k"] = [2**power for power in range(most.bit_length())]
        return super().from_dict(found)

    def to_dict(self) -> dict[str, object]:
        return {**super().to_dict(), "pass_k": list(self.pass_k)}
