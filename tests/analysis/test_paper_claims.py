"""The audit: verdicts follow the numbers that a claim declares to read, all of them, and no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pytest

from analysis.paper import Cell, Verdict, audit, load_paper, report
from analysis.paper.audit import CLAIMS
from analysis.paper.cells import Column
from analysis.paper.claims import CONSISTENCY, SENTENCE, Claim
from analysis.paper.consistency import Attainable, attainable
from analysis.paper.findings import Contrast
from analysis.paper.sampling import Score, printed_score

PAPER = load_paper()
VALUES = PAPER.values
BY_NAME = {claim.name: claim for claim in CLAIMS}
DECIDED = [claim for claim in CLAIMS if claim.reads and all(cell in VALUES for cell in claim.reads)]
AMOUNTS = (0.0, 100.0, 33.5)


def verdict(claim: Claim, values: Mapping[Cell, float]) -> Verdict:
    return claim.from_values(values).verdict


class Watched(dict[Cell, Score]):
    """Scores that remember which of them were looked at."""

    def __init__(self, values: Mapping[Cell, float]) -> None:
        averages = {cell for cell in values if Column(cell.column).average}
        super().__init__(
            {
                cell: Score(value, 0, 0) if cell in averages else printed_score(value, Column(cell.column))
                for cell, value in values.items()
            }
        )
        self.seen: set[Cell] = set()

    def __getitem__(self, cell: Cell) -> Score:
        self.seen.add(cell)
        return super().__getitem__(cell)


def test_names_are_unique_and_sentences_are_quoted() -> None:
    assert len(BY_NAME) == len(CLAIMS)
    assert all(bool(claim.quote) == (claim.kind == SENTENCE) and claim.where and claim.reading for claim in CLAIMS)
    assert all(claim.rule or claim.curves or claim.needs for claim in CLAIMS)


@pytest.mark.parametrize("claim", DECIDED, ids=lambda claim: claim.name)
def test_a_claim_looks_at_the_cells_that_it_declares(claim: Claim) -> None:
    scores = Watched(VALUES)
    assert claim.rule is not None
    claim.rule.decide(scores)
    assert scores.seen == set(claim.reads)


def test_a_changed_cell_changes_no_verdict_of_a_claim_that_does_not_read_it() -> None:
    before = {claim.name: verdict(claim, VALUES) for claim in DECIDED}
    flipped: set[str] = set()
    for cell in VALUES:
        for amount in (0.0, 100.0):
            changed = {**VALUES, cell: amount}
            for claim in DECIDED:
                if verdict(claim, changed) is not before[claim.name]:
                    assert cell in claim.reads, f"{claim.name} moved with {cell}"
                    flipped.add(claim.name)
    assert len(flipped) > len(DECIDED) / 2  # those that no single cell of the paper decides: see the next test


def worlds(claim: Claim) -> Iterator[dict[Cell, float]]:
    """Numbers under which one cell may decide: the paper's; all alike; the sides of the comparisons; random ones."""
    yield dict(VALUES)
    yield dict.fromkeys(VALUES, 20.0)
    contrasts: tuple[Contrast, ...] = getattr(claim.rule, "contrasts", ())
    for left, right in ((40.0, 38.0), (38.0, 40.0), (60.0, 40.0)):
        world = dict(VALUES)
        for contrast in contrasts:
            world |= {cell: left if weight > 0 else right for cell, weight in contrast.left}
            world |= {cell: right if weight > 0 else left for cell, weight in contrast.right}
        yield world
    rng = np.random.default_rng(5)
    for _ in range(400):
        yield {cell: float(value) for cell, value in zip(VALUES, rng.uniform(10, 30, len(VALUES)), strict=True)}


@pytest.mark.parametrize("claim", DECIDED, ids=lambda claim: claim.name)
def test_every_cell_that_a_claim_declares_can_decide_it(claim: Claim) -> None:
    left = set(claim.reads)
    for world in worlds(claim):
        before = verdict(claim, world)
        for cell in list(left):
            if any(verdict(claim, {**world, cell: amount}) is not before for amount in AMOUNTS):
                left.discard(cell)
        if not left:
            return
    assert not left, f"{claim.name} does not depend on {sorted(map(str, left))}"


@pytest.mark.parametrize(
    ("changes", "flips"),
    [
        ({(3, "GRPO + Clip-Cov", "MATH-500 mean@32 at 300K"): 79.2}, {"best-at-every-stage"}),
        ({(3, "GRPO", "MATH-500 mean@32 at 400K"): 75.9}, {"grpo-flat"}),
        ({(3, "GRPO + Clip-Cov", "AIME-25 mean@32 at 400K"): 14.1}, {"clip-cov-drops"}),
        ({(3, "GRPO + Entrocraft", "MATH-500 mean@32 at 400K"): 79.2}, {"decay-sustains", "most-stable"}),
        ({(3, "GRPO + Clip-Higher", "MATH-500 mean@32 at 300K"): 77.5}, {"most-stable"}),
        ({(7, "GRPO", "AIME-25 mean@32"): 16.6}, {"4b-beats-8b", "improves-qwen3-8b-base", "averages-7"}),
        ({(8, "GRPO", "AMC-23 pass@32"): 95.0}, {"improves-qwen3-14b-base", "averages-8"}),
        ({(2, "GRPO", "Avg. mean@32"): 47.4}, {"averages-2"}),
        ({(6, "GRPO", "AIME-25 pass@32"): 20.0}, {"pass-at-k-half-more-anywhere", "averages-6"}),
        ({(5, "W-Reinforce", "AIME-25 mean@32"): 11.2}, {"aime-25-twice"}),
        ({(5, "W-Reinforce", "AIME-24 pass@32"): 26.6}, {"attainable-5"}),
        (
            {(3, "GRPO", f"AIME-25 mean@32 at {size}"): 9.4 for size in ("200K", "300K", "400K")},
            {"four-times-longer"},
        ),
        (
            {(2, "GRPO + Entrocraft", "AIME-25 mean@32"): 15.0, (5, "GRPO + Entrocraft", "AIME-25 mean@32"): 15.0},
            {"more-data-is-better", "averages-2"},
        ),
    ],
    ids=lambda value: "" if isinstance(value, dict) else ",".join(sorted(value)),
)
def test_verdicts_of_the_paper_that_a_change_turns(changes: dict[tuple[int, str, str], float], flips: set[str]) -> None:
    before = audit(PAPER).set_index("claim")["verdict"]
    after = audit(PAPER.changed({Cell(*key): value for key, value in changes.items()})).set_index("claim")["verdict"]
    assert set(before.index[before != after]) == flips


def test_errors_are_the_binomial_ones() -> None:
    aime, column = printed_score(20.0, Column("AIME-25 mean@32")), Column("AIME-25 pass@32")
    assert aime.problems == pytest.approx(100 * (0.2 * 0.8 / 30) ** 0.5)
    assert aime.answers == pytest.approx(100 * (0.2 * 0.8 / (30 * 32)) ** 0.5)
    assert printed_score(40.0, column).answers == pytest.approx(100 * (0.4 * 0.6 / 30) ** 0.5)


def test_a_finding_names_its_numbers() -> None:
    found = BY_NAME["best-at-every-stage"].from_paper(PAPER)
    assert found.verdict is Verdict.FAILS and "23 of 24 above, 1 below" in found.numbers
    assert "GRPO + Entrocraft / GRPO + Clip-Cov: MATH-500 mean@32 at 300K 79.3 / 79.7" in found.numbers


def test_the_check_of_shares_finds_exactly_what_no_count_gives() -> None:
    for name, problems in (("AIME-25 pass@32", 30), ("AMC-23 pass@32", 40), ("MATH-500 pass@32", 500)):
        given = {round(100 * count / problems, 1) for count in range(problems + 1)}
        for tenth in range(1001):
            low, high = attainable(tenth / 10, Column(name))
            assert (low == high) == (tenth / 10 in given)
            assert low <= tenth / 10 <= high
    assert all(cell.column.endswith("pass@32") for cell in Attainable(2).reads)


def test_every_number_could_be_a_mean_of_32_answers_so_that_it_is_not_checked() -> None:
    for name in ("AIME-25 mean@32", "AMC-23 mean@32", "MATH-500 mean@32"):
        assert all(len(set(attainable(tenth / 10, Column(name)))) == 1 for tenth in range(1001))


def test_what_only_figures_show_is_not_decided_by_the_paper() -> None:
    frame = audit(PAPER).set_index("claim")
    for claim in CLAIMS:
        if claim.curves is not None or any(isinstance(cell.table, str) for cell in claim.reads):
            assert frame.loc[claim.name, "verdict"] == Verdict.OPEN


def test_the_texts_say_every_verdict(tmp_path: object) -> None:
    frame = audit(PAPER)
    text, page = report.markdown(frame), report.web(frame)
    for row in frame.to_dict("records"):
        assert f"### {row['claim']}\n" in text and f'<th scope="row">{row["claim"]}</th>' in page
    for kind in (SENTENCE, CONSISTENCY):
        assert report.counts(frame, kind, "paper") in text and report.counts(frame, kind, "paper") in page
        assert page.count("<tr") == len(frame) + 1
