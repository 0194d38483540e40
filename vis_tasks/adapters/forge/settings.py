"""The settings of a repository, by REST with a maintainer's token."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        """Send one request.

        A schedule of the same description is not made twice: GitLab would take it.
        """
        if call.method == "POST" and call.path.endswith("/pipeline_schedules"):
            there = self._api.call("GET", f"{call.path}?per_page=100")
            if isinstance(there, Answer) and isinstance(there.body, list):
                names = {each.get("description") for each in there.body if isinstance(each, dict)}
                if call.payload["description"] in names:
                    return True, ""
        answer = self._api.call(call.method, call.path, call.payload)
        if not isinstance(answer, Answer):
            return False, answer.why
        return answer.status in call.fine, f"{self._api.forge}: {answer.status} {answer.words}".strip()


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
