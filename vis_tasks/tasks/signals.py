"""SIGINT and SIGTERM end a run as an error of ours, wherever it is: the state on disk is always whole."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vis_tasks.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["also_on_hangup", "raising_on_signals"]


@contextmanager
def raising_on_signals() -> Iterator[None]:
    """Raise `Interrupted` in the main thread on SIGINT and SIGTERM (a cancelled CI job) for the length of the block."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [signal.SIGINT, signal.SIGTERM]
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, _raise)
    try:
        yield
    except KeyboardInterrupt:
        raise _interrupted(signal.SIGINT) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def also_on_hangup() -> Iterator[None]:
    """Raise `Interrupted` when the terminal goes away, too: for what must clean up after itself. Nothing on Windows."""
    number = getattr(signal, "SIGHUP", None)
    if number is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(number)
    if before is not signal.SIG_IGN:  # nohup(1) asked to go on
        signal.signal(number, _raise)
    try:
        yield
    finally:
        signal.signal(number, before)


def _raise(number: int, _frame: FrameType | None) -> None:
    raise _interrupted(number)


def _interrupted(number: int) -> Interrupted:
    return Interrupted(
        f"interrupted by {signal.Signals(number).name}; the state is saved",
        signal_number=number,
        hint="run `invoke release` again: it goes on where this run stopped",
    )
