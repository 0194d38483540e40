"""pack: the tarballs of the wave, in ``dist/``, with a manifest of what they hold. Needs no token.

What is in the manifest are the only bytes that `stage` may upload.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vis_tasks.core.tarball_checks import Severity, growth
from vis_tasks.core.targets import Due, UpToDate
from vis_tasks.errors import Failed
from vis_tasks.services.commands import at_work, run_hook
from vis_tasks.services.dist import Packed, integrity, manifest
from vis_tasks.services.last_sizes import LastSizes
from vis_tasks.services.origin import begin_built_from
from vis_tasks.services.run import Outcome
from vis_tasks.services.wave import find_wave, forget_wave

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from vis_tasks.core.model import Package
    from vis_tasks.core.tarball_checks import Problem
    from vis_tasks.core.targets import State
    from vis_tasks.services.run import Run

__all__ = ["look", "pack", "packed", "tell_unknown", "uploadable"]

SCHEMA = 1


def look(run: Run) -> State:
    """Due when a package of the wave has no tarball built from HEAD."""
    if run.handed_over:
        return UpToDate(f"{len(manifest(run))} tarball(s) were handed over")
    planned = _planned(run)
    if planned:
        return Due(f"{len(planned)} package(s) to pack once versioned", tuple(f"pack {spec}" for spec in planned))
    wanted = _wanted(run)
    there = packed(run, wanted) if wanted else {}
    missing = [package for package in wanted if package.name not in there]
    if missing:
        live = _live_unproven(run)
        return Due(
            f"{len(missing)} package(s) to pack",
            tuple(
                f"{'compare what is live with' if package.name in live else 'pack'} {package.name}@{package.version}"
                for package in missing
            ),
        )
    if unknown := find_wave(run).unknown:
        return Due(f"the registry gave no answer about {len(unknown)} version(s): {unknown[0][1].why}")
    if not wanted:
        return UpToDate("nothing to pack: every version on disk is staged, tagged or was live before")
    return UpToDate(f"{len(wanted)} tarball(s) are packed from {(run.tools.git.head() or '')[:12]}")


def tell_unknown(run: Run) -> None:
    """What the registry gave no answer about has failed: nobody knows whether it has to be packed and uploaded."""
    for package, unknown in find_wave(run).unknown:
        why = f"the registry gave no answer: {unknown.why}"
        run.report.put(Outcome(package.name, package.version, "failed", why))


def _wanted(run: Run) -> tuple[Package, ...]:
    """What goes to the registry, and what is live there though nothing says which bytes it should have."""
    wave = find_wave(run)
    return (*wave.fresh, *(package for package, _ in wave.unproven))


def _live_unproven(run: Run) -> set[str]:
    return {package.name for package, _ in find_wave(run).unproven}


def _planned(run: Run) -> tuple[str, ...]:
    """What the version step would bring, while it hasn't run yet."""
    private = {package.name for package in run.workspace.packages if package.private}
    return tuple(f"{release.name}@{release.new}" for release in run.plan.releases if release.name not in private)


def packed(run: Run, packages: Iterable[Package]) -> dict[str, Packed]:
    """By name, the tarballs that are there, were built from HEAD and are byte for byte what the manifest says.

    What was handed over may be older than HEAD: a job that starts again finds the commits its first try has pushed. Costs one
    git process, and one read of each tarball.
    """
    lines, head = manifest(run), run.tools.git.head()
    found = {package.name: lines.get(f"{package.name}@{package.version}") for package in packages}
    return {name: line for name, line in found.items() if line is not None and _is_intact(run, line, head)}


def _is_intact(run: Run, line: Packed, head: str | None) -> bool:
    if not _from_here(run, line.commit, head) or "/" in line.file or "\\" in line.file:
        return False
    content = run.tools.files.read(f"{run.state.dist_path}/{line.file}")
    return content is not None and integrity(content) == line.integrity


def _from_here(run: Run, commit: str, head: str | None) -> bool:
    return commit == head or (run.handed_over and head is not None and run.tools.git.contains(commit, head))


def uploadable(run: Run) -> tuple[Package, ...]:
    """What of the wave is to be uploaded: all that is fresh; after a hand-over only what was handed over."""
    fresh = find_wave(run).fresh
    there = packed(run, fresh) if run.handed_over else None
    return fresh if there is None else tuple(package for package in fresh if package.name in there)


def tarball_path(run: Run, line: Packed) -> Path:
    """Where the tarball lies."""
    return run.tools.root.joinpath(*run.state.dist_path.split("/"), line.file)


def pack(run: Run) -> None:
    """Pack what is missing, with the project's own package manager; its scripts run once per package.

    Raises:
        vis_tasks.errors.Failed: code ``PACK`` or ``BAD_TARBALL``; nothing has been uploaded.
    """
    tell_unknown(run)
    if not _wanted(run):
        return
    run_hook(run, "before_pack")
    packer = run.tools.packer(run.workspace)
    dist = run.tools.root.joinpath(*run.state.dist_path.split("/"))
    run.tools.files.make_folder(run.state.dist_path)
    head = run.tools.git.head() or ""
    lines = {spec: line for spec, line in manifest(run).items() if line.commit == head}
    wanted, live = _wanted(run), _live_unproven(run)
    there = packed(run, wanted)
    missing = [package for package in wanted if package.name not in there]
    problems: list[str] = []
    with at_work(run, "packing (prepublishOnly, prepack, prepare)"), LastSizes(run, missing) as before:

        def begun() -> None:
            before.begin()
            if "stage" in run.reach and "_origins" not in run.__dict__:
                begin_built_from(run, [(package, head) for package in missing])

        made = packer.pack_many([run.tools.root / package.path for package in missing], dist, begun)
        for number, (package, path) in enumerate(zip(missing, made, strict=True), 1):
            tarball, found = run.tools.inspect_tarball(package, path)
            if package.name not in live:
                problems += _fatal(run, package, [*found, *growth(tarball.unpacked_size, before.of(package.name))])
            lines[f"{package.name}@{package.version}"] = Packed(
                package.name, package.version, tarball.path.name, tarball.integrity, tarball.shasum, tarball.size, head,
                tarball.files,
            )  # fmt: skip
            run.tools.console.success(
                f"[{number}/{len(missing)}] packed {package.name}@{package.version}"
                f" ({tarball.size} bytes, {len(tarball.files)} files)"
            )
    if problems:
        raise Failed(
            "these tarballs must not be published:\n" + "\n".join(f"  {problem}" for problem in problems),
            code="BAD_TARBALL",
            hint="mend the packages (`files` in package.json, .npmignore, the build), commit, and run again; "
            "nothing was uploaded",
        )
    _write(run, lines)
    if live:
        forget_wave(run)
    foreign = _dirtied(run)
    if foreign:
        run.tools.console.warning(
            f"packing changed files in the tree: {', '.join(foreign[:5])}{' …' if len(foreign) > 5 else ''}"
        )


def _dirtied(run: Run) -> list[str]:
    prefix = run.tools.git.prefix()
    own = tuple(prefix + path for path in run.state.own_paths)
    return [path for path in run.tools.git.dirty() if not path.startswith(own)]


def _fatal(run: Run, package: Package, found: Sequence[Problem]) -> list[str]:
    spec = f"{package.name}@{package.version}"
    for problem in found:
        if problem.severity is Severity.WARNING:
            run.tools.console.warning(f"{spec}: {problem.text}")
    return [
        f"{spec}: {problem.text}" + (f" ({problem.hint})" if problem.hint else "")
        for problem in found
        if problem.severity is Severity.ERROR
    ]


def _write(run: Run, lines: dict[str, Packed]) -> None:
    data: dict[str, Any] = {
        "version": SCHEMA,
        "tarballs": [{**vars(line), "files": list(line.files)} for line in lines.values()],
    }
    run.tools.files.write(f"{run.state.dist_path}/manifest.json", (json.dumps(data, indent=2) + "\n").encode())
