"""The targets of a release, declared; and the use case that makes a goal and closes the books after it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from vis_tasks.core.ci.split import places
from vis_tasks.core.targets import Due, Graph, Target, UpToDate
from vis_tasks.errors import Failed, VisError
from vis_tasks.records import replace
from vis_tasks.services import guard, pack, reconcile, stage, tag, version, wait
from vis_tasks.services.commands import at_work, run_command, run_hook
from vis_tasks.services.lock import machine_lock
from vis_tasks.services.make import Explained, explain, make
from vis_tasks.services.record import record
from vis_tasks.services.remote_lock import remote_lock
from vis_tasks.services.steps import Steps
from vis_tasks.services.summary import finish_report
from vis_tasks.services.wave_end import finish_wave

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vis_tasks.config.model import Config, TargetConfig
    from vis_tasks.core.targets import State
    from vis_tasks.services.run import Run

__all__ = ["STANDARD", "after_release", "explain_release", "follow_up", "graph_for", "make_release", "taken_over"]

STANDARD: tuple[Target[Run], ...] = (
    Target(
        "guard",
        guard.guard,
        doc="Refuse what can't end well: tree, branch, npm, credentials, pending stages.",
        mutates=False,
    ),
    Target(
        "version",
        version.version,
        needs=("guard",),
        look=version.look,
        doc="Change files to one pushed version commit.",
    ),
    Target("pack", pack.pack, needs=("version",), look=pack.look, doc="Pack the wave's tarballs and look inside them."),
    Target("stage", stage.stage, needs=("pack",), look=stage.look, doc="Upload the wave to npm's staging area."),
    Target("wait", wait.wait, needs=("stage",), look=wait.look, doc="Wait until humans have decided, or the deadline."),
    Target(
        "reconcile",
        reconcile.reconcile,
        needs=("wait",),
        look=reconcile.look,
        doc="Bring registry, staged.json and tags into agreement.",
    ),
    Target(
        "tag", tag.tag, needs=("reconcile",), look=tag.look, doc="Tag what is live, at the commit it was built from."
    ),
    Target(
        "release",
        lambda _run: None,
        needs=("tag",),
        look=lambda _run: UpToDate("has no work of its own"),
        doc="All of it.",
    ),
)


def graph_for(config: Config, extra: Iterable[Target[Run]] = ()) -> Graph[Run]:
    """The standard targets, those from TOML, and those given in Python, checked together.

    Raises:
        vis_tasks.errors.ConfigError: a name twice, an unknown need, or a circle.
    """
    from_toml = [_from_toml(name, target) for name, target in config.release.targets.items()]
    return Graph.of([*STANDARD, *from_toml, *extra])


def taken_over(graph: Graph[Run]) -> Graph[Run]:
    """The graph for a job that was handed what another one packed: whatever leads to packing is done and never runs here.

    Nor does any other target of the user's: this job may hold the power to publish (`after_release` is for those that follow).
    """
    done = {target.name for target in graph.order("pack")} - {"guard"}
    own = graph.targets.keys() - {target.name for target in STANDARD}
    return _passing(graph, (done - {"pack"}) | own, "done by the job that handed over")


def after_release(graph: Graph[Run]) -> Graph[Run]:
    """The graph for a job that follows the one that tagged: only the user's own targets that come after tagging are left."""
    done = {target.name for target in (*STANDARD, *graph.order("tag"))}
    return _passing(graph, done, "done by a job before")


def _passing(graph: Graph[Run], names: Iterable[str], why: str) -> Graph[Run]:
    def passed(_run: Run) -> State:
        return UpToDate(why)

    wanted = set(names)
    targets = {
        name: replace(target, look=passed) if name in wanted else target for name, target in graph.targets.items()
    }
    return replace(graph, targets=targets)


def _from_toml(name: str, config: TargetConfig) -> Target[Run]:
    def run_it(run: Run) -> None:
        with at_work(run, f"the target {name}"):
            run_command(run, config.run, shell=config.shell, cwd=config.cwd, env=config.env)

    return Target(name, run_it, needs=config.needs, before=config.before, look=partial(_wanted, config), doc=config.doc)


def _wanted(config: TargetConfig, run: Run) -> State:
    """A user's target that stands before packing has nothing to do when nothing is to be packed."""
    if "pack" in config.before:
        ahead = pack.look(run)
        if isinstance(ahead, UpToDate):
            return ahead
    return Due("always runs")


def make_release(run: Run, graph: Graph[Run], goals: tuple[str, ...], *, command: str) -> None:
    """Make the goals while holding the lock; then, however it ended, commit what staged.json has become.

    Raises:
        vis_tasks.errors.VisError: what a target raised, after the books are closed.
        vis_tasks.errors.Failed: code ``INCOMPLETE`` when a package failed though the targets went through.
    """
    run.reach = frozenset(target.name for target in graph.order(*goals))
    if run.reach - {"guard", "version"}:  # versioning asks the registry only about versions that nothing here knows
        run.tools.npm_soon()
    if run.plan_only:
        make(graph, goals, run, Steps(run), plan_only=True)
        finish_report(run)
        return
    with machine_lock(run, command), remote_lock(run, command):
        try:
            with Steps(run) as steps:
                run.report.ran.extend(make(graph, goals, run, steps))
        except BaseException:
            _close_after_error(run)
            raise
        _close(run)
    failed = run.report.of("failed")
    if failed:
        raise Failed(
            f"{len(failed)} package(s) failed: {', '.join(f'{each.name}@{each.version}' for each in failed)}",
            code="INCOMPLETE",
            hint="mend what is named above and run again; what is done stays done",
        )


def _close(run: Run) -> None:
    if run.guarded and run.reach & {"stage", "wait", "reconcile", "tag"}:
        record(run)
    finish_report(run)
    if run.reach & {"tag"}:  # single targets in CI end before: their journal and tarballs are still needed
        finish_wave(run)


def _close_after_error(run: Run) -> None:
    """A target failed: keep what is known. The first error is the one to tell; a second one here becomes a line."""
    if not run.guarded:
        return
    try:
        if run.reach & {"stage", "wait", "reconcile", "tag"}:
            record(run)
        finish_report(run)
    except VisError as error:
        run.tools.console.warning(f"staged.json could not be committed: {error.message}")


def follow_up(run: Run, graph: Graph[Run], *, tagged: bool) -> None:
    """What comes after a release whose tagging job ran nothing of the repository: the hook ``after_tag``, then later targets.

    Takes no lock: the hook and those targets are the user's own, and nothing of the release is changed.

    Args:
        run: the tools.
        graph: all targets.
        tagged: whether that job tagged something; the hook runs only then.
    """
    if tagged:
        run_hook(run, "after_tag")
    goals = places(graph, (target.name for target in STANDARD)).after
    with Steps(run) as steps:
        run.report.ran.extend(make(after_release(graph), goals, run, steps))


def explain_release(run: Run, graph: Graph[Run], goals: tuple[str, ...]) -> tuple[Explained, ...]:
    """Every target on the way with its state now; nothing is changed."""
    run.reach = frozenset(target.name for target in graph.order(*goals))
    run.plan_only = True
    return explain(graph, goals, run)
