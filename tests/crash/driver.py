"""A process that releases, and ends itself at the boundary it is told. Loads everything once, then forks for each run.

It speaks lines on its standard streams: a JSON order comes in; ``D`` goes out whenever a run sleeps, so that humans can decide
meanwhile, and any line is the answer; ``E <wait status>`` ends the order. What the run said is in the log the order names.
"""

from __future__ import annotations

import codecs
import gc
import importlib
import json
import os
import pkgutil
import random
import sys
import threading
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.fakes import FakeMachine
from tests.rig.house import house, release
from vis_tasks import config, core
from vis_tasks.adapters import npm
from vis_tasks.adapters.console import make_console
from vis_tasks.adapters.npm.config import NpmConfig
from vis_tasks.errors import Ending
from vis_tasks.tasks.signals import raising_on_signals

_LATE = ("ahead", "changefiles", "clock", "files", "lockfile", "planning", "workspace")


class Fuse:
    """Counts boundaries and writes each down; at one of them it sends a signal, or lets a folder take no more writes."""

    def __init__(self, at: int | None, number: int, trace: Path, folder: Path) -> None:
        self._at = at
        self._number = number
        self._folder = folder
        self._count = 0
        self._lock = threading.Lock()
        self._trace = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def __call__(self, label: str) -> None:
        with self._lock:
            self._count += 1
            os.write(self._trace, f"{label}\n".encode())
            if self._count == self._at and self._number:
                os.kill(os.getpid(), self._number)
            elif self._count == self._at:
                self._folder.chmod(0o555)


class DecidingClock:
    """Time that moves in sleeps alone, and those are over at once; the humans have their turn in them."""

    def __init__(self, later: float) -> None:
        self._start = datetime.now(UTC) + timedelta(seconds=later)
        self._slept = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._slept)

    def monotonic(self) -> float:
        return self._slept

    def sleep(self, seconds: float) -> None:
        self._slept += seconds
        os.write(1, b"D\n")
        os.read(0, 64)


def run(order: dict[str, Any]) -> int:
    """One release, in the child."""
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["root"])
    if order["user"]:
        os.setgroups([])
        os.setgid(order["user"])
        os.setuid(order["user"])
    random.seed(0)  # the jitter of the polls: each run of a scenario has the same boundaries
    with Path(order["log"]).open("a", encoding="utf-8", buffering=1) as log:
        console = make_console(json_mode=False, env=order["env"], stdout=log, stderr=log)
        try:
            made = house(
                Path(order["root"]),
                order["env"],
                clock=DecidingClock(order["later"]),
                console=console,
                machine=FakeMachine(os.getpid(), order["host"], {os.getpid()}) if order["host"] else None,
                boundary=Fuse(order["at"], order["signal"], Path(order["trace"]), Path(order["root"], ".vis/release")),
            )
            with raising_on_signals(resumes=True):
                release(made, *order["goals"])
        except Ending as error:
            log.write(f"{error.code}: {error.message}\n{error.hint}\n")
            return error.exit_code
        except BaseException:  # noqa: BLE001  (told in the log, seen by its exit code)
            traceback.print_exc(file=log)
            return 70
    return 0


def _warm_up() -> None:
    """Load what a release loads when it first needs it, once for all children: modules, and the certificates (0.2 s)."""
    NpmConfig("0", Path.cwd(), {}, env=os.environ).session()
    for room in (core, config, npm):
        for module in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
            importlib.import_module(module.name)
    for name in _LATE:
        importlib.import_module(f"vis_tasks.adapters.{name}")
    for codec in ("utf-8-sig", "idna"):
        codecs.lookup(codec)
    gc.freeze()  # the children's collector doesn't touch, and so copy, what is there already


def main() -> None:
    """Serve orders until standard input ends."""
    _warm_up()
    for line in iter(sys.stdin.buffer.readline, b""):
        if not line.startswith(b"{"):
            continue
        child = os.fork()
        if child == 0:
            os._exit(run(json.loads(line)))
        _, status = os.waitpid(child, 0)
        os.write(1, f"E {os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    main()
