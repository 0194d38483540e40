"""What keeps a token from pushing plain commits to a branch: rules and protection, as far as the token may see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vis_tasks.adapters.forge.api import Answer, Lost
from vis_tasks.ports import PushRules, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vis_tasks.adapters.forge.api import Api

__all__ = ["github_push_rules", "gitlab_push_rules"]

# Types of "Get rules for a branch" (docs.github.com/rest/repos/rules) that refuse a plain push.
_STOPPING = {
    "pull_request": "changes must come by pull request",
    "update": "nobody may push",
    "merge_queue": "changes must come through the merge queue",
    "required_status_checks": "commits need their checks first",
    "required_deployments": "commits need a deployment first",
    "required_signatures": "commits must be signed",
}
_MAY_NOT_SEE = {401, 403, 404}


def github_push_rules(api: Api, repository: str, branch: str) -> PushRules | Unknown:
    """Rulesets first (everybody who reads may see them), then classic protection (its details only administrators may see).

    Two requests, and one for each ruleset.
    """
    root = f"/repos/{quote(repository)}"
    answer = api.call("GET", f"{root}/rules/branches/{quote(branch, safe='')}?per_page=100")
    if not isinstance(answer, Answer) or answer.status != 200 or not isinstance(answer.body, list):
        return _unknown(answer)
    rules = [rule for rule in answer.body if isinstance(rule, dict) and rule.get("type") in _STOPPING]
    passed = {ruleset: _bypasses(api, root, ruleset) for ruleset in {rule.get("ruleset_id") for rule in rules}}
    stops = [_STOPPING[rule["type"]] for rule in rules if not passed[rule.get("ruleset_id")]]
    about = api.call("GET", f"{root}/branches/{quote(branch, safe='')}")
    unseen = ""
    if (
        isinstance(about, Answer)
        and isinstance(about.body, dict)
        and (about.body.get("protection") or {}).get("enabled")
    ):
        details = api.call("GET", f"{root}/branches/{quote(branch, safe='')}/protection")
        if isinstance(details, Answer) and details.status == 200 and isinstance(details.body, dict):
            stops += _classic(details.body)
        else:
            unseen = "it is protected, and this token may not see how"
    return PushRules(tuple(dict.fromkeys(stops)), unseen)


def _bypasses(api: Api, root: str, ruleset: Any) -> bool:
    """``current_user_can_bypass`` of "Get a repository ruleset": only ``always`` lets a push through."""
    if not isinstance(ruleset, int):
        return False
    answer = api.call("GET", f"{root}/rulesets/{ruleset}")
    body = answer.body if isinstance(answer, Answer) and isinstance(answer.body, dict) else {}
    return body.get("current_user_can_bypass") == "always"


def _classic(body: dict[str, Any]) -> Iterator[str]:
    """Keys of "Get branch protection" (docs.github.com/rest/branches/branch-protection)."""

    def on(key: str) -> bool:
        return bool((body.get(key) or {}).get("enabled"))

    if "required_pull_request_reviews" in body:
        yield _STOPPING["pull_request"]
    if "required_status_checks" in body:
        yield _STOPPING["required_status_checks"]
    if on("required_signatures"):
        yield _STOPPING["required_signatures"]
    if on("lock_branch"):
        yield "it is locked"
    if "restrictions" in body:
        yield "only some people and apps may push"


def gitlab_push_rules(api: Api, project: str, branch: str) -> PushRules | Unknown:
    """Whether the token's owner may push, and who may by the branch's own rule. One request or two."""
    root = f"/projects/{quote(project, safe='')}"
    answer = api.call("GET", f"{root}/repository/branches/{quote(branch, safe='')}")
    if not isinstance(answer, Answer) or answer.status != 200 or not isinstance(answer.body, dict):
        return _unknown(answer)
    # "can_push": "Whether the authenticated user can push" (docs.gitlab.com/api/branches).
    if answer.body.get("can_push"):
        return PushRules()
    if not answer.body.get("protected"):
        return PushRules(("this token may not push",))
    exact = api.call("GET", f"{root}/protected_branches/{quote(branch, safe='')}")
    levels = (
        exact.body.get("push_access_levels") if isinstance(exact, Answer) and isinstance(exact.body, dict) else None
    )
    told = [str(level.get("access_level_description") or "") for level in levels or [] if isinstance(level, dict)]
    who = ", ".join(filter(None, told))
    return PushRules((f"it is protected{f' (may push: {who})' if who else ''}",))


def _unknown(answer: Answer | Lost) -> Unknown:
    if isinstance(answer, Lost):
        return Unknown("network", answer.why)
    why = "this token may not see the branch's rules" if answer.status in _MAY_NOT_SEE else answer.words
    return Unknown(f"http {answer.status}", f"HTTP {answer.status}: {why}")
