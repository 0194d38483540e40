"""The plan as one comment on a pull request, and settings done by API, against a real server on this machine."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes import FakeClock
from vis_tasks.adapters.forge.comments import comments_for
from vis_tasks.adapters.forge.settings import settings_for
from vis_tasks.config.model import Config
from vis_tasks.core.remotes import parse_remote
from vis_tasks.services.ci_setup import apply, steps_for

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKER = "<!-- marker -->"


class Api:
    """Comments and settings as GitHub (REST) and GitLab (v4) answer: 403 for whoever may not write, 404 for another's comment."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.calls: list[tuple[str, str, Any]] = []
        self.schedules: list[dict[str, Any]] = []
        self.read_only = False
        api = self

        class Handler(BaseHTTPRequestHandler):
            def _handle(self) -> None:
                raw = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, body = api.answer(self.command, self.path, json.loads(raw) if raw else None)
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_PATCH = _handle  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        self.calls.append((method, path.partition("?")[0], body))
        if method != "GET" and self.read_only:
            return 403, {"message": "Resource not accessible by integration"}
        if "pipeline_schedules" in path:
            if method == "POST":
                self.schedules.append(body)
            return (200 if method == "GET" else 201), self.schedules
        if not re.search(r"/(comments|notes)", path):
            return 200, {}
        if method == "GET":
            return 200, self.comments
        if method == "POST":
            self.comments.append({"id": len(self.comments) + 1, **body})
            return 201, self.comments[-1]
        found = self.comments[int(path.rpartition("/")[2]) - 1]
        if found.get("foreign"):
            return 404, {"message": "Not Found"}
        found.update(body)
        return 200, found


@pytest.fixture
def api() -> Iterator[Api]:
    found = Api()
    yield found
    found.server.shutdown()
    found.server.server_close()


def _env(api: Api, provider: str) -> dict[str, str]:
    if provider == "github":
        return {
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_REPOSITORY": "acme/mono",
            "GITHUB_API_URL": api.url,
            "GITHUB_TOKEN": "t0ken-value",
        }
    return {"CI_MERGE_REQUEST_IID": "7", "CI_PROJECT_ID": "12", "CI_API_V4_URL": api.url, "GITLAB_TOKEN": "t0ken-value"}


@pytest.mark.parametrize("provider", ["github", "gitlab"])
def test_one_comment_is_made_and_kept_up_to_date(api: Api, provider: str) -> None:
    comments = comments_for(_env(api, provider), clock=FakeClock())
    assert comments is not None
    assert comments.put(MARKER, "one\n") == "created"
    assert comments.put(MARKER, "one\n") == "unchanged"
    assert comments.put(MARKER, "two\n") == "updated"
    assert [each["body"] for each in api.comments] == [f"{MARKER}\ntwo\n"]


def test_a_comment_of_others_that_has_our_first_line_is_not_taken_for_ours(api: Api) -> None:
    api.comments.append({"id": 1, "body": f"{MARKER}\nmine!", "foreign": True})
    comments = comments_for(_env(api, "github"), clock=FakeClock())
    assert comments is not None
    assert comments.put(MARKER, "ours") == "created"
    assert api.comments[0]["body"] == f"{MARKER}\nmine!"


def test_in_a_fork_nothing_is_written_and_nothing_fails(api: Api) -> None:
    api.read_only = True
    comments = comments_for(_env(api, "github"), clock=FakeClock())
    assert comments is not None
    assert comments.put(MARKER, "text").startswith("refused: 403")


def test_nothing_to_release_makes_no_new_comment(api: Api) -> None:
    comments = comments_for(_env(api, "github"), clock=FakeClock())
    assert comments is not None
    assert comments.put(MARKER, "nothing", only_update=True) == "nothing"
    assert api.comments == []


@pytest.mark.parametrize("missing", ["GITHUB_TOKEN", "GITHUB_REF", "GITHUB_REPOSITORY", "GITHUB_API_URL"])
def test_without_a_pull_request_or_a_token_there_is_nothing_to_comment_on(api: Api, missing: str) -> None:
    env = {name: value for name, value in _env(api, "github").items() if name != missing}
    assert comments_for(env, clock=FakeClock()) is None


def _settings(api: Api, provider: str) -> Any:
    remote = parse_remote("https://forge.test/acme/mono.git")
    assert remote is not None
    found = settings_for(provider, remote, {"GH_TOKEN": "t0ken", "GITLAB_TOKEN": "t0ken"}, api.url, clock=FakeClock())
    assert found is not None
    return steps_for(provider, _config(), [], remote), found


def _config() -> Config:
    from dataclasses import replace

    config = Config()
    stage = replace(config.release.publish.stage, mode="detached")
    return replace(config, release=replace(config.release, publish=replace(config.release.publish, stage=stage)))


def test_settings_of_github_are_applied(api: Api) -> None:
    steps, settings = _settings(api, "github")
    assert {step.title: said for step, said in apply(steps, settings)}["The environment release"] == "done"
    place = "/repos/acme/mono/environments/release"
    assert [(method, path) for method, path, _ in api.calls] == [
        ("PUT", place),
        ("POST", f"{place}/deployment-branch-policies"),
    ]
    assert api.calls[1][2] == {"name": "main"}


def test_settings_of_gitlab_are_applied_and_a_schedule_is_made_once(api: Api) -> None:
    steps, settings = _settings(api, "gitlab")
    apply(steps, settings)
    apply(steps, settings)
    changes = {(method, path): body for method, path, body in api.calls}
    assert changes["PUT", "/projects/acme%2Fmono/resource_groups/vis-release-main"] == {"process_mode": "oldest_first"}
    assert len(api.schedules) == 1


def test_what_the_token_may_not_do_is_told_in_the_forges_words(api: Api) -> None:
    api.read_only = True
    steps, settings = _settings(api, "github")
    assert "GitHub: 403 Resource not accessible by integration" in [said for _, said in apply(steps, settings)]
