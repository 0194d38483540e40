"""One upload and all its ways of ending, down to the broken connection after which nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.decision import Liveness, same_bytes
from vis_tasks.ports import Live, Staged, StageList, StageOutcome
from vis_tasks.records import dataclass
from vis_tasks.services.pack import tarball_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vis_tasks.ports import StageRecord
    from vis_tasks.services.dist import Packed
    from vis_tasks.services.run import Run

__all__ = ["Upload", "upload"]

_ATTEMPTS = 4
_BACKOFF = 2.0


@dataclass(frozen=True)
class Upload:
    """How it ended.

    Attributes:
        ok: the registry has our bytes, staged or live.
        stage_id: the id, when it is known.
        live: the version is live already (published plainly, or approved meanwhile).
        adopted: it was there before this upload.
        staged_at: the registry's own time, for adopted ones.
        why: what went wrong.
        sure: False when nobody knows whether the registry has our bytes; the next run looks again.
    """

    ok: bool
    stage_id: str | None = None
    live: bool = False
    adopted: bool = False
    staged_at: str = ""
    why: str = ""
    sure: bool = True


def upload(
    run: Run, url: str, line: Packed, *, tag: str, access: str | None, known: Iterable[StageRecord], plainly: bool
) -> Upload:
    """Bring one tarball to the registry, or find that it is there.

    After an ambiguous end (the connection broke) the registry is asked before anything is sent again, so a version is never
    uploaded twice.

    Args:
        run: the run.
        url: the registry.
        line: the tarball.
        tag: dist-tag.
        access: ``public``, ``restricted`` or None.
        known: what the registry listed as staged before the wave began.
        plainly: publish instead of staging.
    """
    adopted = _adopt(line, known)
    if adopted is not None:
        return adopted
    tarball = run.tools.read_tarball(tarball_path(run, line))
    stager = run.npm.stager(url)
    last = Staged(StageOutcome.AMBIGUOUS)
    for attempt in range(_ATTEMPTS):
        if attempt:
            run.tools.clock.sleep(_BACKOFF * 2 ** (attempt - 1))
            found = _look_for(run, url, line)
            if found is not None:
                return found
        last = (stager.publish if plainly else stager.stage)(tarball, tag=tag, access=access)
        if last.outcome is StageOutcome.STAGED:
            # A plain publish is scanned before it is live, too: only a look at the registry says that it is.
            return Upload(ok=True, stage_id=last.stage_id)
        if last.outcome in {StageOutcome.ALREADY_STAGED, StageOutcome.ALREADY_LIVE}:
            return _look_for(run, url, line) or _taken(last)
        if last.outcome is StageOutcome.REFUSED:
            code = f" ({last.code})" if last.code and last.code not in last.why else ""
            return Upload(ok=False, why=(last.why or "the registry refused it") + code)
    return _look_for(run, url, line) or Upload(
        ok=False, why=last.why or "the registry could not be reached", sure=False
    )


def _taken(last: Staged) -> Upload:
    """The number is taken and we can't see by what: adopt it without an id; its bytes are compared once it is live."""
    if last.outcome is StageOutcome.ALREADY_STAGED:
        return Upload(ok=True, adopted=True)
    return Upload(ok=False, why=last.why or "this version is live already")


def _adopt(line: Packed, known: Iterable[StageRecord]) -> Upload | None:
    for record in known:
        if (record.name, record.version) != (line.name, line.version):
            continue
        if record.shasum and record.shasum != line.shasum:
            return Upload(
                ok=False,
                why=f"this version is already staged with other bytes (id {record.id}, sha1 {record.shasum}; packed here: "
                f"{line.shasum}). Look at it with `npm stage download {record.id}`. To stage what is packed here in its place: "
                f"`invoke stage.reject {record.id}`, then run again; the version stays the same",
            )
        return Upload(ok=True, stage_id=record.id, adopted=True, staged_at=record.created_at)
    return None


def _look_for(run: Run, url: str, line: Packed) -> Upload | None:
    reader = run.npm.reader(url)
    listed = reader.stages(line.name)
    if isinstance(listed, StageList) and (found := _adopt(line, listed.records)) is not None:
        return found
    live = reader.live(line.name, line.version)
    if not isinstance(live, Live):
        return None
    same = same_bytes(
        integrity=line.integrity, shasum=line.shasum, live_integrity=live.integrity, live_shasum=live.shasum
    )
    if same is Liveness.SAME:
        return Upload(ok=True, live=True, adopted=True)
    return Upload(
        ok=False,
        why=f"this version is live with other bytes (live: {live.integrity or live.shasum}; packed here: {line.integrity})",
    )
