"""The terminal, and what CI gives a job to write to."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vis_tasks.adapters.forge.comments import Comments
    from vis_tasks.adapters.forge.settings import Settings
    from vis_tasks.adapters.webhooks import Webhooks
    from vis_tasks.config.model import Config
    from vis_tasks.core.remotes import Remote
    from vis_tasks.ports import Console, Person

__all__ = [
    "build_absent_person",
    "build_comments",
    "build_console",
    "build_person",
    "build_settings",
    "build_webhooks",
    "write_ci_links",
    "write_ci_outputs",
    "write_ci_report",
]


def build_console(*, json_mode: bool = False, words: Callable[[str], str] = str) -> Console:
    """The console of this process.

    Args:
        json_mode: people read on ``stderr``.
        words: puts a text into the reader's words.
    """
    from vis_tasks.adapters.console import make_console

    return make_console(json_mode=json_mode, env=os.environ, stdout=sys.stdout, stderr=sys.stderr, words=words)


def build_person() -> Person:
    """Whoever sits at this terminal."""
    from vis_tasks.adapters.person import TerminalPerson

    return TerminalPerson(os.environ)


def build_absent_person(code: str | Callable[[], str | None] | None) -> Person:
    """Whoever decides through a program.

    Args:
        code: a one-time password, which serves once; or what makes them. Without it ``NPM_OTP`` of the environment.
    """
    from vis_tasks.adapters.person import AbsentPerson

    if callable(code):
        return AbsentPerson(code)
    given = [text] if (text := (code or os.environ.get("NPM_OTP", "")).strip()) else []
    return AbsentPerson(lambda: given.pop() if given else None)


def build_webhooks(config: Config) -> Webhooks:
    """The channels of ``[release.notify]``."""
    from vis_tasks.adapters.clock import SystemClock
    from vis_tasks.adapters.webhooks import Webhooks

    return Webhooks(config.release.notify, os.environ, SystemClock())


def write_ci_report(markdown: str) -> None:
    """Append to the job summary, where CI has one."""
    from vis_tasks.adapters.ci_report import append_summary

    append_summary(os.environ, markdown)


def write_ci_links(sections: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    """Write GitLab's annotations report to the file that ``VIS_ANNOTATIONS`` names, where it names one."""
    from pathlib import Path

    from vis_tasks.adapters.ci_report import write_annotations

    if path := os.environ.get("VIS_ANNOTATIONS"):
        write_annotations(Path(path), sections)


def write_ci_outputs(values: Mapping[str, object], dotenv: str) -> None:
    """Set step outputs on GitHub; write GitLab's dotenv report, every name with ``VIS_`` before it, when it has a path."""
    from pathlib import Path

    from vis_tasks.adapters.ci_report import set_outputs, write_dotenv

    set_outputs(os.environ, values)
    if dotenv:
        write_dotenv(Path(dotenv), {f"VIS_{name.upper()}": value for name, value in values.items()})


def build_comments() -> Comments | None:
    """The comments of the pull request this job is about."""
    from vis_tasks.adapters.clock import SystemClock
    from vis_tasks.adapters.forge.comments import comments_for

    return comments_for(os.environ, clock=SystemClock())


def build_settings(provider: str, remote: Remote, config: Config) -> Settings | None:
    """The settings of the repository, when the environment holds a token for them."""
    from vis_tasks.adapters.clock import SystemClock
    from vis_tasks.adapters.forge.settings import settings_for

    return settings_for(provider, remote, os.environ, config.release.forge.url, clock=SystemClock())
