"""npm asked for its configuration before anything else is loaded: its answer takes as long as all of us.

So nothing is imported here but what Python has loaded anyway; `subprocess` alone would take half the time that is won.
"""

from __future__ import annotations

import os
import sys

from vis_tasks.adapters.npm.ask import CONFIG_ENV, CONFIG_WORDS, ways_to_ask, which

TYPE_CHECKING = False  # as `typing` has it
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from vis_tasks.ports import Completed, Runner

__all__ = ["Asked", "EarlyRunner", "begin_asking", "take_asked"]

_KILL = 9
_begun: list[Asked] = []


class Asked:
    """What npm was asked, where and in which environment; `said` waits for its answer.

    Args:
        argv: the command line, its program with its path.
        env: the environment, without `CONFIG_ENV`.

    Raises:
        OSError: it can't be started.
        NotImplementedError: not in this way, here.
    """

    def __init__(self, argv: tuple[str, ...], env: dict[str, str]) -> None:
        self.argv = argv
        self.folder = os.getcwd()  # noqa: PTH109
        self.env = env
        self._out, out = os.pipe()
        self._err, err = os.pipe()
        try:
            self._pid = _spawn(argv, {**env, **CONFIG_ENV}, out, err)
        except BaseException:
            self._close()
            raise
        finally:
            os.close(out)
            os.close(err)

    def said(self) -> Completed:
        """Its answer, when it has ended."""
        from vis_tasks.ports import Completed

        out, err = self._read()
        self._close()
        code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        texts = out.decode("utf-8", errors="replace"), err.decode("utf-8", errors="replace")
        return Completed(self.argv, code, *texts, out)

    def drop(self) -> None:
        """Nobody wants to know."""
        self._close()
        os.kill(self._pid, _KILL)
        os.waitpid(self._pid, 0)

    def _read(self) -> tuple[bytes, bytes]:
        from selectors import EVENT_READ, DefaultSelector

        parts: dict[int, list[bytes]] = {self._out: [], self._err: []}
        with DefaultSelector() as selector:
            for pipe in parts:
                selector.register(pipe, EVENT_READ)
            while selector.get_map():
                for key, _ in selector.select():
                    if part := os.read(key.fd, 65536):
                        parts[key.fd].append(part)
                    else:
                        selector.unregister(key.fd)
        return b"".join(parts[self._out]), b"".join(parts[self._err])

    def _close(self) -> None:
        os.close(self._out)
        os.close(self._err)


def _spawn(argv: tuple[str, ...], env: dict[str, str], out: int, err: int) -> int:
    """Start a program in a session of its own, without input, its output into two pipes; its number."""
    if sys.platform == "win32":
        raise NotImplementedError("Windows has no posix_spawn")
    actions = (
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, out, 1),
        (os.POSIX_SPAWN_DUP2, err, 2),
    )
    return os.posix_spawn(argv[0], argv, env, file_actions=actions, setsid=True)


def begin_asking() -> None:
    """Begin to ask npm in the current folder: one process; nothing waits for it.

    Where none can be started in this way (Windows, no npm) nobody is asked; what is wrong is told when npm is really asked.
    """
    env = dict(os.environ)
    if npm := which("npm", env):
        try:
            _begun.append(Asked(ways_to_ask((os.path.abspath(npm),), env)[0], env))  # noqa: PTH100
        except (OSError, NotImplementedError, AttributeError):  # not every Python has it
            return


def take_asked() -> Asked | None:
    """What was begun, for one that wants to know; None where nothing was, or another has it."""
    return _begun.pop() if _begun else None


class EarlyRunner:
    """`vis_tasks.ports.Runner` that has the answer to one question already, and gives it once.

    Args:
        runner: runs everything else, and the same question in another folder or environment.
        asked: from `take_asked`.
    """

    def __init__(self, runner: Runner, asked: Asked | None) -> None:
        self._runner = runner
        self._asked = asked

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
        """As `vis_tasks.ports.Runner.run` says."""
        if self._asked is not None and tuple(argv[-len(CONFIG_WORDS) :]) == CONFIG_WORDS and not check:
            asked, self._asked = self._asked, None
            if (asked.argv, asked.folder, asked.env, CONFIG_ENV) == (tuple(argv), str(cwd), dict(os.environ), env):
                return asked.said()
            asked.drop()
        return self._runner.run(
            argv, cwd=cwd, env=env, input_text=input_text, check=check, timeout=timeout, started=started
        )
