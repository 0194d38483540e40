"""A review where people read: coloured by Rich, plain lines where colour isn't wanted or Rich isn't installed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vis_tasks.adapters.review.drawing import draw
from vis_tasks.adapters.terminal import encodable, has_rich, wants_colour

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TextIO

    from vis_tasks.adapters.review.drawing import Line
    from vis_tasks.core.review.model import Review

__all__ = ["print_reviews"]

_PLAIN_WIDTH = 120
_NARROWEST = 40


def print_reviews(reviews: Sequence[Review], stream: TextIO, env: Mapping[str, str]) -> None:
    """Print reviews where people read.

    Args:
        reviews: what to show.
        stream: standard output, or another text stream.
        env: for ``NO_COLOR``, ``FORCE_COLOR``, ``TERM`` and ``COLUMNS``.
    """
    width = _columns(stream, env)
    paint = _in_colour(stream, width) if wants_colour(stream, env) and has_rich() else _plainly(stream)
    for review in reviews:
        for line in draw(review, width):
            paint(line)


def _columns(stream: TextIO, env: Mapping[str, str]) -> int:
    """As wide as the terminal is; where there is none, ``COLUMNS`` may say it."""
    named = env.get("COLUMNS", "")
    if named.isascii() and named.isdecimal():
        return max(_NARROWEST, int(named))
    try:
        return os.get_terminal_size(stream.fileno()).columns or _PLAIN_WIDTH
    except (OSError, ValueError):
        return _PLAIN_WIDTH


def _plainly(stream: TextIO) -> Callable[[Line], None]:
    def paint(line: Line) -> None:
        stream.write(encodable(line.text.rstrip(), getattr(stream, "encoding", None)) + "\n")

    return paint


def _in_colour(stream: TextIO, width: int) -> Callable[[Line], None]:
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, force_terminal=True, color_system="standard", width=width, no_color=False)

    def paint(line: Line) -> None:
        console.print(Text.assemble(*line.pieces), soft_wrap=not line.wrap)  # a Text holds no markup

    return paint
