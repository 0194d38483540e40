"""What git's history says: files as they stood, commits that touched them, ancestry."""

from __future__ import annotations


def test_a_file_is_read_as_it_stood_in_a_commit(nested):
    nested.put("a.json", "{}\r\n")
    old = nested.git.commit(["a.json"], "one")
    nested.put("a.json", "changed")
    assert nested.git.read(old, "a.json") == b"{}\r\n"
    assert nested.git.read(old, "b.json") is None
    assert nested.git.read("0" * 40, "a.json") is None


def test_a_file_of_any_bytes_is_read_byte_for_byte(repo):
    content = b"caf\xe9\r\n\x00\xff"
    repo.put("file").write_bytes(content)
    repo.sh("add", "--all")
    repo.sh("commit", "--quiet", "--message", "work")
    assert repo.git.read("HEAD", "file") == content


def test_many_files_are_read_as_each_would_be(nested):
    first = nested.committed("a b", "1\n")
    made = nested.git.commit_onto(first, {"latin": b"caf\xe9", "empty": b"", "no newline": b"x\ny"}, "more")
    places = [
        (made, "latin"),
        (first, "latin"),
        (made, "empty"),
        (made, "no newline"),
        (first, "a b"),
        (made, "nowhere"),
    ]
    assert list(nested.git.read_many(places)) == [nested.git.read(*place) for place in places]


def test_commits_touching_are_newest_first_and_first_parent_only(repo):
    one = repo.committed("a", "1\n")
    repo.committed("b")
    repo.sh("switch", "--quiet", "--create", "side")
    repo.committed("a", "2\n")
    repo.sh("switch", "--quiet", "main")
    repo.committed("c")
    repo.sh("merge", "--quiet", "--no-ff", "--message", "merge", "side")
    merge = repo.git.head()
    assert repo.git.commits_touching("a", limit=10) == (merge, one)
    assert repo.git.commits_touching("a", limit=1) == (merge,)
    assert repo.git.commits_touching("nowhere", limit=10) == ()


def test_the_history_of_many_paths_is_that_of_each(nested):
    for path in ("libs/a b/package.json", "libs/ä/package.json", "other/package.json"):
        nested.committed(path, "1\n")
    nested.committed("libs/ä/package.json", "2\n")
    nested.sh("switch", "--quiet", "--create", "side")
    nested.committed("other/package.json", "2\n")
    nested.sh("switch", "--quiet", "-")
    nested.sh("merge", "--quiet", "--no-ff", "--message", "merge", "side")
    paths = ["libs/a b/package.json", "libs/ä/package.json", "other/package.json", "nowhere"]
    found = nested.git.history_of(paths, limit=10)
    assert found == {path: nested.git.commits_touching(path, limit=10) for path in paths}
    assert [len(found[path]) for path in paths] == [1, 2, 2, 0]


def test_removed_files_are_named_relative_to_the_workspace(nested):
    nested.put(".vis/release/one.md"), nested.put(".vis/release/two.md"), nested.put("other.md")
    nested.git.commit([".vis/release/one.md", ".vis/release/two.md", "other.md"], "add")
    for path in (".vis/release/one.md", "other.md"):
        (nested.root / path).unlink()
    commit = nested.git.commit([".vis/release/one.md", "other.md"], "remove")
    assert nested.git.removed_in(commit, ".vis/release") == (".vis/release/one.md",)


def test_a_merge_removes_what_its_first_parent_still_had(repo):
    repo.committed("changes/one.md")
    repo.sh("switch", "--quiet", "--create", "version-pr")
    (repo.root / "changes/one.md").unlink()
    repo.committed("package.json")
    repo.sh("switch", "--quiet", "main")
    repo.committed("else")
    repo.sh("merge", "--quiet", "--no-ff", "--message", "merge", "version-pr")
    assert repo.git.removed_in(repo.git.head(), "changes") == ("changes/one.md",)


def test_subjects_are_newest_first(repo):
    first = repo.committed("a", message="first")
    second = repo.committed("b", message="second: with\ttab")
    third = repo.committed("c", message="third")
    assert repo.git.subjects(first, "HEAD") == ((third, "third"), (second, "second: with\ttab"))
    assert [commit for commit, _ in repo.git.subjects(None, "HEAD")] == [third, second, first]


def test_ancestry(repo):
    first, second = repo.committed("a"), repo.committed("b")
    assert repo.git.contains(first, second)
    assert repo.git.contains(first, first)
    assert not repo.git.contains(second, first)
    assert not repo.git.contains("0" * 40, first)


def test_a_commit_is_here_or_not(repo):
    commit = repo.committed()
    assert repo.git.has_commit(commit)
    assert not repo.git.has_commit("0" * 40)
    assert not repo.git.has_commit(repo.sh("rev-parse", "HEAD^{tree}"))


def test_trailers_are_found_anywhere_in_a_message_newest_first(repo):
    first = repo.committed("a", message="one\n\nReleased: a@1.0.0\nReleased: b@1.0.0\n")
    second = repo.committed("b", message="two (#1)\n\n* one\n\nReleased: a@1.0.1\n\nCo-authored-by: somebody")
    repo.committed("c", message="three\n\nAn end that was Released: not")
    assert repo.git.trailers("Released", limit=9) == ((second, ("a@1.0.1",)), (first, ("a@1.0.0", "b@1.0.0")))
    assert repo.git.trailers("Released", limit=2) == ((second, ("a@1.0.1",)),)
