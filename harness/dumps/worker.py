"""A process that reads sample files for another: `python -m harness.dumps.worker`.

A line of JSON in (`answers.question`), an answer out: 8 bytes of length, then an Arrow stream whose metadata has the
rest of `Scanned`; length 0 where the file could not be read. It ends when its input does.
"""

from __future__ import annotations

import sys
from types import ModuleType


class Lean:
    """Hides what pyarrow would load to ask whether a list is an array (NumPy) or a Series (pandas)."""

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> None:
        if name in ("numpy", "pandas"):
            raise ModuleNotFoundError(name)


def main() -> None:
    sys.meta_path.insert(0, Lean())
    from harness.dumps.answers import answer

    for line in sys.stdin.buffer:
        try:
            content = answer(line)
        except OSError:
            content = b""  # the one who asked reads the file itself, and so meets the same error
        sys.stdout.buffer.write(len(content).to_bytes(8, "little") + content)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
