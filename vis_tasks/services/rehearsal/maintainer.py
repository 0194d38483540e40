"""The scripted maintainer: a thread that looks at what is staged and decides with the real npm and a real code."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from vis_tasks.services.rehearsal.scenario import Play

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vis_tasks.registry.run import Registry
    from vis_tasks.registry.stages import StageItem

__all__ = ["Maintainer", "chosen"]

_GLANCE = 0.2


class Maintainer:
    """Decides while the release waits.

    Args:
        registry: to see what is staged and to read the authenticator.
        user: the maintainer's account.
        decide: ``(verb, stage id, code) → what npm said when it failed``; runs the real ``npm stage``.
        say: prints a line.
        order: package names, dependencies before dependents.
        expected: how many versions the wave will hold; nothing is decided before all of them are staged.
    """

    def __init__(
        self,
        registry: Registry,
        user: str,
        decide: Callable[[str, str, str], str | None],
        say: Callable[[str], None],
        order: Sequence[str],
        expected: int,
    ) -> None:
        self._registry = registry
        self._user = user
        self._decide = decide
        self._say = say
        self._order = {name: number for number, name in enumerate(order)}
        self._expected = expected
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, play: Play) -> None:
        """Begin to act, in the background."""
        self._stop.clear()
        if play is not Play.NOTHING:
            self._thread = threading.Thread(target=self._act, args=(play,), daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop acting; waits for a decision under way."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def approve_all(self) -> None:
        """Approve everything staged, now."""
        for item in self._sorted(self._registry.stages()):
            self._one("approve", item)

    def _act(self, play: Play) -> None:
        while not self._stop.wait(_GLANCE):
            staged = self._sorted(self._registry.stages())
            if len(staged) < self._expected:
                continue
            for item in chosen(play, staged):
                if self._stop.is_set():
                    return
                self._one("reject" if play is Play.REJECT else "approve", item)
            return

    def _sorted(self, items: Sequence[StageItem]) -> list[StageItem]:
        return sorted(items, key=lambda item: (self._order.get(item.name, len(self._order)), item.version))

    def _one(self, verb: str, item: StageItem) -> None:
        why = self._decide(verb, item.id, self._registry.otp(self._user))
        done = {"approve": "approved", "reject": "rejected"}[verb]
        self._say(
            f"{self._user} {done} {item.name}@{item.version}"
            if why is None
            else f"{self._user} could not {verb}: {why}"
        )


def chosen(play: Play, staged: Sequence[StageItem]) -> list[StageItem]:
    """What the maintainer decides about, given all that is staged in dependency order."""
    if play is Play.SOME:
        return list(staged[: max(1, len(staged) * 3 // 5)])
    return list(staged)
