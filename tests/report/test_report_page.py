"""The page: whole, offline, escaped, with a table for every picture, whatever the study."""

import base64
import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from made_up import HOSTILE, rich, study

from study_report.facts import Configuration, Goal
from study_report.page import render

ALWAYS = ("ranking", "history", "schedules", "surface", "importance", "slices", "hours")


class Seen(HTMLParser):
    """What a browser would see: elements with their attributes, and the text outside of style."""

    VOID = ("meta", "link", "img", "br")

    def __init__(self, page):
        super().__init__()
        self.elements, self.open, self.text, self.styles = [], [], [], []
        self.feed(page)
        assert self.open == [], "all elements are closed"

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), tuple(self.open)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, "elements are closed in order"

    def handle_data(self, data):
        (self.styles if "style" in self.open else self.text).append(data)

    def all(self, tag):
        return [attributes for name, attributes, _ in self.elements if name == tag]


def check(page):
    """What is true of every page; what was seen of it."""
    seen = Seen(page)
    assert not {"script", "iframe", "object", "embed", "form", "base", "svg"} & {tag for tag, _, _ in seen.elements}
    handlers = [name for _, attributes, _ in seen.elements for name in attributes if name.startswith("on")]
    assert handlers == []
    for _, attributes, _ in seen.elements:
        for name in ("src", "href", "srcset", "data", "action"):
            target = attributes.get(name, "#")
            assert target.startswith(("#", "data:")), target
    assert not re.search(r"url\(|@import|https?:", "".join(seen.styles))
    policies = [each["content"] for each in seen.all("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1 and policies[0].startswith("default-src 'none';") and "script" not in policies[0]
    anchors = [attributes["id"] for _, attributes, _ in seen.elements if "id" in attributes]
    assert len(set(anchors)) == len(anchors)
    assert all(link["href"][1:] in anchors for link in seen.all("a"))
    for figure in re.findall(r"<figure.*?</figure>", page, re.DOTALL):
        if "<img" in figure:
            assert re.search(r'<img alt="[^"]{40,}"', figure), "words for who does not see it"
            rows = re.search(r"<details>.*<tbody>(.*)</tbody>", figure, re.DOTALL)
            assert rows is not None and rows[1].count("<tr>") >= 1
        else:
            assert re.search(r'class="none">[^<]+<', figure), "a reason"
    for picture in seen.all("img"):
        kind, content = picture["src"].split(",")
        svg = base64.b64decode(content).decode()
        assert kind == "data:image/svg+xml;base64" and svg.rstrip().endswith("</svg>") and "<script" not in svg
    assert "nan" not in re.sub(r'src="[^"]*"', "", page).lower().split(), "no number is printed that is none"
    return seen


def figures(page):
    """Name -> whether it was drawn."""
    return {
        name: "<img" in content for name, content in re.findall(r'<figure id="(\w+)">(.*?)</figure>', page, re.DOTALL)
    }


@pytest.fixture(scope="module")
def page():
    return render(rich())


def test_a_rich_study_has_all_figures(page):
    seen = check(page)
    assert figures(page) == dict.fromkeys((*ALWAYS, "pareto"), True)
    text = " ".join("".join(seen.text).split())
    assert "42 of 80" in text and "20 to come" in text and "GPU-h spent (77 %)" in text
    assert "http:" not in page and "https:" not in page and "url(" not in page
    assert "Not causal" in text and "t0003 and 11 others were better at step 100" in text
    assert "the loss is not finite at step 12" in text
    assert not [each for each in seen.all("meta") if each.get("http-equiv") == "refresh"]


def test_equal_facts_are_equal_pages(page):
    assert render(rich()) == page


def test_only_a_watched_page_loads_itself_again():
    seen = check(render(study(), refresh_s=30.4))
    assert [each["content"] for each in seen.all("meta") if each.get("http-equiv") == "refresh"] == ["30"]


def test_the_table_of_a_figure_has_what_is_drawn(page):
    facts = rich()
    ranking = re.search(r'<figure id="ranking">.*?<tbody>(.*?)</tbody>', page, re.DOTALL)[1]
    names = re.findall(r"<tr><td>(t\d+)</td>", ranking)
    assert names == [each.name for each in facts.ranked()[:20]]
    schedules = re.search(r'<figure id="schedules">.*?<tbody>(.*?)</tbody>', page, re.DOTALL)[1]
    assert schedules.count("<tr>") == len(facts.configurations)


def hostile():
    """A study with a script in every text."""
    facts = rich(20)
    made = tuple(
        replace(
            each,
            title=HOSTILE,
            params={**each.params, f"x{HOSTILE}": str(place), "y": f"{HOSTILE}{place % 2}"},
            reason=HOSTILE if each.reason else None,
            runs=tuple(replace(run, name=HOSTILE, reason=HOSTILE, cause=HOSTILE, detail=HOSTILE) for run in each.runs),
        )
        for place, each in enumerate(facts.configurations)
    )
    goals = tuple(replace(goal, metric=f"{goal.metric}{HOSTILE}") for goal in facts.goals)
    texts = dict.fromkeys(("name", "title", "path", "sampler", "driver", "note", "cancelled", "started"), HOSTILE)
    return replace(facts, configurations=made, goals=goals, base=(HOSTILE,), **texts)


def test_names_are_text_and_nothing_else():
    page = render(hostile())
    seen = check(page)
    assert "".join(seen.text).count("<script>alert(1)</script>") > 20
    assert len(seen.all("img")) == len(figures(page)) == 8
    assert "{{7*7}}" in "".join(seen.text), "no template is read from a name"
    assert "\u202e" not in page and "\x1b" not in page, "nothing turns the direction of the text"


def one(name, value, **changes):
    found = Configuration(name, name, "complete", {"a": name[1:]}, value, 1, {1: value} if value is not None else {})
    return replace(found, **changes)


SMALL = {
    "empty": (),
    "waiting": (Configuration("t0", "t0", "waiting"),),
    "failed": (Configuration("t0", "t0", "failed", reason="x" * 5000),),
    "one": (one("t0", 0.5),),
    "none and nan": (one("t0", None), one("t1", math.nan), one("t2", -math.inf)),
    "some nan": (one("t0", math.nan), one("t1", 0.5), one("t2", 0.6)),
    "all equal": tuple(one(f"t{i}", 0.0) for i in range(12)),
    "huge": (one("t0", 1e300), one("t1", -1e300), one("t2", 0.0)),
    "unknown": (Configuration("t0", "", "unknown"),),
    "one step": (one("t0", 1.0, curve=((1, 0.5),)), one("t1", 2.0, curve=((1, 0.5),))),
    "on a line": tuple(
        one(f"t{i}", float(i), params={"schedule.start": str(i), "schedule.end": str(2 * i)}) for i in range(30)
    ),
    "seed without a value": (one("t0", 0.5, values={1: 0.5, 2: math.nan}, n=2), one("t1", 0.4)),
    "surrogate": (one("t0", 0.5, title="\udcff"), one("t1", 0.6, params={"\udcff": "1"})),
}


@pytest.mark.parametrize("made", SMALL.values(), ids=SMALL)
def test_every_study_has_a_page(made):
    page = render(study(made))
    page.encode()
    check(page)
    assert set(figures(page)) == set(ALWAYS)


def test_a_huge_study_has_a_page_of_some_size():
    page = render(rich(500))
    check(page)
    assert figures(page) == dict.fromkeys((*ALWAYS, "pareto"), True) and len(page) < 4_000_000


def test_the_objectives_of_a_study_without_results_have_their_place():
    page = render(study((one("t0", 0.5),), goals=(Goal("a", "minimize"), Goal("b", "maximize"))))
    assert figures(check(page) and page)["pareto"] is False
