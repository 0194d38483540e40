"""The binary's plainest command lines read without Invoke, whose loading takes longer than all of ours.

They mean what Invoke would make of them. Everything else is left to it: other tasks, several at once, options with values,
options of its own, and whoever has configured it.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["FLAGS", "straight_way"]

_ALL = ("plan-only", "json", "debug")
_LATER = (*_ALL, "packed")

FLAGS = {
    "guard": _ALL,
    "version": _ALL,
    "pack": _ALL,
    "stage": _LATER,
    "wait": _LATER,
    "reconcile": _LATER,
    "tag": _LATER,
    "release": (*_ALL, "resume"),
}
"""The targets that are made straight away, and their options without a value."""


def straight_way(words: Sequence[str], env: Mapping[str, str]) -> Callable[[], None] | None:
    """What a command line does; None where Invoke has to read it. A few looks for files.

    Args:
        words: the command line without the program's name.
        env: the environment.
    """
    name, *flags = words or [""]
    known = {f"--{flag}": flag.replace("-", "_") for flag in FLAGS.get(name, ())}
    if not known or any(flag not in known for flag in flags) or _configures_invoke(env):
        return None
    from vis_tasks.tasks.edge import nearest_root
    from vis_tasks.tasks.goal import make_goal

    options: dict[str, Any] = {known[flag]: True for flag in flags}
    return partial(make_goal, nearest_root(Path.cwd()), name, **options)


def _configures_invoke(env: Mapping[str, str]) -> bool:
    """Whether Invoke has settings of anybody's: a variable or a file (Invoke 3.0, ``config.py``)."""
    places = ("/etc/invoke", os.path.expanduser("~/.invoke"), "invoke")  # noqa: PTH111  (a prefix of names, no path)
    return any(key.startswith("INVOKE_") for key in env) or any(
        Path(f"{place}.{ending}").exists() for place in places for ending in ("yaml", "yml", "json", "py")
    )
