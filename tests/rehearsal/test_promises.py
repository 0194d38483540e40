"""Each promise of a rehearsal, broken once: a check that can't fail would be none."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from vis_tasks.adapters.process import SubprocessRunner
from vis_tasks.registry.run import start_registry
from vis_tasks.registry.tarballs import build_tarball
from vis_tasks.services.rehearsal.promises import Facts, Tag, broken_promises, foreign_litter, read_facts

BYTES = "sha512-abc"
TAGS = {"a@1.0.1": "a@1.0.1", "b@2.0.0": "b@2.0.0"}
STAGED = ("staged", "ci", "a@1.0.1")
APPROVED = ("approved", "maintainer", "a@1.0.1")
REJECTED = ("rejected", "maintainer", "a@1.0.1")
KEPT = Facts(
    tags={"a@1.0.1": Tag("c0ffee12", f"a@1.0.1\n\nIntegrity: {BYTES}\n", "1.0.1", "1.0.0")},
    live={"a@1.0.1": BYTES},
    audit=(STAGED, ("staged", "ci", "b@2.0.0"), APPROVED),
    stages={"b@2.0.0": ("id-of-b", "ci")},
    state={"pending": [{"name": "b", "version": "2.0.0", "id": "id-of-b", "reason": "timeout"}]},
)
TAG = KEPT.tags["a@1.0.1"]


def entry(**more):
    return {"pending": [{"name": "b", "version": "2.0.0", "id": "id-of-b", "reason": "timeout", **more}]}


def test_nothing_is_found_where_every_promise_was_kept():
    assert broken_promises(KEPT, TAGS) == ()


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        pytest.param({"audit": (*KEPT.audit, STAGED)}, "a@1.0.1 was staged 2 times", id="staged twice"),
        pytest.param(
            {"ranges": {"a@1.0.1": ("b: workspace:^",)}},
            "a@1.0.1 is live with ranges that only a workspace resolves: b: workspace:^",
            id="range of a workspace",
        ),
        pytest.param({"live": {}}, "the tag a@1.0.1 names no live version", id="tag without a version"),
        pytest.param({"tags": {}}, "a@1.0.1 is live without its tag", id="version without a tag"),
        pytest.param(
            {"tags": {"a@1.0.1": replace(TAG, version="1.0.0")}},
            "the tag a@1.0.1 points at c0ffee12, where the version is 1.0.0",
            id="tag at another version",
        ),
        pytest.param(
            {"tags": {"a@1.0.1": replace(TAG, before="1.0.1")}},
            "the tag a@1.0.1 points at c0ffee12, which is not the commit that brought the version",
            id="tag at a later commit",
        ),
        pytest.param(
            {"live": {"a@1.0.1": "sha512-other"}}, "the tag a@1.0.1 names other bytes than are live", id="other bytes"
        ),
        pytest.param({"state": {}}, "b@2.0.0 is staged but staged.json forgot it", id="forgotten stage"),
        pytest.param({"state": entry(id="x")}, "staged.json has another id for b@2.0.0 than the registry", id="id"),
        pytest.param(
            {"state": entry(reason="blocked")}, "staged.json calls b@2.0.0 blocked, but it is staged", id="reason"
        ),
        pytest.param(
            {"state": {**entry(), "rejected": [{"name": "a", "version": "1.0.1"}]}},
            "staged.json calls a@1.0.1 rejected, and nobody rejected it",
            id="rejected by nobody",
        ),
        pytest.param(
            {"state": {**entry(), "approved": [{"name": "b", "version": "2.0.0"}]}},
            "staged.json calls b@2.0.0 approved, and it isn't live",
            id="approved by nobody",
        ),
        pytest.param(
            {"state_error": "Expecting value"}, "staged.json on the remote can't be read: Expecting value", id="damaged"
        ),
        pytest.param({"kept": False}, "commits that others pushed are no longer part of the branch", id="history"),
        pytest.param({"left": ("x.tmp",)}, "left behind in the work tree: x.tmp", id="temporary file"),
        pytest.param(
            {"left": ("changes/one.md",), "changes_dir": "changes"},
            "left behind in the work tree: changes/one.md",
            id="change file",
        ),
    ],
)
def test_a_broken_promise_is_found(broken, words):
    assert words in broken_promises(replace(KEPT, **broken), TAGS)


def test_what_the_users_own_build_leaves_breaks_no_promise():
    facts = replace(KEPT, left=("packages/a/lib/index.js",), changes_dir="changes")

    assert broken_promises(facts, TAGS) == ()
    assert foreign_litter(facts) == facts.left


def test_a_version_that_was_rejected_may_be_staged_again():
    facts = replace(KEPT, audit=(STAGED, REJECTED, *KEPT.audit))

    assert broken_promises(facts, TAGS) == ()


def test_what_somebody_else_staged_is_not_ours_to_remember():
    facts = replace(KEPT, stages={"a@1.0.1": ("x", "somebody-else")}, state={})

    assert broken_promises(facts, TAGS) == ()


@pytest.fixture
def place(tmp_path):
    """A bare remote with one package at 1.0.0, its work tree, and a registry that serves 1.0.0."""

    def git(*argv, cwd=tmp_path / "work"):
        done = subprocess.run(
            ["git", "-c", "user.name=T", "-c", "user.email=t@localhost", *argv],
            cwd=cwd,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def version(number):
        (tmp_path / "work" / "a").mkdir(exist_ok=True)
        (tmp_path / "work" / "a" / "package.json").write_text(f'{{"name": "a", "version": "{number}"}}')
        git("add", ".")
        git("commit", "--quiet", "-m", f"version {number}")
        git("push", "--quiet", "origin", "HEAD:main")
        return git("rev-parse", "HEAD")

    git("init", "--quiet", "--bare", "--initial-branch=main", "remote.git", cwd=tmp_path)
    git("clone", "--quiet", "remote.git", "work", cwd=tmp_path)
    base = version("1.0.0")
    with start_registry(tmp_path / "registry") as registry:
        registry.seed("a", "1.0.0")

        def facts(**more):
            return read_facts(
                SubprocessRunner(),
                registry,
                tmp_path / "remote.git",
                branch="main",
                state_branch="main",
                base=base,
                others=more.get("others", ()),
                old_tags=frozenset(),
                tag_of={"a@1.1.0": "a@1.1.0"},
                folders={"a": "a/"},
                state_path="staged.json",
                changes_dir="changes",
                seeded=frozenset({"a@1.0.0"}),
                work=tmp_path / "work",
            )

        yield git, version, registry, facts


def test_facts_are_read_from_the_remote_and_from_the_very_bytes(place):
    git, version, registry, facts = place
    brought = version("1.1.0")
    data = build_tarball({"name": "a", "version": "1.1.0", "dependencies": {"b": "workspace:^"}})
    registry.seed("a", "1.1.0", tarball=data)
    git("tag", "-a", "a@1.1.0", "-m", "a@1.1.0")
    git("push", "--quiet", "origin", "a@1.1.0")

    found = facts()

    assert [subject for _, subject in found.commits] == ["version 1.1.0"]
    assert found.tags["a@1.1.0"] == Tag(brought, "a@1.1.0", "1.1.0", "1.0.0")
    assert found.live == {"a@1.1.0": registry.versions("a")["1.1.0"]["dist"]["integrity"]}
    assert found.ranges == {"a@1.1.0": ("b: workspace:^",)}
    assert found.kept


def test_a_commit_that_was_pushed_away_is_missed(place):
    git, version, _, facts = place
    lost = version("1.1.0")
    git("push", "--quiet", "--force", "origin", "HEAD^:main")

    assert not facts(others=[lost]).kept
