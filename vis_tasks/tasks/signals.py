"""SIGINT, SIGTERM and SIGHUP end a run as an error of ours, wherever it is: the state on disk is always whole."""

from __future__ import annotations

import os
import signal
import stat
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vis_tasks.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["raising_on_signals"]


@contextmanager
def raising_on_signals(*, resumes: bool = False) -> Iterator[None]:
    """Raise `Interrupted` in the main thread on SIGINT, SIGTERM (a cancelled CI job) and SIGHUP (a closed terminal) in the block.

    The first one ends the run; what it then tidies up is not disturbed by others: GitHub sends SIGINT and, 7.5 s later, SIGTERM.
    Only a person who presses Ctrl-C again gets out at once.

    Args:
        resumes: the block is a release, which another run goes on with; that is told.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [signal.SIGINT, signal.SIGTERM]
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:  # nohup(1) asked to go on
        numbers.append(hangup)
    before = {number: signal.getsignal(number) for number in numbers}
    handler = _First(resumes=resumes)
    for number in numbers:
        signal.signal(number, handler)
    try:
        yield
    except KeyboardInterrupt:
        raise _interrupted(signal.SIGINT, resumes=resumes) from None
    finally:
        for number, old in before.items():
            signal.signal(number, old)


class _First:
    """Raises on the first signal, and on a second SIGINT; others that follow change nothing."""

    def __init__(self, *, resumes: bool) -> None:
        self._ending = False
        self._resumes = resumes

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        if number == getattr(signal, "SIGHUP", None):
            _forget_terminal()
        if self._ending and number != signal.SIGINT:
            return
        self._ending = True
        raise _interrupted(number, resumes=self._resumes)


def _forget_terminal() -> None:
    """A terminal that went away takes no more words: every write would be an error (EIO) in the middle of tidying up."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        if stat.S_ISCHR(os.fstat(number).st_mode):
            os.dup2(nowhere, number)
    os.close(nowhere)


def _interrupted(number: int, *, resumes: bool) -> Interrupted:
    return Interrupted(
        f"interrupted by {signal.Signals(number).name}{'; the state is saved' if resumes else ''}",
        signal_number=number,
        hint="run `invoke release` again: it goes on where this run stopped" if resumes else "",
    )
