"""Signals are errors of ours: which code, which words, and what a second one does."""

from __future__ import annotations

import os
import signal

import pytest

from vis_tasks.errors import Interrupted
from vis_tasks.tasks.signals import raising_on_signals


def interrupted_twice(first, second, tidied):
    """One signal, and another one while the first is dealt with."""
    try:
        os.kill(os.getpid(), first)
    finally:
        os.kill(os.getpid(), second)
        tidied.append("up")


class TestSignals:
    @pytest.fixture(autouse=True)
    def _without_nohup(self):
        """Whatever these tests are run under."""
        before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
        yield
        signal.signal(signal.SIGHUP, before)

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
    def test_a_signal_is_an_error_of_ours(self, number, code):
        with pytest.raises(Interrupted) as caught, raising_on_signals(resumes=True):
            os.kill(os.getpid(), number)
        assert caught.value.exit_code == code
        assert "run `invoke release` again" in caught.value.hint

    def test_who_was_only_looking_has_nothing_to_go_on_with(self):
        with pytest.raises(Interrupted) as caught, raising_on_signals():
            os.kill(os.getpid(), signal.SIGINT)
        assert (caught.value.message, caught.value.hint) == ("interrupted by SIGINT", "")

    @pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGHUP])
    def test_another_one_does_not_disturb_what_is_tidied_up(self, second):
        tidied: list[str] = []
        with pytest.raises(Interrupted) as caught, raising_on_signals():
            interrupted_twice(signal.SIGINT, second, tidied)
        assert tidied == ["up"]
        assert caught.value.exit_code == 130

    def test_a_person_who_presses_again_gets_out_at_once(self):
        tidied: list[str] = []
        with pytest.raises(Interrupted), raising_on_signals():
            interrupted_twice(signal.SIGTERM, signal.SIGINT, tidied)
        assert tidied == []

    def test_nohup_is_respected(self):
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            with raising_on_signals():
                os.kill(os.getpid(), signal.SIGHUP)
        finally:
            signal.signal(signal.SIGHUP, before)

    def test_the_handlers_before_are_put_back(self):
        before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
        with raising_on_signals():
            pass
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
