"""The address of a git remote, taken apart: where the forge is, and which project there."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urlsplit

from vis_tasks.patterns import regex
from vis_tasks.records import dataclass

__all__ = ["Remote", "forge_on", "parse_remote"]

_WEB = ("http", "https")
_SCHEMES = (*_WEB, "ssh", "git", "git+ssh", "ssh+git")
# `[user@]host:path`, git-clone(1) "GIT URLS": no slash before the first colon. One letter before it is a drive of Windows.
_SCP = regex(r"(?:[^/@\s]+@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^/:@\s\\]{2,}):(?P<path>(?!//)\S+)")
# SSH over the HTTPS port has host names of its own (GitHub and GitLab documentation).
_SSH_HOSTS = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}


@dataclass(frozen=True)
class Remote:
    """A remote on another host.

    Attributes:
        scheme: ``https``, ``http``, ``ssh`` or ``git``; ``ssh`` for ``git@host:path``.
        host: lower case, without brackets for IPv6.
        port: when one is written; of SSH it says nothing about the web server's.
        path: the project, such as ``owner/name`` or ``group/sub/name``: no slashes around it, no ``.git``, percent signs decoded.
    """

    scheme: str
    host: str
    port: int | None
    path: str

    @property
    def web_root(self) -> str:
        """Address of the web server on that host, without a trailing slash: of SSH remotes always https on its own port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        if self.scheme not in _WEB:
            return f"https://{host}"
        return f"{self.scheme}://{host}:{self.port}" if self.port else f"{self.scheme}://{host}"

    @property
    def web_url(self) -> str:
        """Address of the project's page."""
        return f"{self.web_root}/{quote(self.path)}"


def parse_remote(url: str) -> Remote | None:
    """Take a remote's address apart; user names and passwords in it are left behind.

    Args:
        url: as ``git remote get-url`` prints it: https, http, ssh, git, or ``[user@]host:path``.

    Returns:
        None for a local path, ``file://``, and what can't be understood.
    """
    url = url.strip()
    if "://" not in url:
        match = _SCP.fullmatch(url)
        return _remote("ssh", match["host"].strip("[]"), None, match["path"]) if match else None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _SCHEMES or not host:
        return None
    scheme = "ssh" if "ssh" in parts.scheme else parts.scheme
    return _remote(scheme, host, port, parts.path)


def _remote(scheme: str, host: str, port: int | None, path: str) -> Remote | None:
    if port == {"https": 443, "http": 80, "ssh": 22}.get(scheme):
        port = None
    host = host.lower()
    if host in _SSH_HOSTS:
        host, port = _SSH_HOSTS[host], None
    project = re.sub(r"/{2,}", "/", unquote(path).strip("/")).removesuffix(".git").rstrip("/")
    if not project or any(part in {".", ".."} for part in project.split("/")):
        return None
    return Remote(scheme, host, port, project)


def forge_on(host: str) -> str:
    """``github`` or ``gitlab`` when a host's name says so, else an empty string.

    Enterprise hosts are commonly called ``github.company.com`` or ``gitlab.company.com``; those that GitHub runs for
    companies end in ``.ghe.com``.
    """
    if host.endswith(".ghe.com"):
        return "github"
    return next((name for name in ("github", "gitlab") if name in host.split(".")), "")
