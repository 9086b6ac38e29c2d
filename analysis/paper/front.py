"""Claims of the abstract and the introduction (repeated in section 5 where it says so)."""

from __future__ import annotations

from analysis.paper.cells import MEAN, PASS, Cell
from analysis.paper.claims import Claim
from analysis.paper.contrasts import SHARED, averages, one, rows, tables
from analysis.paper.curves import Curve, first_reached, tracking_nats
from analysis.paper.rules import Higher, Longer
from analysis.paper.which import FAMILIES, LONG

OURS, BASE = "GRPO + Entrocraft", "GRPO"
PASSES = tuple(name for name in SHARED if name.endswith(PASS))
LAST = "400K"
FIG4 = tuple(f"{title} {MEAN}" for title in ("MATH-500", "AIME-25", "AIME-26"))

CLAIMS = (
    Claim(
        "4b-beats-8b",
        "It enables a 4B model to outperform an 8B baseline",
        "abstract; introduction; section 5.2",
        "GRPO + Entrocraft on Qwen3-4B-Base (Table 2) is above GRPO on Qwen3-8B-Base (Table 7) in every column. "
        "The released 8B baseline was validated at temperature .1, the 4B runs at .6.",
        Higher(tuple(tables((2, OURS), (7, BASE), SHARED))),
    ),
    Claim(
        "4b-beats-8b-average",
        "It enables a 4B model to outperform an 8B baseline",
        "abstract; introduction; section 5.2",
        "The same for the averages over the three benchmarks.",
        Higher(tuple(averages((2, OURS), (7, BASE)))),
    ),
    Claim(
        "4b-beats-other-8b",
        "It enables a 4B model to outperform an 8B baseline",
        "abstract; introduction",
        "The same against the other 8B baseline of the paper, GRPO on Llama-3.1-8B-Instruct (Table 6).",
        Higher(tuple(tables((2, OURS), (6, BASE), SHARED))),
    ),
    Claim(
        "four-times-longer",
        "sustains improvement for up to 4× longer before plateauing",  # noqa: RUF001
        "abstract; introduction",
        "On some benchmark of Table 3, Entrocraft's best score is at 4 times the training prompts of GRPO's.",
        Longer(OURS, BASE, 4.0),
    ),
    Claim(
        "pass-at-k-half-more",
        "raises pass@K by 50% over the baseline",
        "abstract; introduction",
        "pass@32 of GRPO + Entrocraft is above 1.5 times GRPO's on some benchmark of Table 2 (the model of Fig. 3).",
        Higher(tuple(tables((2, OURS), (2, BASE), PASSES, 1.5)), every=False),
    ),
    Claim(
        "pass-at-k-half-more-anywhere",
        "raises pass@K by 50% over the baseline",
        "abstract; introduction",
        "The same on some benchmark of any table: Tables 2, 5, 6, 7, 8.",
        Higher(
            (
                *(each for table in (2, 6, 7, 8) for each in tables((table, OURS), (table, BASE), PASSES, 1.5)),
                *tables((5, OURS), (5, BASE), (f"AIME-24 {PASS}", f"AIME-26 {PASS}"), 1.5),
            ),
            every=False,
        ),
    ),
    Claim(
        "pass-at-1-half-more",
        "raises pass@K by 50% over the baseline",
        "abstract; introduction",
        "The same for K = 1, which is mean@32, on some benchmark of Table 2.",
        Higher(tuple(one(Cell(2, OURS, n), Cell(2, BASE, n), 1.5) for n in SHARED if n.endswith(MEAN)), every=False),
    ),
    Claim(
        "linear-best",
        "linear annealing [...] performs best",
        "abstract; introduction; section 4.3",
        "At the end of training, the linear schedule is above the fixed target and the cosine one in mean@32 of "
        "MATH-500, AIME-25 and AIME-26 (the panels of Fig. 4).",
        Higher(tuple(rows("Fig. 4", "Linear", ("Fixed target", "Cosine"), FIG4))),
    ),
    Claim(
        "accurate-curves",
        "accurately crafts the entropy curves like learning-rate schedules",
        "introduction; section 5.3; Fig. 5",
        "The mean tracking error of GRPO + Entrocraft is at most .05 nats per token, half the width of the released "
        "bands, on each family of schedules.",
        curves=Curve(
            FAMILIES, tracking_nats, lambda means: max(means.values()) <= 0.05, "mean |H - target| in nats per token"
        ),
    ),
    Claim(
        "few-steps",
        "move the entropy to target values within very few steps",
        "introduction; section 4.1",
        "Entropy is within .05 nats per token of the target at step 10 or before.",
        curves=Curve(
            {OURS: LONG[OURS]}, first_reached, lambda means: max(means.values()) <= 10, "first step near the target"
        ),
    ),
    Claim(
        "negatively-related",
        "Entropy changes are negatively related to the advantages, and high model confidence will amplify such changes",
        "introduction; section 3.1",
        "The change of entropy has the opposite sign of the advantage, sample by sample.",
        needs="not in the tables; needs token distributions logged before and after an update",
    ),
)
