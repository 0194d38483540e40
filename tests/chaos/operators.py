"""People with a terminal: the desk, and the commands that clear up; and what a release says has to be done by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.deeds import develop
from tests.chaos.people import Nobody
from tests.chaos.releases import update, working
from tests.chaos.variants import PACKAGES
from tests.rig.invariants import is_blocked, unpacked
from vis_tasks.services import desk
from vis_tasks.services.desk_tag import tag_approved
from vis_tasks.services.lock import Lock
from vis_tasks.services.remote_lock import break_remote_lock
from vis_tasks.services.restage import restage as stage_again
from vis_tasks.services.stage_list import listing

if TYPE_CHECKING:
    from tests.chaos.town import Town
    from vis_tasks.services.run import Run

__all__ = ["decide", "drop_rejected", "number_past_blocked", "number_past_others", "restage", "tag_by_hand", "unlock"]


def decide(town: Town, machine: str, verb: str, number: int, *, crash: int | None = None, tag: bool = False) -> None:
    """A maintainer decides at the desk about one of what is listed there; ``tag`` as ``stage.approve --tag``."""
    if machine in town.busy or (machine == "ci" and town.variant.trusted):
        return
    update(town, machine)

    def act(run: Run) -> None:
        items = listing(run).items
        if not items:
            return
        entry = items[number % len(items)].entry
        town.tell(f"{verb} at the desk{' and tag' if tag and verb == 'approve' else ''}", f"{machine}: {entry.spec}")
        made = desk.decide(run, verb, [entry], Nobody())
        if tag and verb == "approve" and all(each.done for each in made):
            tag_approved(run, [each.entry for each in made])

    working(town, machine, act, crash=crash)


def drop_rejected(town: Town, machine: str) -> None:
    """An operator clears what was rejected, or isn't staged any more: ``stage.reject`` with nothing left to reject."""
    there = {item.id for item in town.registry.stages()}
    versions = {(item.name, item.version) for item in town.registry.stages()}

    def act(run: Run) -> None:
        entries = [
            entry
            for entry in run.state.pending().pending
            if entry.reason == "rejected" or (entry.id not in there if entry.id else entry.key not in versions)
        ]
        if entries:
            town.tell("entries dropped", f"{machine}: {', '.join(entry.spec for entry in entries)}")
            desk.decide(run, "reject", entries, Nobody())

    if machine not in town.busy:
        update(town, machine)
        working(town, machine, act)


def restage(town: Town, machine: str) -> None:
    """``stage.restage`` of whatever was rejected and is still on disk."""

    def act(run: Run) -> None:
        versions = {(package.name, package.version) for package in run.workspace.packages}
        names = [stone.name for stone in run.state.pending().rejected if stone.key in versions]
        if names:
            town.tell("restage", f"{machine}: {', '.join(names)}")
            stage_again(run, names)

    if machine not in town.busy:
        update(town, machine)
        working(town, machine, act)


def unlock(town: Town, machine: str) -> None:
    """``invoke unlock``, where nobody is releasing."""
    if town.busy:
        return

    def act(run: Run) -> None:
        found = Lock(run.tools.files, run.state.lock_path, run.tools.machine, run.tools.clock).break_()
        remote = break_remote_lock(run)
        town.tell("unlock" if found or remote else "unlock of nothing", machine)

    working(town, machine, act)


def number_past_blocked(town: Town) -> None:
    """Where the registry's scan stopped a version, its number is taken: the next one has to be used."""
    main = town.box.view.refs().main
    versions = {name: town.box.view.manifest(main, name)["version"] for name in PACKAGES}
    stopped = [name for name, version in versions.items() if is_blocked(town.registry, name, version)]
    if stopped:
        develop(town, stopped)


def number_past_others(town: Town) -> None:
    """Where others took a number, the next one has to be used."""
    main = town.box.view.refs().main
    taken = [name for name, version in sorted(town.foreign) if town.box.view.manifest(main, name)["version"] == version]
    if taken:
        develop(town, taken)


def tag_by_hand(town: Town) -> None:
    """A person reads that a live version gets no tag by itself, looks at its bytes, and tags the commit they come from."""
    refs = town.box.view.refs()
    for name in PACKAGES:
        for version in town.registry.versions(name):
            tag = f"{name}@{version}"
            if f"git tag -a {tag} " in town.said and tag not in refs.tags and (name, version) not in town.foreign:
                bytes_of = unpacked(town.registry.tarball(name, version))
                commits = [
                    each
                    for each in town.box.view.log("%H", "main")
                    if town.box.view.tree(each, f"packages/{name}") == bytes_of
                ]
                assert commits, f"no commit holds the bytes of {tag}\n{town.story}"
                town.tell("tagged by hand", tag)
                town.box.git(town.box.remote, "tag", "-a", tag, commits[-1], "-m", tag)
                town.by_hand.add(tag)
