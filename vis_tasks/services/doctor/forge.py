"""What the forge says of the branch that releases push to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.ports import ForgeBranches, PushRules
from vis_tasks.services.doctor.finding import FAIL, PASS, WARN, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vis_tasks.services.run import Run

__all__ = ["forge_findings"]


def forge_findings(run: Run) -> Iterator[Finding]:
    """A push that is only tried dry doesn't meet a branch's rules; the forge tells them. A few requests, when there is a token.

    Args:
        run: the run.
    """
    forge: object = run.tools.forge()
    if not isinstance(forge, ForgeBranches):
        text = "without a token for the forge nobody can say which rules protect the branch"
        yield Finding("forge.protection", PASS, text)
        return
    found = forge.push_rules(run.branch)
    if not isinstance(found, PushRules):
        yield Finding("forge.protection", WARN, f"the rules of {run.branch} can't be read: {found.why}", _hint(run))
    elif found.stops:
        # On CI the token is the release's own; at a desk it may be anybody's.
        status = FAIL if run.tools.env.get("CI") else WARN
        text = f"{run.branch} takes no chore pushes from this token: {'; '.join(found.stops)}"
        yield Finding("forge.protection", status, text, _hint(run))
    elif found.unseen:
        yield Finding("forge.protection", WARN, f"{run.branch}: {found.unseen}", _hint(run))
    else:
        yield Finding("forge.protection", PASS, f"no rule keeps this token from pushing to {run.branch}")


def _hint(run: Run) -> str:
    away = (
        ""
        if run.release.state_branch
        else ", or set `state-branch` under [release] to keep chore commits off the branch"
    )
    return f"let the release user or app bypass the branch's rules{away}"
