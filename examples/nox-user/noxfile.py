"""A noxfile of a repository that uses vis-tasks: three sessions more than it had."""

from __future__ import annotations

import nox

from vis_tasks.nox import register

register(scenarios=("approve", "reject"), tags=["release"], default=False)


@nox.session
def lint(session: nox.Session) -> None:
    """One of the repository's own sessions."""
    session.run("node", "--check", "packages/hello/index.js", external=True)
