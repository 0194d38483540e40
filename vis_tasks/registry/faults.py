"""The fault plan: what goes wrong, on which route, and how often."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from vis_tasks.errors import UsageError

__all__ = ["Fault", "FaultPlan"]

Reset = Literal["before", "after"]


@dataclass
class Fault:
    """One thing that goes wrong. All that is set happens together; the order is delay, then before, then after the work.

    Attributes:
        route: a route's name (`vis_tasks.registry.app.ROUTES`) or a pattern such as ``"stage.*"`` or ``"*"``.
        status: answer this instead of doing the work.
        retry_after: seconds in a ``Retry-After`` header of that answer.
        headers: more headers of that answer.
        body: the body of that answer; npm's error shape when None.
        reset: ``"before"``: cut the connection without doing the work; ``"after"``: do the work, then cut it (ambiguous).
        delay: seconds to wait before anything.
        slow: seconds over which the answer's body drips.
        truncate: send only so many bytes of the body, then cut the connection.
        content_type: lie about the answer's type.
        first: which matching request is the first to be hit, counted from 1.
        times: how many requests are hit; None for all.
        probability: chance of a hit for each request in that span, drawn from ``seed``.
        seed: makes the draw repeatable.
        path: a pattern the path must match too.
        token_kind: only requests with this kind of token.
    """

    route: str = "*"
    status: int | None = None
    retry_after: float | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    reset: Reset | None = None
    delay: float = 0.0
    slow: float = 0.0
    truncate: int | None = None
    content_type: str | None = None
    first: int = 1
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    path: str = "*"
    token_kind: str | None = None
    seen: int = field(default=0, init=False)
    hits: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.reset is not None and self.reset not in get_args(Reset):
            raise UsageError(f"unknown reset {self.reset!r} in a fault", hint="'before' or 'after'")
        if self.status is not None and not 200 <= self.status <= 599:
            raise UsageError(f"a fault can't answer with status {self.status}", hint="200 to 599")
        if not 0 <= self.probability <= 1:
            raise UsageError(f"probability {self.probability} of a fault", hint="between 0 and 1")
        if self.first < 1 or (self.times is not None and self.times < 1):
            raise UsageError("first and times of a fault start at 1")
        self._draw = random.Random(self.seed)  # noqa: S311 (repeatable on purpose)

    def matches(self, route: str, path: str, token_kind: str | None) -> bool:
        """Whether it is about such a request at all."""
        if not (fnmatchcase(route, self.route) and fnmatchcase(path, self.path)):
            return False
        return self.token_kind is None or self.token_kind == token_kind

    def strikes(self) -> bool:
        """Count a matching request and say whether it is hit."""
        self.seen += 1
        if self.seen < self.first or (self.times is not None and self.hits >= self.times):
            return False
        if self._draw.random() >= self.probability:
            return False
        self.hits += 1
        return True


class FaultPlan:
    """The faults in force. The first that strikes decides; safe from any thread."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force; returned, so that its ``hits`` can be watched."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._faults.clear()

    def all(self) -> list[Fault]:
        """The faults in force, spent ones included."""
        with self._lock:
            return list(self._faults)

    def strike(self, route: str, path: str, token_kind: str | None) -> Fault | None:
        """The fault that hits this request, if any."""
        if not self._faults:
            return None
        with self._lock:
            return next(
                (fault for fault in self._faults if fault.matches(route, path, token_kind) and fault.strikes()), None
            )


def fault_from_json(data: Any) -> Fault:
    """A fault as the admin API takes it: the fields of `Fault`.

    Raises:
        vis_tasks.errors.UsageError: an unknown field or an impossible value.
    """
    known = {name for name, item in Fault.__dataclass_fields__.items() if item.init}
    if not isinstance(data, dict) or set(data) - known:
        unknown = sorted(set(data) - known) if isinstance(data, dict) else data
        raise UsageError(f"unknown fields in a fault: {unknown}", hint=f"known: {', '.join(sorted(known))}")
    try:
        return Fault(**data)
    except TypeError as error:
        raise UsageError(f"a fault can't be read: {error}") from None
