"""Repositories for the mappers, in memory."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import TYPE_CHECKING

from tests.planning.builders import package
from vis_tasks.core.migrate.literal import read_json, read_module
from vis_tasks.core.migrate.mapping import Repository
from vis_tasks.services.init.settings import as_tables, checked, merged

if TYPE_CHECKING:
    from tests.e2e.world import World
    from vis_tasks.core.migrate.mapping import Migration

__all__ = ["js", "json_document", "left", "looks_ready", "repository", "written"]


def repository(*packages, branches=("main",), files=None, default_branch="main"):
    """Two packages, unless told."""
    members = packages or (package("@acme/core"), package("@acme/cli"))
    listed = files or {}
    return Repository(members, frozenset(branches), default_branch, lambda folder: listed.get(folder, ()))


def json_document(value, path="config.json"):
    """A document; a string is its text."""
    return read_json(path, dedent(value) if isinstance(value, str) else json.dumps(value))


def js(text, path="x.config.js"):
    """A document of JavaScript."""
    return read_module(path, dedent(text))


def written(migration: Migration):
    """What would stand in vis.toml, having passed the loader's checks."""
    kept, lost = checked(merged((), migration))
    assert lost == ()
    return as_tables(kept)


def left(migration: Migration):
    """What is left over, by name."""
    return [leftover.what for leftover in migration.leftovers]


def looks_ready(world: World) -> None:
    """The doctor finds nothing that fails, and a whole release can be rehearsed."""
    doctor = world.run("doctor", "--json")
    failed = [check for check in doctor.document["checks"] if check["status"] == "fail"]
    assert (doctor.code, failed) == (0, [])

    rehearsed = world.run("rehearse", "--json")
    assert rehearsed.code == 0, rehearsed.text
    assert rehearsed.document["violations"] == []
