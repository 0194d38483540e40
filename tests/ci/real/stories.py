"""The stories: what is pushed, who decides, and what must stand at the end. The same for every CI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tests.ci.real.place import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.ci.real.place import Place

__all__ = ["STORIES", "Pipeline"]

WAVE = {"acme-core@1.3.0", "acme-cli@2.1.1", "acme-tokens@3.1.0", "acme-utils@1.0.4", "@acme/react@0.4.1"}


class Pipeline(Protocol):
    """Runs CI once."""

    def __call__(self, found: Place, event: str, more: Mapping[str, str] = ...) -> str:
        """One pipeline for ``push``, ``schedule`` or ``check``; its output."""
        ...


def release(found: Place, run: Pipeline) -> None:
    """A complete release, approved while it waits."""
    before = found.tags()
    with found.approving():
        run(found, "push")
    _released(found, before)
    own = ["built", "smoked", "hooked", "deployed"] if found.case.own else ["built"]
    assert found.ran() == own, found.ran()


def pending(found: Place, run: Pipeline) -> None:
    """A complete release; then a wave that nobody decides, and another push meanwhile."""
    release(found, run)

    found.pull()
    _change(found, "later", "acme-tokens")
    found.push("feat: tokens")
    run(found, "push", {"VIS_RELEASE__PUBLISH__STAGE__TIMEOUT": "3s"})
    assert found.pending() == {"acme-tokens@3.1.1"}
    assert "acme-tokens@3.1.1" not in found.tags()
    versioned = found.git("log", "-1", "--format=%H", "--grep=^chore(release): version", "FETCH_HEAD")

    found.pull()
    _change(found, "other", "acme-cli")
    found.push("feat: cli, while a stage is pending")
    with found.approving():
        run(found, "push")
    tags = found.tags()
    assert tags["acme-tokens@3.1.1"] == versioned, "tagged at the commit it was built from"
    assert "acme-cli@2.1.2" in tags
    assert found.pending() == set()
    assert [line for line in found.ran() if line == "hooked"] == ["hooked"] * 2, (
        "not after the wave that nobody decided"
    )


def detached(found: Place, run: Pipeline) -> None:
    """A release that ends once all is staged; the schedule finds what a human approved meanwhile."""
    before = found.tags()
    run(found, "push")
    assert found.pending() == WAVE
    assert found.tags() == before
    assert "hooked" not in found.ran()

    run(found, "schedule")
    assert found.pending() == WAVE, "nobody has decided"

    for item in reversed(found.registry.stages()):
        found.registry.approve(item.id, by="alice")
    run(found, "schedule")
    _released(found, before)
    assert [line for line in found.ran() if line == "hooked"] == ["hooked"]


def check(found: Place, run: Pipeline) -> None:
    """A pull request: CI files in step, and one comment that follows the plan."""
    run(found, "check")
    (comment,) = found.forge.comments
    assert "acme-core" in comment["body"]
    assert "1.3.0" in comment["body"]

    _change(found, "more", "acme-core", level="major")
    found.push("feat!: more")
    run(found, "check")
    assert [each["id"] for each in found.forge.comments] == [comment["id"]], "the same comment, not a second one"
    assert "2.0.0" in found.forge.comments[0]["body"]
    assert found.pending() == set()


def _released(found: Place, before: Mapping[str, str]) -> None:
    new = {name: commit for name, commit in found.tags().items() if name not in before}
    assert set(new) == WAVE, new
    assert len(set(new.values())) == 1, "all at the version commit"
    assert {each["tag_name"] for each in found.forge.releases(REPOSITORY)} == set(new)
    assert found.pending() == set()
    for spec in WAVE:
        name, _, version = spec.rpartition("@")
        assert version in found.registry.versions(name), spec
    assert not [line for line in found.ran() if " " in line], "a command of the repository saw credentials"


def _change(found: Place, name: str, package: str, level: str = "patch") -> None:
    text = f'---\n"{package}": {level}\n---\n\nA change.\n'
    (found.root / ".vis/release").mkdir(parents=True, exist_ok=True)
    (found.root / f".vis/release/{name}.md").write_text(text, encoding="utf-8")


STORIES: Mapping[str, Callable[[Place, Pipeline], None]] = {
    "release": release,
    "pending": pending,
    "detached": detached,
    "check": check,
}
