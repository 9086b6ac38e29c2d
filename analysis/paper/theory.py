"""Claims of sections 3 and 4: what the theory says of curves, and what the method does."""

from __future__ import annotations

from analysis.paper.claims import Claim
from analysis.paper.confidence import Confidence
from analysis.paper.curves import (
    Curve,
    falling,
    half_life,
    mean_change,
    remaining,
    restlessness,
    seconds,
    surer_of_right,
)
from analysis.paper.front import BASE, OURS
from analysis.paper.rules import Acceptance
from analysis.paper.which import HIGH, LONG, SIGNS

CLIP_COV = "GRPO + Clip-Cov"
NEEDS = "not in the tables; needs the output-space baseline of checkpoints (`entrocraft osb`, `entrocraft import`)"

SECTION_3 = (
    Claim(
        "confidence-above-baseline",
        "the log likelihood is significantly higher than the output space baseline in all cases",
        "section 3.1; Fig. 2a",
        "Per token, at every checkpoint of RAFT++, GRPO and NSR, with the baseline as the authors measure it: "
        "constants in place of the changes of probability that Eq. 4 asks for.",
        curves=Confidence("authors"),
        needs=NEEDS,
    ),
    Claim(
        "confidence-above-exact-baseline",
        "the log likelihood is significantly higher than the output space baseline in all cases",
        "section 3.1; Fig. 2a",
        "The same of Eq. 4 with the changes of probability of a softmax whose logits move along the policy gradient.",
        curves=Confidence("gradient"),
        needs=NEEDS,
    ),
    Claim(
        "positive-samples-surer",
        "The log likelihoods of positive-advantage samples are always larger than those of negative samples",
        "Fig. 2b; section 3.2",
        "At every step of GRPO's long run, right rollouts have the higher mean log-probability per token.",
        curves=Curve(
            {BASE: LONG[BASE]}, surer_of_right, lambda means: min(means.values()) >= 1, "share of steps with it"
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
            {BASE: LONG[BASE]},
            remaining,
            lambda means: max(means.values()) <= 0.5,
            "entropy at the end / at step 1",
        ),
    ),
    Claim(
        "clipping-reduces-changes",
        "it reduces the expected [absolute change of entropy] and thereby alleviates entropy drop",
        "section 3.2 (clipping)",
        "The mean absolute change of entropy from step to step is smaller with Clip-Cov than with GRPO alone.",
        curves=Curve(
            {BASE: LONG[BASE], "Clip-Cov": LONG[CLIP_COV]},
            mean_change,
            lambda means: means["Clip-Cov"] < means[BASE],
            "mean |change of H|, nats per token",
        ),
    ),
)

SECTION_4 = (
    Claim(
        "collapse-in-few-steps",
        "The self-reinforcing feedback loop would lead to entropy collapse just within a few steps",
        "section 4.3",
        "GRPO's entropy is at half of its first value at step 10 or before.",
        curves=Curve({BASE: LONG[BASE]}, half_life, lambda means: max(means.values()) <= 10, "first step at half"),
    ),
    Claim(
        "cost-no-higher",
        "The cost is comparable to or lower than standard RL",
        "section 4.1",
        "The mean time of a step of GRPO + Entrocraft is at most 1.1 times GRPO's.",
        curves=Curve(
            {OURS: LONG[OURS], BASE: LONG[BASE]},
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
        "with a slightly higher constant entropy target would become unstable and fluctuate a lot eventually",
        "section 4.3; appendix C.5; Fig. 7",
        "With constant targets above .5, the changes of entropy from step to step have a larger standard deviation in "
        "the last third of training than in the first, at least twice.",
        curves=Curve(HIGH, restlessness, lambda means: max(means.values()) >= 2, "late / early fluctuation"),
    ),
)

CLAIMS = (*SECTION_3, *SECTION_4)
