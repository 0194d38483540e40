"""A repository with its remote, a registry that trusts it, a forge, and a home that knows no credentials."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from tests.ci.real.forge import CommentingForge
from tests.ci.real.workspace import TOP, configure, copy_example, manifests
from vis_tasks.registry.run import TrustRule, start_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.ci.real.case import Case
    from vis_tasks.registry.run import Issuer, Registry

__all__ = ["REPOSITORY", "Place", "claims", "finished", "place"]

REPOSITORY = "acme/mono"
_PATIENCE = 900.0
_DROPPED = ("CI", "GITHUB_", "GITLAB_", "NPM_TOKEN", "GIT_", "VIS_", "ACTIONS_", "RUNNER_")


def claims() -> dict[str, str]:
    """What the forge says about the job."""
    return {"repository": REPOSITORY, "project_path": REPOSITORY, "repository_visibility": "private"}


@dataclass
class Place:
    """Everything around one case."""

    case: Case
    folder: Path
    registry: Registry
    forge: CommentingForge
    env: dict[str, str]
    issuer: Issuer
    id_token_url: str

    @property
    def top(self) -> Path:
        """The maintainer's checkout."""
        return self.folder / "work"

    @property
    def root(self) -> Path:
        """The workspace in it."""
        return self.top / self.case.folder if self.case.folder else self.top

    @property
    def remote(self) -> Path:
        """The bare repository."""
        return self.folder / "remote.git"

    @property
    def api(self) -> str:
        """The forge's API."""
        return f"{self.forge.url}/api/{'v3' if self.case.provider == 'github' else 'v4'}"

    def git(self, *argv: str, cwd: Path | None = None) -> str:
        """Git, as the maintainer."""
        done = subprocess.run(
            ["git", *argv], cwd=cwd or self.root, env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise AssertionError(f"git {' '.join(argv)}: {done.stderr}")
        return done.stdout.strip()

    def vis(self, *argv: str) -> str:
        """vis-tasks as the maintainer runs it: from the wheel, in an environment of its own."""
        done = subprocess.run(
            [str(self.folder / "maintainer/bin/vis-tasks"), *argv], cwd=self.root, env=self.env, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(f"vis-tasks {' '.join(argv)}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def push(self, message: str) -> str:
        """Commit everything and push to main."""
        self.git("add", "--all", str(self.top))
        self.git("commit", "--quiet", "-m", message)
        self.git("push", "--quiet", "origin", "HEAD:main")
        return self.git("rev-parse", "HEAD")

    def pull(self) -> None:
        """Take what the release pushed."""
        self.git("pull", "--quiet", "--ff-only", "origin", "main")

    def tags(self) -> dict[str, str]:
        """Tags on the remote and the commits they point at."""
        found = {}
        for line in self.git("ls-remote", "--tags", "origin").splitlines():
            commit, _, ref = line.partition("\t")
            found[ref.removeprefix("refs/tags/").removesuffix("^{}")] = commit
        return found

    def pending(self) -> set[str]:
        """What staged.json on the remote waits for."""
        self.git("fetch", "--quiet", "origin", "main")
        prefix = f"{self.case.folder}/" if self.case.folder else ""
        path = f"{prefix}.vis/release/staged.json"
        if not self.git("ls-tree", "--full-tree", "FETCH_HEAD", path):
            return set()
        entries = json.loads(self.git("show", f"FETCH_HEAD:{path}"))["pending"]
        return {f"{entry['name']}@{entry['version']}" for entry in entries}

    def ran(self) -> list[str]:
        """Which of the repository's own commands ran in CI, in order."""
        path = self.folder / "ran"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    @contextmanager
    def approving(self) -> Iterator[None]:
        """A maintainer who approves whatever is staged."""
        done = threading.Event()

        def approve() -> None:
            while not done.wait(0.3):
                for item in reversed(self.registry.stages()):
                    self.registry.approve(item.id, by="alice")

        thread = threading.Thread(target=approve)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


@contextmanager
def place(case: Case) -> Iterator[Place]:
    """Build everything around one run."""
    with (
        tempfile.TemporaryDirectory(prefix="vis-ci-") as name,
        start_registry(Path(name) / "registry") as registry,
        CommentingForge() as forge,
    ):
        issuer = registry.add_issuer()
        with _issuing(registry, issuer) as url:
            found = Place(case, Path(name), registry, forge, _environment(Path(name)), issuer, url)
            _fill(found)
            yield found


@contextmanager
def _issuing(registry: Registry, issuer: Issuer) -> Iterator[str]:
    """GitHub's endpoint for id tokens; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers.get("Authorization") == "Bearer request-token"
            body = json.dumps({"value": registry.id_token(issuer, **claims())} if known else {}).encode()
            self.send_response(200 if known else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/token?api-version=2"
    finally:
        server.shutdown()
        server.server_close()


def _environment(folder: Path) -> dict[str, str]:
    home = folder / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Tester\n\temail = tester@localhost\n[init]\n\tdefaultBranch = main\n[safe]\n\tdirectory = *\n",
        encoding="utf-8",
    )
    env = {key: value for key, value in os.environ.items() if not key.startswith(_DROPPED)}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    return env | {"HOME": str(home), "PATH": programs, "NO_COLOR": "1"}


def _fill(found: Place) -> None:
    case = found.case
    wheels = found.folder / "wheels"
    subprocess.run(["uv", "build", "--quiet", "--wheel", "--out-dir", str(wheels), str(TOP)], env=found.env, check=True)
    (wheel,) = wheels.glob("*.whl")
    maintainer = str(found.folder / "maintainer")
    subprocess.run(["uv", "venv", "--quiet", maintainer], env=found.env, check=True)
    subprocess.run(
        ["uv", "pip", "install", "--quiet", "--python", maintainer, f"{wheel}[ci]"], env=found.env, check=True
    )
    copy_example(found.root, case, found.env, found.registry.url)
    configure(found.root, case, wheel=wheel, api=found.api)
    found.registry.add_user("alice", two_factor=True)
    for path in manifests(found.root):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if not manifest.get("private"):
            found.registry.seed(manifest["name"], manifest["version"], manifest=manifest, maintainers=("alice",))
            key = "repository" if case.provider == "github" else "project_path"
            found.registry.trust(TrustRule(manifest["name"], found.issuer.url, {key: REPOSITORY}))
    found.git("init", "--quiet", "--bare", "--initial-branch=main", str(found.remote), cwd=found.folder)
    found.git("init", "--quiet", "--initial-branch=main", cwd=found.top)
    found.git("remote", "add", "origin", str(found.remote))
    said = found.vis("ci.generate")
    assert "without hashes" not in said, said
    found.push("a workspace to release")
    for path in manifests(found.root):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found.git("tag", "-a", f"{manifest['name']}@{manifest['version']}", "-m", "released before")
    found.git("push", "--quiet", "--tags", "origin")


def finished(argv: list[str], found: Place, env: dict[str, str], cwd: Path) -> str:
    """Run one pipeline to its end; its output, in which no secret may stand."""
    started = time.monotonic()
    done = subprocess.run(
        argv, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=_PATIENCE, check=False
    )  # fmt: skip
    (found.folder / "output").write_text(done.stdout, encoding="utf-8")
    if done.returncode:
        raise AssertionError(f"{argv[0]} ended with {done.returncode}")
    for secret in (found.forge.token, found.forge.job_token, "request-token"):
        assert secret not in done.stdout, "a secret stands in the log"
    sys.stdout.write(f"  {Path(argv[0]).name}: {time.monotonic() - started:.0f} s\n")
    return done.stdout
