"""What must hold: at every moment, and once everything has calmed down."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from tests.chaos.deeds import judge, lose
from tests.chaos.operators import drop_rejected, number_past_blocked, number_past_others, tag_by_hand, unlock
from tests.chaos.releases import release
from tests.chaos.town import OURS
from tests.chaos.variants import MACHINES
from tests.rig.invariants import broken_promises, debts, on_disk, state_at

if TYPE_CHECKING:
    from tests.chaos.town import Town

__all__ = ["check", "settle_all"]

# What a release was refused for before it could look at what is staged.
_REFUSED = frozenset({"STAGE_PENDING", "UNFINISHED"})
_OTHER_BYTES = "this version is already staged with other bytes"


def check(town: Town) -> None:
    """What must hold at every moment."""
    found = broken_promises(town.box, town.registry, ours=OURS, by_hand=town.by_hand, raced=town.raced)
    found += [each for machine in MACHINES for each in on_disk(town.folder / machine)]
    found += _lost(town)
    assert not found, "\n".join([*found, "---", town.story])


def _approve_all(town: Town) -> None:
    for _ in town.registry.stages():
        judge(town, 0, "approve")


def _approve_known(town: Town) -> None:
    """Approve what staged.json of the laptop holds, pushed or not."""
    folder = town.folder / "laptop" / ".vis" / "release"
    file = folder / (".state-branch/main/staged.json" if town.variant.state_branch else "staged.json")
    state = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    known = {(item["name"], item["version"]) for item in state.get("pending", [])}
    for item in town.registry.stages():
        if (item.name, item.version) in known:
            town.tell("approve on the page", f"{item.name}@{item.version}")
            town.registry.approve(item.id)


def _lost(town: Town) -> list[str]:
    """What was written down on the remote while it waits for a decision, and isn't any more."""
    staged = {(item.name, item.version) for item in town.registry.stages()}
    lost = (town.recorded & staged) - town.known()
    return [f"{name}@{version} waits for a decision, was written down, and isn't any more" for name, version in lost]


def _taken_up(town: Town, ended: str) -> None:
    """In calm, a release leaves no stage that it doesn't know of, but for one told of: with other bytes than are packed here."""
    known = town.known()
    left = [
        f"{item.name}@{item.version}"
        for item in town.registry.stages()
        if (item.name, item.version) not in known and f"{item.name}@{item.version}: {_OTHER_BYTES}" not in town.said
    ]
    assert not left or ended in _REFUSED, f"nobody took up the stage of {', '.join(left)}: {ended}\n{town.story}"


def settle_all(town: Town) -> None:
    """Everything calms down: faults end, everybody decides; then a few releases must pay every debt."""
    town.registry.faults.clear()
    town.outages.clear()
    town.registry.settings.scan_delay = town.registry.settings.edge_lag = town.registry.settings.document_lag = 0.0
    town.told.append("all is calm")
    unlock(town, "laptop")
    lose(town, "laptop")
    ended = ""
    for number in range(7):
        if number:
            _approve_all(town)
        town.clock.advance(3600)
        drop_rejected(town, "laptop")
        number_past_blocked(town)
        # At first only what the release itself knows of is approved, so that what it left behind is seen.
        ended = release(town, "laptop", meanwhile=[partial(_approve_all if number else _approve_known, town)] * 3)
        _taken_up(town, ended)
        tag_by_hand(town)
        if ended in {"UNFINISHED", "INCOMPLETE"}:
            number_past_others(town)
        if ended == "ok" and not town.registry.stages() and not state_at(town.box).get("pending"):
            break
    assert ended == "ok", f"the last release ended with {ended}\n{town.story}"
    forge = town.folder / "forge.json"
    found = debts(
        town.box,
        town.registry,
        ours=OURS,
        forge=json.loads(forge.read_text()) if forge.exists() else {},
        foreign=frozenset(town.foreign),
        by_hand=town.by_hand,
        untold=town.outages.refused,
    )
    assert not found, "\n".join([*found, "---", town.story])
    check(town)
