"""One comment on a pull or merge request, kept up to date: found by its first line, edited in place, never a second one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from vis_tasks.adapters.forge.api import Answer, Api, Lost, default_http
from vis_tasks.patterns import regex
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from vis_tasks.ports import Clock

__all__ = ["Comments", "comments_for"]

_PULL = regex(r"refs/pull/(\d+)/(?:merge|head)")
_REFUSED = {401, 403, 404}
_MOST_PAGES = 30


@dataclass(frozen=True)
class Comments:
    """The comments of one pull or merge request.

    Attributes:
        api: the forge.
        listing: path of the request's comments.
        one: path of a comment; ``{id}`` stands for its number.
        method: how one is edited.
    """

    api: Api
    listing: str
    one: str
    method: str

    def put(self, marker: str, body: str, *, only_update: bool = False) -> str:
        """Make the comment say this.

        Args:
            marker: the comment's first line, by which the next run finds it.
            body: what follows, Markdown.
            only_update: make no new one.

        Returns:
            ``created``, ``updated``, ``unchanged``, ``nothing``, or ``refused: …`` when the token may not write, as in forks.

        Raises:
            vis_tasks.errors.Failed: the forge gives no usable answer.
        """
        text = f"{marker}\n{body}"
        found = self._find(marker)
        if isinstance(found, str):
            return found
        if found is None and only_update:
            return "nothing"
        if found is not None and str(found.get("body", "")).replace("\r\n", "\n").rstrip() == text.rstrip():
            return "unchanged"
        if found is not None:
            answer = self.api.call(self.method, self.one.replace("{id}", str(found["id"])), {"body": text})
            if isinstance(answer, Answer) and answer.status in {200, 201}:
                return "updated"
            # Anybody may write our first line; only our own comment can be edited. Any other trouble must not make a second one.
            if isinstance(answer, Lost) or answer.status not in _REFUSED:
                return self._refused(answer)
        answer = self.api.call("POST", self.listing, {"body": text})
        if isinstance(answer, Answer) and answer.status == 201:
            return "created"
        return self._refused(answer)

    def _find(self, marker: str) -> dict[str, Any] | str | None:
        page: str | None = f"{self.listing}?per_page=100"
        for _ in range(_MOST_PAGES):
            answer = self.api.call("GET", page or "")
            if isinstance(answer, Lost) or answer.status != 200 or not isinstance(answer.body, list):
                return self._refused(answer)
            for each in answer.body:
                if isinstance(each, dict) and str(each.get("body", "")).splitlines()[:1] == [marker]:
                    return each
            page = answer.next
            if not page:
                break
        return None

    def _refused(self, answer: Answer | Lost) -> str:
        if isinstance(answer, Answer) and answer.status in _REFUSED:
            return f"refused: {answer.status} {answer.words}".strip()
        raise self.api.failed("the comment could not be written", answer, "run the check again")


def comments_for(
    env: Mapping[str, str], http: Callable[[], requests.Session] | None = None, *, clock: Clock
) -> Comments | None:
    """The pull or merge request this job is about, as CI's environment says; None without one, or without a token.

    Args:
        env: the environment.
        http: makes a session.
        clock: for waits.
    """
    from vis_tasks.__about__ import __version__

    session = http or default_http
    pull = _PULL.fullmatch(env.get("GITHUB_REF", ""))
    token = env.get("GITHUB_TOKEN", "").strip()
    repository = env.get("GITHUB_REPOSITORY", "")
    if pull and token and re.fullmatch(r"[\w.-]+/[\w.-]+", repository) and env.get("GITHUB_API_URL"):
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "User-Agent": f"vis-tasks/{__version__}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        api = Api(
            forge="GitHub",
            base=env["GITHUB_API_URL"].rstrip("/"),
            headers=headers,
            secret=token,
            http=session,
            clock=clock,
        )
        issues = f"/repos/{repository}/issues"
        return Comments(api, f"{issues}/{pull[1]}/comments", f"{issues}/comments/{{id}}", "PATCH")
    number, project = env.get("CI_MERGE_REQUEST_IID", ""), env.get("CI_PROJECT_ID", "")
    # Job tokens can't write notes (docs.gitlab.com/ci/jobs/ci_job_token, "access").
    token = env.get("GITLAB_TOKEN", "").strip()
    if number.isdigit() and project.isdigit() and token and env.get("CI_API_V4_URL"):
        headers = {"Accept": "application/json", "PRIVATE-TOKEN": token, "User-Agent": f"vis-tasks/{__version__}"}
        api = Api(
            forge="GitLab",
            base=env["CI_API_V4_URL"].rstrip("/"),
            headers=headers,
            secret=token,
            http=session,
            clock=clock,
        )
        notes = f"/projects/{project}/merge_requests/{number}/notes"
        return Comments(api, notes, f"{notes}/{{id}}", "PUT")
    return None
