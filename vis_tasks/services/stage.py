"""stage: upload the wave's tarballs to the staging area. Nothing is installable afterwards; a human decides.

Every upload is announced in the journal before it starts, and its id stands in staged.json right after it ends, so that a
killed run neither stages twice nor forgets a stage.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from vis_tasks.core.layers import needs_first
from vis_tasks.core.pending import Entry
from vis_tasks.core.selection import managed
from vis_tasks.core.targets import Due, UpToDate
from vis_tasks.ports import StageList
from vis_tasks.services.in_order import in_order
from vis_tasks.services.ledger import Ledger
from vis_tasks.services.origin import built_from
from vis_tasks.services.pack import look as look_pack
from vis_tasks.services.pack import packed, tell_unknown, uploadable
from vis_tasks.services.planning.snapshot import refuse_snapshots
from vis_tasks.services.record import record
from vis_tasks.services.run import Outcome
from vis_tasks.services.state import timestamp
from vis_tasks.services.tag import served_without
from vis_tasks.services.upload import Upload, upload
from vis_tasks.services.wave import find_wave, forget_wave

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vis_tasks.core.model import Package
    from vis_tasks.core.pending import Pending
    from vis_tasks.core.targets import State
    from vis_tasks.ports import StageRecord
    from vis_tasks.services.dist import Packed
    from vis_tasks.services.run import Run

__all__ = ["access_of", "dist_tag_of", "look", "registries", "stage", "stages_package"]


def look(run: Run) -> State:
    """Due when a package of the wave isn't at the registry."""
    ahead = look_pack(run)
    if isinstance(ahead, Due) and ahead.actions:
        lines = tuple(line.replace("pack ", "stage ", 1) for line in ahead.actions if line.startswith("pack "))
        return Due(f"{len(lines)} package(s) to stage once packed", lines)
    wave = find_wave(run)
    fresh = uploadable(run)
    if fresh or wave.unknown:
        names = tuple(f"stage {package.name}@{package.version}" for package in fresh)
        return Due(f"{len(fresh)} package(s) to stage", names)
    if wave.waiting:
        return UpToDate(f"{len(wave.waiting)} version(s) are staged already and wait for a decision")
    return UpToDate("nothing to stage")


def stages_package(run: Run, name: str) -> bool:
    """Whether a package goes through staging, or is published plainly."""
    own = run.release.packages.get(name)
    if own is not None and own.stage is not None:
        return own.stage
    return run.release.publish.stage.enabled


def registries(run: Run) -> dict[str, bool]:
    """Where the packages go, each place once; True where one of them is staged, False where all are published plainly."""
    found: dict[str, bool] = {}
    for package in managed(run.workspace, run.release):
        if not package.private:
            url = run.npm.url_for(package.name, package.manifest)
            found[url] = found.get(url, False) or stages_package(run, package.name)
    return found


def dist_tag_of(run: Run, package: Package) -> str:
    """The dist-tag: the package's own, the channel's, the config's, publishConfig's, else latest."""
    own = run.release.packages.get(package.name)
    channel = run.release.channels.get(run.branch)
    config = package.manifest.get("publishConfig")
    named = config.get("tag") if isinstance(config, dict) else None
    return (
        (own.tag if own else None)
        or (channel.tag if channel else None)
        or run.release.publish.tag
        or (str(named) if named else None)
        or "latest"
    )


def access_of(run: Run, package: Package) -> str | None:
    """``public`` or ``restricted``; None leaves it to npm (unscoped packages). A new scoped package is public by default."""
    own = run.release.packages.get(package.name)
    config = package.manifest.get("publishConfig")
    named = config.get("access") if isinstance(config, dict) else None
    chosen = (own.access if own else None) or (str(named) if named else None) or run.release.publish.access
    return chosen or ("public" if package.name.startswith("@") else None)


def stage(run: Run) -> None:
    """Upload the wave, ``concurrency`` at a time, each package after its dependencies; a failure holds back its dependents alone.

    What the registry already has is adopted instead of uploaded: found in its stage list, or by its 409.

    Raises:
        vis_tasks.errors.Refused: code ``SNAPSHOT``; a throw-away version is among them, and nothing was uploaded.
    """
    wave = find_wave(run)
    tell_unknown(run)
    by_name = {package.name: package for package in uploadable(run)}
    refuse_snapshots(by_name.values())
    known = _known_stages(run, by_name.values())
    failed = {package.name for package, _ in wave.unknown}
    ledger = Ledger(run.state)
    lines = packed(run, by_name.values())
    origins = built_from(run, [(package, lines[name].commit) for name, package in by_name.items() if name in lines])

    def admit(name: str) -> bool:
        package = by_name[name]
        # What a run that was lost had staged is written down, whatever became of its dependencies since.
        blockers = () if _is_listed(run, package, known) else _blockers(run, ledger.known(), package, failed)
        if blockers:
            run.report.put(Outcome(name, package.version, "held", f"held: needs {', '.join(blockers)}"))
        elif name not in lines:
            run.report.put(Outcome(name, package.version, "failed", "its tarball is missing or was changed"))
        else:
            return True
        failed.add(name)
        return False

    def one(name: str) -> Upload:
        result = _one(run, by_name[name], lines[name], origins[name], known, ledger)
        if not result.ok:
            failed.add(name)
        return result

    ledger.begin({_spec(by_name[name]): line.shasum for name, line in lines.items()})
    results = in_order(needs_first(run.workspace, by_name), admit, one, run.release.publish.concurrency)
    ledger.settle(_spec(by_name[name]) for name in lines if name not in results or results[name].sure)
    forget_wave(run)
    _checkpoint(run, readable=all(found is not None for found in known.values()))


def _spec(package: Package) -> str:
    return f"{package.name}@{package.version}"


def _one(
    run: Run,
    package: Package,
    line: Packed,
    origin: str,
    known: Mapping[str, tuple[StageRecord, ...] | None],
    ledger: Ledger,
) -> Upload:
    url = run.npm.url_for(package.name, package.manifest)
    result = upload(
        run,
        url,
        line,
        tag=dist_tag_of(run, package),
        access=access_of(run, package),
        known=known[url] or (),
        plainly=not stages_package(run, package.name),
    )
    if result.ok:
        ledger.put(partial(_noted, _entry(run, package, line, origin, result, url), live=result.live))
    _tell(run, package, result)
    return result


def _noted(entry: Entry, state: Pending, *, live: bool) -> Pending:
    return state.approve(entry) if live else state.put(entry)


def _entry(run: Run, package: Package, line: Packed, origin: str, result: Upload, url: str) -> Entry:
    return Entry(
        name=package.name,
        version=package.version,
        id=result.stage_id,
        tag=dist_tag_of(run, package),
        reason="waiting",
        staged_at=result.staged_at or timestamp(run.tools.clock.now()),
        integrity=line.integrity,
        shasum=line.shasum,
        commit=origin,
        registry=url if _is_foreign(run, url) else None,
        published=not (stages_package(run, package.name) or result.adopted or result.stage_id),
    )


def _tell(run: Run, package: Package, result: Upload) -> None:
    spec = _spec(package)
    if not result.ok:
        run.report.put(Outcome(package.name, package.version, "failed", result.why))
        run.tools.console.error(f"{spec}: {result.why}")
        return
    if result.live:
        run.tools.console.success(f"{spec} is published")
        return
    if not stages_package(run, package.name):
        run.tools.console.success(f"{spec} is published; its tag waits until it can be installed")
        return
    run.report.staged.append(spec)
    run.happened(f"{spec} staged")
    how = "adopted, it was staged before" if result.adopted else "staged"
    run.tools.console.success(f"{spec} {how} (id {result.stage_id or 'unknown'})")


def _known_stages(run: Run, packages: Iterable[Package]) -> dict[str, tuple[StageRecord, ...] | None]:
    """Per registry what is staged there; None where the list can't be read. One request per registry (and page)."""
    found: dict[str, tuple[StageRecord, ...] | None] = {}
    for package in packages:
        url = run.npm.url_for(package.name, package.manifest)
        if url not in found:
            listed = run.npm.reader(url).stages()
            found[url] = listed.records if isinstance(listed, StageList) else None
    return found


def _is_listed(run: Run, package: Package, known: Mapping[str, tuple[StageRecord, ...] | None]) -> bool:
    """Whether the registry listed this version as staged before the wave began."""
    records = known[run.npm.url_for(package.name, package.manifest)] or ()
    return any((record.name, record.version) == (package.name, package.version) for record in records)


def _blockers(run: Run, state: Pending, package: Package, failed: set[str]) -> tuple[str, ...]:
    """What holds a package back: what it needs failed in this wave, was rejected, or timed out in an earlier one.

    A package that is published plainly is installable at once, so it also waits for what is still undecided; what was itself
    published plainly, or approved here, nobody decides about any more. Nothing is held when a live version of the dependency
    fits its range.
    """
    plain = not stages_package(run, package.name)
    found = []
    for table in ("dependencies", "peerDependencies", "optionalDependencies"):
        for name, spec in package.table(table).items():
            needed = run.workspace.by_name.get(name)
            if needed is None:
                continue
            if name in failed:
                found.append(name)
                continue
            entry = state.find(name, needed.version)
            gone = state.is_rejected(name, needed.version)
            undecided = entry is not None and ((plain and not entry.published) or entry.reason != "waiting")
            if (gone or undecided) and not served_without(run, entry or Entry(name, needed.version), spec):
                found.append(
                    f"{name}@{needed.version} ({'rejected' if gone else entry.reason if entry else 'pending'})"
                )
    return tuple(sorted(set(found)))


def _checkpoint(run: Run, *, readable: bool) -> None:
    """Commit staged.json before the wait when a fresh runner could not read the stages back."""
    how = run.release.publish.stage.checkpoint
    if how == "always" or (how == "auto" and not readable):
        record(run)


def _is_foreign(run: Run, url: str) -> bool:
    """Whether the address must be remembered: another one than the default registry's."""
    return url != run.npm.url_for("", {})
