"""GitHub or GitLab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Forge", "ForgeRelease"]


@dataclass(frozen=True)
class ForgeRelease:
    """A release on GitHub or GitLab."""

    tag: str
    url: str
    created: bool


class Forge(Protocol):
    """GitHub or GitLab, by REST."""

    @property
    def name(self) -> str:
        """``"GitHub"`` or ``"GitLab"``."""
        ...

    def ensure_release(self, *, tag: str, title: str, notes: str, prerelease: bool) -> ForgeRelease:
        """Look the release up by tag and create it when it isn't there. Calling it twice makes one release.

        Raises:
            vis_tasks.errors.Failed: with the forge's own words and the way out.
        """
        ...
