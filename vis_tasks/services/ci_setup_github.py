"""What GitHub must be told once: environments, secrets, and rules for branches and tags."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vis_tasks.core.ci.context import unattended
from vis_tasks.services.ci_setup import Call, Step, release_branches, tag_glob

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.config.model import Config

__all__ = ["github_steps"]


def github_steps(config: Config, path: str, web: str, reviewers: Sequence[str]) -> tuple[Step, ...]:
    """The steps, in order.

    Args:
        config: the configuration.
        path: ``owner/name``.
        web: the repository's page.
        reviewers: names of users, or ``organisation/team``.
    """
    ci = config.ci
    steps = []
    names = [ci.environment] if ci.environment else []
    if ci.environment:
        who = f"; {', '.join(reviewers)} must agree before it starts" if reviewers else ""
        why = f"Only jobs of the release branches get its secrets and its name{who}. ci.setup --reviewers=… asks people first."
        calls = _environment(config, path, ci.environment, reviewers)
        steps.append(Step(f"The environment {ci.environment}", why, f"{web}/settings/environments", calls))
    if ci.app or ci.auth == "token":
        names.append(unattended(ci.environment))
        why = "For jobs that write state but publish nothing: no reviewers, or every push would wait for them twice."
        calls = _environment(config, path, names[-1], ())
        steps.append(Step(f"The environment {names[-1]}", why, f"{web}/settings/environments", calls))
    steps += _secrets(config, path, web, names)
    steps += _rules(config, path, web)
    return tuple(steps)


def _secrets(config: Config, path: str, web: str, environments: Sequence[str]) -> list[Step]:
    """GitHub takes secrets only encrypted (libsodium); its own client does that, and reads the value from its input."""
    steps = []
    repo = f"--repo {shlex.quote(path)}"
    at = f"{web}/settings/environments"
    if config.ci.auth == "token":
        sets = [f"gh secret set NPM_TOKEN --env {shlex.quote(each)} {repo}" for each in environments]
        why = (
            f"In {environments[0]} a granular token that may read and write these packages; in {environments[-1]} one that "
            "may only read."
        )
        steps.append(Step("The secret NPM_TOKEN", why, "\n".join((at, *sets))))
    if config.ci.app:
        sets = [
            f"gh secret set VIS_APP_PRIVATE_KEY --env {shlex.quote(each)} {repo} < app.private-key.pem"
            for each in environments
        ]
        why = "A GitHub App of yours with contents: write, installed here; it goes on the bypass list of the branch's rules."
        lines = (at, f"gh variable set VIS_APP_CLIENT_ID {repo} --body <client id>", *sets)
        steps.append(Step("Variable VIS_APP_CLIENT_ID and secret VIS_APP_PRIVATE_KEY", why, "\n".join(lines)))
    return steps


def _rules(config: Config, path: str, web: str) -> list[Step]:
    branches = release_branches(config)
    place = f"{web}/settings/rules"
    who = "The app" if config.ci.app else "The job token (it bypasses no rule; with ci.app an app of yours does)"
    glob = tag_glob(config)
    return [
        Step(
            "Branch protection",
            f"{', '.join(branches)}: never deleted, never forced. {who} must be allowed to push there, past rules that ask for "
            "pull requests or checks; `vis-tasks doctor` tells which rules stand in the way.",
            place,
            (_ruleset(path, "branch", [f"refs/heads/{each}" for each in branches], "non_fast_forward"),),
        ),
        Step(
            "Tag protection",
            "Release tags are never moved and never deleted.",
            place,
            # `*` of a rule set stops at a slash (fnmatch, File::FNM_PATHNAME), and scoped names hold one.
            (_ruleset(path, "tag", [f"refs/tags/{glob}", f"refs/tags/**/{glob}"], "update"),),
        ),
    ]


def _ruleset(path: str, target: str, include: Sequence[str], kind: str) -> Call:
    name = f"vis-tasks: release {'branches' if target == 'branch' else 'tags'}"
    payload: dict[str, Any] = {
        "name": name,
        "target": target,
        "enforcement": "active",
        "conditions": {"ref_name": {"include": list(include), "exclude": []}},
        "rules": [{"type": "deletion"}, {"type": kind}],
    }
    return Call("POST", f"/repos/{path}/rulesets", payload, named=name)


def _environment(config: Config, path: str, name: str, reviewers: Sequence[str]) -> tuple[Call, ...]:
    """The environment, and the branches whose jobs may use it. GitHub answers 303 to a policy that is there."""
    place = f"/repos/{path}/environments/{quote(name, safe='')}"
    policy: dict[str, Any] = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}
    if reviewers:
        policy["reviewers"] = list(reviewers)
    branches = (
        Call("POST", f"{place}/deployment-branch-policies", {"name": branch}, (200, 201, 303))
        for branch in release_branches(config)
    )
    return (Call("PUT", place, policy), *branches)
