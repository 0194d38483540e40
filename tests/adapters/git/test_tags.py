"""Annotated tags: made once, never moved."""

from __future__ import annotations

import pytest

from vis_tasks.errors import Failed


def test_local_tags_point_at_commits(repo):
    commit = repo.committed()
    repo.git.tag("@acme/core@1.0.0", commit, "annotated")
    repo.sh("tag", "light")
    assert repo.git.local_tags() == {"@acme/core@1.0.0": commit, "light": commit}


class TestTag:
    def test_it_is_annotated_with_the_message(self, repo):
        commit = repo.committed()
        repo.git.tag("@acme/core@1.0.0", commit, "@acme/core@1.0.0\n\nStage-Id: x\n# kept\n")
        assert repo.sh("cat-file", "-t", "@acme/core@1.0.0") == "tag"
        assert "Stage-Id: x" in repo.sh("cat-file", "tag", "@acme/core@1.0.0")

    def test_making_it_again_at_the_same_commit_is_fine(self, repo):
        commit = repo.committed()
        repo.git.tag("v1", commit, "once")
        repo.git.tag("v1", commit, "twice")
        assert "once" in repo.sh("cat-file", "tag", "v1")

    def test_it_is_never_moved(self, repo):
        first = repo.committed("a")
        repo.git.tag("v1", first, "first")
        second = repo.committed("b")
        with pytest.raises(Failed) as caught:
            repo.git.tag("v1", second, "second")
        assert caught.value.code == "TAG_EXISTS"
        assert first[:12] in caught.value.message
        assert second[:12] in caught.value.message
        assert repo.git.local_tags() == {"v1": first}

    def test_a_name_git_refuses_is_an_error_with_gits_words(self, repo):
        with pytest.raises(Failed, match="not a valid tag name"):
            repo.git.tag("a..b", repo.committed(), "x")

    def test_it_is_deleted_and_deleting_twice_is_fine(self, repo):
        repo.git.tag("v1", repo.committed(), "x")
        repo.git.delete_tag("v1")
        repo.git.delete_tag("v1")
        assert repo.git.local_tags() == {}
