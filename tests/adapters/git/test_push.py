"""What ``git push --porcelain`` said. The texts are git's own (2.39 and 2.51), and those of GitHub and GitLab."""

from __future__ import annotations

import pytest

from vis_tasks.adapters.git_push import read_push
from vis_tasks.ports import Completed, Pushed, PushRefused, PushStale


def push(*lines: str, stderr: str = "", code: int = 1):
    return read_push(Completed(("git", "push"), code, "\n".join(("To origin", *lines, "Done")), stderr))


MAIN = "HEAD:refs/heads/main"


def test_exit_code_0_is_pushed():
    assert push(f" \t{MAIN}\tabc..def", code=0) == Pushed()


@pytest.mark.parametrize(
    "said",
    [
        "[rejected] (fetch first)",
        "[rejected] (non-fast-forward)",
        "[remote rejected] (incorrect old value provided)",
        "[remote rejected] (cannot lock ref 'refs/heads/main': is at 1 but expected 2)",
    ],
)
def test_a_branch_that_moved_is_stale(said):
    result = push(f"!\t{MAIN}\t{said}")
    assert isinstance(result, PushStale)
    assert result.why == f"refs/heads/main: {said}"


@pytest.mark.parametrize(
    "said",
    [
        "[remote rejected] (pre-receive hook declined)",
        "[remote rejected] (protected branch hook declined)",
        "[remote rejected] (push declined due to repository rule violations)",
    ],
)
def test_a_remote_that_says_no_is_refused_with_its_own_words(said):
    result = push(
        f"!\t{MAIN}\t{said}", stderr="remote: error: GH013: Rule violations\nremote: https://x/rules\nerror: failed"
    )
    assert isinstance(result, PushRefused)
    assert not result.network
    assert said in result.why
    assert "GH013" in result.why
    assert "error: failed" not in result.why


def test_a_tag_that_exists_is_refused_and_never_stale():
    result = push("!\trefs/tags/a@1.0.0:refs/tags/a@1.0.0\t[rejected] (already exists)")
    assert isinstance(result, PushRefused)
    assert "refs/tags/a@1.0.0: [rejected] (already exists)" in result.why


def test_a_tag_that_races_another_push_is_refused_and_never_stale():
    result = push(
        "!\trefs/tags/a:refs/tags/a\t[remote rejected] (cannot lock ref 'refs/tags/a': reference already exists)"
    )
    assert isinstance(result, PushRefused)


def test_refs_that_only_went_down_with_the_others_are_not_blamed():
    result = push(
        "!\trefs/tags/a:refs/tags/a\t[rejected] (atomic push failed)",
        "!\trefs/tags/b:refs/tags/b\t[rejected] (already exists)",
    )
    assert result == PushRefused("refs/tags/b: [rejected] (already exists)")


def test_stale_and_refused_together_are_refused():
    result = push(f"!\t{MAIN}\t[rejected] (fetch first)", "!\trefs/tags/b:refs/tags/b\t[rejected] (already exists)")
    assert isinstance(result, PushRefused)


@pytest.mark.parametrize(
    ("stderr", "network"),
    [
        ("fatal: unable to access 'https://h/x/': Could not resolve host: h", True),
        ("fatal: unable to access 'http://127.0.0.1:40312/x/': Failed to connect to 127.0.0.1 port 40312", True),
        ("ssh: connect to host h port 22: Connection refused\nfatal: Could not read from remote repository.", True),
        ("error: RPC failed; curl 56 GnuTLS recv error\nfatal: the remote end hung up unexpectedly", True),
        ("fatal: unable to access 'https://h/x/': The requested URL returned error: 502", True),
        ("fatal: unable to access 'https://h/x/': The requested URL returned error: 403", False),
        ("fatal: unable to access 'https://h/x/': The requested URL returned error: 401", False),
        ("git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.", False),
        ("remote: Repository not found.\nfatal: repository 'https://h/x/' not found", False),
        ("fatal: could not read Username for 'https://h': terminal prompts disabled", False),
        ("remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'https://h/x/'", False),
        ("fatal: the receiving end does not support --atomic push", False),
    ],
)
def test_trouble_on_the_way_is_told_from_a_no(stderr, network):
    result = read_push(Completed(("git", "push"), 128, "", stderr))
    assert isinstance(result, PushRefused)
    assert result.network is network
    assert result.why == stderr


def test_a_push_that_says_nothing_at_all_still_has_a_reason():
    assert read_push(Completed(("git", "push"), 1, "", "")) == PushRefused("git push ended with exit code 1")


def test_credentials_are_masked():
    result = read_push(Completed(("git", "push"), 128, "", "fatal: unable to access 'https://bot:hunter22@h/x/': no"))
    assert "hunter22" not in str(result)
