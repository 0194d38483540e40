"""What the tests of the rooms that tag share."""

from __future__ import annotations

from dataclasses import replace

from tests.services.builders import build_world, entry, integrity_of, package
from vis_tasks.core.pending import Pending
from vis_tasks.errors import Failed
from vis_tasks.ports import ForgeRelease, Live
from vis_tasks.services.tag import tag

__all__ = ["RecordingForge", "live_world", "make_tags", "remote_tags", "with_forge"]


class RecordingForge:
    name = "GitHub"

    def __init__(self, fails=0):
        self.made, self.asked, self.fails = {}, [], fails

    def ensure_release(self, *, tag, title, notes, prerelease):
        self.asked.append(tag)
        if self.fails:
            self.fails -= 1
            raise Failed("GitHub says 502", code="FORGE")
        created = tag not in self.made
        self.made.setdefault(tag, (title, notes, prerelease))
        return ForgeRelease(tag, f"http://forge/{tag}", created)


def live_world(tmp_path):
    """A world with packages a and b live at the commit `world.built`; main has moved on since."""
    world = build_world(tmp_path, package("a", "1.1.0"), package("b", "1.1.0", deps={"a": "^1.1.0"}))
    world.repo.put("packages/a/CHANGELOG.md", "# a\n\n## 1.1.0\n\n- what is new\n\n## 1.0.0\n\n- old\n")
    world.repo.sh("add", "--all"), world.repo.sh("commit", "--quiet", "--message", "version")
    built = world.repo.git.head()
    world.repo.committed("later")
    world.repo.sh("push", "--quiet", "origin", "main")
    for name in ("a", "b"):
        world.registry.live_versions[name, "1.1.0"] = Live(integrity_of(name, "1.1.0"))
    world.hold(Pending().approve(entry("a", commit=built)).approve(entry("b", commit=built)))
    vars(world)["built"] = built
    return world


def with_forge(world, forge):
    world.tools = replace(world.tools, forge=lambda: forge)
    return forge


def make_tags(world):
    run = world.run(reach=("tag",))
    tag(run)
    return run


def remote_tags(world):
    return dict(world.repo.git.remote_refs("origin", "main").tags)
