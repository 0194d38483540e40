"""What goes to a remote and comes from one, and tags, which go there."""

from __future__ import annotations

import socket

import pytest

from tests.adapters.repositories import MAIN, Repository, bare
from vis_tasks.errors import Failed
from vis_tasks.ports import Pushed, PushRefused, PushStale, RemoteRefs


def test_remote_refs_are_the_branch_and_all_tags_with_annotated_ones_peeled(pushed):
    first = pushed.git.head()
    pushed.sh("tag", "light")
    pushed.git.tag("@acme/core@1.0.0", first, "annotated")
    second = pushed.committed("other")
    pushed.git.push("origin", [MAIN, "refs/tags/light", "refs/tags/@acme/core@1.0.0"])
    assert pushed.git.remote_refs("origin", "main") == RemoteRefs(second, {"light": first, "@acme/core@1.0.0": first})


def test_a_branch_of_a_similar_name_is_not_the_branch(pushed):
    pushed.git.push("origin", ["HEAD:refs/heads/x/main"])
    pushed.git.push("origin", ["HEAD:refs/heads/x/refs/heads/y"])
    assert pushed.git.remote_refs("origin", "x").branch is None
    assert pushed.git.remote_refs("origin", "y").branch is None


def test_an_empty_remote_has_no_refs(repo, remote):
    assert repo.git.remote_refs("origin", "main") == RemoteRefs(None, {})


def test_a_remote_that_is_not_there_is_an_error_with_gits_words(repo):
    repo.sh("remote", "add", "origin", "/nowhere/at/all.git")
    with pytest.raises(Failed, match=r"does not appear to be a git repository|does not exist"):
        repo.git.remote_refs("origin", "main")


class TestPush:
    def test_the_remote_takes_it(self, pushed):
        commit = pushed.committed("b")
        assert pushed.git.push("origin", [MAIN]) == Pushed()
        assert pushed.git.remote_refs("origin", "main").branch == commit

    def test_a_remote_that_moved_on_is_stale(self, pushed):
        other = pushed.clone("other")
        theirs = other.committed("theirs")
        other.git.push("origin", [MAIN])
        pushed.committed("ours")
        result = pushed.git.push("origin", [MAIN])
        assert isinstance(result, PushStale)
        assert "refs/heads/main" in result.why
        assert pushed.git.remote_refs("origin", "main").branch == theirs

    def test_a_remote_whose_new_commits_we_have_fetched_is_stale_too(self, pushed):
        other = pushed.clone("other")
        other.committed("theirs")
        other.git.push("origin", [MAIN])
        pushed.git.fetch("origin", "main")
        pushed.committed("ours")
        assert isinstance(pushed.git.push("origin", [MAIN]), PushStale)

    def test_a_hook_that_says_no_is_a_refusal_with_its_words(self, pushed, remote):
        hook = remote / "hooks/pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho 'GH006: Protected branch update failed' >&2\nexit 1\n")
        hook.chmod(0o755)
        pushed.committed("b")
        result = pushed.git.push("origin", [MAIN])
        assert isinstance(result, PushRefused)
        assert not result.network
        assert "pre-receive hook declined" in result.why
        assert "GH006: Protected branch update failed" in result.why

    def test_a_remote_that_can_not_be_reached_is_network_trouble(self, repo):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        repo.sh("remote", "add", "origin", f"http://127.0.0.1:{port}/x.git")
        repo.committed()
        result = repo.git.push("origin", [MAIN])
        assert isinstance(result, PushRefused)
        assert result.network

    def test_credentials_in_the_address_never_reach_the_words(self, repo):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        repo.sh("remote", "add", "origin", f"http://bot:hunter22@127.0.0.1:{port}/x.git")
        repo.committed()
        assert "hunter22" not in repo.git.push("origin", [MAIN]).why
        with pytest.raises(Failed) as caught:
            repo.git.fetch("origin", "main")
        assert "hunter22" not in caught.value.message
        with pytest.raises(Failed) as caught:
            repo.git.remote_refs("origin", "main")
        assert "hunter22" not in caught.value.message

    def test_tags_go_together_or_not_at_all(self, pushed):
        first = pushed.git.head()
        pushed.sh("push", "--quiet", "origin", f"{first}:refs/tags/b@1.0.0")
        second = pushed.committed("b")
        for name in ("a@1.0.0", "b@1.0.0", "c@1.0.0"):
            pushed.git.tag(name, second, name)
        refspecs = [f"refs/tags/{name}:refs/tags/{name}" for name in ("a@1.0.0", "b@1.0.0", "c@1.0.0")]
        result = pushed.git.push("origin", refspecs, atomic=True)
        assert isinstance(result, PushRefused)
        assert "refs/tags/b@1.0.0" in result.why
        assert "a@1.0.0" not in result.why
        assert dict(pushed.git.remote_refs("origin", "main").tags) == {"b@1.0.0": first}

    def test_without_the_bad_one_they_all_go(self, pushed):
        commit = pushed.git.head()
        for name in ("a@1.0.0", "c@1.0.0"):
            pushed.git.tag(name, commit, name)
        refspecs = [f"refs/tags/{name}:refs/tags/{name}" for name in ("a@1.0.0", "c@1.0.0")]
        assert pushed.git.push("origin", refspecs, atomic=True) == Pushed()
        assert pushed.git.push("origin", refspecs, atomic=True) == Pushed()
        assert dict(pushed.git.remote_refs("origin", "main").tags) == {"a@1.0.0": commit, "c@1.0.0": commit}

    def test_a_pre_push_hook_is_not_run(self, pushed):
        hook = pushed.top / ".git/hooks/pre-push"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)
        pushed.committed("b")
        assert pushed.git.push("origin", [MAIN]) == Pushed()


class TestFetch:
    def test_it_brings_the_branch_and_names_its_commit(self, pushed):
        other = pushed.clone("other")
        theirs = other.committed("theirs")
        other.git.push("origin", [MAIN])
        assert not pushed.git.has_commit(theirs)
        assert pushed.git.fetch("origin", "main") == theirs
        assert pushed.git.has_commit(theirs)

    def test_a_branch_the_remote_lacks_is_none(self, pushed):
        assert pushed.git.fetch("origin", "nowhere") is None

    def test_a_remote_that_can_not_be_reached_is_an_error(self, repo):
        repo.committed()
        repo.sh("remote", "add", "origin", "/nowhere/at/all.git")
        for ask in (repo.git.fetch, repo.git.remote_refs):
            with pytest.raises(Failed) as caught:
                ask("origin", "main")
            assert caught.value.code == "GIT_FETCH"
            assert "/nowhere/at/all.git" in caught.value.message

    def test_one_commit_is_fetched_into_a_shallow_clone(self, pushed, remote):
        old = pushed.git.head()
        pushed.committed("b")
        pushed.git.push("origin", [MAIN])
        pushed.sh("clone", "--quiet", "--depth=1", f"file://{remote}", str(pushed.top.parent / "shallow"))
        shallow = Repository(pushed.top.parent / "shallow")
        assert shallow.git.is_shallow()
        assert not pushed.git.is_shallow()
        assert not shallow.git.has_commit(old)
        assert shallow.git.fetch_commit("origin", old)
        assert shallow.git.has_commit(old)

    def test_a_commit_the_remote_lacks_is_not_fetched(self, pushed):
        assert not pushed.git.fetch_commit("origin", "0" * 39 + "1")


def test_a_translated_git_is_understood(tmp_path):
    repo = Repository(tmp_path / "work")
    repo.env |= {"LANG": "de_DE.UTF-8", "LANGUAGE": "de"}
    repo.committed()
    bare(tmp_path, repo)
    assert repo.git.fetch("origin", "nowhere") is None
