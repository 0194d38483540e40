"""The ``vis-tasks`` binary. Next to nothing is imported here: npm says how it is configured while we are loaded."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False  # as `typing` has it
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
    words = frozenset(sys.argv[1:])
    if words & _ASKING and not words & _TELLING and os.path.isfile("vis.toml"):  # noqa: PTH113
        from vis_tasks.adapters.npm.early import begin_asking

        begin_asking()
    try:
        from vis_tasks.tasks.straight import straight_way

        if way := straight_way(sys.argv[1:], os.environ):
            way()
            _end()
        else:
            from vis_tasks.program import program

            program().run(sys.argv)
        if sys.stdout is not None:  # nobody listens
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader of a list or a help went away (`| head`); Python would complain again at exit without this.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _end() -> NoReturn:
    """End at once: all is written and no thread is left; Python would take 30 ms to take 400 modules apart."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
