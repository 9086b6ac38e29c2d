"""Claims of appendix C, and one of section 6 that two tables decide together."""

from __future__ import annotations

from analysis.paper.cells import MEAN, Cell
from analysis.paper.claims import Claim
from analysis.paper.contrasts import AIME, LONG, SHARED, averages, one, rows, stage
from analysis.paper.curves import Curve, restless_nats, tracking_nats
from analysis.paper.experiments import NOT_OURS, on_base
from analysis.paper.front import BASE, LAST, OURS
from analysis.paper.rules import Higher
from analysis.paper.which import HIGH
from analysis.paper.which import LONG as LONG_RUNS

MODELS = {6: "Llama-3.1-8B-Instruct", 7: "Qwen3-8B-Base", 8: "Qwen3-14B-Base"}

CLAIMS = (
    Claim(
        "target-held",
        "the proposed Entrocraft accurately stabilizes entropy at the target (0.8)",
        "appendix C.2; Fig. 6",
        "The mean tracking error at the constant target .8 is at most .05 nats per token.",
        curves=Curve(
            {"Target .8": HIGH["Target .8"]},
            tracking_nats,
            lambda means: max(means.values()) <= 0.05,
            "mean |H - target| in nats per token",
        ),
    ),
    Claim(
        "others-unstable",
        "they [...] may cause the entropy curves to be unstable in the long term",
        "appendix C.2; abstract; introduction",
        "In the last third of training, the changes of entropy of Clip-Higher and Clip-Cov have a larger standard "
        "deviation than those of GRPO + Entrocraft.",
        curves=Curve(
            {row: which for row, which in LONG_RUNS.items() if row != BASE},
            restless_nats,
            lambda means: min(value for row, value in means.items() if row != OURS) > means[OURS],
            "standard deviation of changes, nats per token",
        ),
    ),
    Claim(
        "best-on-aime",
        "Entrocraft outperforms all other entropy-preserving methods across diverse RL algorithms",
        "appendix C.3; Table 5",
        "On GRPO and on GSPO, Entrocraft is above the algorithm alone and every other method on it, in every column.",
        Higher(on_base(5, AIME)),
    ),
    Claim(
        "best-on-aime-grpo",
        "Entrocraft outperforms all other entropy-preserving methods across diverse RL algorithms",
        "appendix C.3; Table 5",
        "GRPO + Entrocraft alone, above every row without Entrocraft, in every column.",
        Higher(tuple(rows(5, OURS, NOT_OURS, AIME))),
    ),
    *(
        Claim(
            f"improves-{model.lower()}",
            "Entrocraft demonstrates consistent improvements over GRPO",
            f"Table {table}; appendix C.4",
            f"On {model}, Entrocraft is above GRPO in every column of a benchmark.",
            Higher(tuple(rows(table, OURS, (BASE,), SHARED))),
        )
        for table, model in MODELS.items()
    ),
    Claim(
        "improves-every-model",
        "The results report consistent improvement over GRPO across different base models",
        "appendix C.4",
        "On each of the four models, the averages over the three benchmarks are above GRPO's.",
        Higher(tuple(each for table in (2, 6, 7, 8) for each in averages((table, OURS), (table, BASE)))),
    ),
    Claim(
        "more-data-is-better",
        "enabling continual improvement on more data without saturation",
        "section 6; Tables 2 and 3",
        "GRPO + Entrocraft is higher after 400K prompts of all the data (Table 3) than after the 100K of the subset "
        "(Table 2), on each benchmark. The released bands of the two runs differ.",
        Higher(tuple(one(stage(OURS, title, LAST), Cell(2, OURS, f"{title} {MEAN}")) for title in LONG)),
    ),
    Claim(
        "high-entropy-unstable",
        "an overly high entropy level introduces instability into RL training",
        "appendix C.5; Fig. 7",
        "In the last third of training, the changes of entropy at the target .8 have a larger standard deviation "
        "than in the band .6 to .7.",
        curves=Curve(
            HIGH,
            restless_nats,
            lambda means: means["Target .8"] > means["Band .6 to .7"],
            "standard deviation of changes, nats per token",
        ),
    ),
)
