r"""Where the answer stands."""

from __future__ import annotations

import time

import pytest

from harness.graders.boxed import answer


@pytest.mark.parametrize(
    "text, content",
    [
        ("", None),
        ("no box, 5", None),
        (r"\boxed{5}", "5"),
        (r"\boxed { 5 }", "5"),
        (r"\boxed 5$ it is", "5"),
        (r"\fbox{5}", "5"),
        (r"\boxed{\frac{1}{2}} and more", r"\frac{1}{2}"),
        (r"\boxed{\left\{1\right.}", r"\left\{1\right."),
        (r"\boxed{1} so, having looked at every case, \boxed{2}", "2"),
        (r"$\boxed{1}$ and $\boxed{2}$", "1, 2"),
        (r"\boxed{1}, \boxed{2}, \text{or} \boxed{3}", "1, 2, 3"),
        (r"\boxed{2}, \boxed{2}", "2"),
        (r"\boxed{1} is wrong \boxed{2}", "2"),
        (r"\boxed{1} \boxed{2", None),
        (r"\boxed{\boxed{7}}", "7"),
        (r"\boxed{}", ""),
        ("\\boxed", None),
    ],
)
def test_the_last_box(text: str, content: str | None) -> None:
    assert answer(text) == content


def test_a_text_of_boxes_costs_no_more_than_its_length() -> None:
    begun = time.process_time()
    answer(r"\boxed{1} " * 100_000)
    answer(r"\boxed{" * 100_000)
    assert time.process_time() - begun < 1
