"""The ``vis-tasks`` binary: the same tasks without a tasks.py."""

from __future__ import annotations

import sys

__all__ = ["main", "program"]


def program() -> object:
    """Invoke's Program over our namespace; a tasks.py in the current folder is not read."""
    from invoke.program import Program

    from vis_tasks.__about__ import __version__
    from vis_tasks.tasks import release_namespace

    return Program(
        name="vis-tasks",
        binary="vis-tasks",
        binary_names=["vis-tasks"],
        namespace=release_namespace(),
        version=__version__,
    )


def main() -> None:
    """Run the program; what it raises is an exit code."""
    from invoke.program import Program

    found = program()
    if isinstance(found, Program):
        found.run(sys.argv)


if __name__ == "__main__":
    main()
