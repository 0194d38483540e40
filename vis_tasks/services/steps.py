"""Each target as it comes: a line or a section for people, a step with its times for the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.services.state import timestamp

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from vis_tasks.core.targets import Due
    from vis_tasks.services.run import Run

__all__ = ["Steps"]

_OPEN = frozenset({"guard", "wait"})  # what is said there is for people, at once


class Steps:
    """`vis_tasks.services.make.Reporter` for the console and the report, for the length of a ``with`` block.

    Args:
        run: the run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._step: dict[str, object] | None = None
        self._began = 0.0

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The last target has ended, one way or another."""
        self._end()

    def up_to_date(self, name: str, reason: str) -> None:
        """A line; it took no time."""
        self._end()
        self._note(name, "up to date", reason)
        self._run.tools.console.step(f"{name}: up to date ({reason})")

    def starting(self, name: str, reason: str) -> None:
        """A section, whose time is taken."""
        self._end()
        self._step = self._note(name, "ran", reason)
        self._began = self._run.tools.clock.monotonic()
        heading = f"{name}: {reason}" if reason != "always runs" else name
        self._run.tools.console.section(name, heading, folded=name not in _OPEN)

    def planned(self, name: str, state: Due) -> None:
        """What the target would do."""
        self._note(name, "would run", state.reason)["actions"] = list(state.actions)
        self._run.tools.console.step(f"{name}: would run ({state.reason})")
        for action in state.actions:
            self._run.tools.console.line(f"  would {action}" if not action[0].isupper() else f"  {action}")

    def _note(self, name: str, state: str, reason: str) -> dict[str, object]:
        step: dict[str, object] = {"target": name, "state": state, "reason": reason}
        step["at"] = timestamp(self._run.tools.clock.now())
        self._run.report.steps.append(step)
        return step

    def _end(self) -> None:
        if self._step is not None:
            self._step["seconds"] = round(self._run.tools.clock.monotonic() - self._began, 1)
            self._step = None
            self._run.tools.console.end_section()
