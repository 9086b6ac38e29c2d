"""Claims of section 5, with those of its captions."""

from __future__ import annotations

from analysis.paper.cells import MEAN
from analysis.paper.claims import Claim
from analysis.paper.contrasts import LONG, SHARED, STAGES, averages, growth, over_stages, rows, tables
from analysis.paper.curves import Curve, remaining, restless_nats
from analysis.paper.findings import Contrast
from analysis.paper.front import BASE, FIG4, LAST, OURS
from analysis.paper.recipes import TABLES
from analysis.paper.rules import Beyond, FewestFalls, Higher, NoMore
from analysis.paper.which import FAMILIES
from analysis.paper.which import LONG as LONG_RUNS

GSPO = "GSPO"
SHORT_ROWS = tuple(TABLES[2].rows)
NOT_OURS = tuple(row for row in SHORT_ROWS if not row.endswith("Entrocraft"))
OTHERS = ("GRPO + Clip-Higher", "GRPO + Clip-Cov")


def on_base(table: int, columns: tuple[str, ...]) -> tuple[Contrast, ...]:
    """Entrocraft on each algorithm against the algorithm alone and the other methods on it."""
    found: list[Contrast] = []
    for base in (BASE, GSPO):
        same = [row for row in NOT_OURS if row == base or row.startswith(f"{base} +")]
        found += rows(table, f"{base} + Entrocraft", same, columns)
    return tuple(found)


CLAIMS = (
    Claim(
        "outperforms-all",
        "the proposed Entrocraft outperforms all other baselines under both mean@32 and pass@32 settings",
        "section 5.2",
        "GRPO + Entrocraft is above every row of Table 2 without Entrocraft, in every column of a benchmark.",
        Higher(tuple(rows(2, OURS, NOT_OURS, SHARED))),
    ),
    Claim(
        "outperforms-all-average",
        "the proposed Entrocraft outperforms all other baselines under both mean@32 and pass@32 settings",
        "section 5.2",
        "The same for the averages over the three benchmarks.",
        Higher(tuple(each for row in NOT_OURS for each in averages((2, OURS), (2, row)))),
    ),
    Claim(
        "improves-both-algorithms",
        "consistently improves the final performance of RL algorithms, better than other entropy-preserving methods",
        "Table 2",
        "On GRPO and on GSPO, Entrocraft is above the algorithm alone and every other method on it, in every column.",
        Higher(on_base(2, SHARED)),
    ),
    Claim(
        "pass-at-k-grows-faster",
        "Entrocraft improves inference-time scaling, with pass@K growing faster than under standard GRPO",
        "Fig. 3b and 3c",
        "From K = 1 to 32, pass@K gains more points than GRPO's on AIME-25 and on MATH-500 "
        "(the ends of the curves, in Table 2).",
        Higher(tuple(growth(2, OURS, BASE, ("AIME-25", "MATH-500")))),
    ),
    Claim(
        "more-diverse",
        "Entrocraft successfully prevents the actor from collapsing to just a few solutions",
        "section 5.2; abstract (output diversity)",
        "pass@32 is above GRPO's on AIME-25 and MATH-500.",
        Higher(tuple(tables((2, OURS), (2, BASE), ("AIME-25 pass@32", "MATH-500 pass@32")))),
    ),
    Claim(
        "fixed-target-drops",
        "The fixed-target scheme [...] becomes unstable after the first 200k training samples [...] leading to a drop",
        "section 5.3; Fig. 4",
        "With the fixed target, mean@32 of MATH-500, AIME-25 and AIME-26 is lower after 400K prompts than after 200K.",
        Higher(
            tuple(over_stages("Fixed target", [("200K", LAST)], ("MATH-500", "AIME-25", "AIME-26"), table="Fig. 4"))
        ),
    ),
    Claim(
        "decay-sustains",
        "decaying schemes eliminate the instability and sustain improvement even after 300k training samples",
        "section 5.3",
        "The linear schedule (Table 3) is higher after 400K prompts than after 300K, on each benchmark.",
        Higher(tuple(over_stages(OURS, [(LAST, "300K")]))),
    ),
    Claim(
        "cosine-sustains",
        "decaying schemes eliminate the instability and sustain improvement even after 300k training samples",
        "section 5.3; Fig. 4",
        "The same for the cosine schedule.",
        Higher(tuple(over_stages("Cosine", [(LAST, "300K")], table="Fig. 4"))),
    ),
    Claim(
        "linear-slightly-better",
        "linear decay is slightly better",
        "Fig. 4",
        "At the end, the linear schedule is above the cosine one in mean@32 of MATH-500, AIME-25 and AIME-26.",
        Higher(tuple(rows("Fig. 4", "Linear", ("Cosine",), FIG4))),
    ),
    Claim(
        "fixed-target-fluctuates",
        "Its entropy curve fluctuates sharply",
        "section 5.3; Fig. 4b",
        "In the last third of training, the fixed target has the largest standard deviation of entropy's changes.",
        curves=Curve(
            FAMILIES,
            restless_nats,
            lambda means: means["Fixed target"] > max(means["Linear"], means["Cosine"]),
            "standard deviation of changes, nats per token",
        ),
    ),
    Claim(
        "grpo-flat",
        "we observe only minimal or further gains thereafter [the first 100K training samples]",
        "section 5.4; Table 3",
        "No later stage of GRPO is above its first by more than 1.96 standard errors of the answers.",
        NoMore(tuple(over_stages(BASE, [(later, STAGES[0]) for later in STAGES[1:]]))),
    ),
    Claim(
        "others-end-higher",
        "entropy-preserving methods alleviate this saturation and achieve better final performance",
        "section 5.4",
        "After 400K prompts, each of them is above GRPO on each benchmark.",
        Higher(
            tuple(
                each
                for row in (*OTHERS, OURS)
                for each in rows(3, row, (BASE,), [f"{title} {MEAN} at {LAST}" for title in LONG])
            )
        ),
    ),
    Claim(
        "best-at-every-stage",
        "surpassing all compared baselines at any of the 4 stages",
        "section 5.4; Table 3",
        "GRPO + Entrocraft is above every other row at each stage on each benchmark.",
        Higher(
            tuple(rows(3, OURS, (BASE, *OTHERS), [f"{title} {MEAN} at {size}" for title in LONG for size in STAGES]))
        ),
    ),
    Claim(
        "clip-cov-drops",
        "Clip-Cov [...] suffers a performance drop after 300K training samples",
        "section 5.4",
        "Clip-Cov is lower after 400K prompts than after 300K, on each benchmark.",
        Higher(tuple(over_stages(OTHERS[1], [("300K", LAST)]))),
    ),
    Claim(
        "clip-cov-explodes",
        "caused by entropy explosion (Fig. 5a)",
        "section 5.4",
        "Clip-Cov ends with more entropy than it began with.",
        curves=Curve(
            {"Clip-Cov": LONG_RUNS[OTHERS[1]]},
            remaining,
            lambda means: min(means.values()) > 1,
            "entropy at the end / at step 1",
        ),
    ),
    Claim(
        "significantly-over-grpo",
        "prevents the performance saturation and significantly improves over GRPO",
        "Fig. 5",
        "After 400K prompts it is above GRPO by more than 1.96 standard errors of the answers on each benchmark.",
        Beyond(tuple(rows(3, OURS, (BASE,), [f"{title} {MEAN} at {LAST}" for title in LONG]))),
    ),
    Claim(
        "most-stable",
        "Among all, the proposed Entrocraft is the most stable and well-performing one",
        "Table 3",
        "It falls less often between neighbouring stages than every other row.",
        FewestFalls(OURS, (BASE, *OTHERS)),
    ),
)
