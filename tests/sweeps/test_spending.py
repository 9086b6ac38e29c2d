"""The budget: what is forecast and started, in closed form and as a law over simulated studies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigError, StudyError
from sweeps.budget.grants import grant, granted, granting
from sweeps.budget.spending import Account, Spent
from sweeps.folder import StudyFolder


def test_a_run_is_forecast_at_its_own_rate_and_before_its_first_step_at_that_of_all():
    account = Account(100.0, {"a": Spent(2.0, 4, 10), "b": Spent(9.0, 6, 10)})
    assert account.forecast("a", 10) == pytest.approx(3.0)
    assert account.forecast("new", 10) == pytest.approx(11.0)
    assert Account(100.0, {}).forecast("new", 10) is None


def test_what_was_paid_before_the_first_step_counts_in_the_rate():
    account = Account(None, {"a": Spent(1.0, 0, 10), "b": Spent(4.0, 2, 10)})
    assert account.forecast("a", 10) == pytest.approx(20.0), "of b alone: a has made no step"
    assert account.spent == 5.0


@pytest.mark.parametrize(
    "budget, at_work, may",
    [(None, 99, True), (10.0, 0, True), (20.0, 1, True), (10.0, 1, False), (4.0, 0, False), (3.9, 0, False)],
)
def test_a_run_is_started_where_it_fits_beside_those_at_work(budget, at_work, may):
    account = Account(budget, {"done": Spent(4.0, 10, 10)})
    others = {f"r{number}": 10 for number in range(at_work)}
    assert account.may_start("new", 10, others) is may


def test_while_nothing_is_measured_one_run_goes_alone():
    account = Account(10.0, {"a": Spent(0.5, 0, 10)})
    assert account.may_start("a", 10, {"a": 10}) and not account.may_start("b", 10, {"a": 10})


def test_the_text_says_what_is_spent_and_what_is_ahead():
    account = Account(10.0, {"a": Spent(2.0, 5, 10, "GPU-h")})
    assert account.text({"a": 10}) == "budget: 2 of 10 GPU-h spent, 2 more forecast"
    assert Account(10.0, {}).text({"a": 10}) == "budget: 0 of 10 job-h spent, forecast not known yet"
    assert Account(None, {}).text({}) is None


RUNS = st.lists(st.tuples(st.integers(1, 8), st.floats(0.1, 3.0)), min_size=1, max_size=12)


@given(runs=RUNS, budget=st.floats(0.5, 60.0), parallel=st.integers(1, 4), drift=st.floats(0.5, 2.0))
def test_the_budget_is_never_exceeded_by_more_than_one_run(runs, budget, parallel, drift):
    """Steps get cheaper or dearer on the way (`drift`), so forecasts are wrong; a look comes after each step."""
    steps = {f"r{place}": count for place, (count, _) in enumerate(runs)}
    cost = {f"r{place}": hours for place, (_, hours) in enumerate(runs)}
    spent: dict[str, Spent] = {}
    alive: list[str] = []
    waiting = list(steps)
    while True:
        account = Account(budget, spent)
        if account.over:
            alive = []
        at_work = {name: steps[name] for name in alive}
        while waiting and len(alive) < parallel and account.may_start(waiting[0], steps[waiting[0]], at_work):
            alive.append(waiting.pop(0))
            at_work[alive[-1]] = steps[alive[-1]]
        if not alive:
            break
        for name in list(alive):
            before = spent.get(name, Spent(0.0, 0, steps[name]))
            price = cost[name] * drift ** (before.step / steps[name])
            spent[name] = Spent(before.hours + price, before.step + 1, steps[name])
            if spent[name].step == steps[name]:
                alive.remove(name)
    most = max(cost[name] * max(1.0, drift) for name in steps)
    longest = max(each.hours for each in spent.values()) if spent else 0.0
    assert sum(each.hours for each in spent.values()) <= budget + max(longest, parallel * most)


@given(runs=RUNS, parallel=st.integers(1, 4))
def test_with_right_forecasts_the_budget_holds_but_for_the_first_run(runs, parallel):
    steps = {f"r{place}": count for place, (count, _) in enumerate(runs)}
    rate = runs[0][1]
    budget = rate * (sum(steps.values()) / 2 + steps["r0"])
    spent: dict[str, Spent] = {}
    for name, count in steps.items():
        if Account(budget, spent).may_start(name, count, {}):
            spent[name] = Spent(rate * count, count, count)
    assert sum(each.hours for each in spent.values()) <= budget * (1 + 1e-9)


@pytest.fixture
def folder(tmp_path):
    return StudyFolder(tmp_path)


def test_grants_add_up_and_are_taken_back_where_the_start_fails(folder):
    assert granted(folder, None) is None and granted(folder, 5.0) == 5.0
    assert grant(folder, 5.0, "+2.5", "lena") == 7.5
    assert grant(folder, 5.0, "20", "lena") == 20.0
    with pytest.raises(OSError), granting(folder, 5.0, "+1", "lena"):
        assert granted(folder, 5.0) == 21.0
        raise OSError
    assert granted(folder, 5.0) == 20.0
    with granting(folder, 5.0, "+1", "lena") as total:
        assert total == 21.0
    assert granted(folder, 5.0) == 21.0


@pytest.mark.parametrize(
    "base, text, phrase",
    [
        (5.0, "much", "must be hours > 0"),
        (5.0, "+nan", "must be hours > 0"),
        (5.0, "0", "must be hours > 0"),
        (5.0, "-3", "must be hours > 0"),
        (None, "+3", "adds to the budget that a study has"),
    ],
)
def test_what_is_no_grant_is_refused(folder, base, text, phrase):
    with pytest.raises(ConfigError, match=phrase):
        grant(folder, base, text, "lena")
    assert not folder.budget_path.exists()


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'{"schema":2,"grants":[]}', b'{"schema":1,"grants":[{"hours":"x"}]}']
)
def test_a_damaged_file_of_grants_is_refused(folder, content):
    folder.budget_path.write_bytes(content)
    with pytest.raises(StudyError, match="must hold the hours that were granted"):
        granted(folder, 5.0)
