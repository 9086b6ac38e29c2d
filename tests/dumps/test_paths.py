"""Reading a block without the fields that nobody asks for is reading it line by line, on hostile files too."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.dumps import scan
from harness.dumps.layouts import LAYOUTS, Layout

STEP = 30
BLOCK = 300
ABSENT = object()

NUMBERS = st.sampled_from([0, 1, -1, 2, 0.0, 1.0, -0.0, 0.5, 1e-320, 1e308, 2**53 + 1, 2**63, 2**64, -(2**64), 10**30])
TEXTS = st.sampled_from(["", "1", "nan", "a", '"', "\\", "\u2028", "é", "\U0001d54f", "\ud800", "\0", "x" * 400])
ODD = NUMBERS | TEXTS | st.sampled_from([None, True, False, [], {}, [1], {"step": 3}, ABSENT])
USUAL = {
    "step": st.just(STEP),
    "problem_id": st.sampled_from(["p", "q"]),
    "source": st.sampled_from(["s", "t"]),
    "sample": st.integers(0, 3),
    "correct": st.booleans(),
    "acc": st.sampled_from([True, False, 0, 1, 0.0, 1.0]),
    "score": st.sampled_from([1.0, -1.0, 1, None]),
    "prediction": st.sampled_from(["7", None]),
    "pred": st.sampled_from(["7", None]),
    "output": st.sampled_from(["", "o", '"']),
    "input": st.just("i"),
}
DAMAGE = [b"", b" ", *b'\n|"|\\|{|}|,|:|\0|null|NaN|1|30.0|-|e5|[[[[[[['.split(b"|")]


class LineByLine(Layout):
    def columns(self, block: memoryview, count: int, step: int) -> None:
        return None


@st.composite
def lines(draw: st.DrawFn, oddities: int) -> bytes:
    """A line with every field of both layouts, at most `oddities` of them odd, absent or there twice."""
    fields = [(key, draw(usual)) for key, usual in USUAL.items()]
    for _ in range(draw(st.integers(0, oddities))):
        key = draw(st.sampled_from(list(USUAL)))
        if draw(st.booleans()):
            fields = [pair for pair in fields if pair[0] != key]
        fields.insert(draw(st.integers(0, len(fields))), (key, draw(ODD)))
    ascii_only = draw(st.booleans())
    text = ", ".join(f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=ascii_only)}" for k, v in fields if v is not ABSENT)
    return f"{{{text}}}\n".encode("utf-8", "replace")


def both(content: bytes, layout: Layout, path: Path) -> None:
    path.write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "BLOCK_BYTES", BLOCK)
        fast = scan.scan_file(path, STEP, layout)
        slow = scan.scan_file(path, STEP, LineByLine(**vars(layout)))
    assert (fast.defect, fast.digest, fast.stamp) == (slow.defect, slow.digest, slow.stamp)
    assert repr(fast.table.to_pylist()) == repr(slow.table.to_pylist())  # NaN is NaN here, and 1 is not True


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))
@settings(deadline=None, max_examples=300)
@given(content=st.lists(lines(oddities=1), min_size=1, max_size=5))
def test_odd_values(layout: Layout, content: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    both(b"".join(content), layout, tmp_path_factory.mktemp("dump") / "file.jsonl")


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))
@settings(deadline=None, max_examples=300)
@given(content=st.lists(lines(oddities=0), min_size=1, max_size=4).map(b"".join), data=st.data())
def test_damaged_bytes(
    layout: Layout, content: bytes, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    begin = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(begin, min(len(content), begin + 12)))
    damaged = content[:begin] + data.draw(st.sampled_from(DAMAGE)) + content[end:]
    both(damaged, layout, tmp_path_factory.mktemp("dump") / "file.jsonl")


FIELDS = b'"step": 30, "problem_id": "p", "source": "s", "sample": 0, "correct": true, "acc": 1, '


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))
@pytest.mark.parametrize(
    "rest",
    [
        b'"output": 12',  # two bytes, and no empty text
        b'"output": []',
        b'"output": ' + b"[" * 100_000 + b"]" * 100_000,
        b'"x": ' + b"[" * 100_000 + b"]" * 100_000,
        b'"x": ' + b"[" * 100_000,
        b'"score": 1e400',
        b'"score": "nan"',
        b'"score": 123456789012345678901234567890',
        b'"score": 0.1000000000000000055511151231257827',
        b'"acc": 0, "correct": false, "step": 30.0',
        b'"pred": "\\ud800", "prediction": "\\ud800"',
        b'"pred": "\xff", "prediction": "\xff"',
        b'"st\\u0065p": 29',
        b'"x": "\\q"',
        b'"x": "\t"',
        b'"x": 01',
        b'"x": 1.',
        b'"x": "\\u12"',
    ],
)
def test_known_traps(rest: bytes, layout: Layout, tmp_path: Path) -> None:
    both(b"{" + FIELDS + rest + b"}\n", layout, tmp_path / "file.jsonl")
