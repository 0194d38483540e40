"""The ``vis-tasks`` binary. Little is imported here: npm begins to say how it is configured before anything else is there."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["main"]

# Commands that ask the registry (`program` alone knows which there are; one that is missing here begins later).
_ASKING = frozenset({"pack", "stage", "wait", "reconcile", "tag", "release"})
_TELLING = frozenset({"-h", "--help", "-l", "--list", "-V", "--version", "--complete"})


def main() -> None:
    """Run the program; what it raises is an exit code."""
    # Loading is one long growth without garbage: at Python's own thresholds a tenth of it goes into looking for some.
    gc.set_threshold(50_000, 20, 20)
    words, here = frozenset(sys.argv[1:]), Path.cwd()
    if words & _ASKING and not words & _TELLING and (here / "vis.toml").is_file():
        from vis_tasks.wiring import ask_npm_soon

        ask_npm_soon(here)
    try:
        from vis_tasks.tasks.straight import straight_way

        if way := straight_way(sys.argv[1:], os.environ):
            way()
            _end()
        else:
            from vis_tasks.program import program

            program().run(sys.argv)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of a list or a help went away (`| head`); Python would complain again at exit without this.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(1)


def _end() -> NoReturn:
    """End at once: all is written and no thread is left; Python would take 30 ms to take 400 modules apart."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
