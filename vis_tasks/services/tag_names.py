"""One tag for each version: what a tag's pattern must tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.selection import managed
from vis_tasks.errors import ConfigError

if TYPE_CHECKING:
    from vis_tasks.services.run import Run

__all__ = ["check_tag_names"]


def check_tag_names(run: Run) -> None:
    """Several packages that share a tag would hide each other: a version whose tag exists counts as released.

    Raises:
        ConfigError: code ``TAG_PATTERN``.
    """
    packages = [package.name for package in managed(run.workspace, run.release) if not package.private]
    if len(packages) > 1 and "{name}" not in run.release.tag_pattern:
        raise ConfigError(
            f'release.tag-pattern is "{run.release.tag_pattern}", without {{name}}: '
            f"{len(packages)} packages would share their tags",
            code="TAG_PATTERN",
            hint='tag-pattern = "{name}@{version}" under [release]; tags that exist stay as they are',
        )
