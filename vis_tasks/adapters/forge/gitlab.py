"""GitLab, self-managed instances included: ``docs.gitlab.com/api/releases``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vis_tasks.adapters.forge.api import Answer, Api, Lost
from vis_tasks.adapters.forge.ensure import ensure, look_up
from vis_tasks.adapters.forge.protection import gitlab_push_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from vis_tasks.ports import Clock, ForgeRelease, PushRules, Unknown

__all__ = ["GitLab"]


class GitLab:
    """Releases of one project. GitLab knows neither drafts nor prereleases.

    Args:
        base: address of the API, such as ``https://host/api/v4``.
        web: address of the project's page, for releases whose own address GitLab doesn't tell.
        project: path with all groups.
        token: the token.
        job_token: it is ``CI_JOB_TOKEN``, which goes into a header of its own.
        http: makes the session.
        clock: for waits.
    """

    name = "GitLab"

    def __init__(
        self,
        *,
        base: str,
        web: str,
        project: str,
        token: str,
        job_token: bool,
        http: Callable[[], requests.Session],
        clock: Clock,
    ) -> None:
        from vis_tasks.__about__ import __version__

        headers = {
            "Accept": "application/json",
            "JOB-TOKEN" if job_token else "PRIVATE-TOKEN": token,
            "User-Agent": f"vis-tasks/{__version__}",
        }
        self.api = Api(forge=self.name, base=base, headers=headers, secret=token, http=http, clock=clock)
        self._project = project
        self._path = f"/projects/{quote(project, safe='')}/releases"
        self._web = web
        self._job_token = job_token

    def ensure_release(self, *, tag: str, title: str, notes: str, prerelease: bool) -> ForgeRelease:  # noqa: ARG002
        """Look the release up by tag and create it when it isn't there; the tag must have been pushed.

        Raises:
            vis_tasks.errors.Failed: with GitLab's words and the way out.
        """
        return ensure(self, tag, {"tag_name": tag, "name": title, "description": notes})

    def find_release(self, tag: str) -> str | Unknown | None:
        """Address of a tag's release; None when there is none."""
        return look_up(self, tag)

    def push_rules(self, branch: str) -> PushRules | Unknown:
        """What keeps the token from pushing plain commits to a branch."""
        return gitlab_push_rules(self.api, self._project, branch)

    def find(self, tag: str) -> str | Answer | Lost | None:
        """``GET /projects/:id/releases/:tag_name``."""
        answer = self.api.call("GET", f"{self._path}/{quote(tag, safe='')}")
        if isinstance(answer, Lost):
            return answer
        if answer.status == 200 and isinstance(answer.body, dict) and "tag_name" in answer.body:
            return self._url(answer.body)
        # "404 Project Not Found" comes as 404 too: the POST that follows then says so.
        return None if answer.status == 404 else answer

    def create(self, payload: Mapping[str, Any]) -> str | Answer | Lost | None:
        """``POST /projects/:id/releases``; 409 means that somebody was faster."""
        answer = self.api.call("POST", self._path, payload)
        if isinstance(answer, Answer) and answer.status == 201 and isinstance(answer.body, dict):
            return self._url(answer.body)
        return None if isinstance(answer, Answer) and answer.status == 409 else answer

    def _url(self, body: Mapping[str, Any]) -> str:
        links = body.get("_links")
        told = links.get("self") if isinstance(links, dict) else None
        return str(told or f"{self._web}/-/releases/{quote(str(body['tag_name']), safe='')}")

    def hint(self, answer: Answer | Lost) -> str:
        """The way out, by status."""
        again = "then run `invoke tag` again; what is done already is not done twice"
        if isinstance(answer, Lost):
            return f"look at the forge's status page, {again}"
        variable = "CI_JOB_TOKEN" if self._job_token else "GITLAB_TOKEN"
        ways = {
            401: f"{variable} is wrong or has expired: set a valid GITLAB_TOKEN with the api scope",
            403: f"{variable} may not make releases: it needs the Developer role and, for protected tags, the right to create "
            "them; else set a GITLAB_TOKEN with the api scope",
            404: f"{self._project} isn't there, or {variable} can't see it: check the remote and the token",
        }
        return f"{ways.get(answer.status, 'mend what GitLab says')}, {again}"
