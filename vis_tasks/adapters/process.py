"""The one door to other programs: argv lists, no shell, empty stdin, and nothing left running behind a timeout."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vis_tasks.adapters.redact import looks_secret, redact
from vis_tasks.errors import Failed
from vis_tasks.ports import Completed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["SubprocessRunner", "find_program"]

_TAIL_LINES = 20
_GRACE = 2.0
# cmd.exe reads these in the arguments of a .cmd file, however they are quoted.
_CMD_SPECIAL = frozenset('"&|<>^%!\r\n')


def find_program(name: str, *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Path | None:
    """Where a program is, or None.

    Args:
        name: a bare name, looked up on PATH (with PATHEXT on Windows, so ``npm`` finds ``npm.cmd``), or a path.
        env: the environment whose PATH counts; the process's own by default.
        cwd: what a relative path with a separator is relative to.
    """
    if Path(name).name != name and cwd is not None:
        name = str(cwd / name)
    path = None if env is None else env.get("PATH", os.defpath)
    found = shutil.which(name, path=path)
    return Path(found).absolute() if found else None


class SubprocessRunner:
    """`vis_tasks.ports.Runner` over `subprocess`.

    Each program gets a session of its own: it has no terminal to prompt on (a credential prompt is an error, not a hang), and a
    timeout or an interrupt ends it together with everything it started. ``Completed.stdout`` and ``stderr`` are what the
    program wrote, for parsing; error messages and traces are redacted.

    Args:
        base_env: the environment to start from; the process's own, as it is at each call, by default.
        trace: called with the redacted command line before each start.
    """

    def __init__(
        self, *, base_env: Mapping[str, str] | None = None, trace: Callable[[str], None] | None = None
    ) -> None:
        self._base_env = base_env
        self._trace = trace
        self._programs: dict[tuple[str, str | None, str | None], Path] = {}

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        input_text: str | None = None,
        check: bool = True,
        timeout: float | None = None,
        started: Callable[[], None] | None = None,
    ) -> Completed:
        """Run to the end and collect the output; see `vis_tasks.ports.Runner.run`.

        Raises:
            vis_tasks.errors.Failed: ``NOT_FOUND`` (program or folder missing), ``TIMEOUT``, or ``COMMAND_FAILED`` with the tail
                of the output.
        """
        secrets = tuple(value for name, value in (env or {}).items() if looks_secret(name))
        shown = tuple(redact(argument, secrets=secrets) for argument in _joined_otp(argv))
        full_env = dict(os.environ if self._base_env is None else self._base_env) | dict(env or {})
        program = self._program(argv, cwd=cwd, env=full_env)
        if self._trace:
            self._trace(" ".join(shown))
        process = _start([str(program), *argv[1:]], cwd=cwd, env=full_env)
        data = None if input_text is None else input_text.encode()
        try:
            if started:
                started()
            stdout, stderr = process.communicate(data, timeout=timeout)
        except subprocess.TimeoutExpired:
            stdout, stderr = _end(process)
            tail = redact(_tail(_text(stdout), _text(stderr)), secrets=secrets)
            raise Failed(
                f"{' '.join(shown)}: no end after {timeout:g} s (in {cwd}){tail}",
                code="TIMEOUT",
                details={"argv": list(shown)},
            ) from None
        except BaseException:
            _end(process)
            raise
        done = Completed(shown, process.returncode, _text(stdout), _text(stderr), stdout)
        if check and done.code != 0:
            tail = redact(_tail(done.stdout, done.stderr), secrets=secrets)
            raise Failed(
                f"{' '.join(shown)}: {_ending(done.code)} (in {cwd}){tail}",
                code="COMMAND_FAILED",
                details={"argv": list(shown), "exit": done.code},
            )
        return done

    def _found(self, name: str, cwd: Path, env: Mapping[str, str]) -> Path | None:
        """As `find_program`, which looks through all of PATH, once for each name that is looked up there."""
        if Path(name).name != name:
            return find_program(name, env=env, cwd=cwd)
        key = (name, env.get("PATH"), env.get("PATHEXT"))
        if key not in self._programs and (found := find_program(name, env=env)):
            self._programs[key] = found
        return self._programs.get(key)

    def _program(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Path:
        name = argv[0]
        if not cwd.is_dir():
            raise Failed(f"can't run {name} in {cwd}: no such folder", code="NOT_FOUND")
        program = self._found(name, cwd, env)
        if program is None:
            raise Failed(
                f"{name}: program not found", code="NOT_FOUND", hint=f"Install {name}, or put its folder on PATH."
            )
        if program.suffix.lower() in {".cmd", ".bat"} and any(_CMD_SPECIAL & set(arg) for arg in argv[1:]):
            raise Failed(
                f"{program}: an argument holds a character that cmd.exe would interpret: {redact(' '.join(argv[1:]))}",
                code="COMMAND_FAILED",
            )
        return program


def _start(argv: list[str], *, cwd: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP
    try:
        return subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            creationflags=flags,
        )
    except OSError as error:
        raise Failed(f"{argv[0]}: can't be started: {error.strerror or error}", code="NOT_FOUND") from error


def _end(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Ask the whole group to stop, then make it; returns the output there was."""
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        _signal_group(process, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=_GRACE)
    # Something left the group and still holds the pipes: don't wait for it.
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    process.kill()
    process.wait()
    return b"", b""


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], check=False, capture_output=True)
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _joined_otp(argv: Sequence[str]) -> tuple[str, ...]:
    """The arguments to show: ``--otp 123456`` loses its value, which alone looks like any number."""
    shown = list(argv)
    for index, argument in enumerate(shown[:-1]):
        if argument == "--otp":
            shown[index + 1] = "***"
    return tuple(shown)


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended by signal {-code}"


def _tail(stdout: str, stderr: str) -> str:
    lines = (stderr if stderr.strip() else stdout).rstrip().splitlines()[-_TAIL_LINES:]
    return "".join(f"\n  {line}" for line in lines)
