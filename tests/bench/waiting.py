"""``python -m tests.bench.waiting [packages]``: what a minute of waiting costs. Budget: one percent of a processor.

The same wave waits for a quarter of a minute and for a minute and a quarter; the difference is a minute of nothing but waiting.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.registry import ours
from tests.bench.staging import build, environment

__all__ = ["rows"]

_PORT = 4995
_SHORT, _LONG = 15, 75


def rows(count: int = 100) -> list[dict[str, Any]]:
    """Measure.

    Args:
        count: packages that wait.

    Returns:
        One row: ``name``, ``n``, ``seconds`` of processor time in a minute, ``ratio_to`` (a whole processor) and ``ratio``; also
        ``memory_mib``, the largest resident memory.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with ours(folder, _PORT) as (_, token, _took):
            env = environment(folder / "home", f"http://127.0.0.1:{_PORT}/", token)
            _waited(folder, env, count, 1)  # so that neither of the two compiles what they load
            short, _ = _waited(folder, env, count, _SHORT)
            long, memory = _waited(folder, env, count, _LONG)
    spent, minute = long - short, _LONG - _SHORT
    return [
        {
            "name": f"waiting for {count} stages, a minute",
            "n": count,
            "seconds": spent,
            "ratio_to": "a whole processor",
            "ratio": spent / minute,
            "memory_mib": memory,
        }
    ]


def _waited(folder: Path, env: dict[str, str], count: int, wait: int) -> tuple[float, float]:
    """Processor seconds and largest resident memory (MiB) of a wait that nobody ends."""
    root = folder / f"wait-{wait}"
    build(
        root,
        count,
        f"wait{wait}",
        f'[release.publish]\nclient = "direct"\n[release.publish.stage]\ntimeout = "{wait}s"\n',
    )
    program = str(Path(sys.executable).with_name("vis-tasks"))
    subprocess.run([program, "stage"], cwd=root, env=env, check=True, capture_output=True)
    begin = time.monotonic()
    process = subprocess.Popen(
        [program, "wait"], cwd=root, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    if status or time.monotonic() - begin < wait:
        msg = f"it ended after {time.monotonic() - begin:.0f} of {wait} s with status {status}"
        raise RuntimeError(msg)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


if __name__ == "__main__":
    for row in rows(*[int(each) for each in sys.argv[1:2]]):
        print(f"{row['name']}: {row['ratio']:.2%} of a processor, {row['memory_mib']:.0f} MiB at most")  # noqa: T201
