"""Where a version stands: one verdict and the next command for every standing there is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from tests.services.builders import build_world, entry, integrity_of, package, shasum_of
from vis_tasks.core.pending import Pending
from vis_tasks.errors import UsageError
from vis_tasks.ports import Live, Unknown, Unreadable
from vis_tasks.services.standing import inspect_version

ID = "8814c851-0000-4000-8000-000000000000"


@dataclass
class NoRelease:
    """A forge that has no release, or one, of any tag."""

    found: str | None = None
    name: str = "GitHub"

    def ensure_release(self, **_):
        raise NotImplementedError

    def find_release(self, tag):
        return self.found


@pytest.fixture
def world(tmp_path):
    """``a@1.1.0`` is on disk and nowhere else."""
    return build_world(tmp_path, package("a", "1.1.0"))


def recorded(world, **more):
    commit = world.repo.sh("rev-parse", "HEAD")
    world.hold(Pending().put(entry("a", id=ID, commit=commit, **more)))


def live(world, *, ours: bool = True):
    integrity = integrity_of("a", "1.1.0") if ours else "sha512-AAAA"
    shasum = shasum_of("a", "1.1.0") if ours else "00"
    world.registry.live_versions["a", "1.1.0"] = Live(integrity, shasum)


def tagged(world, at: str = "HEAD"):
    world.repo.sh("tag", "--annotate", "--message", "x", "a@1.1.0", at)
    world.repo.sh("push", "--quiet", "origin", "a@1.1.0")


def staged(world):
    recorded(world)
    world.registry.put_stage("a", "1.1.0")


def unreadable(world):
    recorded(world)
    world.registry.answer("stages", always=Unreadable("HTTP 403"))
    world.registry.status_readable = False


def scanned(world):
    recorded(world)
    world.registry.statuses["a", "1.1.0"] = "validating"


def blocked(world):
    recorded(world, reason="blocked")
    world.registry.statuses["a", "1.1.0"] = "blocked"


def rejected_here(world):
    recorded(world, reason="rejected")


def rejected(world):
    world.hold(Pending().bury("a", "1.1.0", "2026-11-21T11:00:00.000Z"))


def other_bytes(world):
    recorded(world)
    live(world, ours=False)


def approved(world):
    recorded(world)
    live(world)


def by_hand(world):
    live(world)


def done(world):
    live(world)
    tagged(world)


def not_released(world):
    done(world)
    world.tools = replace(world.tools, forge=NoRelease)


def elsewhere(world):
    recorded(world)
    world.repo.sh("commit", "--quiet", "--allow-empty", "--message", "later")
    live(world)
    tagged(world)


def cut_off(world):
    world.run().state.note(lambda journal: replace(journal, intents={"a@1.1.0": "00"}))


def silent(world):
    world.registry.answer("live", always=Unknown("http 503", "HTTP 503"))


def silent_about_a_stage(world):
    recorded(world)
    world.registry.answer("live", always=Unknown("http 503", "HTTP 503"))
    world.registry.answer("stages", always=Unknown("http 503", "HTTP 503"))


def tagged_only(world):
    tagged(world)


@pytest.mark.parametrize(
    ("how", "verdict", "then"),
    [
        (lambda _: None, "not staged yet", "invoke release"),
        (staged, "staged: a maintainer decides", f"invoke stage.review {ID}"),
        (unreadable, "recorded as staged, not live", "invoke reconcile"),
        (scanned, "approved, and being scanned by the registry", "invoke reconcile tag"),
        (blocked, "stopped by the registry's scan, not live", f"invoke stage.reject {ID}"),
        (rejected, "rejected: mend it and release the next version", "invoke add"),
        (
            rejected_here,
            "rejected: drop its entry, then release a fix as the next version",
            f"invoke stage.reject {ID}",
        ),
        (other_bytes, "live with other bytes than were staged: find out who published it", ""),
        (approved, "live, its tag is owed", "invoke tag"),
        (by_hand, "live; no release of ours brought it, so no tag is owed", ""),
        (done, "done: live and tagged", ""),
        (not_released, "live and tagged, not released on the forge", "invoke tag"),
        (elsewhere, "its tag points at another commit than it was built from; tags are never moved", ""),
        (cut_off, "an upload was cut off", "invoke release"),
        (silent, "the registry didn't say", "invoke inspect a@1.1.0"),
        (silent_about_a_stage, "recorded as staged; the registry is silent", "invoke inspect a@1.1.0"),
        (tagged_only, "tagged, but not live: the tag announces what can't be installed", ""),
    ],
)
def test_each_standing_has_its_verdict_and_the_way_on(world, how, verdict: str, then: str):
    how(world)
    found = inspect_version(world.run(), "a")
    assert (found.verdict, found.next) == (verdict, then)


def test_a_version_nobody_has_heard_of(world):
    assert inspect_version(world.run(), "a@9.9.9").verdict == "never heard of here"
    assert inspect_version(world.run(), "@other/b@1.0.0").verdict == "never heard of here"


def test_a_name_alone_is_the_version_on_disk_and_needs_a_package(world):
    assert inspect_version(world.run(), "a").version == "1.1.0"
    with pytest.raises(UsageError, match="'@other/b' is no package of this workspace"):
        inspect_version(world.run(), "@other/b")
