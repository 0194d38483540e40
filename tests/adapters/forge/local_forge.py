"""A forge on this machine, over real HTTP: the release endpoints of GitHub (REST) and GitLab (v4), with their answers.

Answers follow docs.github.com/rest/releases/releases and docs.gitlab.com/api/releases: a published release is found by its
tag and a draft is not, a second one is 422 ``already_exists`` or 409, a wrong token is 401, no token may not write.
"""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Fault", "LocalForge", "Request", "start_forge"]


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Fault:
    """What the next matching request gets instead of, or after, its answer.

    ``status`` answers at once and does nothing; ``drop`` closes the connection without an answer, after the work when
    ``after_work``; ``meanwhile`` runs before the request is handled.
    """

    method: str = ""
    status: int = 0
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    after_work: bool = False
    meanwhile: Callable[[], object] | None = None


class LocalForge:
    """A running forge; `close` ends it, as does leaving a ``with``.

    Attributes:
        url: address of the web server, such as ``http://127.0.0.1:40123``.
        token: the one token that may write.
        job_token: the one that goes into GitLab's JOB-TOKEN header.
        requests: everything that came, in order.
        settings: what a path below the API answers to who has the token: status and body.
    """

    def __init__(self) -> None:
        self.token = "local-forge-token-0123456789"
        self.job_token = "local-forge-job-token-0123456789"
        self.requests: list[Request] = []
        self._releases: dict[str, list[dict[str, Any]]] = {}
        self._moved: dict[str, str] = {}
        self.settings: dict[str, tuple[int, Any]] = {}
        self._faults: deque[Fault] = deque()
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def github_env(self) -> dict[str, str]:
        """What a job on GitHub Actions finds, for a remote below `url`."""
        return {"GITHUB_SERVER_URL": self.url, "GITHUB_API_URL": f"{self.url}/api/v3", "GITHUB_TOKEN": self.token}

    @property
    def gitlab_env(self) -> dict[str, str]:
        """What a job on GitLab CI finds, for a remote below `url`."""
        return {"CI_SERVER_URL": self.url, "CI_API_V4_URL": f"{self.url}/api/v4", "CI_JOB_TOKEN": self.job_token}

    def releases(self, repo: str) -> list[dict[str, Any]]:
        """The releases of ``owner/name`` (or ``group/…/name``), oldest first, as the API shows them."""
        with self._lock:
            return list(self._releases.get(repo, []))

    def add(self, repo: str, tag: str, *, draft: bool = False) -> None:
        """Make a release by hand."""
        with self._lock:
            self._add(repo, {"tag_name": tag, "name": tag, "body": "", "draft": draft, "prerelease": False})

    def move(self, old: str, new: str) -> None:
        """Rename a repository: GitHub answers with a redirect."""
        self._moved[old] = new

    def fault(self, **how: Any) -> None:
        """Plan a `Fault`; they are used up in order, each by the next request of its method."""
        self._faults.append(Fault(**how))

    def take_fault(self, method: str) -> Fault | None:
        with self._lock:
            if self._faults and self._faults[0].method in {"", method}:
                return self._faults.popleft()
        return None

    def _add(self, repo: str, release: dict[str, Any]) -> dict[str, Any]:
        page = f"{self.url}/{repo}/releases/tag/{quote(release['tag_name'])}"
        if release.get("draft"):
            page = f"{self.url}/{repo}/releases/tag/untagged-{len(self._releases.get(repo, [])):04x}"
        whole = {"id": len(self._releases.get(repo, [])) + 1, "html_url": page, **release}
        self._releases.setdefault(repo, []).append(whole)
        return whole

    # --- GitHub ---------------------------------------------------------------------------------------------------

    def github(
        self, method: str, path: str, query: dict[str, list[str]], request: Request
    ) -> tuple[int, Any, dict[str, str]]:
        if path in self.settings and request.headers.get("authorization") == f"Bearer {self.token}":
            return *self.settings[path], {}
        match = re.fullmatch(r"/repos/([^/]+/[^/]+)/releases(?:/tags/(.+))?", path)
        if not match:
            return 404, {"message": "Not Found"}, {}
        if "user-agent" not in request.headers:
            return 403, "Request forbidden by administrative rules.", {}
        repo, tag = unquote(match[1]), match[2]
        if repo in self._moved:
            return 307, {"message": "Moved"}, {"Location": request.path.replace(match[1], self._moved[repo])}
        given = request.headers.get("authorization")
        if given not in {None, f"Bearer {self.token}"}:
            return 401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}, {}
        if method == "POST":
            return self._github_create(repo, request.body, given)
        releases = [each for each in self.releases(repo) if given or not each["draft"]]
        if tag is not None:
            found = [each for each in releases if each["tag_name"] == unquote(tag) and not each["draft"]]
            return (200, found[0], {}) if found else (404, {"message": "Not Found"}, {})
        size, page = int(query.get("per_page", ["30"])[0]), int(query.get("page", ["1"])[0])
        newest = releases[::-1]
        here = newest[(page - 1) * size : page * size]
        more = {"Link": f'<{self.url}{urlsplit(request.path).path}?per_page={size}&page={page + 1}>; rel="next"'}
        return 200, here, more if len(newest) > page * size else {}

    def _github_create(self, repo: str, body: Any, given: str | None) -> tuple[int, Any, dict[str, str]]:
        if given is None:
            return 404, {"message": "Not Found"}, {}
        if not isinstance(body, dict) or not isinstance(body.get("tag_name"), str):
            wrong = {"resource": "Release", "code": "missing_field", "field": "tag_name"}
            return 422, {"message": "Validation Failed", "errors": [wrong]}, {}
        if len(body.get("body") or "") > 125_000:
            wrong = {
                "resource": "Release",
                "code": "custom",
                "message": "body is too long (maximum is 125000 characters)",
            }
            return 422, {"message": "Validation Failed", "errors": [wrong]}, {}
        taken = [each for each in self.releases(repo) if each["tag_name"] == body["tag_name"] and not each["draft"]]
        if taken and not body.get("draft"):
            wrong = {"resource": "Release", "code": "already_exists", "field": "tag_name"}
            return 422, {"message": "Validation Failed", "errors": [wrong]}, {}
        release = {"draft": False, "prerelease": False, "name": None, "body": None, **body}
        return 201, self._add(repo, release), {}

    # --- GitLab ---------------------------------------------------------------------------------------------------

    def gitlab(self, method: str, path: str, request: Request) -> tuple[int, Any, dict[str, str]]:
        if path in self.settings and request.headers.get("private-token") == self.token:
            return *self.settings[path], {}
        match = re.fullmatch(r"/projects/([^/]+)/releases(?:/([^/]+))?", path)
        if not match:
            return 404, {"error": "404 Not Found"}, {}
        repo, tag = unquote(match[1]), match[2]
        headers = request.headers
        wrong_token = headers.get("private-token", self.token) != self.token
        if wrong_token or headers.get("job-token", self.job_token) != self.job_token:
            return 401, {"message": "401 Unauthorized"}, {}
        if "private-token" not in headers and "job-token" not in headers:
            return 404, {"message": "404 Project Not Found"}, {}
        if method == "POST" and tag is None:
            name = request.body.get("tag_name")
            if any(each["tag_name"] == name for each in self.releases(repo)):
                return 409, {"message": "Release already exists"}, {}
            made = self._add(repo, request.body)
            page = f"{self.url}/{repo}/-/releases/{quote(name, safe='')}"
            made |= {"_links": {"self": page}, "html_url": page}
            return 201, made, {}
        found = [each for each in self.releases(repo) if tag and each["tag_name"] == unquote(tag)]
        return (200, found[0], {}) if found else (404, {"message": "404 Not found"}, {})

    def answer(self, request: Request) -> tuple[int, Any, dict[str, str]]:
        parts = urlsplit(request.path)
        with self._lock:
            if parts.path.startswith("/api/v4/"):
                return self.gitlab(request.method, parts.path.removeprefix("/api/v4"), request)
            path = parts.path.removeprefix("/api/v3")
            return self.github(request.method, path, parse_qs(parts.query), request)


def start_forge() -> LocalForge:
    """Start a forge on a free port of the loopback interface."""
    return LocalForge()


def _handler(forge: LocalForge) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            raw = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, self.path, headers, json.loads(raw) if raw else None)
            forge.requests.append(request)
            fault = forge.take_fault(self.command)
            if fault and fault.meanwhile:
                fault.meanwhile()
            if fault and fault.drop and not fault.after_work:
                self.close_connection = True
                return
            if fault and fault.status:
                self._send(fault.status, fault.body, fault.headers)
                return
            answer = forge.answer(request)
            if fault and fault.drop:
                self.close_connection = True
                return
            self._send(*answer)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

        def _send(self, status: int, body: Any, headers: dict[str, str]) -> None:
            text = body if isinstance(body, str) else json.dumps(body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header(
                "Content-Type", "text/html" if isinstance(body, str) else "application/json; charset=utf-8"
            )
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    return Handler
