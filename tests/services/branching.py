"""Machines that keep staged.json on a branch of its own."""

from __future__ import annotations

from dataclasses import replace

from vis_tasks.adapters.files import RootFiles

__all__ = ["BRANCH", "HOOK", "change", "machine", "names", "on_branch", "protect_main", "subjects"]

BRANCH = "vis-release-state"
HOOK = """#!/bin/sh
while read old new ref; do
  case "$ref" in refs/heads/main) echo 'main is protected' >&2; exit 1;; esac
done
"""


def protect_main(world):
    hook = world.repo.top.parent / "origin.git/hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK)
    hook.chmod(0o755)


def machine(world, name):
    """The same world seen from another clone."""
    there = world.repo.clone(name)
    tools = replace(world.tools, git=there.git, files=RootFiles(there.root), root=there.root)
    return replace(world, tools=tools, repository=there)


def change(world, how):
    run = world.run()
    run.state.change(how)
    return run


def names(state):
    return [each.name for each in state.pending]


def on_branch(world, path="main/staged.json"):
    world.repo.sh("fetch", "--quiet", "origin", BRANCH)
    return world.repo.sh("show", f"FETCH_HEAD:{path}")


def subjects(world):
    world.repo.sh("fetch", "--quiet", "origin", BRANCH)
    return world.repo.sh("log", "--format=%s", "FETCH_HEAD").splitlines()
