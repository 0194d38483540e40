"""Which forge a remote is on, where its API is, and whose token may go there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from vis_tasks.adapters.forge.api import default_http
from vis_tasks.core.remotes import Remote, parse_remote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from vis_tasks.config.model import ForgeConfig
    from vis_tasks.ports import Clock, Forge

__all__ = ["forge_for"]


def forge_for(
    remote_url: str,
    env: Mapping[str, str],
    config: ForgeConfig,
    http: Callable[[], requests.Session] | None = None,
    *,
    clock: Clock,
) -> Forge | None:
    """The forge that the remote is on. No request is made, and `requests` is not imported, before the first release.

    A token goes to no host but the one it is for: ``GH_TOKEN`` and ``GITHUB_TOKEN`` to github.com, to hosts below ghe.com, to the
    server the job runs on, and to what the configuration names; ``GH_ENTERPRISE_TOKEN`` and ``GITHUB_ENTERPRISE_TOKEN`` to other
    GitHub hosts (as GitHub's own client has it); ``CI_JOB_TOKEN`` to the GitLab that runs the job.

    Args:
        remote_url: address of the git remote.
        env: the environment: tokens, and on CI the addresses of the server.
        config: ``[release.forge]``.
        http: makes a session; without it one of `requests` with the environment's proxies.
        clock: for waits when the forge limits the rate.

    Returns:
        None when the provider is ``none``, no token is there, or the host is unknown and the provider ``auto``.
    """
    remote = parse_remote(remote_url)
    provider = config.provider if config.provider != "auto" else _provider(remote, env, config)
    if provider == "github":
        return _github(remote, env, config, http or default_http, clock)
    if provider == "gitlab":
        return _gitlab(remote, env, config, http or default_http, clock)
    return None


def _provider(remote: Remote | None, env: Mapping[str, str], config: ForgeConfig) -> str:
    if remote is None:
        return "none"
    if (
        remote.host == "github.com"
        or remote.host.endswith(".ghe.com")
        or _is_server(remote, env.get("GITHUB_SERVER_URL"))
    ):
        return "github"
    if remote.host == "gitlab.com" or _is_server(remote, env.get("CI_SERVER_URL")):
        return "gitlab"
    for provider, ending in (("github", "/api/v3"), ("gitlab", "/api/v4")):
        if (config.url or "").rstrip("/").endswith(ending) or provider in remote.host.split("."):
            return provider
    return "none"


def _is_server(remote: Remote | None, server: str | None) -> bool:
    """Whether the remote is on the server that runs the job; SSH has a port of its own."""
    if remote is None or not server:
        return False
    parts = urlsplit(server)
    if remote.scheme in {"http", "https"}:
        return remote.web_root == _root(parts)
    return remote.host == (parts.hostname or "")


def _root(parts: SplitResult) -> str:
    default = {"https": ":443", "http": ":80"}.get(parts.scheme, "")
    netloc = parts.netloc.rpartition("@")[2].lower()
    return f"{parts.scheme}://{netloc.removesuffix(default) if default else netloc}"


def _first(env: Mapping[str, str], *names: str) -> str:
    return next((env[name].strip() for name in names if env.get(name, "").strip()), "")


def _github(
    remote: Remote | None,
    env: Mapping[str, str],
    config: ForgeConfig,
    http: Callable[[], requests.Session],
    clock: Clock,
) -> Forge | None:
    from vis_tasks.adapters.forge.github import GitHub

    own_server = _is_server(remote, env.get("GITHUB_SERVER_URL")) or remote is None
    cloud = remote is not None and (remote.host == "github.com" or remote.host.endswith(".ghe.com"))
    repository = remote.path if remote else env.get("GITHUB_REPOSITORY", "")
    if config.url:
        base = config.url
    elif own_server and env.get("GITHUB_API_URL"):
        base = env["GITHUB_API_URL"]
    elif remote is None:
        return None
    elif cloud:
        base = f"https://api.{remote.host}"
    else:
        base = f"{remote.web_root}/api/v3"
    token = (
        _first(env, "GH_TOKEN", "GITHUB_TOKEN")
        if cloud or own_server or config.url or config.provider == "github"
        else ""
    )
    if not cloud:
        token = _first(env, "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN") or token
    if not token or repository.count("/") != 1:
        return None
    return GitHub(base=base.rstrip("/"), repository=repository, token=token, draft=config.draft, http=http, clock=clock)


def _gitlab(
    remote: Remote | None,
    env: Mapping[str, str],
    config: ForgeConfig,
    http: Callable[[], requests.Session],
    clock: Clock,
) -> Forge | None:
    from vis_tasks.adapters.forge.gitlab import GitLab

    own_server = _is_server(remote, env.get("CI_SERVER_URL")) or remote is None
    if config.url:
        base = config.url.rstrip("/")
    elif own_server and env.get("CI_API_V4_URL"):
        base = env["CI_API_V4_URL"].rstrip("/")
    elif remote is None:
        return None
    else:
        base = f"{remote.web_root}/api/v4"
    web = base.removesuffix("/api/v4")
    project = remote.path if remote else env.get("CI_PROJECT_PATH", "")
    if remote and remote.scheme in {"http", "https"}:
        # An instance below a path (https://host/gitlab/group/name): that path is no group.
        project = project.removeprefix(urlsplit(web).path.strip("/") + "/")
    token = _first(env, "GITLAB_TOKEN")
    job_token = _first(env, "CI_JOB_TOKEN") if base == env.get("CI_API_V4_URL", "").rstrip("/") else ""
    if not (token or job_token) or "/" not in project:
        return None
    return GitLab(
        base=base,
        web=f"{web}/{project}",
        project=project,
        token=token or job_token,
        job_token=not token,
        http=http,
        clock=clock,
    )
