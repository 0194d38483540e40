"""``python -m tests.ci.real [case…]``: play the named cases, or all of them; a part of a name names all that have it."""

from __future__ import annotations

import sys
import time

from tests.ci.real import github, gitlab
from tests.ci.real.case import CASES
from tests.ci.real.place import place
from tests.ci.real.stories import STORIES


def main(words: list[str]) -> int:
    """Play; the number of cases that went wrong."""
    chosen = [case for case in CASES if not words or any(word in case.name for word in words)]
    if not chosen:
        sys.stdout.write(f"there is no such case; there are {', '.join(case.name for case in CASES)}\n")
        return 2
    failed = 0
    for case in chosen:
        started = time.monotonic()
        sys.stdout.write(f"{case.name}: {(STORIES[case.story].__doc__ or '').strip()}\n")
        sys.stdout.flush()
        with place(case) as found:
            try:
                STORIES[case.story](found, github.run if case.provider == "github" else gitlab.run)
            except AssertionError as error:
                failed += 1
                output = found.folder / "output"
                sys.stdout.write(output.read_text(encoding="utf-8")[-12000:] if output.exists() else "")
                sys.stdout.write(f"{case.name} FAILED: {error}\n")
        sys.stdout.write(f"  {time.monotonic() - started:.0f} s together\n")
        sys.stdout.flush()
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
