"""GitHub, its enterprise editions included: ``docs.github.com/rest/releases/releases``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vis_tasks.adapters.forge.api import Answer, Api, Lost
from vis_tasks.adapters.forge.ensure import ensure, look_up
from vis_tasks.adapters.forge.protection import github_push_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from vis_tasks.ports import Clock, ForgeRelease, PushRules, Unknown

__all__ = ["GitHub"]

# "body is too long (maximum is 125000 characters)", validation error of GitHub.
_LONGEST_NOTES = 125_000
_SHORTENED = "\n\n…"


class GitHub:
    """Releases of one repository.

    Args:
        base: address of the API, such as ``https://host/api/v3``.
        repository: ``owner/name``.
        token: a token that may write contents.
        draft: make drafts.
        http: makes the session.
        clock: for waits.
    """

    name = "GitHub"

    def __init__(
        self, *, base: str, repository: str, token: str, draft: bool, http: Callable[[], requests.Session], clock: Clock
    ) -> None:
        from vis_tasks.__about__ import __version__

        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "User-Agent": f"vis-tasks/{__version__}",  # without one GitHub refuses
            "X-GitHub-Api-Version": "2022-11-28",
        }
        self.api = Api(forge=self.name, base=base, headers=headers, secret=token, http=http, clock=clock)
        self._repository = repository
        self._path = f"/repos/{quote(repository)}/releases"
        self._draft = draft
        self._drafts: dict[str, str] | None = None

    def ensure_release(self, *, tag: str, title: str, notes: str, prerelease: bool) -> ForgeRelease:
        """Look the release up by tag and create it when it isn't there.

        The tag must have been pushed: for an unknown one GitHub makes a tag at the default branch's head.

        Raises:
            vis_tasks.errors.Failed: with GitHub's words and the way out.
        """
        if len(notes) > _LONGEST_NOTES:
            notes = notes[: _LONGEST_NOTES - len(_SHORTENED)] + _SHORTENED
        payload = {"tag_name": tag, "name": title, "body": notes, "draft": self._draft, "prerelease": prerelease}
        return ensure(self, tag, payload)

    def find_release(self, tag: str) -> str | Unknown | None:
        """Address of a tag's release; None when there is none."""
        return look_up(self, tag)

    def push_rules(self, branch: str) -> PushRules | Unknown:
        """What keeps the token from pushing plain commits to a branch."""
        return github_push_rules(self.api, self._repository, branch)

    def find(self, tag: str) -> str | Answer | Lost | None:
        """By tag; and among the drafts when drafts are made, as they can't be found by tag."""
        answer = self.api.call("GET", f"{self._path}/tags/{quote(tag, safe='')}")
        if isinstance(answer, Lost):
            return answer
        if answer.status == 200 and isinstance(answer.body, dict) and "html_url" in answer.body:
            return str(answer.body["html_url"])
        if answer.status != 404:
            return answer
        return self._find_draft(tag) if self._draft else None

    def _find_draft(self, tag: str) -> str | Answer | Lost | None:
        """GitHub lets several drafts have one tag, so an earlier run's must be found: one listing serves a whole wave."""
        if self._drafts is None:
            found: dict[str, str] = {}
            page: str | None = f"{self._path}?per_page=100"
            while page:
                answer = self.api.call("GET", page)
                if isinstance(answer, Lost) or answer.status != 200 or not isinstance(answer.body, list):
                    return answer
                found |= {each["tag_name"]: each["html_url"] for each in answer.body if each.get("draft")}
                page = answer.next
            self._drafts = found
        return self._drafts.get(tag)

    def create(self, payload: Mapping[str, Any]) -> str | Answer | Lost | None:
        """``POST /repos/{owner}/{repo}/releases``; 422 with ``already_exists`` means that somebody was faster."""
        answer = self.api.call("POST", self._path, payload)
        if isinstance(answer, Lost):
            self._drafts = None  # it may be there now
            return answer
        if answer.status == 201 and isinstance(answer.body, dict):
            url = str(answer.body.get("html_url", ""))
            if self._drafts is not None:
                self._drafts[str(payload["tag_name"])] = url
            return url
        return None if answer.status == 422 and _already_exists(answer.body) else answer

    def hint(self, answer: Answer | Lost) -> str:
        """The way out, by status."""
        again = "then run `invoke tag` again; what is done already is not done twice"
        if isinstance(answer, Lost):
            return f"look at the forge's status page, {again}"
        if answer.headers.get("x-github-sso"):
            return f"authorise the token for the organisation's single sign-on, {again}"
        ways = {
            401: "GH_TOKEN or GITHUB_TOKEN is wrong or has expired: set a valid one",
            403: "the token may not write releases: on GitHub Actions give the job `permissions: contents: write`",
            404: f"{self._repository} isn't there, or the token can't see it or may not write to it: check the token's "
            "repositories and its contents permission",
        }
        return f"{ways.get(answer.status, 'mend what GitHub says')}, {again}"


def _already_exists(body: Any) -> bool:
    errors = body.get("errors") if isinstance(body, dict) else None
    return any(isinstance(each, dict) and each.get("code") == "already_exists" for each in errors or [])
