"""Which forge, which address, whose token."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.fakes import FakeClock
from vis_tasks.adapters.forge import forge_for
from vis_tasks.config.model import ForgeConfig

HUB, ENTERPRISE, LAB, JOB = "hub-token-1", "enterprise-token-2", "lab-token-3", "job-token-4"
ALL = {"GITHUB_TOKEN": HUB, "GH_ENTERPRISE_TOKEN": ENTERPRISE, "GITLAB_TOKEN": LAB, "CI_JOB_TOKEN": JOB}


def choose(remote, env=None, **config):
    return forge_for(remote, ALL if env is None else env, ForgeConfig(**config), clock=FakeClock())


def base_and_token(remote, env=None, **config):
    forge = choose(remote, env, **config)
    if forge is None:
        return None
    headers = forge.api._headers
    token = headers.get("PRIVATE-TOKEN") or headers.get("JOB-TOKEN") or headers["Authorization"].removeprefix("Bearer ")
    return forge.name, forge.api.base, token


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("git@github.com:acme/shop.git", ("GitHub", "https://api.github.com", HUB)),
        ("https://acme.ghe.com/acme/shop", ("GitHub", "https://api.acme.ghe.com", HUB)),
        ("https://github.corp.example/acme/shop.git", ("GitHub", "https://github.corp.example/api/v3", ENTERPRISE)),
        (
            "ssh://git@github.corp.example:2222/acme/shop.git",
            ("GitHub", "https://github.corp.example/api/v3", ENTERPRISE),
        ),
        (
            "https://github.corp.example:8443/acme/shop",
            ("GitHub", "https://github.corp.example:8443/api/v3", ENTERPRISE),
        ),
        ("git@gitlab.com:group/sub/shop.git", ("GitLab", "https://gitlab.com/api/v4", LAB)),
        ("http://gitlab.corp.example:8080/group/shop.git", ("GitLab", "http://gitlab.corp.example:8080/api/v4", LAB)),
    ],
)
def test_known_hosts_are_recognised(remote, expected):
    assert base_and_token(remote) == expected


@pytest.mark.parametrize(
    "remote", ["https://code.example/acme/shop.git", "/srv/git/shop.git", "git@notgithub.com:a/b.git", ""]
)
def test_an_unknown_host_has_no_forge_by_itself(remote):
    assert choose(remote) is None


@pytest.mark.parametrize("remote", ["git@github.com:acme/shop.git", "git@gitlab.com:acme/shop.git"])
def test_without_a_token_there_is_no_forge(remote):
    assert choose(remote, {"GITHUB_TOKEN": " "}) is None


def test_none_means_none():
    assert choose("git@github.com:acme/shop.git", provider="none") is None


def test_gh_token_goes_before_github_token():
    forge = base_and_token("git@github.com:a/b.git", {"GH_TOKEN": "first", "GITHUB_TOKEN": "second"})
    assert forge == ("GitHub", "https://api.github.com", "first")


def test_a_token_for_github_com_is_not_sent_to_a_host_that_only_sounds_like_it():
    assert (
        choose(
            "https://github.evil.example/acme/shop", {"GITHUB_TOKEN": HUB, "GITHUB_API_URL": "https://api.github.com"}
        )
        is None
    )


def test_the_token_of_a_job_on_an_enterprise_server_is_for_that_server():
    env = {
        "GITHUB_TOKEN": HUB,
        "GITHUB_SERVER_URL": "https://code.example",
        "GITHUB_API_URL": "https://code.example/api/v3",
    }
    assert base_and_token("git@code.example:acme/shop.git", env) == ("GitHub", "https://code.example/api/v3", HUB)


def test_a_job_on_github_does_not_lend_its_address_to_another_remote():
    env = {
        "GH_ENTERPRISE_TOKEN": ENTERPRISE,
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_API_URL": "https://api.github.com",
    }
    forge = base_and_token("git@github.corp.example:acme/shop.git", env)
    assert forge == ("GitHub", "https://github.corp.example/api/v3", ENTERPRISE)


def test_a_job_token_is_only_for_the_gitlab_that_runs_the_job():
    job = {"CI_JOB_TOKEN": JOB, "CI_SERVER_URL": "https://code.example", "CI_API_V4_URL": "https://code.example/api/v4"}
    assert base_and_token("git@code.example:group/shop.git", job) == ("GitLab", "https://code.example/api/v4", JOB)
    assert choose("git@gitlab.com:group/shop.git", job) is None


def test_a_gitlab_below_a_path_is_no_group():
    job = {
        "GITLAB_TOKEN": LAB,
        "CI_SERVER_URL": "https://code.example/git",
        "CI_API_V4_URL": "https://code.example/git/api/v4",
    }
    forge = choose("https://code.example/git/group/shop.git", job)
    assert forge is not None
    assert forge.api.base == "https://code.example/git/api/v4"
    assert forge._project == "group/shop"


@pytest.mark.parametrize(
    ("url", "config", "expected"),
    [
        ("https://code.example/api/v3/", {}, ("GitHub", "https://code.example/api/v3", ENTERPRISE)),
        ("https://code.example/api/v4", {}, ("GitLab", "https://code.example/api/v4", LAB)),
        ("https://code.example/x", {"provider": "github"}, ("GitHub", "https://code.example/x", ENTERPRISE)),
    ],
)
def test_a_configured_address_is_used(url, config, expected):
    assert base_and_token("git@code.example:acme/shop.git", url=url, **config) == expected


def test_a_named_provider_makes_its_own_address():
    assert base_and_token("git@code.example:acme/shop.git", provider="gitlab") == (
        "GitLab",
        "https://code.example/api/v4",
        LAB,
    )
    env = {"GITHUB_TOKEN": HUB}
    forge = base_and_token("git@code.example:acme/shop.git", env, provider="github")
    assert forge == ("GitHub", "https://code.example/api/v3", HUB)


def test_a_remote_without_a_host_takes_the_project_from_ci_when_the_provider_is_named():
    env = {"GITHUB_TOKEN": HUB, "GITHUB_API_URL": "http://127.0.0.1:9/api/v3", "GITHUB_REPOSITORY": "acme/shop"}
    assert base_and_token("/srv/git/shop.git", env, provider="github") == ("GitHub", "http://127.0.0.1:9/api/v3", HUB)
    lab = {"GITLAB_TOKEN": LAB, "CI_API_V4_URL": "http://127.0.0.1:9/api/v4", "CI_PROJECT_PATH": "group/shop"}
    assert base_and_token("/srv/git/shop.git", lab, provider="gitlab") == ("GitLab", "http://127.0.0.1:9/api/v4", LAB)
    assert choose("/srv/git/shop.git", {"GITHUB_TOKEN": HUB}, provider="github") is None
    assert choose("/srv/git/shop.git", {"GITLAB_TOKEN": LAB}, provider="gitlab") is None


def test_a_github_path_that_is_no_repository_has_no_forge():
    assert choose("git@github.com:shop.git") is None


def test_choosing_imports_no_requests():
    code = """
import sys
from vis_tasks.adapters.clock import SystemClock
from vis_tasks.adapters.forge import forge_for
from vis_tasks.config.model import ForgeConfig
assert forge_for("git@github.com:a/b", {"GH_TOKEN": "secret-token"}, ForgeConfig(), clock=SystemClock())
sys.exit("requests" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
