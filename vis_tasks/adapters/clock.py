"""The machine's own time, and the signals that cut a sleep short."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from vis_tasks.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["SystemClock", "signals_interrupt"]

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


class SystemClock:
    """`vis_tasks.ports.Clock` on the machine's clocks.

    `sleep` ends early only when a signal handler raises: since PEP 475 `time.sleep` goes on after a handler that returns.
    Run the work inside `signals_interrupt` so that SIGTERM raises as SIGINT does.
    """

    def now(self) -> datetime:
        """The wall clock, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go backwards."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait ``seconds``; nothing at all when they are negative or 0."""
        if seconds > 0:
            time.sleep(seconds)


@contextmanager
def signals_interrupt(hint: str = "") -> Iterator[None]:
    """While open, SIGINT, SIGTERM and the hang-up of the terminal raise `Interrupted` in the main thread.

    A second signal during the clean-up that the first one caused is ignored, so that state is written to its end. The former
    handlers come back on leaving. In any other thread than the main one this does nothing: Python delivers signals to the main
    thread alone.

    Args:
        hint: what a person does next; it stands in the error.

    Raises:
        Interrupted: with exit code 130 (SIGINT), 143 (SIGTERM), 129 (SIGHUP) or 149 (Ctrl-Break on Windows).
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, _frame: FrameType | None) -> NoReturn:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(f"interrupted by {signal.Signals(number).name}", signal_number=number, hint=hint)

    before = {each: signal.getsignal(each) for each in _SIGNALS}
    for each in _SIGNALS:
        # `nohup` starts us with SIGHUP ignored, a shell's background job with SIGINT ignored: that stays so.
        if before[each] is not signal.SIG_IGN:
            signal.signal(each, interrupt)
    try:
        yield
    finally:
        for each, handler in before.items():
            # None: installed by C code, which Python can't put back.
            signal.signal(each, signal.SIG_DFL if handler is None else handler)
