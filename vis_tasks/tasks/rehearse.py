"""``invoke rehearse``: a whole release on copies, in one scenario, several, or by a person's own hand."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from signal import Signals
from typing import TYPE_CHECKING, Any

from invoke.tasks import Task

from vis_tasks.errors import Failed, Interrupted, UsageError
from vis_tasks.tasks.edge import session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from invoke.collection import Collection
    from invoke.context import Context

    from vis_tasks.services.rehearsal.outcome import Played
    from vis_tasks.services.rehearsal.play import Theatre
    from vis_tasks.services.rehearsal.report import Forecast
    from vis_tasks.services.rehearsal.scenario import Scenario
    from vis_tasks.tasks.edge import Session

__all__ = ["add_to"]

_HELP = {
    "scenario": "A scenario, several with commas, or `all`; an unknown name lists them.",
    "serve": "Keep the registry and its page up, so that you decide by hand; Ctrl-C ends it.",
    "html": "Also write the report as one self-contained HTML page to this file.",
    "json": "Print one JSON document on stdout.",
    "debug": "Show tracebacks.",
}


def add_to(ns: Collection) -> None:
    """Add the task to a namespace."""
    ns.add_task(Task(rehearse, name="rehearse", auto_shortflags=False, help=_HELP))


def rehearse(
    c: Context, scenario: str = "", serve: bool = False, html: str = "", json: bool = False, debug: bool = False
) -> None:
    """Play a whole release on copies of this repository, with the real package manager and an embedded registry.

    Your remote, registry, npmrc and working tree are never touched; nothing is left behind.

    Example: invoke rehearse --scenario=late-approval
    """
    with session(c, "rehearse", json=json, debug=debug) as opened:
        if serve and scenario:
            raise UsageError("--serve takes no scenario: you decide by hand", hint="leave --scenario out")
        page = _page_path(html)
        from vis_tasks.services.rehearsal.play import open_theatre
        from vis_tasks.services.rehearsal.scenario import scenarios
        from vis_tasks.wiring import build_rehearsal_tools

        scenes = () if serve else scenarios(scenario or "approve")
        console = opened.console
        with _told_that_all_is_gone():
            console.step("rehearsal: copying the repository, seeding a registry with the present versions")
            with open_theatre(opened.root, opened.config, build_rehearsal_tools(console)) as theatre:
                _introduce(theatre, opened)
                if serve:
                    from vis_tasks.services.rehearsal.by_hand import by_hand

                    played: Sequence[Played] = (by_hand(theatre),)
                    _tell(played[0], 1, opened)
                else:
                    played = _play(theatre, scenes, opened)
                _finish(theatre, played, page, opened)


@contextmanager
def _told_that_all_is_gone() -> Iterator[None]:
    """A release that is interrupted is to be run again; of a rehearsal nothing is left."""
    try:
        yield
    except Interrupted as ended:
        number = ended.exit_code - 128
        text = f"interrupted by {Signals(number).name}; everything the rehearsal made is removed"
        raise Interrupted(text, signal_number=number) from None


def _introduce(theatre: Theatre, opened: Session) -> None:
    say = opened.console.line
    names = ", ".join(planned.spec for planned in theatre.wave)
    say(f"{len(theatre.seeded)} package(s) at the embedded registry, {len(theatre.wave)} to release: {names}")
    for note in theatre.notes:
        opened.console.warning(note)


def _play(theatre: Theatre, scenes: tuple[Scenario, ...], opened: Session) -> Sequence[Played]:
    from vis_tasks.services.rehearsal.perform import lanes, playable

    left = playable(theatre, scenes)
    if len(left) < len(scenes):
        opened.console.warning("nothing of this wave is staged: only `approve` is played")
    if len(left) > 1:
        opened.console.step(f"playing {len(left)} scenarios, {lanes()} at a time")
    return theatre.play(left, lanes=lanes(), tell=lambda each: _tell(each, len(left), opened))


def _tell(played: Played, count: int, opened: Session) -> None:
    """One scenario has ended; of several only those that failed are told at length."""
    from vis_tasks.services.rehearsal.outcome import lines, summary

    console = opened.console
    if count == 1:
        console.line()
        for line in lines(played):
            console.line(line)
    if played.good:
        if count > 1:
            console.success(summary(played))
        return
    if count == 1 and played.error is not None:
        return  # the command ends with that error
    for line in played.lines:
        console.line(line)
    console.error(summary(played))
    for each in played.broken:
        console.line(f"  {each}")


def _finish(theatre: Theatre, played: Sequence[Played], page: Path | None, opened: Session) -> None:
    from vis_tasks.services.rehearsal.outcome import document, table
    from vis_tasks.services.rehearsal.perform import Rehearsal, refuse_what_stopped
    from vis_tasks.services.rehearsal.report import forecast, report_lines

    told = [document(each) for each in played]
    opened.partial_result(lambda: {**told[0], "scenarios": told})
    refuse_what_stopped(played)
    rehearsal = Rehearsal(tuple(played), forecast(theatre, played))
    result = rehearsal.document()
    opened.partial_result(lambda: result)
    if len(played) > 1:
        opened.console.line()
        for line in table(played):
            opened.console.line(line)
    for line in report_lines(rehearsal.report):
        opened.console.line(line)
    if page:
        _write(page, rehearsal.report, told, theatre)
        opened.console.success(f"wrote {page}")
    if not rehearsal.good:
        broken = [f"  {each}" for each in rehearsal.broken]
        raise Failed("the rehearsal broke a promise:\n" + "\n".join(broken), code="REHEARSAL")
    names = ", ".join(each.name for each in played)
    opened.console.success(f"rehearsed {names}: every promise was kept")
    opened.result(result)


def _page_path(html: str) -> Path | None:
    """Looked at before the work begins."""
    if not html:
        return None
    target = Path(html).absolute()
    if target.is_dir() or not target.parent.is_dir():
        why = "is a folder" if target.is_dir() else "stands in a folder that doesn't exist"
        raise UsageError(f"--html {html} {why}", hint="name a file in a folder that exists")
    return target


def _write(page: Path, report: Forecast, told: list[dict[str, Any]], theatre: Theatre) -> None:
    from vis_tasks.adapters.rehearsal.page import rehearsal_page

    text = rehearsal_page(report.document(), told, made=theatre.tools.clock.now().isoformat(timespec="seconds"))
    try:
        page.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failed(f"{page} can't be written: {error.strerror}", hint="name a file you may write") from error
