"""The maintainer's desk: what is staged, seen from both sides; approving and rejecting it, recorded as it happens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vis_tasks.core.decision import Liveness
from vis_tasks.core.layers import layers
from vis_tasks.core.pending import Entry
from vis_tasks.errors import Failed, UsageError
from vis_tasks.ports import Deciding, StageList, Unreadable
from vis_tasks.services.lock import Lock
from vis_tasks.services.readings import registry_of
from vis_tasks.services.record import record
from vis_tasks.services.stage_guard import liveness, mismatch
from vis_tasks.services.state import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vis_tasks.ports import Decided, StageRecord
    from vis_tasks.services.run import Run

__all__ = ["Listed", "Listing", "choose", "decide", "listing"]

_SHORTEST_ID = 4
_CODES = 3


@dataclass(frozen=True)
class Listed:
    """One staged version, as the registry, staged.json or both know it.

    Attributes:
        entry: what is known, merged.
        mark: empty when both agree, ``npm-only``, or ``registry-only, <reason>``.
        actor: who staged it, when the registry says so.
    """

    entry: Entry
    mark: str = ""
    actor: str | None = None

    def line(self) -> str:
        """As it is printed."""
        mark = f" [{self.mark}]" if self.mark else ""
        return f"{self.entry.id or '(id unknown)'} {self.entry.spec} → {self.entry.tag}{mark}"


@dataclass(frozen=True)
class Listing:
    """All staged versions, and what couldn't be read."""

    items: tuple[Listed, ...]
    unreadable: tuple[str, ...] = ()


def listing(run: Run, name: str | None = None) -> Listing:
    """Merge the registries' stage lists with staged.json. One request per registry (and page of 100).

    Args:
        run: the run.
        name: only this package.
    """
    state = run.state.pending()
    urls = dict.fromkeys(run.npm.url_for(package.name, package.manifest) for package in run.workspace.packages)
    urls |= dict.fromkeys(registry_of(run, entry) for entry in state.pending)
    records: list[tuple[str, StageRecord]] = []
    unreadable: list[str] = []
    for url in urls:
        found = run.npm.reader(url).stages(name)
        if isinstance(found, StageList):
            records += [(url, record) for record in found.records]
        else:
            unreadable.append(
                f"{url}: {found.why}" if isinstance(found, Unreadable) else f"{url} gives no answer: {found.why}"
            )
    by_key = {(record.name, record.version): record for _, record in records}
    items = []
    for entry in state.pending:
        record = by_key.pop(entry.key, None)
        mark = "" if record else f"registry-only, {entry.reason}"
        items.append(
            Listed(
                replace(entry, id=entry.id or (record.id if record else None)), mark, record.actor if record else None
            )
        )
    items += [
        Listed(
            Entry(record.name, record.version, record.id, record.tag, staged_at=record.created_at),
            "npm-only",
            record.actor,
        )
        for record in by_key.values()
    ]
    wanted = tuple(item for item in items if name in {None, item.entry.name})
    return Listing(wanted, tuple(unreadable))


def choose(found: Listing, wanted: Sequence[str], *, everything: bool) -> tuple[Entry, ...]:
    """The entries meant by ids, shortened ids or ``name@version``; with ``everything`` all that staged.json holds.

    Raises:
        vis_tasks.errors.UsageError: nothing or several things are meant.
    """
    if everything:
        return tuple(item.entry for item in found.items if item.mark != "npm-only" and item.entry.reason != "rejected")
    if not wanted:
        raise UsageError(
            "name the stages: ids, shortened ids or name@version", hint="`invoke stage.list` shows them; or use --all"
        )
    chosen: list[Entry] = []
    for text in wanted:
        hits = [item.entry for item in found.items if text in {item.entry.id, item.entry.spec}]
        if not hits and len(text) >= _SHORTEST_ID:
            hits = [item.entry for item in found.items if (item.entry.id or "").startswith(text)]
        if len(hits) != 1:
            what = "several stages" if hits else "no stage"
            raise UsageError(
                f"{text!r} means {what}", code="NO_SUCH_STAGE", hint="`invoke stage.list` shows what is staged"
            )
        chosen += [entry for entry in hits if entry not in chosen]
    return tuple(chosen)


def decide(
    run: Run,
    verb: str,
    entries: Sequence[Entry],
    ask: Callable[[], str | None],
    *,
    commit: bool = True,
    push: bool = True,
) -> tuple[Entry, ...]:
    """Approve or reject, dependencies first; what succeeded is recorded even when something fails later.

    Args:
        run: the run.
        verb: ``"approve"`` or ``"reject"``.
        entries: what to decide about.
        ask: asks a human for a one-time password; one code serves until npm refuses it.
        commit: commit staged.json.
        push: push that commit.

    Returns:
        What was decided.

    Raises:
        vis_tasks.errors.Locked: a release is running here.
        vis_tasks.errors.Failed: code ``DECISION``; npm refused some.
    """
    lock = Lock(run.tools.files, run.state.lock_path, run.tools.machine, run.tools.clock)
    done: list[Entry] = []
    errors: list[str] = []
    with lock.held(f"invoke stage.{verb}"):
        code: str | None = None
        for entry in _in_order(run, entries):
            answer, code = _one(run, verb, entry, code, ask)
            if answer is None:
                done.append(entry)
                _write_down(run, verb, entry)
                run.tools.console.success(
                    f"{'Approved' if verb == 'approve' else 'Rejected'} {entry.id or entry.spec} ({entry.spec})"
                )
            else:
                errors.append(f"{entry.spec}: {answer}")
        if done and commit:
            message = f"chore(release): {verb} {len(done)} stage{'' if len(done) == 1 else 's'} [skip ci]"
            record(run, message, push=push)
    if errors:
        raise Failed("\n".join([f"{len(errors)} stage(s) could not be decided:", *errors]), code="DECISION")
    return tuple(done)


def _in_order(run: Run, entries: Sequence[Entry]) -> list[Entry]:
    names = [name for layer in layers(run.workspace, {entry.name for entry in entries}) for name in layer]
    position = {name: number for number, name in enumerate(names)}
    return sorted(entries, key=lambda entry: position.get(entry.name, len(names)))


def _one(
    run: Run, verb: str, entry: Entry, code: str | None, ask: Callable[[], str | None]
) -> tuple[str | None, str | None]:
    """Decide one; returns what went wrong (None when nothing) and the code to use next."""
    if verb == "reject" and entry.reason == "rejected":
        return _gone(run, entry), code
    if entry.id is None:
        return "its stage id is unknown; decide on the registry's page", code
    desk = run.npm.desk(registry_of(run, entry))
    answer: Decided | None = None
    for _ in range(_CODES):
        answer = (desk.approve if verb == "approve" else desk.reject)(entry.id, code)
        if answer.outcome is not Deciding.NEEDS_OTP:
            break
        code = ask()
        if code is None:
            return "npm wants a one-time password, and nobody is here to ask", None
    if answer is None:
        return "npm gave no answer", code
    if answer.outcome is Deciding.DONE:
        return None, code
    if answer.outcome is Deciding.GONE and verb == "reject":
        return _gone(run, entry), code
    return answer.why or answer.outcome.value, code


def _gone(run: Run, entry: Entry) -> str | None:
    """A stage that is gone may have been approved: then it is live, and can't be rejected any more."""
    if liveness(run, entry) in {Liveness.SAME, Liveness.UNVERIFIED, Liveness.DIFFERENT}:
        return "it was approved meanwhile and is live; `invoke release` makes its tag"
    return None


def _write_down(run: Run, verb: str, entry: Entry) -> None:
    """An approved version counts as live only once it is: the registry scans it first. Until then it stays pending."""
    known = run.state.pending().find(*entry.key)
    if known is None:
        return
    if verb == "reject":
        now = timestamp(run.tools.clock.now())
        run.state.change(lambda state: state.bury(*known.key, now).drop(*known.key))
        return
    live = liveness(run, known)
    if live in {Liveness.SAME, Liveness.UNVERIFIED}:
        run.state.change(lambda state: state.approve(known))
    elif live is Liveness.DIFFERENT:
        raise mismatch(known)
    else:
        run.tools.console.detail(
            f"{entry.spec} is approved, but not installable yet; the next release run sees to its tag"
        )
