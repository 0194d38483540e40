"""The maintainer's desk: approving and rejecting through the real npm, each decision recorded as it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.config.durations import format_duration
from vis_tasks.core.decision import Liveness, Record, Status
from vis_tasks.core.layers import layers
from vis_tasks.errors import Ending, Failed
from vis_tasks.ports import Decided, Deciding
from vis_tasks.records import dataclass, replace
from vis_tasks.services.lock import machine_lock
from vis_tasks.services.readings import read_all, registry_of
from vis_tasks.services.record import record
from vis_tasks.services.stage_guard import compare, liveness, mismatch, tell_unproven, with_hash
from vis_tasks.services.stage_needs import needs_of
from vis_tasks.services.state import seconds_since, timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.core.pending import Entry
    from vis_tasks.ports import Person
    from vis_tasks.services.run import Run

__all__ = ["Decision", "decide", "failure"]

_CODES = 3
_PUBLISHED = "it is published, there is nothing to decide; `invoke release` makes its tag once it is installable"


@dataclass(frozen=True)
class Decision:
    """How one stage ended at the desk.

    Attributes:
        entry: the stage.
        outcome: ``approved``, ``rejected``, ``held`` (a dependency isn't approved) or ``failed``.
        why: for held and failed ones.
        live: whether an approved version is installable already; the registry scans it first.
    """

    entry: Entry
    outcome: str
    why: str = ""
    live: bool = False

    @property
    def done(self) -> bool:
        """Whether it was decided as asked."""
        return self.outcome in {"approved", "rejected"}


def decide(
    run: Run,
    verb: str,
    entries: Sequence[Entry],
    person: Person,
    *,
    commit: bool = True,
    push: bool = True,
    ignore_dependencies: bool = False,
    by_code: bool = False,
) -> tuple[Decision, ...]:
    """Approve dependencies before dependents, reject the other way round; what succeeded is recorded whatever comes after it.

    Costs one npm process a stage (two where npm itself talks to the person), one more for each code that npm refuses.

    Args:
        run: the run.
        verb: ``"approve"`` or ``"reject"``.
        entries: what to decide about.
        person: gives one-time passwords; one serves until npm refuses it.
        commit: commit staged.json.
        push: push that commit.
        ignore_dependencies: approve a dependent although its dependency isn't approved.
        by_code: ask for a code at once, instead of letting npm open its web confirmation for each stage.

    Returns:
        One decision for each stage, in the order they were made.

    Raises:
        vis_tasks.errors.Locked: a release is running here.
        vis_tasks.errors.VisError: what ended it half-way, after what was decided is recorded.
    """
    counter = _Counter(run, verb, person, by_code=by_code)
    made: list[Decision] = []
    with machine_lock(run, f"invoke stage.{verb}"):
        try:
            for entry in _in_order(run, verb, entries):
                needs = (
                    ()
                    if verb == "reject" or ignore_dependencies
                    else needs_of(run, entry, entries, approved=_approved(made))
                )
                made.append(Decision(entry, "held", f"needs {', '.join(needs)}") if needs else counter.settle(entry))
                _say(run, made[-1])
        except Ending:
            _record(run, verb, made, commit=commit, push=False)
            raise
        _record(run, verb, made, commit=commit, push=push)
    return tuple(made)


def _approved(made: Sequence[Decision]) -> frozenset[tuple[str, str]]:
    return frozenset(decision.entry.key for decision in made if decision.outcome == "approved")


def _record(run: Run, verb: str, made: Sequence[Decision], *, commit: bool, push: bool) -> None:
    count = sum(decision.done for decision in made)
    if count and commit:
        record(run, f"chore(release): {verb} {count} stage{'' if count == 1 else 's'} [skip ci]", push=push)


def _say(run: Run, decision: Decision) -> None:
    """What could not be decided is told at the end, all together; see `failure`."""
    console, entry = run.tools.console, decision.entry
    if decision.done:
        console.success(f"{decision.outcome.capitalize()} {entry.stage} ({entry.spec})")
    if decision.outcome == "approved" and not decision.live:
        console.detail(f"{entry.spec} isn't installable yet: the registry scans it first")


def _in_order(run: Run, verb: str, entries: Sequence[Entry]) -> list[Entry]:
    names = [name for layer in layers(run.workspace, {entry.name for entry in entries}) for name in layer]
    position = {name: number for number, name in enumerate(names)}
    ordered = sorted(entries, key=lambda entry: position.get(entry.name, len(names)))
    return ordered if verb == "approve" else ordered[::-1]


class _Counter:
    """Where npm is asked, with the code that is good at the moment."""

    def __init__(self, run: Run, verb: str, person: Person, *, by_code: bool) -> None:
        self._run = run
        self._verb = verb
        self._person = person
        self._by_code = by_code
        self._code: str | None = None
        self._npm_asks = False

    def settle(self, entry: Entry) -> Decision:
        """Decide one stage and write it down."""
        if self._verb == "reject" and entry.reason == "rejected":
            return self._gone(entry)
        if entry.id is None:
            return self._without_id(entry)
        answer = self._ask(entry)
        if answer.outcome is Deciding.DONE:
            return self._write_down(entry)
        if answer.outcome in {Deciding.GONE, Deciding.AMBIGUOUS, Deciding.CONFLICT}:
            return self._look(entry, answer)
        return Decision(entry, "failed", answer.why or answer.outcome.value)

    def _without_id(self, entry: Entry) -> Decision:
        """The list may know the id by now; and to drop what isn't in it takes none."""
        reading = read_all(self._run, [entry])[entry.key]
        if reading.record is not None:
            return self.settle(replace(entry, id=reading.record.id))
        if self._verb == "reject" and reading.evidence.record is Record.ABSENT:
            return self._gone(entry)
        if entry.published:
            return Decision(entry, "failed", _PUBLISHED)
        return Decision(entry, "failed", "its stage id is unknown; decide on the registry's page")

    def _ask(self, entry: Entry) -> Decided:
        desk = self._run.npm.desk(registry_of(self._run, entry))
        stage_id = entry.id or ""
        if self._by_code and self._code is None:
            self._code = self._person.code()
        if self._npm_asks:
            return desk.in_foreground(self._verb, stage_id)
        answer = Decided(Deciding.NEEDS_OTP)
        for _ in range(_CODES):
            answer = (desk.approve if self._verb == "approve" else desk.reject)(stage_id, self._code)
            if answer.outcome is not Deciding.NEEDS_OTP:
                return answer
            if answer.auth_url and self._person.here and not self._by_code:
                self._npm_asks = True
                return desk.in_foreground(self._verb, stage_id)
            refused = self._code is not None
            self._code = self._person.code()
            if self._code is None:
                return Decided(Deciding.REFUSED, _nobody(answer, here=self._person.here, refused=refused))
        return Decided(Deciding.REFUSED, f"npm refused {_CODES} one-time passwords")

    def _look(self, entry: Entry, answer: Decided) -> Decision:
        """Npm's answer doesn't say how things stand: the registry does."""
        if self._verb == "reject":
            return self._gone(entry) if answer.outcome is Deciding.GONE else Decision(entry, "failed", answer.why)
        live = liveness(self._run, entry)
        if live in {Liveness.SAME, Liveness.UNVERIFIED}:
            self._run.tools.console.detail(f"{entry.spec} is live already")
            return self._write_down(entry)
        if live is Liveness.DIFFERENT:
            return Decision(entry, "failed", mismatch(entry).message)
        return Decision(entry, "failed", _PUBLISHED if entry.published else answer.why or answer.outcome.value)

    def _gone(self, entry: Entry) -> Decision:
        """A stage that is gone may have been approved, and then it is live or in its scan: only what surely isn't is dropped."""
        if entry.reason == "rejected":
            return self._write_down(entry)
        reading = read_all(self._run, [entry])[entry.key]
        evidence = reading.evidence
        if evidence.live in {Liveness.SAME, Liveness.UNVERIFIED}:
            return Decision(entry, "failed", "it was approved meanwhile and is live; `invoke tag` makes its tag")
        if evidence.live is Liveness.DIFFERENT:
            self._run.tools.console.warning(mismatch(entry, reading.live).message)
            return self._write_down(entry)
        if evidence.live is Liveness.UNKNOWN or evidence.status is Status.UNKNOWN:
            return Decision(entry, "failed", "the registry gives no usable answer; try again")
        if evidence.status in {Status.PUBLISHED, Status.VALIDATING, Status.STAGED}:
            why = "it was approved meanwhile and isn't installable yet; `invoke release` makes its tag once it is"
            return Decision(entry, "failed", _PUBLISHED if entry.published else why)
        if evidence.status in {Status.MISSING, Status.BLOCKED, Status.DELETED} or self._long_gone(entry):
            return self._write_down(entry)
        settle = format_duration(self._run.release.publish.stage.settle)
        why = f"its stage is gone and it isn't live: rejected, or approved and in its scan. Run this again in {settle}"
        return Decision(entry, "failed", why)

    def _long_gone(self, entry: Entry) -> bool:
        """Whether it was seen gone longer than ``settle`` ago; the first time is written down."""
        now, state = self._run.tools.clock.now(), self._run.state
        known = state.pending().find(*entry.key)
        if known is None or known.gone_at:
            return (
                known is None
                or seconds_since(known.gone_at, now) >= self._run.release.publish.stage.settle.total_seconds()
            )
        state.change(lambda old: old.put(replace(known, gone_at=timestamp(now))))
        return False

    def _write_down(self, entry: Entry) -> Decision:
        """An approved version counts as live only once it is. Until then it stays pending: a release run makes its tag.

        That it was approved is kept, so that a long scan is never taken for a rejection.
        """
        state = self._run.state
        known = state.pending().find(*entry.key)
        if self._verb == "reject":
            if known is not None:
                now = timestamp(self._run.tools.clock.now())
                state.change(lambda old: old.bury(*entry.key, now).drop(*entry.key))
            return Decision(entry, "rejected")
        live, found = compare(self._run, entry)
        if live is Liveness.DIFFERENT:
            return Decision(entry, "failed", mismatch(entry, found).message)
        installable = live in {Liveness.SAME, Liveness.UNVERIFIED}
        if installable and known is not None:
            tell_unproven(self._run, known)
            state.change(lambda old: old.approve(with_hash(known, found)))
        elif known is not None:
            state.change(lambda old: old.put(replace(known, published=True)))
        return Decision(entry, "approved", live=installable)


def _nobody(answer: Decided, *, here: bool, refused: bool) -> str:
    if refused:
        return "npm refused the one-time password" + (
            "" if here else " in NPM_OTP: a code is good for half a minute or so"
        )
    if here:
        return "npm wants a one-time password, and none was given"
    web = f", or confirm at {answer.auth_url} by running this on a terminal" if answer.auth_url else ""
    return f"npm wants a one-time password and nobody is here to ask: set NPM_OTP{web}"


def failure(made: Sequence[Decision], verb: str) -> Failed | None:
    """The error that ends a command when not everything was decided; None when all was."""
    left = [decision for decision in made if not decision.done]
    if not left:
        return None
    held_back = {"held": "was held back: "}
    lines = [
        f"  {decision.entry.spec} {held_back.get(decision.outcome, 'failed: ')}{decision.why}" for decision in left
    ]
    held = all(decision.outcome == "held" for decision in left)
    return Failed(
        "\n".join([f"{len(left)} of {len(made)} stage(s) could not be decided:", *lines]),
        code="DECISION",
        hint="approve dependencies first, or override with --ignore-dependencies"
        if held
        else f"what was decided is recorded; `invoke stage.{verb}` goes on with the rest",
        details={
            "decisions": [
                {"id": d.entry.id, "name": d.entry.name, "version": d.entry.version, "outcome": d.outcome, "why": d.why}
                for d in made
            ]
        },
    )
