"""Versions on disk that a lost run may have brought to the registry without leaving a note: no new version may bury them.

staged.json is committed when a run ends. A runner that is lost between an upload and that commit leaves a version that is staged,
or live, and written down nowhere. The next run on a fresh clone finds it by looking, as long as the version on disk is still that
one; so before a package is versioned again, what lies there is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.errors import Refused
from vis_tasks.ports import StageList, Unknown
from vis_tasks.records import dataclass
from vis_tasks.services.forgotten import adopt
from vis_tasks.services.guard_registry import refuse_or_tell
from vis_tasks.services.origin import commit_that_brought, ours_among
from vis_tasks.services.wave import find_wave, forget_wave

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.core.model import Package
    from vis_tasks.ports import StageRecord
    from vis_tasks.services.run import Run

__all__ = ["check_unfinished"]


def check_unfinished(run: Run) -> None:
    """Write down what is staged of the versions that the plan would leave behind; refuse where that can't be told.

    Costs nothing where these versions have their tags or stand in staged.json, as they do after every run that ended. Else two
    git processes and one a commit that brought some of them, the wave's lookups, and one list request a registry.

    Raises:
        vis_tasks.errors.Refused: code ``UNFINISHED``: live without a tag or a note, or nobody here may read the stage list;
            ``REGISTRY_DOWN``: no usable answer.
    """
    left = ours_among(run, [package for package in _planned(run) if _is_open(run, package)])
    if not left:
        return
    wave = find_wave(run)
    fresh = {package.name for package in wave.fresh}
    owed = {entry.key: entry for entry in wave.owed}
    forget_wave(run)
    lists = _Lists(run)
    for package in left:
        if (entry := owed.get((package.name, package.version))) is not None:
            if not run.plan_only:
                run.state.change(lambda state, entry=entry: state.approve(entry))  # type: ignore[misc]
        elif package.name not in fresh:
            raise _refusal(run, package, _LIVE)
        elif (record := lists.find(package)) is not None:
            adopt(run, record, commit_that_brought(run, package))


_LIVE = "is live and has no tag, and nothing here knows the bytes it was staged with"
_UNREADABLE = "may be staged: these credentials can't read the stage list"


def _planned(run: Run) -> Sequence[Package]:
    return [
        package
        for package in run.workspace.packages
        if not package.private and (planned := run.plan.by_name.get(package.name)) and planned.new != package.version
    ]


def _is_open(run: Run, package: Package) -> bool:
    """Neither tagged nor written down."""
    key = (package.name, package.version)
    return not run.state.pending().knows(*key) and run.tag_name(*key) not in run.refs.tags


@dataclass
class _Lists:
    """The registries' stage lists, each read once."""

    run: Run

    def __post_init__(self) -> None:
        self._read: dict[str, StageList] = {}

    def find(self, package: Package) -> StageRecord | None:
        url = self.run.npm.url_for(package.name, package.manifest)
        if url not in self._read:
            found = self.run.npm.reader(url).stages()
            if isinstance(found, Unknown):
                raise Refused(
                    f"{url} gives no usable answer: {found.why}",
                    code="REGISTRY_DOWN",
                    hint="try again when it is reachable",
                )
            if not isinstance(found, StageList):
                spec = f"{package.name}@{package.version}"
                refuse_or_tell(self.run, _refusal(self.run, package, _UNREADABLE), f"whether {spec} is staged")
                return None
            self._read[url] = found
        key = (package.name, package.version)
        return next((each for each in self._read[url].records if (each.name, each.version) == key), None)


def _refusal(run: Run, package: Package, why: str) -> Refused:
    spec, tag = f"{package.name}@{package.version}", run.tag_name(package.name, package.version)
    commit = commit_that_brought(run, package) or "<commit>"
    if why == _LIVE:
        hint = (
            f"look at it (`npm pack {spec}`). If it is yours: `git tag -a {tag} {commit} -m {tag}`, "
            f"`git push {run.release.remote} {tag}`, then run again"
        )
    else:
        hint = "run `invoke release` once where npm is logged in and can read the list: what is staged is written down then"
    return Refused(
        f"a release brought {spec} and was lost; it {why}. A new version would bury it",
        code="UNFINISHED",
        hint=hint,
        details={"package": package.name, "version": package.version, "commit": commit},
    )
