"""The product, broken on purpose in ways the promises must notice."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from tests.chaos.town import FAULTS, Bias
from vis_tasks.core import pending_merge
from vis_tasks.core.decision import Liveness, Record, Verdict, decide
from vis_tasks.ports import Live, NotLive, StageList, Unknown
from vis_tasks.registry.run import Fault
from vis_tasks.services import (
    decided,
    guard,
    readings,
    reconcile,
    record,
    remote_lock,
    stage,
    stage_guard,
    state,
    tag,
    upload,
    wait,
    wave,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["MUTANTS", "Mutant"]


@contextmanager
def _patched(*changes: tuple[Any, str, Any]) -> Iterator[None]:
    if not changes:
        yield
        return
    where, name, new = changes[0]
    with patch.object(where, name, new), _patched(*changes[1:]):
        yield


def _gone_is_approved() -> Any:
    """A tag before the version is live: a record that is gone counts as an approval."""

    def eager(evidence: Any, memory: Any, **more: Any) -> Any:
        found = decide(evidence, memory, **more)
        gone = evidence.record is Record.ABSENT and evidence.live is Liveness.NO
        return replace(found, verdict=Verdict.APPROVED) if gone and found.verdict is Verdict.PENDING else found

    return _patched((wait, "decide", eager), (reconcile, "decide", eager))


def _trouble_is_an_answer() -> Any:
    """A 5xx of the stage list counts as a list without the record, one of the document as a version that isn't live."""
    look = readings._Reader._look

    def deaf(self: Any, entry: Any, record: Any, errors: Any) -> Any:
        reader = self._reader

        class Deaf:
            url = reader.url
            status = staticmethod(reader.status)

            @staticmethod
            def live(name: str, version: str) -> Any:
                found = reader.live(name, version)
                return NotLive() if isinstance(found, Unknown) else found

        self._reader = Deaf()
        try:
            return look(self, entry, record, errors)
        finally:
            self._reader = reader

    def absent(listed: Any) -> Record:
        return Record.ABSENT if isinstance(listed, StageList | Unknown) else Record.UNREADABLE

    return _patched((readings, "_record_state", absent), (readings._Reader, "_look", deaf))


def _unreadable_is_empty() -> Any:
    """A stage list that may not be read counts as an empty one."""
    return _patched((readings, "_record_state", lambda _listed: Record.ABSENT))


def _any_bytes_are_ours() -> Any:
    """What is live is never compared with what was staged."""

    def same(**_hashes: Any) -> Liveness:
        return Liveness.SAME

    return _patched(*((room, "same_bytes", same) for room in (readings, stage_guard, upload, wave)))


def _no_journal() -> Any:
    """The journal forgets at once."""
    fresh = state.StateFiles.journal

    def forgetful(self: Any, how: Callable[[Any], Any]) -> Any:
        return how(fresh(self))

    return _patched((state.StateFiles, "note", forgetful))


def _last_writer_wins() -> Any:
    """staged.json is replaced, not merged, when somebody else pushed first."""

    def ours_alone(_base: Any, ours: Any, _theirs: Any) -> Any:
        return ours

    return _patched((record, "merge", ours_alone), (pending_merge, "merge", ours_alone))


def _last_writer_wins_on_its_branch() -> Any:
    """The same where staged.json has a branch of its own: what others put there is dropped."""
    return _last_writer_wins()


def _blocked_is_approved() -> Any:
    """What the registry's scan has stopped counts as let through."""

    def trusting(evidence: Any, memory: Any, **more: Any) -> Any:
        found = decide(evidence, memory, **more)
        return replace(found, verdict=Verdict.APPROVED) if found.verdict is Verdict.BLOCKED else found

    return _patched((wait, "decide", trusting), (reconcile, "decide", trusting))


def _tag_at_head() -> Any:
    """Tags point at whatever is checked out."""
    tagging = tag._tagging

    def here(run: Any, entry: Any, *more: Any) -> Any:
        return replace(tagging(run, entry, *more), commit=run.tools.git.head())

    return _patched((tag, "_tagging", here))


def _late_is_rejected() -> Any:
    """Who doesn't decide in time has rejected."""
    write = decided.write_down

    def hasty(run: Any, entry: Any, verdict: str, **more: Any) -> None:
        write(run, entry, "rejected" if verdict == "timeout" else verdict, **more)

    return _patched((wait, "write_down", hasty))


def _no_look_back() -> Any:
    """A new version is made whatever a lost run left at the registry."""
    return _patched((guard, "check_unfinished", lambda _run: None))


def _nothing_is_adopted() -> Any:
    """What is staged already is never recognized, not in the list and not by the registry's 409."""
    return _patched(
        (upload, "_adopt", lambda _line, _known: None),
        (upload, "_look_for", _only_live),
        (upload, "_taken", lambda last: upload.Upload(ok=False, why=last.why)),
    )


def _only_live(run: Any, url: str, line: Any) -> Any:
    found = run.npm.reader(url).live(line.name, line.version)
    return upload.Upload(ok=True, live=True, adopted=True) if isinstance(found, Live) else None


def _no_guard() -> Any:
    """A pending stage is in nobody's way."""
    return _patched((guard, "check_pending_stages", lambda _run: None))


def _lock_is_nobodys() -> Any:
    """A lock on the remote counts as left behind, whoever holds it."""
    return _patched((remote_lock, "_gone", lambda _run, _text: True))


def _nothing_is_taken_over() -> Any:
    """What the release branch holds is forgotten once the state has a branch of its own."""
    return _patched((pending_merge, "take_over", lambda state, _held, _path: state))


def _ids_are_not_written() -> Any:
    """An upload's answer isn't written down."""
    return _patched((stage, "_noted", lambda _entry, state, **_more: state))


@dataclass(frozen=True)
class Mutant:
    """One way to break the product.

    Attributes:
        breaking: breaks it for the length of a ``with`` block.
        bias: under what it matters; everything else stays random.
    """

    breaking: Callable[[], Any]
    bias: Bias = field(default_factory=Bias)


def _under(deed: tuple[Any, ...] | None = None, faults: tuple[Fault, ...] = FAULTS, **settings: Any) -> Bias:
    return Bias(settings, faults, deed)


_SILENT = (Fault("stage.list", status=500, times=3), Fault("stage.list", reset="before", times=4))
_UNANSWERED = (Fault("stage.publish", reset="after", times=1),)

MUTANTS: dict[str, Mutant] = {
    each.breaking.__name__.removeprefix("_"): each
    for each in (
        Mutant(_gone_is_approved, _under(detached=False)),
        # Where the status of a version can be read, that knows better.
        Mutant(_trouble_is_an_answer, _under(("trouble", 0), _SILENT, status=False, trusted=False, detached=False)),
        Mutant(_unreadable_is_empty, _under(trusted=True, detached=False)),
        # Before staged.json is pushed nobody can say whose the other bytes are.
        Mutant(_any_bytes_are_ours, _under(("usurp", 0), checkpoint="always", detached=False)),
        # What a version step has begun is what only the journal knows.
        Mutant(_no_journal, Bias(crashes=range(5, 40))),
        Mutant(_last_writer_wins, _under(("rival", 0), state_branch=False, checkpoint="always", detached=False)),
        Mutant(
            _last_writer_wins_on_its_branch,
            _under(("rival", 0), state_branch=True, checkpoint="always", detached=False),
        ),
        Mutant(_tag_at_head, _under(detached=False)),
        Mutant(_late_is_rejected, _under(detached=False)),
        Mutant(_no_look_back),
        Mutant(_nothing_is_adopted, _under(faults=_UNANSWERED)),
        # Without the lock, two machines may stage two versions of a package all the same.
        Mutant(_no_guard, _under(("develop", ["core"], "patch"), (), remote_lock=True, detached=False)),
        Mutant(_ids_are_not_written),
        Mutant(_lock_is_nobodys, _under(("rival", 0), (), remote_lock=True, detached=False)),
        Mutant(
            _nothing_is_taken_over, _under(("switch", True), (), trusted=False, state_branch=False, checkpoint="always")
        ),
        Mutant(_blocked_is_approved, _under(("stop", 0), status=True, detached=False)),
    )
}
