"""What GitLab must be told once: order of releases, pushing, variables, protection, reviewers, schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vis_tasks.core.ci.context import unattended
from vis_tasks.services.ci_setup import Call, Step, release_branches, tag_glob

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vis_tasks.config.model import Config

__all__ = ["gitlab_steps"]

_MAINTAINERS = 40


def gitlab_steps(
    config: Config, path: str, web: str, reviewers: Sequence[str], secrets: Mapping[str, str]
) -> tuple[Step, ...]:
    """The steps, in order.

    Args:
        config: the configuration.
        path: of the project, with its groups.
        web: the project's page.
        reviewers: names of users.
        secrets: ``NPM_TOKEN``, when it may be handed over.
    """
    project = f"/projects/{quote(path, safe='')}"
    return (
        _order(config, project),
        _pushing(project, web),
        *_variables(config, project, web, secrets),
        *_protection(config, project, web),
        *_reviewing(config, project, web, reviewers),
        *_schedules(config, project, web),
    )


def _order(config: Config, project: str) -> Step:
    calls = tuple(
        Call("PUT", f"{project}/resource_groups/vis-release-{_slug(branch)}", {"process_mode": "oldest_first"})
        for branch in release_branches(config)
    )
    return Step(
        "Process mode oldest_first",
        "Releases of a branch run in the order of the pushes. A group is there once its first job has run.",
        "\n".join(f"PUT {call.path} process_mode=oldest_first" for call in calls),
        calls,
    )


def _pushing(project: str, web: str) -> Step:
    return Step(
        "Let jobs push",
        "The job token pushes the version commit and tags; or leave this off and set GITLAB_TOKEN, a project token with "
        "write_repository and api, in both environments: then the job that runs installs has nothing to push with.",
        f"{web}/-/settings/ci_cd#js-token-access",
        (Call("PUT", project, {"ci_push_repository_for_job_token_allowed": True}),),
    )


def _variables(config: Config, project: str, web: str, secrets: Mapping[str, str]) -> list[Step]:
    if config.ci.auth != "token":
        return []
    scope, quiet = config.ci.environment, unattended(config.ci.environment)
    calls: tuple[Call, ...] = ()
    if token := secrets.get("NPM_TOKEN"):
        value = {"key": "NPM_TOKEN", "value": token, "masked": True, "protected": True, "environment_scope": scope}
        make = Call("POST", f"{project}/variables", value)
        update = f"{project}/variables/NPM_TOKEN?filter[environment_scope]={quote(scope, safe='')}"
        calls = (Call("PUT", update, value, otherwise=make),)
    why = (
        f"A CI/CD variable, masked and protected: with the scope {scope} a granular token that may read and write these "
        f"packages; with the scope {quiet} one that may only read. With NPM_TOKEN in its environment, --apply sets the first."
    )
    return [Step("The variable NPM_TOKEN", why, f"{web}/-/settings/ci_cd#js-cicd-variables-settings", calls)]


def _protection(config: Config, project: str, web: str) -> list[Step]:
    branches = release_branches(config)
    levels = {"push_access_level": _MAINTAINERS, "merge_access_level": _MAINTAINERS, "allow_force_push": False}
    guarded = tuple(
        Call("POST", f"{project}/protected_branches", {"name": branch, **levels}, (200, 201, 409))
        for branch in branches
    )
    tags = {"name": tag_glob(config), "create_access_level": _MAINTAINERS}
    place = f"{web}/-/settings/repository"
    return [
        Step(
            "Branch protection",
            f"{', '.join(branches)}: maintainers push, nobody forces. Whoever's token pushes must be allowed to. A branch that "
            "is protected already is left as it is.",
            place,
            guarded,
        ),
        Step(
            "Tag protection",
            "Release tags are made by maintainers alone, and never moved.",
            place,
            (Call("POST", f"{project}/protected_tags", tags, (200, 201, 409, 422)),),
        ),
    ]


def _reviewing(config: Config, project: str, web: str, reviewers: Sequence[str]) -> list[Step]:
    if not config.ci.environment:
        return []
    calls: tuple[Call, ...] = ()
    if reviewers:
        payload: dict[str, Any] = {
            "name": config.ci.environment,
            "deploy_access_levels": [{"access_level": _MAINTAINERS}],
            "approval_rules": list(reviewers),
        }
        calls = (Call("POST", f"{project}/protected_environments", payload, (200, 201, 409)),)
    why = "If somebody has to agree before the publishing job starts (GitLab Premium): ci.setup --apply --reviewers=<user>,…"
    return [Step(f"Reviewers of the environment {config.ci.environment}", why, f"{web}/-/settings/ci_cd", calls)]


def _schedules(config: Config, project: str, web: str) -> list[Step]:
    stage = config.release.publish.stage
    if not stage.enabled or stage.mode != "detached":
        return []
    calls = tuple(
        Call("POST", f"{project}/pipeline_schedules", schedule, named=str(schedule["description"]))
        for schedule in (_schedule(branch, config.ci.schedule) for branch in release_branches(config))
    )
    why = f"Staging is detached: a schedule ({config.ci.schedule}, UTC) of each release branch looks for decisions."
    return [Step("Pipeline schedules", why, f"{web}/-/pipeline_schedules", calls)]


def _schedule(branch: str, cron: str) -> dict[str, Any]:
    return {
        "description": f"vis-tasks: follow-up of {branch}",
        "ref": f"refs/heads/{branch}",
        "cron": cron,
        "cron_timezone": "UTC",
    }


def _slug(branch: str) -> str:
    """``CI_COMMIT_REF_SLUG``: lower case, 63 characters, everything but ``0-9a-z`` a dash, none at either end."""
    lowered = "".join(char if char.isascii() and char.isalnum() else "-" for char in branch.lower())
    return lowered[:63].strip("-")
