"""What the forge and the registry must be told once, so that the generated CI files work; by API where a token allows.

The steps of each forge are in `ci_setup_github` and `ci_setup_gitlab`; here is what both share, and how steps are done.
"""

from __future__ import annotations

import shlex
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from vis_tasks.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vis_tasks.config.model import Config
    from vis_tasks.core.model import Package
    from vis_tasks.core.remotes import Remote

__all__ = ["Call", "SettingsApi", "Step", "apply", "release_branches", "steps_for", "tag_glob"]


@dataclass(frozen=True)
class Call:
    """One request that does a step; doing it twice is harmless.

    Attributes:
        method: PUT or POST.
        path: below the API's base.
        payload: JSON. Of a GitHub environment ``reviewers`` are names, and what the environment has already is kept.
        fine: statuses that mean: done, or done before.
        named: something of this name may be there already, in the list below the same path; then nothing is sent.
        otherwise: what to send when the answer is 404.
    """

    method: str
    path: str
    payload: Mapping[str, Any] = field(repr=False)
    fine: tuple[int, ...] = (200, 201, 204)
    named: str = ""
    otherwise: Call | None = None


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


def steps_for(
    provider: str,
    config: Config,
    packages: Sequence[Package],
    remote: Remote | None,
    *,
    reviewers: Sequence[str] = (),
    secrets: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Step, ...]:
    """The checklist, in the order in which to go through it.

    Args:
        provider: ``github`` or ``gitlab``.
        config: the configuration.
        packages: those that are published.
        remote: where the repository is; None when its address can't be told.
        reviewers: who must agree before the publishing job starts: names of users, ``organisation/team``.
        secrets: values that may be handed to the forge, by name; they are never shown.
    """
    from vis_tasks.services.ci_setup_github import github_steps
    from vis_tasks.services.ci_setup_gitlab import gitlab_steps

    path = remote.path if remote else "<owner>/<name>"
    web = f"{remote.web_root}/{remote.path}" if remote else "<repository>"
    forge = (
        github_steps(config, path, web, reviewers)
        if provider == "github"
        else gitlab_steps(config, path, web, reviewers, secrets)
    )
    return (*_install(config), *_registry(provider, config, packages, path), *forge)


def release_branches(config: Config) -> tuple[str, ...]:
    """Branches that release, each once."""
    return tuple(dict.fromkeys((config.release.base_branch, *config.release.channels)))


def _install(config: Config) -> tuple[Step, ...]:
    if not config.ci.requirements:
        return ()
    made = f"uv pip compile --universal --generate-hashes --output-file {shlex.quote(config.ci.requirements)} -"
    wanted = "vis-tasks[ci]" if config.ci.check else "vis-tasks"
    why = "Jobs install nothing but what stands in it, hash by hash."
    return (Step("The requirements file", why, f"echo '{wanted}' | {made}"),)


def _registry(provider: str, config: Config, packages: Sequence[Package], path: str) -> tuple[Step, ...]:
    if config.ci.auth == "token":
        return ()  # a secret of the forge
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


def tag_glob(config: Config) -> str:
    """Release tags as a glob."""
    return config.release.tag_pattern.replace("{name}", "*").replace("{version}", "*")


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
