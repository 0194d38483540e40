"""The clock, other programs, the file system, this machine, and where people read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

__all__ = [
    "Board",
    "Clock",
    "Completed",
    "Console",
    "Files",
    "Foreground",
    "Machine",
    "Person",
    "Runner",
    "WaitingRow",
]


class Clock(Protocol):
    """Time, so that tests need no sleeps."""

    def now(self) -> datetime:
        """The wall clock, timezone-aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go backwards; only differences mean something."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; returns early (by raising) on a signal."""
        ...


@dataclass(frozen=True)
class Completed:
    """A finished process.

    Attributes:
        argv: what ran, secrets redacted.
        code: exit code; negative for a signal, as in `subprocess`.
        stdout: decoded as UTF-8, undecodable bytes replaced.
        stderr: likewise.
        raw: standard output as it came, byte for byte.
    """

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str
    raw: bytes = b""


class Runner(Protocol):
    """The one door to other programs: argv lists, never a shell."""

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
        """Run to the end and collect the output.

        Args:
            argv: program and arguments; the program is found on PATH (``.cmd`` shims on Windows included).
            cwd: working folder.
            env: variables added to the current environment; values that are secrets belong here, never in argv.
            input_text: sent to standard input; without it standard input is empty.
            check: raise `vis_tasks.errors.Failed` with the output's tail when the exit code isn't 0.
            timeout: seconds, then the process and its children are killed and `Failed` is raised.
            started: called as soon as the process runs, before its end is waited for.

        Raises:
            vis_tasks.errors.Failed: the program is missing (code ``NOT_FOUND``), failed or timed out.
        """
        ...


@dataclass(frozen=True)
class WaitingRow:
    """One staged version on the board.

    Attributes:
        name: npm name.
        version: exact version.
        tag: the dist-tag it will get.
        state: ``waiting``, ``scanned`` (approved, and under the registry's scan), ``gone`` (decided, not confirmed yet) or
            ``published`` (without staging, and not installable yet).
        staged_at: ISO 8601, empty when that isn't known.
        actor: who staged it; None when the registry doesn't say.
        page: where it is reviewed in a browser; None when that isn't known.
    """

    name: str
    version: str
    tag: str
    state: str = "waiting"
    staged_at: str = ""
    actor: str | None = None
    page: str | None = None


class Board(Protocol):
    """A table at the foot of a terminal that shows the wave while it waits; ages and time left go on by themselves."""

    def show(self, rows: Sequence[WaitingRow], *, decided: int, deadline: float) -> None:
        """Show this from now on.

        Args:
            rows: what is undecided.
            decided: how many versions of the wave are decided.
            deadline: when the wait ends, in seconds of the clock's monotonic time.
        """
        ...


class Console(Protocol):
    """Where people read. Human lines go to stdout, or to stderr when the command prints JSON."""

    def line(self, text: str = "") -> None:
        """A plain line."""
        ...

    def step(self, text: str) -> None:
        """The start of a target or a phase."""
        ...

    def detail(self, text: str) -> None:
        """Something a reader may skip."""
        ...

    def success(self, text: str) -> None:
        """Something went well."""
        ...

    def warning(self, text: str) -> None:
        """Something needs a human's eye; also a ``::warning::`` annotation on GitHub Actions."""
        ...

    def error(self, text: str) -> None:
        """Something failed; also an ``::error::`` annotation on GitHub Actions."""
        ...

    def table(self, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Rows below a head, their columns aligned; the last one holds sentences.

        Args:
            head: names of the columns.
            rows: as many cells each.
        """
        ...

    def section(self, name: str, text: str, *, folded: bool = True) -> None:
        """The start of a target; where logs fold (GitLab), all that follows is its section, shut unless ``folded`` is False."""
        ...

    def end_section(self) -> None:
        """The end of the target, if one is open."""
        ...

    def board(self, clock: Clock) -> AbstractContextManager[Board | None]:
        """A board for the length of a block; None where nobody looks at a terminal, or Rich isn't installed."""
        ...


class Files(Protocol):
    """The files below the workspace root. Paths are POSIX style, relative to it."""

    @property
    def root(self) -> Path:
        """The workspace root."""
        ...

    def read(self, path: str) -> bytes | None:
        """The content, or None when there is no such file."""
        ...

    def write(self, path: str, content: bytes, *, durable: bool = True) -> None:
        """Write all or nothing: a temporary file in the same folder, fsync, rename. Folders are made.

        Args:
            path: the file.
            content: all of it.
            durable: wait until the disk has it. Without (for what git has or will have a moment later, where each wait counts),
                a power cut may leave the file empty or as it was.

        Raises:
            vis_tasks.errors.Failed: code ``WRITE``; disk full, read-only folder. What stood there before still stands.
        """
        ...

    def create(self, path: str, content: bytes) -> bool:
        """Create the file, or return False when it exists already. Of two callers exactly one gets True."""
        ...

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it; one that is there is fine. Errors are those of `write`."""
        ...

    def delete(self, path: str) -> None:
        """Remove the file; one that isn't there is fine."""
        ...

    def delete_tree(self, path: str) -> None:
        """Remove a folder and all in it; one that isn't there is fine."""
        ...


class Machine(Protocol):
    """This machine and process, for the lock."""

    @property
    def pid(self) -> int:
        """This process."""
        ...

    @property
    def host(self) -> str:
        """This machine's name."""
        ...

    def alive(self, pid: int) -> bool:
        """Whether a process of that number runs on this machine."""
        ...


class Foreground(Protocol):
    """Programs that talk to the person at this terminal: a prompt, a browser to open, a security key to touch."""

    def run(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> int:
        """Give the program our terminal, wait for its end, and return its exit code.

        Raises:
            vis_tasks.errors.Failed: code ``NOT_FOUND``; it can't be started.
        """
        ...


class Person(Protocol):
    """Whoever sits at this terminal."""

    @property
    def here(self) -> bool:
        """Whether anybody can be asked: standard input and output are terminals."""
        ...

    def code(self) -> str | None:
        """A one-time password: from ``NPM_OTP`` once, else asked for without showing it; None when nobody is there."""
        ...

    def agrees(self, question: str, *, default: bool) -> bool:
        """Ask yes or no; ``default`` is what just pressing Enter means. False when nobody is there."""
        ...
