"""Claims of sections 3 to 5 and of the captions in them."""

from __future__ import annotations

from analysis.paper.cells import MEAN, Cell
from analysis.paper.claims import Claim
from analysis.paper.contrasts import LONG, SHARED, STAGES, averages, growth, over_stages, rows, stage, tables
from analysis.paper.curves import Curve, falling, remaining, restless_nats, restlessness, seconds, surer_of_right
from analysis.paper.findings import Contrast
from analysis.paper.front import BASE, LAST, OURS
from analysis.paper.recipes import TABLES
from analysis.paper.rules import Acceptance, Beyond, FewestFalls, Higher, NoMore
from analysis.paper.which import FAMILIES, HIGH, SIGNS
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


SECTION_3 = (
    Claim(
        "confidence-above-baseline",
        "the log likelihood is significantly higher than the output space baseline in all cases",
        "section 3.1; Fig. 2a",
        "At every checkpoint of RAFT++, GRPO and NSR.",
        needs="not in the tables or the step records; needs the output-space baseline of checkpoints",
    ),
    Claim(
        "positive-samples-surer",
        "The log likelihoods of positive-advantage samples are always larger than those of negative samples",
        "Fig. 2b; section 3.2",
        "At every step of GRPO's long run, right rollouts have the higher mean log-probability per token.",
        curves=Curve(
            {BASE: LONG_RUNS[BASE]}, surer_of_right, lambda means: min(means.values()) >= 1, "share of steps with it"
        ),
    ),
    Claim(
        "positive-lowers-entropy",
        "In positive-advantage RL like RAFT [...] and RAFT++ [...], most RL steps lead to entropy drop",
        "section 3.2",
        "Entropy is lower after more than half of the steps of RAFT++.",
        curves=Curve(
            {"RAFT++": SIGNS["RAFT++"]}, falling, lambda means: min(means.values()) > 0.5, "share of falling steps"
        ),
    ),
    Claim(
        "negative-raises-entropy",
        "in negative-advantage RL like NSR [...], most RL steps lead to entropy increase",
        "section 3.2",
        "Entropy is lower after less than half of the steps of NSR.",
        curves=Curve({"NSR": SIGNS["NSR"]}, falling, lambda means: max(means.values()) < 0.5, "share of falling steps"),
    ),
    Claim(
        "grpo-entropy-falls",
        "in zero-mean-advantage RL like GRPO [...], empirical results show that the entropy still tends to decrease",
        "section 3.2; appendix C.2 (entropy collapse)",
        "GRPO ends with at most half of its first entropy.",
        curves=Curve(
            {BASE: LONG_RUNS[BASE]}, remaining, lambda means: max(means.values()) <= 0.5, "entropy at the end / at step 1"
        ),
    ),
)

SECTION_4 = (
    Claim(
        "cost-no-higher",
        "The cost is comparable to or lower than standard RL",
        "section 4.1",
        "The mean time of a step of GRPO + Entrocraft is at most 1.1 times GRPO's.",
        curves=Curve(
            {OURS: LONG_RUNS[OURS], BASE: LONG_RUNS[BASE]},
            seconds,
            lambda means: means[OURS] <= 1.1 * means[BASE],
            "seconds a step",
        ),
    ),
    Claim(
        "small-fraction-accepted",
        "allows a small fraction of opposite-sign rollouts to be accepted with low probability",
        "section 4.2",
        "At gamma 10, 8 rollouts and normalised advantages, the chance is above 0 and at most 5 % in every group.",
        Acceptance(),
    ),
    Claim(
        "constant-unstable",
        "Entrocraft with a slightly higher constant entropy target would become unstable and fluctuate a lot eventually",
        "section 4.3; appendix C.5; Fig. 7",
        "With constant targets above .5, the changes of entropy from step to step have a larger standard deviation in "
        "the last third of training than in the first, at least twice.",
        curves=Curve(HIGH, restlessness, lambda means: max(means.values()) >= 2, "late / early fluctuation"),
    ),
)

SECTION_5 = (
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
        "From K = 1 to 32, pass@K gains more points than GRPO's on AIME-25 and on MATH-500 (the ends of the curves, in Table 2).",
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
            tuple(
                Contrast(
                    f"Fig. 4, {title} 200K to 400K, fixed target:",
                    ((stage("Fixed target", title, "200K", "Fig. 4"), 1.0),),
                    ((stage("Fixed target", title, LAST, "Fig. 4"), 1.0),),
                )
                for title in ("MATH-500", "AIME-25", "AIME-26")
            )
        ),
    ),
    Claim(
        "decay-sustains",
        "decaying schemes eliminate the instability and sustain improvement even after 300k training samples",
        "section 5.3",
        "The linear schedule (the long run of Table 3) is higher after 400K prompts than after 300K, on each benchmark.",
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
        "At the end of training the linear schedule is above the cosine one in mean@32 of MATH-500, AIME-25 and AIME-26.",
        Higher(tuple(rows("Fig. 4", "Linear", ("Cosine",), [f"{t} {MEAN}" for t in ("MATH-500", "AIME-25", "AIME-26")]))),
    ),
    Claim(
        "fixed-target-fluctuates",
        "Its entropy curve fluctuates sharply",
        "section 5.3; Fig. 4b",
        "In the last third of training, the changes of entropy under the fixed target have the largest standard deviation.",
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
        Higher(tuple(rows(3, OURS, (BASE, *OTHERS), [f"{title} {MEAN} at {size}" for title in LONG for size in STAGES]))),
    ),
    Claim(
        "clip-cov-drops",
        "Clip-Cov [...] suffers a performance drop after 300K training samples",
        "section 5.4",
        "Clip-Cov is lower after 400K prompts than after 300K, on each benchmark.",
        Higher(
            tuple(
                Contrast(
                    f"Table 3, {title} 300K to 400K, Clip-Cov:",
                    ((stage(OTHERS[1], title, "300K"), 1.0),),
                    ((stage(OTHERS[1], title, LAST), 1.0),),
                )
                for title in LONG
            )
        ),
    ),
    Claim(
        "clip-cov-explodes",
        "caused by entropy explosion (Fig. 5a)",
        "section 5.4",
        "Clip-Cov ends with more entropy than it began with.",
        curves=Curve(
            {"Clip-Cov": LONG_RUNS[OTHERS[1]]}, remaining, lambda means: min(means.values()) > 1, "entropy at the end / at step 1"
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

CLAIMS = (*SECTION_3, *SECTION_4, *SECTION_5)
