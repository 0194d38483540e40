"""Addresses of remotes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vis_tasks.core.remotes import Remote, parse_remote

UNDERSTOOD = [
    ("https://github.com/acme/ui.git", Remote("https", "github.com", None, "acme/ui")),
    ("https://github.com/acme/ui", Remote("https", "github.com", None, "acme/ui")),
    ("https://github.com/acme/ui/", Remote("https", "github.com", None, "acme/ui")),
    ("https://x-access-token:s3cret@github.com/acme/ui.git", Remote("https", "github.com", None, "acme/ui")),
    ("https://GitHub.com:443/acme/ui.git", Remote("https", "github.com", None, "acme/ui")),
    ("http://127.0.0.1:8080/acme/ui.git", Remote("http", "127.0.0.1", 8080, "acme/ui")),
    ("http://[::1]:8080/acme/ui.git", Remote("http", "::1", 8080, "acme/ui")),
    ("git@github.com:acme/ui.git", Remote("ssh", "github.com", None, "acme/ui")),
    ("github.com:acme/ui", Remote("ssh", "github.com", None, "acme/ui")),
    ("git@gitlab.example:group/sub/deep/ui.git", Remote("ssh", "gitlab.example", None, "group/sub/deep/ui")),
    ("git@gitlab.example:/group/ui.git", Remote("ssh", "gitlab.example", None, "group/ui")),
    ("git@[::1]:acme/ui.git", Remote("ssh", "::1", None, "acme/ui")),
    ("ssh://git@gitlab.example:2222/group/sub/ui.git", Remote("ssh", "gitlab.example", 2222, "group/sub/ui")),
    ("ssh://git@host.example:22/acme/ui", Remote("ssh", "host.example", None, "acme/ui")),
    ("git+ssh://git@host.example/acme/ui.git", Remote("ssh", "host.example", None, "acme/ui")),
    ("git://host.example/acme/ui.git", Remote("git", "host.example", None, "acme/ui")),
    ("ssh://git@ssh.github.com:443/acme/ui.git", Remote("ssh", "github.com", None, "acme/ui")),
    ("ssh://git@altssh.gitlab.com:443/acme/ui.git", Remote("ssh", "gitlab.com", None, "acme/ui")),
    ("https://host.example/a%20b/c.git", Remote("https", "host.example", None, "a b/c")),
    ("  https://github.com//acme//ui.git\n", Remote("https", "github.com", None, "acme/ui")),
    ("https://github.com/acme/site.github.io.git", Remote("https", "github.com", None, "acme/site.github.io")),
]


@pytest.mark.parametrize(("url", "expected"), UNDERSTOOD)
def test_addresses_are_taken_apart(url, expected):
    assert parse_remote(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/srv/git/ui.git",
        "../ui.git",
        "./a:b",
        "file:///srv/git/ui.git",
        "C:\\git\\ui.git",
        "C:/git/ui.git",
        "https://",
        "https://host.example",
        "https://host.example/.git",
        "https://host:port/acme/ui",
        "https://host.example/../ui",
        "ext::sh -c 'echo'",
        "https://[::1/acme/ui",
    ],
)
def test_what_is_on_no_other_host_is_none(url):
    assert parse_remote(url) is None


def test_the_web_address_of_an_ssh_remote_is_https():
    remote = parse_remote("ssh://git@gitlab.example:2222/group/ui.git")
    assert remote
    assert remote.web_url == "https://gitlab.example/group/ui"


def test_the_web_address_keeps_scheme_and_port():
    remote = parse_remote("http://user:pw@[::1]:8080/a%20b/ui.git")
    assert remote
    assert remote.web_url == "http://[::1]:8080/a%20b/ui"


segment = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,8}[A-Za-z0-9_]", fullmatch=True)
project = st.lists(segment, min_size=2, max_size=4).map("/".join).filter(lambda path: not path.endswith(".git"))


@given(
    project, st.sampled_from(["https://h.example/{}", "git@h.example:{}", "ssh://git@h.example:7999/{}"]), st.booleans()
)
def test_every_way_of_writing_leads_to_the_same_project(path, form, suffix):
    remote = parse_remote(form.format(path) + (".git" if suffix else ""))
    assert remote
    assert (remote.host, remote.path) == ("h.example", path)


@given(st.text(max_size=40))
def test_no_text_breaks_it(url):
    parse_remote(url)
    parse_remote(f"https://{url}")
