"""What the forge and the registry must be told once, so that the generated CI files work; by API where a token allows."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from vis_tasks.core.ci.context import unattended

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vis_tasks.config.model import Config
    from vis_tasks.core.model import Package
    from vis_tasks.core.remotes import Remote

__all__ = ["Call", "SettingsApi", "Step", "apply", "steps_for"]


@dataclass(frozen=True)
class Call:
    """One request that does a step; doing it twice is harmless.

    Attributes:
        method: PUT or POST.
        path: below the API's base.
        payload: JSON.
        fine: statuses that mean: done, or done before.
    """

    method: str
    path: str
    payload: Mapping[str, Any]
    fine: tuple[int, ...] = (200, 201, 204)


@dataclass(frozen=True)
class Step:
    """One thing to set up.

    Attributes:
        title: what.
        why: one sentence.
        where: a page, or a command to run.
        calls: requests that do it; none when only a person can.
    """

    title: str
    why: str
    where: str = ""
    calls: tuple[Call, ...] = ()


class SettingsApi(Protocol):
    """The forge's REST API with a maintainer's token."""

    def send(self, call: Call) -> tuple[bool, str]:
        """Whether it worked, and the forge's words."""
        ...


def steps_for(provider: str, config: Config, packages: Sequence[Package], remote: Remote | None) -> tuple[Step, ...]:
    """The checklist, in the order in which to go through it.

    Args:
        provider: ``github`` or ``gitlab``.
        config: the configuration.
        packages: those that are published.
        remote: where the repository is; None when its address can't be told.
    """
    make = _github if provider == "github" else _gitlab
    path = remote.path if remote else "<owner>/<name>"
    web = f"{remote.web_root}/{remote.path}" if remote else "<repository>"
    return (*_install(config), *_registry(provider, config, packages, path), *make(config, path, web))


def _branches(config: Config) -> tuple[str, ...]:
    return tuple(dict.fromkeys((config.release.base_branch, *config.release.channels)))


def _install(config: Config) -> tuple[Step, ...]:
    if config.ci.requirements:
        made = f"uv pip compile --universal --generate-hashes --output-file {shlex.quote(config.ci.requirements)} -"
        why = "Jobs install nothing but what stands in it, hash by hash."
        return (Step("The requirements file", why, f"echo 'vis-tasks' | {made}"),)
    why = "vis-tasks is pinned by version; with a requirements file everything below it is pinned too, by hash."
    return (
        Step("Recommended: a requirements file", why, 'requirements = ".vis/requirements.txt" under [ci] in vis.toml'),
    )


def _registry(provider: str, config: Config, packages: Sequence[Package], path: str) -> tuple[Step, ...]:
    if config.ci.auth == "token":
        why = (
            "The job that publishes is given it as NPM_TOKEN; a granular token that may read and write these packages."
        )
        return (Step("The secret NPM_TOKEN", why, _secret_place(provider, config)),)
    file = "vis-release.yml" if provider == "github" else ".gitlab-ci.yml"
    entity = "--repository" if provider == "github" else "--project"
    environment = f" --environment {shlex.quote(config.ci.environment)}" if config.ci.environment else ""
    lines = []
    for package in packages:
        own = config.release.packages.get(package.name)
        plain = (own is not None and own.stage is False) or not config.release.publish.stage.enabled
        power = "--allow-publish" if plain else "--allow-stage-publish"
        lines.append(
            f"npm trust {provider} {shlex.quote(package.name)} {entity} {shlex.quote(path)} --file {file}{environment} {power}"
        )
    why = "Each package must exist already, and trust this repository's workflow. Needs npm 11.15 and 2FA."
    return (Step("Trusted publishing", why, "\n".join(lines)),)


def _secret_place(provider: str, config: Config) -> str:
    scope = f"environment {config.ci.environment}" if config.ci.environment else "the repository"
    return f"secret of {scope}" if provider == "github" else f"CI/CD variable, masked and protected, scope: {scope}"


def _github(config: Config, path: str, web: str) -> tuple[Step, ...]:
    steps = []
    if config.ci.environment:
        base = f"/repos/{path}/environments/{quote(config.ci.environment, safe='')}"
        calls = (Call("PUT", base, _policy()), *_policies(config, path, config.ci.environment))
        why = "Only jobs of the release branches get its secrets and its name. Reviewers, if you want some, are set there too."
        steps.append(Step(f"The environment {config.ci.environment}", why, f"{web}/settings/environments", calls))
    if config.ci.app or config.ci.auth == "token":
        name = unattended(config.ci.environment)
        calls = (Call("PUT", f"/repos/{path}/environments/{quote(name, safe='')}", _policy()),)
        why = "For jobs that write state but publish nothing: the app's secret, or a read-only NPM_TOKEN; no reviewers."
        steps.append(
            Step(
                f"The environment {name}", why, f"{web}/settings/environments", (*calls, *_policies(config, path, name))
            )
        )
    if config.ci.app:
        why = "A GitHub App of yours with contents: write; it goes on the bypass list of the branch rules below."
        steps.append(
            Step("Variable VIS_APP_CLIENT_ID and secret VIS_APP_PRIVATE_KEY", why, f"{web}/settings/secrets/actions")
        )
    branches = ", ".join(_branches(config))
    why = f"Whoever pushes the version commit must be allowed to push to {branches} (the job token bypasses none: ci.app)."
    steps.append(Step("Branch rules", why, f"{web}/settings/rules"))
    why = "Tags that match the tag pattern should be made by the release alone, and never moved."
    steps.append(Step("Recommended: tag rules", why, f"{web}/settings/rules"))
    return tuple(steps)


def _policy() -> dict[str, Any]:
    return {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}


def _policies(config: Config, path: str, environment: str) -> tuple[Call, ...]:
    """GitHub answers 303 to a policy that is there."""
    place = f"/repos/{path}/environments/{quote(environment, safe='')}/deployment-branch-policies"
    return tuple(Call("POST", place, {"name": branch}, (200, 201, 303)) for branch in _branches(config))


def _gitlab(config: Config, path: str, web: str) -> tuple[Step, ...]:
    project = f"/projects/{quote(path, safe='')}"
    groups = [f"vis-release-{_slug(branch)}" for branch in _branches(config)]
    order = tuple(
        Call("PUT", f"{project}/resource_groups/{quote(group, safe='')}", {"process_mode": "oldest_first"})
        for group in groups
    )
    push = Call("PUT", project, {"ci_push_repository_for_job_token_allowed": True})
    steps = [
        Step(
            "Process mode oldest_first",
            "Releases of a branch run in the order of the pushes. A group is there once its first job has run.",
            "\n".join(f"PUT {call.path} process_mode=oldest_first" for call in order),
            order,
        ),
        Step(
            "Let jobs push",
            "The job token pushes the version commit and tags; or set GITLAB_TOKEN, a project token with write_repository and "
            "api (it also makes merge request notes).",
            f"{web}/-/settings/ci_cd#js-token-access",
            (push,),
        ),
        Step(
            "Protected branches and tags",
            f"Whoever pushes must be allowed to push to {', '.join(_branches(config))}.",
            f"{web}/-/settings/repository",
        ),
    ]
    if config.release.publish.stage.enabled and config.release.publish.stage.mode == "detached":
        calls = tuple(
            Call("POST", f"{project}/pipeline_schedules", _schedule(branch, config.ci.schedule))
            for branch in _branches(config)
        )
        why = f"Staging is detached: a schedule ({config.ci.schedule}, UTC) of each release branch looks for decisions."
        steps.append(Step("Pipeline schedules", why, f"{web}/-/pipeline_schedules", calls))
    return tuple(steps)


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


def apply(steps: Sequence[Step], api: SettingsApi) -> tuple[tuple[Step, str], ...]:
    """Do what can be done by API; each step with ``done``, ``by hand``, or the forge's words."""
    told = []
    for step in steps:
        said = "by hand" if not step.calls else "done"
        for call in step.calls:
            worked, words = api.send(call)
            if not worked:
                said = words
                break
        told.append((step, said))
    return tuple(told)
