"""The part of both forges' APIs that comments and settings use, over real HTTP on this machine."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Api"]


class Api:
    """Comments and settings as GitHub (REST) and GitLab (v4) answer: 403 for whoever may not write, 404 for another's comment."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.calls: list[tuple[str, str, Any]] = []
        self.schedules: list[dict[str, Any]] = []
        self.rulesets: list[dict[str, Any]] = []
        self.environments: dict[str, Any] = {}
        self.variables: list[dict[str, Any]] = []
        self.read_only = False
        self.broken = False
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
        if answer := self._settings(method, path.partition("?")[0], body):
            return answer
        if not re.search(r"/(comments|notes)", path):
            return 200, {}
        if method == "GET":
            return 200, self.comments
        if method == "POST":
            self.comments.append({"id": len(self.comments) + 1, **body})
            return 201, self.comments[-1]
        found = self.comments[int(path.rpartition("/")[2]) - 1]
        if self.broken:
            return 500, {"message": "oops"}
        if found.get("foreign"):
            return 404, {"message": "Not Found"}
        found.update(body)
        return 200, found

    def _settings(self, method: str, path: str, body: Any) -> tuple[int, Any] | None:
        if path.endswith("/rulesets"):
            if method == "POST":
                self.rulesets.append(body)
            return (200 if method == "GET" else 201), self.rulesets
        if re.search(r"/environments/[^/]+$", path):
            if method == "PUT":
                self.environments[path] = body
                return 200, body
            return (200, self.environments[path]) if path in self.environments else (404, {"message": "Not Found"})
        if "/variables" in path:
            if method == "PUT" and not self.variables:
                return 404, {"message": "404 Variable Not Found"}
            self.variables = [body]
            return 200, body
        if path.startswith(("/users", "/orgs")):
            known = {"/users/alice": {"id": 11}, "/orgs/acme/teams/releasers": {"id": 22}, "/users": [{"id": 33}]}
            return (200, known[path]) if path in known else (404, {"message": "Not Found"})
        return None
