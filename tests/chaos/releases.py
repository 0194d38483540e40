"""What runs on the machines: releases and other work of the product, in any world, and what it must never say or leave."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.chaos.outages import Wire
from tests.chaos.people import Crash, Eventful, Machine, ReviewDesk, fuse
from tests.fakes import RecordingConsole
from tests.rig.house import house
from tests.rig.house import release as make
from tests.rig.memory import Memory
from vis_tasks.errors import VisError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.chaos.town import Town
    from vis_tasks.services.run import Run

__all__ = ["release", "update", "working"]

# A release may say no, or fail at what the registry did to it; it must never say one of these.
_NEVER = frozenset(
    {
        "DIRTY_TREE",
        "COMMAND_FAILED",
        "TAG_EXISTS",
        "COMMIT_MISSING",
        "JOURNAL",
        "STAGED_JSON",
        "DIVERGED",
        "EDITED_SINCE",
        "INTERNAL",
    }
)


# What a release and git look at; starting a process costs by the variable.
_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "NO_COLOR", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "SYSTEMROOT")


def update(town: Town, machine: str) -> None:
    """``git pull``, as a person would before a release, and back from it where it conflicts; then the release has to cope."""
    if machine not in town.busy and _head(town, machine) != town.box.view.refs().main:
        root = town.folder / machine
        town.box.git(root, "pull", "--quiet", "--rebase", "origin", "main", check=False)
        if (root / ".git" / "rebase-merge").exists():
            town.tell("pull taken back", machine)
            town.box.git(root, "rebase", "--abort")


def _head(town: Town, machine: str) -> str:
    ref = town.folder / machine / ".git" / "refs" / "heads" / "main"
    return ref.read_text(encoding="utf-8").strip() if ref.exists() else ""


def release(
    town: Town,
    machine: str,
    *,
    goal: str = "release",
    crash: int | None = None,
    meanwhile: Sequence[Callable[[], None]] = (),
) -> str:
    """Release on a machine; returns ``ok``, ``crash``, or the code it was refused or failed with.

    Args:
        town: the world.
        machine: one of `MACHINES`.
        goal: the target to make.
        crash: the boundary at which everything ends.
        meanwhile: what others do, one thing for each pause of the release.
    """
    if machine in town.busy:
        return "busy"
    if machine == "laptop":
        update(town, machine)
    before, variant = town.registry.audit(), town.variant
    locked_out = _locked_out(town)
    town.began[machine] = town.clock.now()
    try:
        ended = working(town, machine, lambda run: make(run, goal), crash=crash, meanwhile=meanwhile)
    finally:
        del town.began[machine]
    assert not (locked_out and ended == "ok"), f"{machine} released while another machine held the lock\n{town.story}"
    if ended == "ok" and goal == "release" and variant == town.variant:
        _all_taken_over(town)
    useful = "" if goal != "release" or ended != "ok" or len(town.registry.audit()) > len(before) else ", no upload"
    town.tell(f"{goal} ended: {ended}{useful}", f"({machine})")
    return ended


def _locked_out(town: Town) -> bool:
    """Whether another machine is releasing, and its lock isn't over yet (the wait's timeout and an hour)."""
    now = town.clock.now()
    return town.variant.remote_lock and any(now - began < timedelta(hours=1) for began in town.began.values())


def _all_taken_over(town: Town) -> None:
    """What the release branch holds of what is staged is on the state branch, once a release has ended well under it."""
    if town.variant.state_branch and town.box.view.switched:
        staged = {(item.name, item.version) for item in town.registry.stages()}
        left = (town.on_main() & staged) - town.on_record()
        assert not left, f"not taken over from the release branch: {sorted(left)}\n{town.story}"


def working(
    town: Town,
    machine: str,
    action: Callable[[Run], object],
    *,
    crash: int | None = None,
    meanwhile: Sequence[Callable[[], None]] = (),
) -> str:
    """Let a machine do something; returns ``ok``, ``crash``, or the code it was refused or failed with.

    Args:
        town: the world.
        machine: one of `MACHINES`.
        action: what it does.
        crash: the boundary at which everything ends.
        meanwhile: what others do, one thing for each pause.
    """
    town.raced = town.raced or bool(town.busy and not town.variant.remote_lock)
    town.busy.add(machine)
    console = RecordingConsole()
    try:
        run = _house_for(town, machine, fuse(crash), meanwhile, console)
        action(run)
    except Crash:
        return "crash"
    except VisError as error:
        _expected(town, machine, error)
        console.error(f"{error.message}\n{error.hint}")
        town.told.append(f"{machine} says: {error.message}")
        return error.code
    finally:
        town.said = "\n".join(text for kind, text in console.said if kind in {"error", "warning"})
        town.busy.discard(machine)
        town.recorded |= town.known()
    return "ok"


def _expected(town: Town, machine: str, error: VisError) -> None:
    never = _NEVER | (set() if town.foreign else {"MISMATCH"})
    never |= set() if town.variant.remote_lock else {"LOCKED"}
    if error.code in never:
        raise AssertionError(f"{machine}: {error.code}: {error.message}\n{town.story}") from error


def _house_for(
    town: Town,
    machine: str,
    boundary: Callable[[str], None],
    meanwhile: Sequence[Callable[[], None]] = (),
    console: RecordingConsole | None = None,
) -> Run:
    env = {name: value for name, value in town.box.env.items() if name in _ENVIRONMENT}
    if machine == "ci":
        env["CI"] = "true"
        if town.variant.trusted:
            env |= {
                "HOME": str(town.folder / "ci-home"),
                "GITHUB_ACTIONS": "true",
                "NPM_ID_TOKEN": town.registry.id_token(town.issuer, repository="acme/tools"),
            }
    return house(
        town.folder / machine,
        env,
        clock=Eventful(town.clock, list(meanwhile)),
        console=console or RecordingConsole(),
        boundary=boundary,
        machine=Machine(machine, next(town.pids)),
        desk=ReviewDesk(town.registry),
        settings=town.variant.settings,
        programs=lambda runner: Wire(
            Memory(runner, town.box.remote, town.asked[machine], town.alike),
            town.outages,
            protected=town.variant.protected and machine == "ci",
        ),
    )
