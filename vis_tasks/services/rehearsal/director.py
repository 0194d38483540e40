"""The director of one scenario: releases, maintainers, other people and accidents, and what must have come of them.

Every release is a process of its own, exactly as a user's would be, with the real git and the real package manager.
"""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

from vis_tasks.errors import Failed, VisError
from vis_tasks.records import dataclass, field
from vis_tasks.registry.faults import Fault
from vis_tasks.services.rehearsal.promises import Facts, broken_promises, read_facts
from vis_tasks.services.rehearsal.setting import MAINTAINER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vis_tasks.registry.stages import StageItem
    from vis_tasks.services.rehearsal.setting import Planned, Setting
    from vis_tasks.services.rehearsal.tools import Program

__all__ = ["Director"]

_GLANCE = 0.05
_PATIENCE = 300.0


class _Over(Exception):  # noqa: N818  (nothing went wrong here)
    """The release has ended before what was to happen meanwhile could."""


@dataclass
class Director:
    """Plays a scenario; see `vis_tasks.services.rehearsal.scenes`."""

    setting: Setting
    client: str = "direct"
    exits: list[int] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    programs: list[Program] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)
    base: str = ""
    machine: str = ""
    troubles: list[Exception] = field(default_factory=list)
    stopping: bool = False

    def __post_init__(self) -> None:
        self.wave = self.setting.wave
        self.registry = self.setting.registry
        self.base = self.setting.stage.base
        self.runner = self.setting.tools.runner_with(self.setting.env)
        self.setting.new_machine("work")
        self.machine = "work"

    # --- releases ---------------------------------------------------------------------------------------------------

    def release(
        self,
        *goals: str,
        meanwhile: Callable[[Program], None] | None = None,
        on: str = "work",
        timeout: float = 60,
        settle: float = 2,
        exits: tuple[int, ...] = (0,),
        env: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Run a release to its end; returns what it printed as JSON.

        Args:
            goals: targets; ``release`` when left out.
            meanwhile: what happens while it runs, in another thread.
            on: the machine it runs on; a clean clone is made for a new name.
            timeout: seconds it waits for decisions.
            settle: seconds a stage record may be gone before that is a rejection.
            exits: the exit codes that keep the promises.
            env: more variables.
        """
        running = self.start(*goals, meanwhile=meanwhile, on=on, timeout=timeout, settle=settle, env=env)
        return running.finish(exits)

    def start(
        self,
        *goals: str,
        meanwhile: Callable[[Program], None] | None = None,
        on: str = "work",
        timeout: float = 60,
        settle: float = 2,
        env: Mapping[str, str] | None = None,
    ) -> _Running:
        """Start a release and come back at once; `release` says what the arguments mean."""
        root = self.setting.stage.root(on)
        if not root.exists():
            self.setting.new_machine(on)
        self.machine = on
        self._check_stop()
        out: list[str] = []
        where = "" if on == "work" else f"{on} "
        program = self.setting.tools.start(
            (*self.setting.tools.command(root, goals or ("release",), self.setting.env), "--json"),
            cwd=root,
            env={**self.setting.env, **self._settings(timeout, settle), **self.extra, **(env or {})},
            on_out=out.append,
            on_error=lambda line: self.setting.say(f"  {where}│ {line}"),
        )
        self.programs.append(program)
        thread = threading.Thread(target=self._meanwhile, args=(meanwhile, program), daemon=True) if meanwhile else None
        if thread:
            thread.start()
        return _Running(self, program, thread, out)

    def _meanwhile(self, act: Callable[[Program], None], program: Program) -> None:
        try:
            act(program)
        except _Over:
            pass
        except Exception as error:  # noqa: BLE001  (told by the thread that waits; a thread must not end in a traceback)
            self.troubles.append(error)
            program.end()

    def _settings(self, timeout: float, settle: float) -> dict[str, str]:
        return {
            "VIS_RELEASE__PUBLISH__REGISTRY": self.registry.url,
            "VIS_RELEASE__PUBLISH__CLIENT": self.client,
            "VIS_RELEASE__PUBLISH__PROVENANCE": "auto",
            "VIS_RELEASE__PUBLISH__STAGE__TIMEOUT": f"{timeout:g}s",
            "VIS_RELEASE__PUBLISH__STAGE__POLL_INTERVAL": "1s",
            "VIS_RELEASE__PUBLISH__STAGE__SETTLE": f"{settle:g}s",
            "VIS_RELEASE__PUBLISH__STAGE__HEARTBEAT": "10s",
            "VIS_RELEASE__PUBLISH__STAGE__MODE": "wait",
            "VIS_RELEASE__FORGE__PROVIDER": "none",
        }

    # --- people -----------------------------------------------------------------------------------------------------

    def staged(self, program: Program | None = None, count: int | None = None) -> list[StageItem]:
        """What is staged, dependencies first, once the whole wave is (or the program has ended)."""
        expected = len([each for each in self.wave if each.staged]) if count is None else count
        self.until(lambda: len(self.registry.stages()) >= expected or (program is not None and not program.running))
        if len(self.registry.stages()) < expected:
            raise _Over  # what the release came to says enough
        place = {planned.name: number for number, planned in enumerate(self.wave)}
        return sorted(self.registry.stages(), key=lambda item: (place.get(item.name, len(place)), item.version))

    def approve(self, items: Sequence[StageItem], *, by_npm: int = 0) -> None:
        """Approve: the first ones with the real npm and a code, the others on the registry's page."""
        self._decide("approve", items, by_npm)

    def reject(self, items: Sequence[StageItem], *, by_npm: int = 0) -> None:
        """Reject likewise."""
        self._decide("reject", items, by_npm)

    def _decide(self, verb: str, items: Sequence[StageItem], by_npm: int) -> None:
        done = {"approve": "approved", "reject": "rejected"}[verb]
        for number, item in enumerate(items):
            self._check_stop()
            if number < by_npm:
                why = self.setting.decide(verb, item.id)
                if why is not None:
                    raise Failed(f"npm stage {verb} failed: {why}", code="REHEARSAL")
            else:
                self.until(lambda item=item: self._no_longer_validating(item))  # type: ignore[misc]
                (self.registry.approve if verb == "approve" else self.registry.reject)(item.id, MAINTAINER)
            how = "with npm" if number < by_npm else "on the page"
            self.setting.say(f"  ☞ {MAINTAINER} {done} {item.name}@{item.version} {how}")

    def _no_longer_validating(self, item: StageItem) -> bool:
        return all(each.status != "validating" for each in self.registry.stages() if each.id == item.id)

    def push(self, subject: str, files: Mapping[str, str]) -> str:
        """Somebody else commits files (from the repository's top) and pushes them; returns the commit."""
        root = self.setting.stage.root("colleague")
        if not root.exists():
            self.setting.new_machine("colleague")
        top = self.setting.stage.folder / "colleague"
        name, branch = self.setting.stage.remote_name, self.setting.stage.branch
        for _ in range(10):
            self.runner.run(["git", "fetch", "--quiet", name], cwd=top)
            self.runner.run(["git", "reset", "--quiet", "--hard", f"{name}/{branch}"], cwd=top)
            for path, text in files.items():
                target = top / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            self.runner.run(["git", "add", "--force", "--", *files], cwd=top)
            self.runner.run(["git", "commit", "--quiet", "--no-verify", "-m", subject], cwd=top)
            commit = self.runner.run(["git", "rev-parse", "HEAD"], cwd=top).stdout.strip()
            done = self.runner.run(["git", "push", "--quiet", name, f"HEAD:{branch}"], cwd=top, check=False)
            if done.code == 0:
                self.others.append(commit)
                self.setting.say(f"  ☞ a colleague pushed “{subject}”")
                return commit
        raise Failed("a colleague's push was refused ten times", code="REHEARSAL")

    def pull(self, machine: str = "work") -> None:
        """Bring a machine up to date, as `git pull` does."""
        top = self.setting.stage.folder / machine
        name, branch = self.setting.stage.remote_name, self.setting.stage.branch
        self.runner.run(["git", "pull", "--quiet", "--rebase", name, branch], cwd=top)

    def change_file(self, planned: Planned) -> dict[str, str]:
        """A change file that asks for another patch of a package."""
        text = f'---\n"{planned.name}": patch\n---\n\nOne more rehearsed change.\n'
        return {(self.setting.stage.inside / self.setting.changes_dir / "one-more.md").as_posix(): text}

    def lose(self, machine: str) -> None:
        """A machine is gone with everything on it."""
        self.setting.say(f"  ☞ the machine `{machine}` is lost with its disk")
        self.setting.strike(machine)

    # --- accidents --------------------------------------------------------------------------------------------------

    def fault(self, **what: Any) -> Fault:
        """Something goes wrong at the registry; see `vis_tasks.registry.faults.Fault`."""
        return self.registry.faults.add(Fault(**what))

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for other processes, with a deadline."""
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            self._check_stop()
            if time.monotonic() > deadline:
                raise Failed(f"the rehearsal waited {_PATIENCE:g} s in vain", code="REHEARSAL")
            time.sleep(_GLANCE)  # another process can't be waited for in any other way

    def stop(self) -> None:
        """End everything at once: nothing of it will be looked at any more. Whoever waits is told so."""
        self.stopping = True
        for program in self.programs:
            if program.running:
                program.kill()

    def _check_stop(self) -> None:
        if self.stopping:
            raise Failed("the rehearsal was ended", code="REHEARSAL_ENDED")

    # --- what must have come of it ----------------------------------------------------------------------------------

    def facts(self) -> Facts:
        """What there is now."""
        stage = self.setting.stage
        prefix = "" if stage.inside.as_posix() == "." else f"{stage.inside.as_posix()}/"
        return read_facts(
            self.runner,
            self.registry,
            stage.remote,
            branch=stage.branch,
            state_branch=self.setting.state_branch,
            base=self.base,
            others=self.others,
            old_tags=self.setting.old_tags,
            tag_of=self.tags_of(),
            folders={each.name: prefix + ("" if each.path == "." else f"{each.path}/") for each in self.wave},
            state_path=f"{prefix}{self.setting.changes_dir}/staged.json",
            changes_dir=f"{prefix}{self.setting.changes_dir}",
            seeded=self.setting.seeded,
            work=stage.root(self.machine),
        )

    def tags_of(self) -> dict[str, str]:
        """``name@version`` → its tag, for the wave and for every version of its packages that came up since."""
        names = {planned.name for planned in self.wave}
        seen = {(line.name, line.version) for line in self.registry.audit() if line.name in names}
        seen |= {(planned.name, planned.new) for planned in self.wave}
        return {f"{name}@{version}": self.setting.tag_for(name, version) for name, version in seen}

    def approved(self) -> list[str]:
        """``name@version`` of ours that were approved, by the registry's books."""
        return sorted({f"{line.name}@{line.version}" for line in self.registry.audit() if line.action == "approved"})

    def expect(self, what: str, found: object, wanted: object) -> None:
        """Something this scenario promises beside what always holds."""
        if found != wanted:
            self.broken.append(f"{what}: {_shown(found)}, but {_shown(wanted)} was to be expected")

    def expect_end(
        self,
        *,
        live: Sequence[str] = (),
        pending: Mapping[str, str] | None = None,
        rejected: Sequence[str] = (),
        untagged: Sequence[str] = (),
    ) -> Facts:
        """Look, and hold it against the promises and against what this scenario leads to.

        Args:
            live: ``name@version`` of what went live, and so has its tag.
            pending: ``name@version`` → reason, of every entry in staged.json.
            rejected: what staged.json remembers as rejected.
            untagged: what is live through somebody else and must have no tag.
        """
        facts, tags = self.facts(), self.tags_of()
        self.broken += broken_promises(facts, tags)
        reasons = {spec: entry.get("reason") for spec, entry in facts.entries("pending").items()}
        self.expect("live", sorted(facts.live), sorted([*live, *untagged]))
        self.expect("tags", sorted(facts.tags), sorted(tags[each] for each in live))
        self.expect("staged.json", reasons, dict(pending or {}))
        self.expect("rejected in staged.json", sorted(facts.entries("rejected")), sorted(rejected))
        return facts


@dataclass
class _Running:
    """A release under way."""

    director: Director
    program: Program
    thread: threading.Thread | None
    out: list[str]

    def finish(self, exits: tuple[int, ...]) -> dict[str, Any]:
        """Wait for its end; returns its JSON document.

        Raises:
            vis_tasks.errors.VisError: what went wrong meanwhile, or the rehearsal was ended.
        """
        director = self.director
        code = self.program.wait()
        if self.thread:
            self.thread.join()
        director._check_stop()  # noqa: SLF001  (one house)
        document = _document(self.out)
        director.exits.append(code)
        director.documents.append(document)
        if director.troubles:
            trouble = director.troubles[0]
            if isinstance(trouble, VisError):
                raise trouble
            raise Failed(f"the rehearsal's own people failed: {trouble}", code="REHEARSAL") from trouble
        if code not in exits:
            error = document.get("error") or {}
            why = f": {error.get('message')}" if error else ""
            director.broken.append(f"run {len(director.exits)} ended with exit code {code}{why}")
            if not director.registry.audit():
                raise Failed(
                    str(error.get("message") or f"it ended with exit code {code}"),
                    code=str(error.get("code") or "REHEARSAL"),
                    hint=str(error.get("hint") or ""),
                    details={"run": len(director.exits), "exit": code},
                )
        return document


def _document(lines: Sequence[str]) -> dict[str, Any]:
    """The JSON document among what was printed; scripts may print before it."""
    for number, line in enumerate(lines):
        if line == "{":
            try:
                found = json.loads("\n".join(lines[number:]))
            except ValueError:
                continue
            if isinstance(found, dict):
                return found
    return {}


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} ({word})" for key, word in sorted(value.items())) or "nothing"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    return str(value)
