"""Sessions for a user's noxfile: ``from vis_tasks.nox import register``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nox

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["register"]


def register(*, scenarios: Sequence[str] = ("approve",), package: str = "vis-tasks[registry]") -> None:
    """Add the sessions ``rehearse`` and ``release-check`` to the noxfile that calls this.

    ``rehearse`` plays a release of the repository in each scenario; ``release-check`` shows what a release would do now and fails
    when the configuration, a change file or the workspace can't be read.

    Args:
        scenarios: what `invoke rehearse --scenario` takes.
        package: what pip installs into the sessions.
    """

    def rehearse(session: nox.Session) -> None:
        """Rehearse a release on copies of this repository, with the real npm and an embedded registry."""
        session.install(package)
        for scenario in session.posargs or scenarios:
            session.run("vis-tasks", "rehearse", f"--scenario={scenario}")

    def release_check(session: nox.Session) -> None:
        """Show what a release would version now; read-only."""
        session.install(package)
        session.run("vis-tasks", "config", "--json", silent=True)
        session.run("vis-tasks", "version", "--plan-only", *session.posargs)

    nox.session(name="rehearse")(rehearse)
    nox.session(name="release-check")(release_check)
