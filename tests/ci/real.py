"""The CI files really run: GitHub's under act on this machine, GitLab's under gitlab-ci-local. Run by ``nox -s ci-run``.

The example workspace is released against the embedded registry by trusted publishing, with a local forge and a maintainer who
approves; then a wave is left undecided, and another push finds it pending. Actions of others are stood in for by scripts that do
what they do (check out, keep an artifact); every line of our own in the files runs as it is.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.adapters.forge.local_forge import start_forge
from vis_tasks.registry.run import TrustRule, start_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.adapters.forge.local_forge import LocalForge
    from vis_tasks.registry.run import Issuer, Registry

__all__ = ["Place", "main"]

TOP = Path(__file__).parents[2]
REPOSITORY = "acme/mono"
_PATIENCE = 900.0
_DROPPED = ("CI", "GITHUB_", "GITLAB_", "NPM_TOKEN", "GIT_", "VIS_", "ACTIONS_", "RUNNER_")
_CONFIG = """\
[release]
base-branch = "main"
[release.publish]
provenance = "false"
[release.publish.stage]
timeout = "5m"
poll-interval = "1s"
settle = "1s"
[release.forge]
provider = "{provider}"
url = "{api}"
[ci]
providers = ["{provider}"]
layout = "{layout}"
vis-tasks = "{wheel}"
build = "node build.js"
"""


def _claims() -> dict[str, str]:
    return {"repository": REPOSITORY, "project_path": REPOSITORY, "repository_visibility": "private"}


@contextmanager
def _issuing(registry: Registry, issuer: Issuer) -> Iterator[str]:
    """GitHub's endpoint for id tokens; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers.get("Authorization") == "Bearer request-token"
            body = json.dumps({"value": registry.id_token(issuer, **_claims())} if known else {}).encode()
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


@dataclass
class Place:
    """A repository with its remote, a registry, a forge, and a home that knows no credentials."""

    folder: Path
    registry: Registry
    forge: LocalForge
    env: dict[str, str]
    issuer: Issuer
    id_token_url: str

    @property
    def root(self) -> Path:
        """The maintainer's checkout."""
        return self.folder / "work"

    @property
    def remote(self) -> Path:
        """The bare repository."""
        return self.folder / "remote.git"

    def git(self, *argv: str, cwd: Path | None = None) -> str:
        """Git, as the maintainer."""
        done = subprocess.run(
            ["git", *argv], cwd=cwd or self.root, env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise AssertionError(f"git {' '.join(argv)}: {done.stderr}")
        return done.stdout.strip()

    def push(self, message: str) -> str:
        """Commit everything and push to main."""
        self.git("add", "--all")
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
        done = subprocess.run(
            ["git", "show", "FETCH_HEAD:.vis/release/staged.json"],
            cwd=self.root,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        entries = json.loads(done.stdout)["pending"] if done.returncode == 0 else []
        return {f"{entry['name']}@{entry['version']}" for entry in entries}

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
def place(provider: str, layout: str) -> Iterator[Place]:
    """Build everything around one run."""
    with (
        tempfile.TemporaryDirectory(prefix="vis-ci-") as name,
        start_registry(Path(name) / "registry") as registry,
        start_forge() as forge,
    ):
        folder = Path(name)
        issuer = registry.add_issuer()
        with _issuing(registry, issuer) as url:
            found = Place(folder, registry, forge, _environment(folder), issuer, url)
            _fill(found, provider, layout)
            yield found


def _environment(folder: Path) -> dict[str, str]:
    home = folder / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Tester\n\temail = tester@localhost\n[init]\n\tdefaultBranch = main\n[safe]\n\tdirectory = *\n",
        encoding="utf-8",
    )
    env = {key: value for key, value in os.environ.items() if not key.startswith(_DROPPED)}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    return env | {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "PATH": programs, "NO_COLOR": "1"}


def _fill(found: Place, provider: str, layout: str) -> None:
    wheels = found.folder / "wheels"
    subprocess.run(["uv", "build", "--quiet", "--wheel", "--out-dir", str(wheels), str(TOP)], env=found.env, check=True)
    (wheel,) = wheels.glob("*.whl")
    shutil.copytree(TOP / "examples" / "monorepo", found.root)
    api = f"{found.forge.url}/api/{'v3' if provider == 'github' else 'v4'}"
    config = _CONFIG.format(provider=provider, layout=layout, wheel=wheel, api=api)
    (found.root / "vis.toml").write_text(config, encoding="utf-8")
    (found.root / ".npmrc").write_text(f"registry={found.registry.url}\n", encoding="utf-8")
    (found.root / "build.js").write_text(
        "require('fs').appendFileSync(process.env.BUILDS_RAN, 'built\\n')\n", encoding="utf-8"
    )
    found.registry.add_user("alice", two_factor=True)
    for path in sorted(found.root.glob("packages/*/package.json")):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if not manifest.get("private"):
            found.registry.seed(manifest["name"], manifest["version"], manifest=manifest, maintainers=("alice",))
            key = "repository" if provider == "github" else "project_path"
            found.registry.trust(TrustRule(manifest["name"], found.issuer.url, {key: REPOSITORY}))
    found.git("init", "--quiet", "--bare", "--initial-branch=main", str(found.remote), cwd=found.folder)
    found.git("init", "--quiet", "--initial-branch=main")
    found.git("remote", "add", "origin", str(found.remote))
    subprocess.run([sys.executable, "-m", "vis_tasks", "ci.generate"], cwd=found.root, env=found.env, check=True)
    found.push("a workspace to release")
    for path in sorted(found.root.glob("packages/*/package.json")):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found.git("tag", "-a", f"{manifest['name']}@{manifest['version']}", "-m", "released before")
    found.git("push", "--quiet", "--tags", "origin")


def play(found: Place, run: Any) -> None:
    """The story, the same for every CI; `run` performs one pipeline and gives its output."""
    story: list[str] = []
    before = found.tags()

    with found.approving():
        run(found, {})
    new = {name: commit for name, commit in found.tags().items() if name not in before}
    assert set(new) == {
        "acme-core@1.3.0",
        "acme-cli@2.1.1",
        "acme-tokens@3.1.0",
        "acme-utils@1.0.4",
        "@acme/react@0.4.1",
    }, new
    assert len(set(new.values())) == 1, "all at the version commit"
    assert {each["tag_name"] for each in found.forge.releases(REPOSITORY)} == set(new)
    assert found.pending() == set()
    assert (found.folder / "builds").read_text(encoding="utf-8") == "built\n", "built once, in one job"
    story.append("a complete release")

    found.pull()
    _change(found, "later", "acme-tokens")
    found.push("feat: tokens")
    run(found, {"VIS_RELEASE__PUBLISH__STAGE__TIMEOUT": "3s"})
    assert found.pending() == {"acme-tokens@3.1.1"}
    assert "acme-tokens@3.1.1" not in found.tags()
    versioned = found.git("log", "-1", "--format=%H", "--grep=^chore(release): version", "FETCH_HEAD")
    story.append("a wave that nobody decided")

    found.pull()
    _change(found, "other", "acme-cli")
    found.push("feat: cli, while a stage is pending")
    with found.approving():
        run(found, {})
    tags = found.tags()
    assert tags["acme-tokens@3.1.1"] == versioned, "tagged at the commit it was built from"
    assert "acme-cli@2.1.2" in tags
    assert found.pending() == set()
    story.append("a second push while a stage was pending")
    sys.stdout.write(" · ".join(story) + "\n")


def _change(found: Place, name: str, package: str) -> None:
    text = f'---\n"{package}": patch\n---\n\nA change.\n'
    (found.root / ".vis/release").mkdir(parents=True, exist_ok=True)
    (found.root / f".vis/release/{name}.md").write_text(text, encoding="utf-8")


def _finished(argv: list[str], found: Place, env: dict[str, str], cwd: Path) -> str:
    started = time.monotonic()
    done = subprocess.run(
        argv,
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    if done.returncode:
        raise AssertionError(f"{argv[0]} ended with {done.returncode}\n{done.stdout[-12000:]}")
    for secret in (found.forge.token, found.forge.job_token, "request-token"):
        assert secret not in done.stdout, "a secret stands in the log"
    (found.folder / "output").write_text(done.stdout, encoding="utf-8")
    sys.stdout.write(f"  {Path(argv[0]).name}: {time.monotonic() - started:.0f} s\n")
    return done.stdout


# --- GitHub under act ---------------------------------------------------------------------------------------------------

_STUBS = {
    "actions/checkout": """
inputs:
  ref: {default: ""}
  fetch-depth: {default: "1"}
  persist-credentials: {default: "true"}
runs:
  using: composite
  steps:
    - shell: bash
      env: {REF: "${{ inputs.ref || github.sha }}"}
      run: |
        find . -mindepth 1 -delete
        git clone --quiet "$TEST_REMOTE" .
        case "$REF" in
          refs/heads/*) git checkout --quiet -B "${REF#refs/heads/}" "origin/${REF#refs/heads/}" ;;
          *) git checkout --quiet --detach "$REF" ;;
        esac
""",
    "actions/setup-node": """
inputs:
  node-version: {default: ""}
  package-manager-cache: {default: ""}
runs:
  using: composite
  steps:
    - {shell: bash, run: node --version}
""",
    "astral-sh/setup-uv": """
inputs:
  version: {default: ""}
  enable-cache: {default: ""}
runs:
  using: composite
  steps:
    - {shell: bash, run: uv --version}
""",
    "actions/upload-artifact": """
inputs:
  name: {default: ""}
  path: {default: ""}
  include-hidden-files: {default: ""}
  if-no-files-found: {default: ""}
  retention-days: {default: ""}
outputs:
  artifact-id: {value: "${{ steps.keep.outputs.id }}"}
runs:
  using: composite
  steps:
    - id: keep
      shell: bash
      env: {FROM: "${{ inputs.path }}"}
      run: |
        rm -rf "$TEST_ARTIFACTS/7" && mkdir -p "$TEST_ARTIFACTS" && cp -R "$FROM" "$TEST_ARTIFACTS/7"
        echo "id=7" >> "$GITHUB_OUTPUT"
""",
    "actions/download-artifact": """
inputs:
  artifact-ids: {default: ""}
  path: {default: ""}
runs:
  using: composite
  steps:
    - shell: bash
      env: {ID: "${{ inputs.artifact-ids }}", TO: "${{ inputs.path }}"}
      run: mkdir -p "$(dirname "$TO")" && cp -R "$TEST_ARTIFACTS/$ID" "$TO"
""",
}


def _stubs(found: Place) -> list[str]:
    import tomllib

    pins = tomllib.loads((TOP / "templates" / "pins.toml").read_text(encoding="utf-8"))["actions"]
    flags = []
    for pin in pins.values():
        if pin["name"] in _STUBS:
            folder = found.folder / "actions" / pin["name"]
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "action.yml").write_text(
                f"name: stands in for {pin['name']}{_STUBS[pin['name']]}", encoding="utf-8"
            )
            flags += ["--local-repository", f"{pin['name']}@{pin['commit']}={folder}"]
    return flags


def github(found: Place, more: dict[str, str]) -> None:
    """One push under act, on this machine instead of in a container."""
    here = found.folder / "act"
    shutil.rmtree(here, ignore_errors=True)
    found.git("clone", "--quiet", str(found.remote), str(here), cwd=found.folder)
    found.git("remote", "set-url", "origin", f"https://github.com/{REPOSITORY}.git", cwd=here)
    # act 0.2.89 knows no queues, nor does it run two at once.
    workflow = here / ".github/workflows/vis-release.yml"
    workflow.write_text(workflow.read_text(encoding="utf-8").replace("  queue: max\n", ""), encoding="utf-8")
    env = {
        "TEST_REMOTE": str(found.remote),
        "TEST_ARTIFACTS": str(found.folder / "artifacts"),
        "BUILDS_RAN": str(found.folder / "builds"),
        "ACTIONS_ID_TOKEN_REQUEST_URL": found.id_token_url,
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token",
        "HOME": found.env["HOME"],
        **more,
    }
    argv = [
        "act", "push", "--workflows", ".github/workflows/vis-release.yml", "--platform", "ubuntu-latest=-self-hosted",
        "--secret-file", str(_secrets(found)), "--rm", *_stubs(found),
    ]  # fmt: skip
    for name, value in env.items():
        argv += ["--env", f"{name}={value}"]
    _finished(argv, found, found.env, here)


def _secrets(found: Place) -> Path:
    path = found.folder / "secrets"
    path.write_text(f"GITHUB_TOKEN={found.forge.token}\n", encoding="utf-8")
    return path


# --- GitLab under gitlab-ci-local ---------------------------------------------------------------------------------------


def gitlab(found: Place, more: dict[str, str]) -> None:
    """One pipeline of main under gitlab-ci-local, with a shell instead of containers."""
    here = found.folder / "gitlab"
    shutil.rmtree(here, ignore_errors=True)
    found.git("clone", "--quiet", str(found.remote), str(here), cwd=found.folder)
    # Whichever address a job gives git, it comes to the bare repository.
    address = f"https://gitlab.test/{REPOSITORY}.git"
    found.git("config", "--global", f"url.{found.remote}.insteadOf", address, cwd=found.folder)
    found.git("remote", "set-url", "origin", f"git@gitlab.test:{REPOSITORY}.git", cwd=here)
    # gitlab-ci-local lays what a job is handed beside the work tree's files; a runner doesn't.
    excludes = found.folder / "excludes"
    excludes.write_text(".gitlab-ci-reports/\n.gitlab-ci-local/\n", encoding="utf-8")
    found.git("config", "--global", "core.excludesFile", str(excludes), cwd=found.folder)
    ssh = found.folder / "ssh"
    ssh.write_text(
        f"#!/bin/sh\nfor command; do :; done\nexec \"${{command%% *}}\" '{found.remote}'\n", encoding="utf-8"
    )
    ssh.chmod(0o755)
    program = found.folder / "gitlab-ci-local"
    if not program.exists():
        program.mkdir()
        (program / "package.json").write_text('{"private": true}', encoding="utf-8")
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "gitlab-ci-local@4.73.0"]
        subprocess.run(install, cwd=program, env=found.env, check=True)
    # Variables given to gitlab-ci-local don't reach its child pipelines; its environment does.
    variables = {
        "CI": "true",
        "GITLAB_CI": "true",
        "GIT_SSH_COMMAND": str(ssh),
        "GIT_SSH_VARIANT": "ssh",
        "GITLAB_TOKEN": found.forge.token,
        "NPM_ID_TOKEN": found.registry.id_token(found.issuer, **_claims()),
        "BUILDS_RAN": str(found.folder / "builds"),
        **more,
    }
    argv = [
        str(program / "node_modules/.bin/gitlab-ci-local"), "--force-shell-executor", "--shell-isolation",
        "--no-artifacts-to-source",
    ]  # fmt: skip
    _finished(argv, found, found.env | variables, here)


def main(argv: list[str]) -> int:
    """``python -m tests.ci.real [github] [gitlab] [split] [single]``; all of them without arguments."""
    providers = [name for name in ("github", "gitlab") if name in argv] or ["github", "gitlab"]
    layouts = [name for name in ("split", "single") if name in argv] or ["split", "single"]
    for provider in providers:
        for layout in layouts:
            sys.stdout.write(f"{provider}, {layout}:\n")
            with place(provider, layout) as found:
                try:
                    play(found, github if provider == "github" else gitlab)
                except AssertionError:
                    output = found.folder / "output"
                    sys.stdout.write(output.read_text(encoding="utf-8")[-12000:] if output.exists() else "")
                    raise
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
