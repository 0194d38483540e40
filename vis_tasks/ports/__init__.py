"""What the house asks of the outside world, as small Protocols. Adapters implement them; tests pass fakes that do.

Answers are tagged values: a network problem is a value (`Unknown`), not an exception, wherever "we don't know" must not be
mistaken for "no".
"""

from __future__ import annotations

from vis_tasks.ports.forge import Forge, ForgeBranches, ForgeLookup, ForgeRelease, PushRules
from vis_tasks.ports.git import Git, Pushed, PushRefused, PushStale, RefCell, RemoteRefs
from vis_tasks.ports.npm import Decided, Deciding, Desk, Npm, Staged, StageOutcome, Stager
from vis_tasks.ports.packing import Packer, Tarball
from vis_tasks.ports.registry import (
    ASKED_AT_ONCE,
    NO_STAGING,
    Live,
    NotLive,
    Packument,
    RegistryReader,
    ReleasedVersion,
    StageList,
    StageRecord,
    Unknown,
    Unreadable,
)
from vis_tasks.ports.world import (
    Board,
    Clock,
    Completed,
    Console,
    Files,
    Foreground,
    Machine,
    Person,
    Runner,
    WaitingRow,
)

__all__ = [
    "ASKED_AT_ONCE",
    "NO_STAGING",
    "Board",
    "Clock",
    "Completed",
    "Console",
    "Decided",
    "Deciding",
    "Desk",
    "Files",
    "Foreground",
    "Forge",
    "ForgeBranches",
    "ForgeLookup",
    "ForgeRelease",
    "Git",
    "Live",
    "Machine",
    "NotLive",
    "Npm",
    "Packer",
    "Packument",
    "Person",
    "PushRefused",
    "PushRules",
    "PushStale",
    "Pushed",
    "RefCell",
    "RegistryReader",
    "ReleasedVersion",
    "RemoteRefs",
    "Runner",
    "StageList",
    "StageOutcome",
    "StageRecord",
    "Staged",
    "Stager",
    "Tarball",
    "Unknown",
    "Unreadable",
    "WaitingRow",
]
