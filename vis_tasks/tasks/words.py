"""Tasks that take words after their name: `invoke stage.approve a b c`, `invoke explain tag`.

Invoke (3.0, ``parser/parser.py``) fills positional parameters only while one of them is None, demands every one of them, and
reads the next word as the next task's name. So such a task looks at the command line for the number of words that are
meant for it, and declares that many.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from invoke.parser.argument import Argument
from invoke.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["WordsTask", "count_words", "know_tasks"]

_known_tasks: set[str] = set()


def know_tasks(names: Sequence[str]) -> None:
    """Tell which words are tasks: they end a list of words, so that ``invoke stage.approve 8814 tag`` approves and tags."""
    _known_tasks.update(names)


def count_words(
    argv: Sequence[str], name: str, *, limit: int | None, values: Sequence[str], tasks: Sequence[str] | set[str]
) -> int:
    """How many words after a task's name are meant for it.

    Args:
        argv: the command line.
        name: the task's name, without the name of a collection it may be mounted in.
        limit: at most so many, and then they are taken whatever they are; None takes words up to the next task's name.
        values: flags that take the word behind them.
        tasks: names of all tasks.
    """
    start = next((place for place, word in enumerate(argv) if word == name or word.endswith(f".{name}")), None)
    if start is None:
        return 0
    count, skip = 0, False
    for word in argv[start + 1 :]:
        if skip:
            skip = False
        elif word == "--" or count == limit:
            break
        elif word.startswith("-"):
            skip = word in values
        elif limit is None and (word in tasks or word.partition(".")[2] in tasks):
            break
        else:
            count += 1
    return count


class WordsTask(Task[Any]):
    """A task whose first parameter takes the words after its name, joined by spaces; as a flag it can be given too.

    Args:
        body: the function.
        name: as typed, with its own collection's name (``stage.approve``).
        words: the parameter that gets them; its default must be an empty string.
        limit: see `count_words`.
        more: what `invoke.tasks.Task` takes.
    """

    def __init__(
        self, body: Callable[..., Any], *, name: str, words: str, limit: int | None = None, **more: Any
    ) -> None:
        super().__init__(body, name=name.rpartition(".")[2], positional=(), auto_shortflags=False, **more)
        self._typed = name
        self._words = words
        self._limit = limit

    @property
    def words(self) -> str:
        """The parameter that takes the words."""
        return self._words

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """The parameters, and before them one for each word on the command line."""
        flags = super().get_arguments(ignore_unknown_help)
        values = [f"--{name}" for flag in flags if flag.takes_value for name in flag.names]
        count = count_words(sys.argv[1:], self._typed, limit=self._limit, values=values, tasks=_known_tasks)
        return [Argument(names=(f"{self._words}-{place}",), positional=True) for place in range(1, count + 1)] + flags

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the body with the words put together."""
        prefix = f"{self._words}-"
        given = [kwargs.pop(name) for name in [key for key in kwargs if key.startswith(prefix)]]
        if given:
            kwargs[self._words] = " ".join([*kwargs.get(self._words, "").split(), *given])
        return super().__call__(*args, **kwargs)
