"""What the guard asks of npm and the registries before anything is uploaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.selection import managed
from vis_tasks.errors import Refused
from vis_tasks.ports import NO_STAGING, StageList, Unknown, Unreadable
from vis_tasks.services.stage import access_of, registries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vis_tasks.services.run import Run

__all__ = ["check_registry"]


def check_registry(run: Run) -> Mapping[str, StageList]:
    """Npm is fit, registries have staging where something is staged, and credentials are good. Two requests per registry.

    A plan needs no credentials: where they are missing or bad it says what a release would be refused for, and goes on.

    Returns:
        What is staged, for each registry whose list these credentials may read.
    """
    packages = [package for package in managed(run.workspace, run.release) if not package.private]
    lists = {url: _check_credentials(run, url, staging=staging) for url, staging in registries(run).items()}
    if run.npm.oidc():
        for package in packages:
            url = run.npm.url_for(package.name, package.manifest)
            if access_of(run, package) == "restricted" and not run.npm.reader(url).has_credentials():
                raise Refused(
                    f"{package.name} is restricted and this run would use OIDC, which can't read restricted packages: "
                    "nothing could be confirmed after staging",
                    code="OIDC_RESTRICTED",
                    hint="give the job an NPM_TOKEN with read and write access for this package",
                )
    return {url: listed for url, listed in lists.items() if listed is not None}


def _check_credentials(run: Run, url: str, *, staging: bool) -> StageList | None:
    reader = run.npm.reader(url)
    if not reader.has_credentials() and not run.npm.oidc():
        refuse_or_tell(
            run,
            Refused(
                f"npm has no credentials for {url}",
                code="NO_TOKEN",
                hint="set NPM_TOKEN, run `npm login`, or let CI use trusted publishing (OIDC)",
            ),
            f"what is staged at {url}",
        )
    stages = reader.stages()
    if isinstance(stages, Unknown) and stages.kind == NO_STAGING and staging:
        raise Refused(
            f"{url} does not offer staged publishing",
            code="NO_STAGING",
            hint="set `stage = false` under [release.publish] to publish plainly, or use a registry with staging",
        )
    if isinstance(stages, Unknown) and stages.kind != NO_STAGING:
        raise Refused(
            f"{url} gives no usable answer: {stages.why}", code="REGISTRY_DOWN", hint="try again when it is reachable"
        )
    if isinstance(stages, StageList):
        return stages
    if not reader.has_credentials():
        return None
    who = reader.whoami()
    if isinstance(who, Unreadable):
        refuse_or_tell(
            run,
            Refused(
                f"{url} refuses the credentials npm is configured with: {who.why}",
                code="BAD_TOKEN",
                hint="make a new token, or `npm login` again",
            ),
            f"what is staged at {url}",
        )
    return None


def refuse_or_tell(run: Run, refusal: Refused, unseen: str) -> None:
    """Refuse what needs other credentials; a plan says it, with what could not be looked at, and goes on.

    Args:
        run: the run; a plan keeps what it says in its report.
        refusal: how a release ends here.
        unseen: what can't be seen without credentials.
    """
    if not run.plan_only:
        raise refusal
    run.report.unchecked.append(unseen)
    run.tools.console.warning(
        f"{refusal.message}\nThe plan does without: {unseen} is not looked at. A release would be refused ({refusal.code}): "
        f"{refusal.hint}"
    )
