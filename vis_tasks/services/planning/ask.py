"""Asking a person which packages changed, how far, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.changes import LEVELS
from vis_tasks.core.model import ChangeEntry, Level
from vis_tasks.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from vis_tasks.ports import Console

__all__ = ["ask_change", "fuzzy"]

_SHOWN = 15
_SIGINT = 2


def fuzzy(text: str, names: Sequence[str]) -> list[str]:
    """Names that have the letters of ``text`` in this order, best first: as one piece, then as close together as can be."""
    wanted = text.lower()
    scored = []
    for at, name in enumerate(names):
        spread = _spread(wanted, name.lower())
        if spread is not None:
            scored.append((spread, at, name))
    return [name for _, _, name in sorted(scored)]


def _spread(wanted: str, name: str) -> tuple[int, int] | None:
    piece = name.find(wanted)
    if piece >= 0:
        return 0, piece
    at = first = -1
    for letter in wanted:
        at = name.find(letter, at + 1)
        if at < 0:
            return None
        first = at if first < 0 else first
    return 1 + at - first, first


def ask_change(
    names: Sequence[str], changed: Collection[str], answer: Callable[[str], str], console: Console
) -> tuple[tuple[ChangeEntry, ...], str]:
    """Ask for packages, a level for each, and the text.

    Changed packages stand first in the list and are taken by an empty answer. Typing letters narrows the list, numbers or whole
    names choose from it.

    Args:
        names: packages to choose from.
        changed: those with changes on this branch.
        answer: shows a prompt and reads a line; raises EOFError when there is nobody any more.
        console: where the list is shown.

    Raises:
        Interrupted: the input ended.
    """
    try:
        chosen = _choose(names, changed, answer, console)
        entries = tuple(ChangeEntry(name, _level(name, answer, console)) for name in chosen)
        message = _message(answer, console, needed=any(entry.level is not Level.NONE for entry in entries))
    except EOFError:
        raise Interrupted("the input ended before the change was told", signal_number=_SIGINT) from None
    return entries, message


def _choose(
    names: Sequence[str], changed: Collection[str], answer: Callable[[str], str], console: Console
) -> list[str]:
    ordered = [name for name in names if name in changed] + [name for name in names if name not in changed]
    first = [name for name in ordered if name in changed]
    shown = ordered
    chosen: dict[str, None] = {}
    console.line("Which packages did you change? Numbers or names choose, letters search, an empty line goes on.")
    _show(shown, changed, chosen, console)
    while True:
        text = answer("packages> ").strip()
        if not text:
            if chosen or first:
                return list(chosen) or first
            console.line("Choose at least one package.")
            continue
        picked = _picked(text, shown, names)
        if picked is None:
            shown = fuzzy(text, ordered) or shown
        else:
            for name in picked:
                if name in chosen:
                    del chosen[name]
                else:
                    chosen[name] = None
            shown = ordered
        _show(shown, changed, chosen, console)


def _picked(text: str, shown: Sequence[str], names: Sequence[str]) -> list[str] | None:
    found = []
    for word in text.replace(",", " ").split():
        if word in names:
            found.append(word)
        elif word.isdigit() and 1 <= int(word) <= min(len(shown), _SHOWN):
            found.append(shown[int(word) - 1])
        else:
            return None
    return found


def _show(shown: Sequence[str], changed: Collection[str], chosen: Collection[str], console: Console) -> None:
    for number, name in enumerate(shown[:_SHOWN], start=1):
        mark = "x" if name in chosen else " "
        console.line(f"  [{mark}] {number:>2}  {name}{'  (changed)' if name in changed else ''}")
    if len(shown) > _SHOWN:
        console.line(f"          and {len(shown) - _SHOWN} more: type letters of a name")


def _until(read: Callable[[], str], wrong: str, console: Console, fits: Callable[[str], bool]) -> str:
    while True:
        text = read().strip()
        if fits(text):
            return text
        console.line(wrong)


def _level(name: str, answer: Callable[[str], str], console: Console) -> Level:
    words = {word: level for key, level in LEVELS.items() for word in (key, key[:2], key[0])}
    words |= {"": Level.PATCH, "m": Level.MINOR, "ma": Level.MAJOR, "mi": Level.MINOR}
    prompt = f"{name}: [p]atch, [mi]nor, [ma]jor or [n]one? (patch) "
    wrong = "Answer patch, minor, major or none."
    return words[_until(lambda: answer(prompt), wrong, console, lambda text: text.lower() in words).lower()]


def _message(answer: Callable[[str], str], console: Console, *, needed: bool) -> str:
    console.line("What should users know? An empty line ends the text.")
    while True:
        lines: list[str] = []
        while line := answer("> "):
            lines.append(line.rstrip())
        text = "\n".join(lines).strip()
        if text or not needed:
            return text
        console.line("A release needs a sentence for its changelog.")
