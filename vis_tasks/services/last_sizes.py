"""How large the versions were that are live: asked for while the package manager packs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.ports import ASKED_AT_ONCE
from vis_tasks.threads import Crew

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from vis_tasks.core.model import Package
    from vis_tasks.services.run import Run

__all__ = ["LastSizes"]


class LastSizes:
    """The unpacked sizes of the last live versions: a request each, a few at a time, for the length of a ``with`` block.

    Args:
        run: the run.
        packages: whose sizes are wanted.
    """

    def __init__(self, run: Run, packages: Sequence[Package]) -> None:
        self._run = run
        self._numbers = {package.name: number for number, package in enumerate(packages)}
        self._crew = Crew(self._ask, packages, ASKED_AT_ONCE)

    def __enter__(self) -> Self:
        """Nothing is asked yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What wasn't asked yet isn't asked any more."""
        self._crew.stop()

    def begin(self) -> None:
        """Begin to ask, once. Best while something is waited for: the threads that ask keep another from getting on."""
        self._crew.begin()

    def of(self, name: str) -> int | None:
        """Bytes, when they are known; None where the registry doesn't tell: that is no reason to stop."""
        return self._crew.of(self._numbers[name])

    def _ask(self, package: Package) -> int | None:
        npm = self._run.npm
        return npm.reader(npm.url_for(package.name, package.manifest)).unpacked_size(package.name, "latest")
