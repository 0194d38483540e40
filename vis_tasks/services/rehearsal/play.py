"""The rehearsal itself: set the stage, start the registry, play the maintainer, run the real release, look at what is left.

The release runs as a process of its own, exactly as a user's would, with the real git and the real npm. Nothing of the user's
world is in its environment: no credentials, no CI, no npmrc, no git configuration; its only remote and its only registry lie
in the temporary folder.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vis_tasks.core.layers import layers
from vis_tasks.core.selection import managed
from vis_tasks.errors import Failed, MissingExtra
from vis_tasks.services.rehearsal.copy import copy_repository, isolated_environment
from vis_tasks.services.rehearsal.maintainer import Maintainer
from vis_tasks.services.rehearsal.outcome import Outcome, look, violations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vis_tasks.config.model import ReleaseConfig
    from vis_tasks.core.model import Change, Plan, Workspace
    from vis_tasks.ports import Console, Git, Runner
    from vis_tasks.registry.run import Registry
    from vis_tasks.services.rehearsal.copy import Stage
    from vis_tasks.services.rehearsal.scenario import Scenario

__all__ = ["RehearsalTools", "rehearse"]

_CI_TOKEN_OWNER = "ci"  # noqa: S105  (an account's name)
_MAINTAINER = "maintainer"
_CHANGE_FILE = "rehearsal.md"
_GITCONFIG = """[user]
\tname = Rehearsal
\temail = rehearsal@localhost
[safe]
\tdirectory = *
"""


@dataclass(frozen=True)
class RehearsalTools:
    """What a rehearsal needs of the outside world.

    Attributes:
        env: the real environment.
        console: where people read.
        runner: starts programs in the real environment.
        runner_with: a runner whose programs see only the given environment.
        git_at: git in a folder, through a runner.
        stream: runs the release and hands its lines on.
        release_argv: how the release is started in a folder (through a tasks.py if there is one).
        deciding: ``(folder, env, registry address) → (verb, stage id, code) → None or npm's words``.
        read_workspace: reads the packages below a root.
        read_changes: reads the change files.
        make_plan: plans a release on a branch.
    """

    env: Mapping[str, str]
    console: Console
    runner: Runner
    runner_with: Callable[[Mapping[str, str]], Runner]
    git_at: Callable[[Runner, Path], Git]
    stream: Callable[..., int]
    release_argv: Callable[[Path], Sequence[str]]
    deciding: Callable[[Path, Mapping[str, str], str], Callable[[str, str, str], str | None]]
    read_workspace: Callable[[Path], Workspace]
    read_changes: Callable[[Path, ReleaseConfig, Workspace], Sequence[Change]]
    make_plan: Callable[[Path, ReleaseConfig, Workspace, Sequence[Change], str], Plan]


def rehearse(root: Path, config: ReleaseConfig, script: Scenario, tools: RehearsalTools) -> Outcome:
    """Play one scenario and look at what is left; everything is removed afterwards.

    Args:
        root: the workspace root; only read.
        config: ``[release]``.
        script: the scenario.
        tools: the outside world.

    Raises:
        vis_tasks.errors.VisError: the rehearsal can't be set up (no repository, no workspace, broken change file, no npm).
    """
    try:
        from vis_tasks.registry.run import start_registry
    except ImportError as error:
        raise MissingExtra("the embedded registry", error, extra="registry") from None
    with tempfile.TemporaryDirectory(prefix="vis-rehearsal-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        home = folder / "home"
        home.mkdir()
        env = isolated_environment(tools.env, home)
        (home / ".gitconfig").write_text(_GITCONFIG, encoding="utf-8")
        stage = copy_repository(
            tools.runner, tools.runner_with(env), root, folder, home=home, branch=config.base_branch
        )
        with start_registry(folder / "registry") as registry:
            return _Rehearsal(stage, registry, config, script, tools, env).play()


class _Rehearsal:
    """One rehearsal under way."""

    def __init__(
        self,
        stage: Stage,
        registry: Registry,
        config: ReleaseConfig,
        script: Scenario,
        tools: RehearsalTools,
        env: Mapping[str, str],
    ) -> None:
        self.stage, self.registry, self.config, self.script, self.tools = stage, registry, config, script, tools
        self.env = dict(env)
        self.runner = tools.runner_with(env)
        self.git = tools.git_at(self.runner, stage.root)
        self.say = tools.console.line

    def play(self) -> Outcome:
        """From the first curtain to the last."""
        self._make_a_change_if_there_is_none()
        workspace = self.tools.read_workspace(self.stage.root)
        changes = self.tools.read_changes(self.stage.root, self.config, workspace)
        plan = self.tools.make_plan(self.stage.root, self.config, workspace, changes, self.config.base_branch)
        packages = [package for package in managed(workspace, self.config) if not package.private]
        self._seed(workspace)
        names = [release.name for release in plan.releases if release.name in {package.name for package in packages}]
        staged = [name for name in names if self._is_staged(name)]
        order = [name for layer in layers(workspace, names) for name in layer]
        old_tags = dict(self.git.remote_refs("origin", self.config.base_branch).tags)
        base = self.git.head() or self.stage.base
        self._write_npmrc()
        self._introduce(len(packages), names)
        deciding = self.tools.deciding(self.stage.root, self._maintainer_env(), self.registry.url)
        maintainer = Maintainer(self.registry, _MAINTAINER, deciding, self._told, order, len(staged))
        exits: list[int] = []
        for number, each in enumerate(self.script.runs, 1):
            if number > 1 and self.script.approve_between:
                self._between(maintainer)
            self.tools.console.step(f"run {number} of {len(self.script.runs)}: the maintainer {each.value}")
            maintainer.start(each)
            exits.append(self._release())
            maintainer.stop()
        state = (self.config.base_branch, f"{self.config.changes_dir}/staged.json")
        if self.config.state_branch:
            state = (self.config.state_branch, f"{self.config.base_branch}/staged.json")
        found = look(
            self.git,
            self.registry,
            branch=self.config.base_branch,
            base=base,
            old_tags=old_tags,
            staged_at=state,
            exits=exits,
        )
        return replace(found, violations=violations(found, self._tags(found), self._integrities(found)))

    def _is_staged(self, name: str) -> bool:
        own = self.config.packages.get(name)
        return own.stage if own is not None and own.stage is not None else self.config.publish.stage.enabled

    def _make_a_change_if_there_is_none(self) -> None:
        """A repository with nothing to release gets a patch for its first package, in the copy only."""
        workspace = self.tools.read_workspace(self.stage.root)
        folder = self.stage.root.joinpath(*self.config.changes_dir.split("/"))
        paths: list[str] = []
        staged = f"{self.config.changes_dir}/staged.json"
        if (folder / "staged.json").exists():
            (folder / "staged.json").unlink()
            paths.append(staged)
            self.say("staged.json is left out of the copy: the embedded registry knows nothing of those stages")
        if not self.tools.read_changes(self.stage.root, self.config, workspace):
            first = next((p for p in managed(workspace, self.config) if not p.private), None)
            if first is None:
                raise Failed(
                    "no package here is released: all are private, ignored or without a version",
                    code="NOTHING_TO_RELEASE",
                )
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _CHANGE_FILE).write_text(
                f'---\n"{first.name}": patch\n---\n\nA rehearsed change.\n', encoding="utf-8"
            )
            paths.append(f"{self.config.changes_dir}/{_CHANGE_FILE}")
            self.say(f"there is no change file: the rehearsal makes one for {first.name}")
        if paths:
            self.git.commit(paths, "rehearsal: something to release\n")
            self.git.push("origin", [f"HEAD:refs/heads/{self.config.base_branch}"])

    def _seed(self, workspace: Workspace) -> None:
        """The registry as the real one is: every package at its present version."""
        self.registry.add_user(_MAINTAINER, two_factor=True)
        self.registry.add_user(_CI_TOKEN_OWNER, two_factor=False)
        for package in workspace.packages:
            if package.version and not package.private:
                manifest = {
                    key: value for key, value in package.manifest.items() if key not in {"scripts", "publishConfig"}
                }
                self.registry.seed(
                    package.name, package.version, manifest=manifest, maintainers=(_MAINTAINER, _CI_TOKEN_OWNER)
                )

    def _write_npmrc(self) -> None:
        lines = self.registry.npmrc_lines(self.registry.token(_CI_TOKEN_OWNER, kind="read-write"))
        Path(self.env["npm_config_userconfig"]).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _maintainer_env(self) -> dict[str, str]:
        path = self.stage.home / ".npmrc-maintainer"
        path.write_text("\n".join(self.registry.npmrc_lines(self.registry.token(_MAINTAINER))) + "\n", encoding="utf-8")
        return self.env | {"npm_config_userconfig": str(path)}

    def _introduce(self, packages: int, names: Sequence[str]) -> None:
        self.tools.console.step(f"rehearsing `{self.script.name}`: {self.script.doc}")
        self.say(f"{packages} package(s) at the embedded registry, {len(names)} to release: {', '.join(names)}")

    def _told(self, text: str) -> None:
        self.say(f"  ☞ {text}")

    def _between(self, maintainer: Maintainer) -> None:
        """Main moves on, then everything is approved behind the release's back."""
        self.tools.console.step("between the runs: somebody pushes to main, the maintainer approves on the web")
        note = self.stage.root / "REHEARSAL.md"
        note.write_text("Somebody's next commit.\n", encoding="utf-8")
        self.git.commit(["REHEARSAL.md"], "docs: main moves on\n")
        self.git.push("origin", [f"HEAD:refs/heads/{self.config.base_branch}"])
        maintainer.approve_all()

    def _release(self) -> int:
        seconds = self.script.timeout
        settings = {
            "VIS_RELEASE__PUBLISH__REGISTRY": self.registry.url,
            "VIS_RELEASE__PUBLISH__STAGE__TIMEOUT": f"{seconds}s",
            "VIS_RELEASE__PUBLISH__STAGE__POLL_INTERVAL": "1s",
            "VIS_RELEASE__PUBLISH__STAGE__SETTLE": "2s",
            "VIS_RELEASE__PUBLISH__STAGE__HEARTBEAT": "10s",
            "VIS_RELEASE__FORGE__PROVIDER": "none",
        }
        if self.config.publish.client == "auto":
            # On CI, where identities sign provenance, "auto" takes the npm client; here, without one, it would not.
            settings["VIS_RELEASE__PUBLISH__CLIENT"] = "npm"
        return self.tools.stream(
            self.tools.release_argv(self.stage.root),
            cwd=self.stage.root,
            env=self.env | settings,
            on_out=lambda line: self.say(f"  │ {line}"),
            on_error=lambda line: self.say(f"  │ {line}"),
        )

    def _tags(self, found: Outcome) -> dict[str, str]:
        pattern = self.config.tag_pattern
        pairs = (spec.rpartition("@") for spec in found.live)
        return {
            f"{name}@{version}": pattern.replace("{name}", name).replace("{version}", version)
            for name, _, version in pairs
        }

    def _integrities(self, found: Outcome) -> dict[str, str]:
        result = {}
        for spec in found.live:
            name, _, version = spec.rpartition("@")
            document = self.registry.versions(name).get(version, {})
            result[spec] = str(document.get("dist", {}).get("integrity", ""))
        return result
