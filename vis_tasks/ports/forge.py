"""GitHub or GitLab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from vis_tasks.ports.registry import Unknown

__all__ = ["Forge", "ForgeBranches", "ForgeLookup", "ForgeRelease", "PushRules"]


@dataclass(frozen=True)
class ForgeRelease:
    """A release on GitHub or GitLab."""

    tag: str
    url: str
    created: bool


@dataclass(frozen=True)
class PushRules:
    """What keeps these credentials from pushing plain commits to a branch.

    Attributes:
        stops: in words; empty when nothing does.
        unseen: why there may be more; empty when everything was seen.
    """

    stops: tuple[str, ...] = ()
    unseen: str = ""


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


@runtime_checkable
class ForgeLookup(Protocol):
    """A forge that can be asked without making anything."""

    def find_release(self, tag: str) -> str | Unknown | None:
        """Address of a tag's release; None when there is none. One request, or one for each hundred drafts."""
        ...


@runtime_checkable
class ForgeBranches(Protocol):
    """A forge that tells what protects a branch."""

    def push_rules(self, branch: str) -> PushRules | Unknown:
        """What keeps these credentials from pushing to the branch; a few requests, nothing is pushed."""
        ...
