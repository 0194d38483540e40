"""The rehearsal itself: set the stage once, then play each scenario on a clone of it with a registry of its own."""

from __future__ import annotations

import json
import shutil
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vis_tasks.core.layers import layers
from vis_tasks.core.selection import managed
from vis_tasks.errors import Failed, MissingExtra, VisError
from vis_tasks.records import replace
from vis_tasks.services.rehearsal.copy import Template, copy_repository
from vis_tasks.services.rehearsal.director import Director
from vis_tasks.services.rehearsal.environment import isolated_environment, pointed_at
from vis_tasks.services.rehearsal.folder import rehearsal_folder, remove_folder
from vis_tasks.services.rehearsal.modules import copy_modules, installed, move_modules, unresolvable, without_modules
from vis_tasks.services.rehearsal.outcome import Played, gather
from vis_tasks.services.rehearsal.seeds import seed, stage_other_bytes
from vis_tasks.services.rehearsal.setting import MAINTAINER, STRANGER, Planned, Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from vis_tasks.config.model import Config
    from vis_tasks.core.model import Plan, Workspace
    from vis_tasks.registry.run import Registry
    from vis_tasks.services.rehearsal.copy import Stage
    from vis_tasks.services.rehearsal.scenario import Scenario
    from vis_tasks.services.rehearsal.tools import RehearsalTools

__all__ = ["Theatre", "open_theatre"]

CI = "ci"
_CHANGE_FILE = "rehearsal.md"
_NEEDS = ("dependencies", "peerDependencies", "optionalDependencies")
_GITLAB = "https://gitlab.com"


@contextmanager
def open_theatre(root: Path, config: Config, tools: RehearsalTools) -> Iterator[Theatre]:
    """Copy the repository and seed a registry; everything is gone at the end of the block, however it ends.

    Args:
        root: the workspace root; only read.
        config: the configuration.
        tools: the outside world.

    Raises:
        vis_tasks.errors.VisError: it can't be set up: no repository, a broken change file, nothing to release, no npm.
    """
    try:
        from vis_tasks.registry import run as _registry
    except ImportError as error:
        raise MissingExtra("the embedded registry", error, extra="registry") from None
    del _registry
    npm, npm_env = tools.npm_at(root)
    with rehearsal_folder(tools) as folder:
        yield Theatre(root, config, tools, folder, npm, npm_env)


class Theatre:
    """The stage, set once; `play` plays on it.

    Args:
        root: the user's workspace root.
        config: the configuration.
        tools: the outside world.
        folder: the rehearsal's folder.
        npm: how npm is started.
        npm_env: variables npm needs.

    Attributes:
        real: a run over the user's own repository, for looking only.
    """

    def __init__(
        self,
        root: Path,
        config: Config,
        tools: RehearsalTools,
        folder: Path,
        npm: Sequence[str],
        npm_env: Mapping[str, str],
    ) -> None:
        self.root, self.config, self.tools, self.folder, self.npm = root, config, tools, folder, npm
        self.release = config.release
        self.say = tools.console.line
        self.notes: list[str] = []
        self._directors: list[Director] = []
        self._lock = threading.Lock()
        named = {name for name in vars(self.release.notify).values() if name}
        told = {name: value for name, value in tools.env.items() if name not in named}
        self.env = {**isolated_environment(told, folder), **npm_env}
        self.branch = self._branch()
        self.template = self._copy()
        self._make_a_change_if_there_is_none()
        here = self.template.stage.root()
        self.workspace: Workspace = tools.read_workspace(here)
        changes = tools.read_changes(here, self.release, self.workspace)
        self.plan: Plan = tools.make_plan(here, self.release, self.workspace, changes, self.branch)
        self.wave = self._wave()
        self._modules = installed(tools.read_workspace(root))
        self._free: list[Path] = []
        self._warn_about_modules()
        self.old_tags, self.seeded = self._old_tags(), self._seed()
        self.real = tools.real_run(root, config)
        self.real.tools.npm_soon()  # the report at the end asks how npm is configured

    # --- setting it -------------------------------------------------------------------------------------------------

    def _branch(self) -> str:
        here = self.tools.git_at(self.tools.runner, self.root).branch()
        return here if here and here in self.release.channels else self.release.base_branch

    def _copy(self) -> Template:
        folder = self.folder / "template"
        folder.mkdir()
        isolated = self.tools.runner_with(self.env)
        return copy_repository(
            self.tools.runner, isolated, self.root, folder, branch=self.branch, remote_name=self.release.remote
        )

    def _make_a_change_if_there_is_none(self) -> None:
        """A repository with nothing to release gets a patch for its first package, in the copy only."""
        tools, root = self.tools, self.template.stage.root()
        folder = root.joinpath(*self.release.changes_dir.split("/"))
        paths: list[str] = []
        if (folder / "staged.json").exists():
            (folder / "staged.json").unlink()
            paths.append(f"{self.release.changes_dir}/staged.json")
            self.notes.append(
                "staged.json is left out of the copy: the embedded registry knows nothing of those stages"
            )
        workspace = tools.read_workspace(root)
        packages = [package for package in managed(workspace, self.release) if not package.private]
        if not packages:
            raise Failed(
                "no package here is released: all are private, ignored or without a version",
                code="NOTHING_TO_RELEASE",
                hint="look at `include`, `ignore` and `private-packages` under [release], and at the packages' `private`",
            )
        changes = tools.read_changes(root, self.release, workspace)
        plan = tools.make_plan(root, self.release, workspace, changes, self.branch)
        if not {package.name for package in packages} & plan.by_name.keys():
            folder.mkdir(parents=True, exist_ok=True)
            text = f'---\n"{packages[0].name}": patch\n---\n\nA rehearsed change.\n'
            (folder / _CHANGE_FILE).write_text(text, encoding="utf-8")
            paths.append(f"{self.release.changes_dir}/{_CHANGE_FILE}")
            self.notes.append(f"no change file releases anything: the rehearsal makes one for {packages[0].name}")
        if paths:
            self._commit(paths)

    def _commit(self, paths: Sequence[str]) -> None:
        stage = self.template.stage
        git = self.tools.git_at(self.tools.runner_with(self.env), stage.root())
        git.commit(paths, "rehearsal: something to release\n")
        git.push(stage.remote_name, [f"HEAD:refs/heads/{stage.branch}"])
        self.template = Template(replace(stage, base=git.head() or stage.base), self.template.git)

    def _wave(self) -> tuple[Planned, ...]:
        private = {package.name for package in self.workspace.packages if package.private}
        names = [release.name for release in self.plan.releases if release.name not in private]
        order = [name for layer in layers(self.workspace, names) for name in layer]
        releases, packages = self.plan.by_name, self.workspace.by_name
        return tuple(
            Planned(
                name,
                releases[name].old,
                releases[name].new,
                packages[name].path,
                self._is_staged(name),
                frozenset(key for table in _NEEDS for key in packages[name].table(table)) & set(order),
            )
            for name in order
        )

    def _is_staged(self, name: str) -> bool:
        own = self.release.packages.get(name)
        return own.stage if own is not None and own.stage is not None else self.release.publish.stage.enabled

    def _warn_about_modules(self) -> None:
        workspace = self.tools.read_workspace(self.root)
        if unresolved := unresolvable(workspace):
            self.notes.append(
                f"nothing is installed, and pnpm packs no `workspace:` range then: run `pnpm install` first"
                f" ({', '.join(unresolved[:5])}{' …' if len(unresolved) > 5 else ''})"
            )
        elif lacking := without_modules(workspace):
            self.notes.append(
                f"nothing is installed ({self.workspace.manager} install), so {', '.join(lacking[:5])}"
                f"{' …' if len(lacking) > 5 else ''} will be built without dependencies"
            )

    def _old_tags(self) -> frozenset[str]:
        git = self.tools.git_at(self.tools.runner_with(self.env), self.template.stage.root())
        return frozenset(git.local_tags())

    def _seed(self) -> frozenset[str]:
        from vis_tasks.registry.run import start_registry

        with start_registry(self.folder / "registry") as registry:
            registry.add_user(MAINTAINER, "rehearsal", two_factor=True)
            registry.add_user(CI, two_factor=False)
            registry.add_user(STRANGER, two_factor=False)
            return seed(registry, self.workspace, (MAINTAINER, CI, STRANGER))

    # --- playing ----------------------------------------------------------------------------------------------------

    def play(self, scenes: Sequence[Scenario], *, lanes: int = 1, tell: Callable[[Played], None]) -> list[Played]:
        """Play scenarios, several at a time; ``tell`` hears of each as it ends. What breaks off one doesn't stop the others.

        Args:
            scenes: what to play.
            lanes: how many at once; with more than one what the releases say is kept, not shown.
            tell: called in this thread.
        """
        if lanes == 1 or len(scenes) == 1:
            played = []
            for scene in scenes:
                played.append(self._play(scene, self.say if len(scenes) == 1 else None))
                tell(played[-1])
            return played
        done: dict[str, Played] = {}
        with ThreadPoolExecutor(lanes) as pool:
            try:
                waiting = {pool.submit(self._play, scene, None) for scene in scenes}
                while waiting:
                    # A wait without an end would keep a signal waiting on some systems.
                    ended, waiting = wait_for(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
                    for each in ended:
                        done[each.result().name] = each.result()
                        tell(each.result())
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self.stop()
                raise
        return [done[scene.name] for scene in scenes]

    def stop(self) -> None:
        """End everything that is under way."""
        with self._lock:
            for director in self._directors:
                director.stop()

    def _play(self, scene: Scenario, say: Callable[[str], None] | None) -> Played:
        said: list[str] = []
        start = time.monotonic()
        error: VisError | None = None
        with self.stage(scene.name, say or said.append) as setting:
            director = self.direct(setting, scene.client)
            try:
                scene.act(director)
            except VisError as broken_off:
                error = broken_off
            finally:
                director.stop()
            seconds = time.monotonic() - start
            return gather(scene.name, scene.doc, seconds, director, error, said, facts=error is None)

    def direct(self, setting: Setting, client: str) -> Director:
        """A director for a setting; it can be stopped by `stop`."""
        chosen = self.release.publish.client
        director = Director(setting, client if chosen == "auto" else chosen)
        director.extra |= self._hooks()
        with self._lock:
            self._directors.append(director)
        return director

    @contextmanager
    def stage(self, name: str, say: Callable[[str], None]) -> Iterator[Setting]:
        """A clone of the stage with a registry of its own, for the length of the block."""
        from vis_tasks.registry.run import start_registry

        stage = self.template.clone(self.folder / name)
        shutil.copytree(self.folder / "registry", stage.folder / "registry")
        machines: list[str] = []
        with start_registry(stage.folder / "registry") as registry:
            npmrc = stage.folder / "npmrc"
            _write(npmrc, registry.npmrc_lines(registry.token(CI, kind="read-write")))
            clients = pointed_at(registry.url, self.folder, self.workspace.manager)
            env = {**self.env, **clients, "npm_config_userconfig": str(npmrc)}
            yield Setting(
                stage,
                registry,
                env,
                self.tools,
                self.wave,
                self.release.changes_dir,
                self.release.state_branch or stage.branch,
                self.old_tags,
                self.seeded,
                self.tag_for,
                lambda machine: self._machine(stage, machine, machines),
                lambda machine: self._strike(stage, machine),
                lambda verb, stage_id: self._decide(stage, registry, env, verb, stage_id),
                lambda: self._trusted(stage, registry),
                lambda package, version: stage_other_bytes(registry, package, version, STRANGER),
                say,
            )
        for machine in machines:
            self._strike(stage, machine)
        remove_folder(stage.folder)

    def tag_for(self, name: str, version: str) -> str:
        """The git tag of a version."""
        return self.release.tag_pattern.replace("{name}", name).replace("{version}", version)

    def _hooks(self) -> dict[str, str]:
        """CI builds before it packs; what runs after tags are pushed (a deployment, most often) is left out."""
        found = {}
        if self.release.hooks.after_tag:
            found["VIS_RELEASE__HOOKS__AFTER_TAG"] = "[]"
        build = self.config.ci.build
        if build and not self.release.hooks.before_pack:
            found["VIS_RELEASE__HOOKS__BEFORE_PACK"] = build if isinstance(build, str) else json.dumps(list(build))
        return found

    # --- machines ---------------------------------------------------------------------------------------------------

    def _machine(self, stage: Stage, name: str, machines: list[str]) -> Path:
        root = self.template.machine(stage, name)
        machines.append(name)
        if self._modules and name != "colleague":
            with self._lock:
                spare = self._free.pop() if self._free else None
            if spare is None:
                copy_modules(self.tools.runner, self.root, self._modules, root)
            else:
                move_modules(spare, root, self._modules)
        return root

    def _strike(self, stage: Stage, name: str) -> None:
        root, top = stage.root(name), stage.folder / name
        if not top.exists():
            return
        if self._modules and name != "colleague":
            with self._lock:
                spare = self.folder / f"modules-{time.monotonic_ns()}"
                spare.mkdir()
                move_modules(root, spare, self._modules)
                self._free.append(spare)
        remove_folder(top)

    # --- people and identities --------------------------------------------------------------------------------------

    def _decide(self, stage: Stage, registry: Registry, env: Mapping[str, str], verb: str, stage_id: str) -> str | None:
        npmrc = self.maintainer_npmrc(stage, registry)
        mine = {**env, "npm_config_userconfig": str(npmrc)}
        code = registry.otp(MAINTAINER)
        return self.tools.decide_with(self.npm, stage.folder, mine, registry.url, verb, stage_id, code)

    @staticmethod
    def maintainer_npmrc(stage: Stage, registry: Registry) -> Path:
        """The npmrc of the person who decides."""
        npmrc = stage.folder / "npmrc-maintainer"
        if not npmrc.exists():
            _write(npmrc, registry.npmrc_lines(registry.token(MAINTAINER)))
        return npmrc

    def _trusted(self, stage: Stage, registry: Registry) -> dict[str, str]:
        from vis_tasks.registry.run import TrustRule

        issuer = registry.add_issuer(_GITLAB)
        for planned in self.wave:
            registry.trust(TrustRule(planned.name, issuer.url, {"project_path": "rehearsal/of-yours"}))
        npmrc = stage.folder / "npmrc-without-token"
        _write(npmrc, registry.npmrc_lines())
        token = registry.id_token(issuer, project_path="rehearsal/of-yours", project_visibility="private")
        return {"CI": "true", "GITLAB_CI": "true", "NPM_ID_TOKEN": token, "npm_config_userconfig": str(npmrc)}


def _write(path: Path, lines: Sequence[str]) -> None:
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
