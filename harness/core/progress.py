"""How far a run is on its schedule, by one of two conventions."""

from harness.core.check import one_of, whole
from harness.errors import InputError

CONVENTIONS = ("paper", "released")


def progress(step: int, horizon: int, convention: str) -> float:
    """Progress f in [0, 1] at a step of 1..horizon.

    "paper": f = (t - 1) / (T - 1), and 0 for T = 1, so that both ends of a curve are met exactly;
    "released": f = t / T, as in the authors' code, which never shows the start of the curve.
    Raises InputError for a step outside 1..horizon: a curve is not extrapolated.
    """
    one_of("the progress convention", convention, CONVENTIONS)
    whole("the horizon, in steps,", horizon, 1)
    whole("the step", step, 1)
    if step > horizon:
        raise InputError(
            "a step must not lie beyond the schedule's horizon",
            f"step {step}, horizon {horizon}",
            "The horizon is frozen when a run starts; start a new run to train for longer.",
        )
    if convention == "released":
        return step / horizon
    return (step - 1) / (horizon - 1) if horizon > 1 else 0.0
