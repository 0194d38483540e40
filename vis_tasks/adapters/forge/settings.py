"""The settings of a repository, by REST with a maintainer's token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vis_tasks.adapters.forge.api import Answer, Api, default_http

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from vis_tasks.core.remotes import Remote
    from vis_tasks.ports import Clock
    from vis_tasks.services.ci_setup import Call

__all__ = ["Settings", "settings_for"]


class Settings:
    """`vis_tasks.services.ci_setup.SettingsApi`.

    Args:
        api: the forge.
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    def send(self, call: Call) -> tuple[bool, str]:
        """Send one request, and what must be asked before it.

        What has a name is not made twice (both forges would take a second one). An environment of GitHub keeps the reviewers and
        the waiting time it has: a PUT without them would take them away (REST API, "Create or update an environment").
        """
        if call.named and call.named in self._names(call.path):
            return True, ""
        payload = dict(call.payload)
        if "deployment_branch_policy" in payload:
            payload |= self._kept(call.path)
        try:
            for key in ("reviewers", "approval_rules"):
                if key in call.payload:
                    payload[key] = [self._reviewer(name, key) for name in call.payload[key]]
        except LookupError as error:
            return False, str(error.args[0])
        answer = self._api.call(call.method, call.path, payload)
        if not isinstance(answer, Answer):
            return False, answer.why
        if answer.status == 404 and call.otherwise:
            return self.send(call.otherwise)
        return answer.status in call.fine, f"{self._api.forge}: {answer.status} {answer.words}".strip()

    def _get(self, path: str) -> Any:
        there = self._api.call("GET", path)
        return there.body if isinstance(there, Answer) and there.status == 200 else None

    def _names(self, path: str) -> set[object]:
        listed = self._get(f"{path}?per_page=100")
        return {
            each.get(key)
            for each in (listed if isinstance(listed, list) else ())
            if isinstance(each, dict)
            for key in ("name", "description")
        }

    def _kept(self, path: str) -> dict[str, Any]:
        there = self._get(path)
        rules = there.get("protection_rules", []) if isinstance(there, dict) else []
        kept: dict[str, Any] = {}
        for rule in rules:
            if rule.get("type") == "wait_timer":
                kept["wait_timer"] = rule.get("wait_timer", 0)
            if rule.get("type") == "required_reviewers":
                kept["prevent_self_review"] = bool(rule.get("prevent_self_review"))
                kept["reviewers"] = [
                    {"type": each["type"], "id": each["reviewer"]["id"]} for each in rule.get("reviewers", [])
                ]
        return kept

    def _reviewer(self, name: str, key: str) -> dict[str, Any]:
        """A user or team by its number.

        Raises:
            LookupError: nobody has that name, in a sentence.
        """
        owner, _, team = name.partition("/")
        if key == "approval_rules":
            found = self._get(f"/users?username={quote(name, safe='')}")
            found = found[0] if isinstance(found, list) and found else None
        else:
            found = self._get(f"/orgs/{quote(owner)}/teams/{quote(team)}" if team else f"/users/{quote(owner)}")
        if not isinstance(found, dict) or "id" not in found:
            raise LookupError(f"{self._api.forge} knows no reviewer {name}")
        if key == "approval_rules":
            return {"user_id": found["id"], "required_approvals": 1}
        return {"type": "Team" if team else "User", "id": found["id"]}


def settings_for(
    provider: str,
    remote: Remote,
    env: Mapping[str, str],
    api_url: str | None,
    http: Callable[[], requests.Session] | None = None,
    *,
    clock: Clock,
) -> Settings | None:
    """The API of the remote's host with ``GH_TOKEN`` or ``GITHUB_TOKEN``, or ``GITLAB_TOKEN``; None without a token.

    Args:
        provider: ``github`` or ``gitlab``.
        remote: the repository's.
        env: the environment.
        api_url: ``forge.url`` of the configuration.
        http: makes a session.
        clock: for waits.
    """
    from vis_tasks.__about__ import __version__

    agent = {"User-Agent": f"vis-tasks/{__version__}"}
    if provider == "github":
        token = (env.get("GH_TOKEN") or env.get("GITHUB_TOKEN") or "").strip()
        cloud = remote.host == "github.com" or remote.host.endswith(".ghe.com")
        base = api_url or (f"https://api.{remote.host}" if cloud else f"{remote.web_root}/api/v3")
        headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {token}", **agent}
    else:
        token = env.get("GITLAB_TOKEN", "").strip()
        base = api_url or f"{remote.web_root}/api/v4"
        headers = {"Accept": "application/json", "PRIVATE-TOKEN": token, **agent}
    if not token:
        return None
    name = "GitHub" if provider == "github" else "GitLab"
    return Settings(
        Api(forge=name, base=base.rstrip("/"), headers=headers, secret=token, http=http or default_http, clock=clock)
    )
