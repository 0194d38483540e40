"""The only place that builds adapters. Imports stand inside the functions: a command pays only for what it uses."""

from __future__ import annotations

from vis_tasks.wiring.rehearsal import build_rehearsal_tools
from vis_tasks.wiring.setup import build_ci_tools, build_init_tools, repository_top
from vis_tasks.wiring.surroundings import (
    build_absent_person,
    build_comments,
    build_console,
    build_person,
    build_settings,
    build_webhooks,
    write_ci_links,
    write_ci_outputs,
    write_ci_report,
)
from vis_tasks.wiring.workspace import build_tools

__all__ = [
    "build_absent_person",
    "build_ci_tools",
    "build_comments",
    "build_console",
    "build_init_tools",
    "build_person",
    "build_rehearsal_tools",
    "build_settings",
    "build_tools",
    "build_webhooks",
    "repository_top",
    "write_ci_links",
    "write_ci_outputs",
    "write_ci_report",
]
