"""The only error tree: one class per way of ending, each with its exit code.

A message says what happened and where; ``hint`` says the command or the edit that gets the user out. Nothing below the
edge (`vis_tasks.tasks.edge`) prints an error or exits.
"""

from __future__ import annotations

__all__ = [
    "ConfigError",
    "Ending",
    "Failed",
    "Interrupted",
    "Locked",
    "MissingExtra",
    "Refused",
    "UsageError",
    "VisError",
]


class Ending(BaseException):
    """A way for a run to end other than well: what the edge tells and exits with.

    Args:
        message: what happened, and where (path, line, package). One or more lines, no trailing full stop needed.
        code: a stable upper-case name for scripts, such as ``STAGE_PENDING``; it stands in ``--json`` output.
        hint: the way out: a command to run or an edit to make. May be empty.
        details: more facts for ``--json``, plain JSON values only.
    """

    exit_code = 3
    default_code = "FAILED"

    def __init__(
        self, message: str, *, code: str | None = None, hint: str = "", details: dict[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.hint = hint
        self.details = details or {}


class VisError(Ending, Exception):
    """Anything vis-tasks says no to, or could not do; its arguments are those of `Ending`."""


class Refused(VisError):  # noqa: N818  (an answer, not a defect)
    """A guard said no; nothing was changed. Exit code 1."""

    exit_code = 1
    default_code = "REFUSED"


class UsageError(VisError):
    """The command line, a change file or another input can't be read as written. Exit code 2."""

    exit_code = 2
    default_code = "USAGE"


class ConfigError(UsageError):
    """The configuration can't be read as written. Exit code 2."""

    default_code = "CONFIG"


class MissingExtra(UsageError):  # noqa: N818  (an answer, not a defect)
    """A library that comes with an extra isn't installed. Exit code 2.

    Args:
        what: what can't be done, such as ``the embedded registry``.
        error: the import that failed.
        extra: the extra that brings the library.
    """

    def __init__(self, what: str, error: ImportError, *, extra: str) -> None:
        super().__init__(
            f"{what} isn't installed ({error.name} is missing)",
            code=f"NO_{extra.upper()}_EXTRA",
            hint=f"pip install 'vis-tasks[{extra}]'",
            details={"extra": extra, "missing": error.name},
        )


class Failed(VisError):  # noqa: N818
    """Something was tried and failed (publish, mismatch, git, network). Exit code 3."""


class Locked(VisError):  # noqa: N818
    """Another release holds the lock. Exit code 4."""

    exit_code = 4
    default_code = "LOCKED"


class Interrupted(Ending):
    """A signal ended the run; the state on disk says how to go on. Exit code 130 (SIGINT), 143 (SIGTERM) or 129 (SIGHUP).

    Like Python's own ``KeyboardInterrupt`` it is no ``Exception``: whatever goes on after a failure does not go on after this.
    """

    exit_code = 130
    default_code = "INTERRUPTED"

    def __init__(self, message: str, *, signal_number: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.exit_code = 128 + signal_number
