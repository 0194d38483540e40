"""Fakes of our ports that every area's tests may use."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from vis_tasks.ports import Live, NotLive, Staged, StageList, StageOutcome, StageRecord, Unknown, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from vis_tasks.ports import Board, Clock, Desk, Packument, RegistryReader, Stager, Tarball, WaitingRow

__all__ = ["FakeClock", "FakeMachine", "FakeNpm", "FakeRegistry", "MemoryFiles", "RecordingConsole"]


@dataclass
class FakeClock:
    """A clock that only moves when somebody sleeps or a test says so.

    `at` plants a callback at a moment; it runs when the clock passes that moment, with the clock standing exactly there. A
    callback that raises ends the sleep there, which is what a signal does.
    """

    start: datetime = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    elapsed: float = 0.0
    sleeps: list[float] = field(default_factory=list)
    _planned: list[tuple[float, int, Callable[[], object]]] = field(default_factory=list)
    _count: int = 0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return 1000.0 + self.elapsed

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.advance(seconds)

    def at(self, seconds: float, callback: Callable[[], object]) -> FakeClock:
        """Run ``callback`` when ``seconds`` have passed since the start; planned in the past it runs at the next move."""
        self._planned.append((seconds, self._count, callback))
        self._count += 1
        self._planned.sort(key=lambda plan: plan[:2])
        return self

    def advance(self, seconds: float) -> None:
        """Let time pass without a sleep."""
        end = self.elapsed + max(0.0, seconds)
        while self._planned and self._planned[0][0] <= end:
            moment, _, callback = self._planned.pop(0)
            self.elapsed = max(self.elapsed, moment)
            callback()
        self.elapsed = max(self.elapsed, end)


@dataclass
class RecordingConsole:
    """Keeps what was said, as ``(kind, text)`` with the kinds named like the port's methods, and what a board showed."""

    said: list[tuple[str, str]] = field(default_factory=list)
    live: bool = False
    shown: list[tuple[tuple[WaitingRow, ...], int, float]] = field(default_factory=list)

    def line(self, text: str = "") -> None:
        self.said.append(("line", text))

    def step(self, text: str) -> None:
        self.said.append(("step", text))

    def detail(self, text: str) -> None:
        self.said.append(("detail", text))

    def success(self, text: str) -> None:
        self.said.append(("success", text))

    def warning(self, text: str) -> None:
        self.said.append(("warning", text))

    def error(self, text: str) -> None:
        self.said.append(("error", text))

    def table(self, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        self.said += [("table", " | ".join(row)) for row in (head, *rows)]

    def section(self, name: str, text: str, *, folded: bool = True) -> None:
        self.said.append(("step", text))

    def end_section(self) -> None:
        pass

    @contextmanager
    def board(self, clock: Clock) -> Iterator[Board | None]:
        yield self if self.live else None

    def show(self, rows: Sequence[WaitingRow], *, decided: int, deadline: float) -> None:
        self.shown.append((tuple(rows), decided, deadline))

    def of(self, kind: str) -> list[str]:
        """The texts of one kind, in order."""
        return [text for each, text in self.said if each == kind]

    @property
    def text(self) -> str:
        """Everything said, a line each."""
        return "\n".join(text for _, text in self.said)


@dataclass
class MemoryFiles:
    """`vis_tasks.ports.Files` in memory; counts its writes."""

    root: Path = Path("/workspace")
    content: dict[str, bytes] = field(default_factory=dict)
    writes: Counter[str] = field(default_factory=Counter)

    def read(self, path: str) -> bytes | None:
        return self.content.get(path)

    def write(self, path: str, content: bytes, *, durable: bool = True) -> None:
        self.writes[path] += 1
        self.content[path] = content

    def create(self, path: str, content: bytes) -> bool:
        if path in self.content:
            return False
        self.write(path, content)
        return True

    def make_folder(self, path: str) -> None:
        """Folders are no more than the beginnings of names here."""

    def delete(self, path: str) -> None:
        self.content.pop(path, None)

    def delete_tree(self, path: str) -> None:
        for each in [name for name in self.content if name.startswith(f"{path}/")]:
            del self.content[each]


@dataclass
class FakeMachine:
    """A machine on which exactly these processes run, ours among them."""

    pid: int = 4711
    host: str = "builder"
    running: set[int] = field(default_factory=set)

    def alive(self, pid: int) -> bool:
        return pid == self.pid or pid in self.running


class FakeRegistry:
    """A registry with a staging area in memory: reads and uploads through our ports, decided on by the test.

    `answer` plants what a question will be answered with, once or for good; everything asked is in `requests`. Safe to use from
    several threads.
    """

    def __init__(self, url: str = "http://registry.test/") -> None:
        self.url = url
        self.records: dict[str, StageRecord] = {}
        self.live_versions: dict[tuple[str, str], Live] = {}
        self.statuses: dict[tuple[str, str], str] = {}
        self.sizes: dict[str, int] = {}
        self.credentials = True
        self.status_readable = True
        self.requests: list[tuple[str, ...]] = []
        self.uploads: list[tuple[str, str, str, str | None]] = []
        self.on_upload: Callable[[Tarball], object] = lambda _tarball: None
        self._bytes: dict[str, Live] = {}
        self._approved: dict[tuple[str, str], Live] = {}
        self._planted: dict[str, list[Any]] = {}
        self._always: dict[str, Any] = {}
        self._lock = threading.RLock()

    def answer(self, question: str, *answers: Any, always: Any = None) -> FakeRegistry:
        """Answer the next questions of this kind (``stages``, ``live``, ``status``, ``whoami``, ``stage``) with these."""
        self._planted.setdefault(question, []).extend(answers)
        if always is not None:
            self._always[question] = always
        return self

    def heal(self, question: str) -> None:
        """Answer truthfully again."""
        self._planted.pop(question, None)
        self._always.pop(question, None)

    def put_stage(
        self, name: str, version: str, *, integrity: str | None = None, shasum: str | None = None, tag: str = "latest"
    ) -> str:
        """Stage a version without an upload; returns its id."""
        with self._lock:
            stage_id = str(UUID(int=len(self._bytes) + 1))
            self._bytes[stage_id] = Live(integrity, shasum)
            self.records[stage_id] = StageRecord(
                stage_id, name, version, tag, "2026-11-21T11:59:00.000Z", "ada", None, "public", shasum
            )
            self.statuses[name, version] = "staged"
            return stage_id

    def approve(self, name: str, version: str, *, live: bool = True, integrity: str | None = None) -> None:
        """A human approves: the record goes; the version is live, or (``live=False``) on its way through the scan."""
        stage_id = self._id_of(name, version)
        del self.records[stage_id]
        found = self._bytes[stage_id]
        self._approved[name, version] = replace(found, integrity=integrity or found.integrity)
        self.statuses[name, version] = "validating"
        if live:
            self.scanned(name, version)

    def scanned(self, name: str, version: str) -> None:
        """The scan is over: the version is live."""
        self.statuses[name, version] = "published"
        self.live_versions[name, version] = self._approved[name, version]

    def reject(self, name: str, version: str) -> None:
        """A human rejects: record and status go."""
        del self.records[self._id_of(name, version)]
        del self.statuses[name, version]

    def _id_of(self, name: str, version: str) -> str:
        return next(each.id for each in self.records.values() if (each.name, each.version) == (name, version))

    def asked(self, question: str) -> int:
        """How often a question was asked."""
        return sum(request[0] == question for request in self.requests)

    def _ask(self, question: str, *more: str) -> Any:
        with self._lock:
            self.requests.append((question, *more))
            if self._planted.get(question):
                return self._planted[question].pop(0)
            return self._always.get(question)

    def ping(self) -> Unknown | None:
        found: Unknown | None = self._ask("ping")
        return found

    def whoami(self) -> str | Unreadable | Unknown:
        return self._ask("whoami") or "ada"

    def has_credentials(self) -> bool:
        return self.credentials

    def stages(self, package: str | None = None) -> StageList | Unreadable | Unknown:
        planted = self._ask("stages", package or "")
        if planted is not None:
            return planted  # type: ignore[no-any-return]
        if not self.credentials:
            return Unreadable("no credentials")
        return StageList(tuple(each for each in self.records.values() if package in {None, each.name}))

    def live(self, name: str, version: str) -> Live | NotLive | Unknown:
        return self._ask("live", name, version) or self.live_versions.get((name, version)) or NotLive()

    def status(self, name: str, version: str) -> str | Unreadable | NotLive | Unknown:
        planted = self._ask("status", name, version)
        if planted is not None:
            return planted  # type: ignore[no-any-return]
        if not self.status_readable:
            return Unreadable("HTTP 403")
        return self.statuses.get((name, version)) or NotLive()

    def staged_tarball(self, stage_id: str) -> bytes | Unreadable | NotLive | Unknown:
        return NotLive()

    def live_tarball(self, url: str) -> bytes | Unreadable | NotLive | Unknown:
        return NotLive()

    def packument(self, name: str) -> Packument | NotLive | Unknown:
        return NotLive()

    def unpacked_size(self, name: str, tag: str) -> int | None:
        return self.sizes.get(name)

    def attestations(self, name: str, version: str) -> tuple[Mapping[str, object], ...] | NotLive | Unknown:
        return NotLive()

    def stage(self, tarball: Tarball, *, tag: str, access: str | None) -> Staged:
        self.on_upload(tarball)
        with self._lock:
            planted = self._ask("stage", tarball.name, tarball.version)
            if callable(planted):
                planted = planted(tarball)
            if planted is not None:
                return planted  # type: ignore[no-any-return]
            if any((each.name, each.version) == (tarball.name, tarball.version) for each in self.records.values()):
                return Staged(StageOutcome.ALREADY_STAGED, why="already staged", code="E409")
            if (tarball.name, tarball.version) in self.live_versions:
                return Staged(StageOutcome.ALREADY_LIVE, why="already live", code="E403")
            self.uploads.append((tarball.name, tarball.version, tag, access))
            stage_id = self.put_stage(
                tarball.name, tarball.version, integrity=tarball.integrity, shasum=tarball.shasum, tag=tag
            )
            return Staged(StageOutcome.STAGED, stage_id)

    def publish(self, tarball: Tarball, *, tag: str, access: str | None) -> Staged:
        self.on_upload(tarball)
        with self._lock:
            planted = self._ask("publish", tarball.name, tarball.version)
            if planted is not None:
                return planted  # type: ignore[no-any-return]
            self.uploads.append((tarball.name, tarball.version, tag, access))
            self.live_versions[tarball.name, tarball.version] = Live(tarball.integrity, tarball.shasum)
            return Staged(StageOutcome.STAGED)


class FakeNpm:
    """`vis_tasks.ports.Npm` over one registry, and more of them by scope or package."""

    def __init__(self, registry: FakeRegistry, *, oidc: bool = False, **by_package: FakeRegistry) -> None:
        self.version = "11.19.0"
        self.registries = {registry.url: registry, **{each.url: each for each in by_package.values()}}
        self._default = registry
        self._by_package = by_package
        self._oidc = oidc
        self.pages: str | None = None

    def url_for(self, package: str, manifest: Mapping[str, object]) -> str:
        return self._by_package.get(package, self._default).url

    def reader(self, url: str) -> RegistryReader:
        return self.registries[url]

    def stager(self, url: str) -> Stager:
        return self.registries[url]

    def oidc(self) -> bool:
        return self._oidc

    def problems(self) -> tuple[str, ...]:
        return ()

    def desk(self, url: str) -> Desk:
        raise NotImplementedError

    def review_page(self, url: str, *, name: str, version: str, stage_id: str | None) -> str | None:
        return self.pages.format(name=name, version=version, id=stage_id) if self.pages else None
