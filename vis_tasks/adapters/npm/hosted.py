"""Repository addresses of known git hosts, spelled as npm spells them. Source: ``hosted-git-info`` 9 inside npm 11.19. Pure."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit

from vis_tasks.records import dataclass

__all__ = ["HostedRepository", "hosted_repository"]

_AUTHENTICATED = frozenset({"git+https", "git", "http", "https", "git+http"})
_SSH = frozenset({"git+ssh", "ssh"})
_SPECIAL = frozenset({"http", "https", "ftp", "ws", "wss"})
_COMMON = frozenset({"git+ssh", "git+https", "ssh", "https"})


@dataclass(frozen=True)
class _Host:
    name: str
    domain: str
    protocols: frozenset[str]
    tree: str


_HOSTS = (
    _Host("github", "github.com", _COMMON | {"git", "http"}, "tree"),
    _Host("bitbucket", "bitbucket.org", _COMMON, "src"),
    _Host("gitlab", "gitlab.com", _COMMON, "tree"),
    _Host("gist", "gist.github.com", _COMMON | {"git"}, ""),
    _Host("sourcehut", "git.sr.ht", frozenset({"git+ssh", "https"}), "tree"),
)
_BY_NAME = {host.name: host for host in _HOSTS}
_BY_DOMAIN = {host.domain: host for host in _HOSTS}
_KNOWN = _AUTHENTICATED | _SSH | _BY_NAME.keys()


@dataclass(frozen=True)
class HostedRepository:
    """A repository on a host that npm knows."""

    host: _Host
    user: str | None
    project: str
    committish: str
    auth: str
    form: str

    @property
    def url(self) -> str:
        """For ``repository.url``: shortcuts become https, every other form keeps its protocol."""
        mark = f"#{self.committish}" if self.committish else ""
        auth = f"{self.auth}@" if self.auth else ""
        place = self._place
        if self.form in {"shortcut", "https"}:
            if self.host.name == "sourcehut":
                return f"https://{place}{mark}"
            return f"git+https://{auth}{place}.git{mark}"
        if self.form == "git" and self.host.name != "sourcehut":
            return f"git://{auth}{place}.git{mark}"
        return f"git+ssh://git@{place}.git{mark}"

    @property
    def dependency(self) -> str:
        """For a dependency's specifier: shortcuts stay shortcuts."""
        if self.form != "shortcut":
            return self.url
        mark = f"#{self.committish}" if self.committish else ""
        user = "" if self.host.name == "gist" else f"{self.user}/"
        return f"{self.host.name}:{user}{self.project}{mark}"

    @property
    def bugs(self) -> str | None:
        """Where issues are filed."""
        if self.host.name == "sourcehut":
            return None
        return f"https://{self._place}" + ("" if self.host.name == "gist" else "/issues")

    @property
    def docs(self) -> str:
        """The readme's page."""
        committish = quote(self.committish, safe="!~*'()")
        if self.host.name == "gist":
            return f"https://{self._place}" + (f"/{committish}" if committish else "")
        return f"https://{self._place}" + (f"/{self.host.tree}/{committish}" if committish else "") + "#readme"

    @property
    def _place(self) -> str:
        user = "" if self.host.name == "gist" else f"{self.user}/"
        return f"{self.host.domain}/{user}{self.project}"


def hosted_repository(address: object) -> HostedRepository | None:
    """Read an address or a shortcut (``user/project``, ``gitlab:user/project``); None when it is on no host that npm knows."""
    if not isinstance(address, str) or not address:
        return None
    parts = _parse(f"github:{address}" if _is_shorthand(address) else address)
    if parts is None:
        return None
    try:
        if parts.scheme in _BY_NAME:
            return _from_shortcut(_BY_NAME[parts.scheme], parts)
        name = _hostname(parts)
        host = _BY_DOMAIN.get(name.removeprefix("www."))
        return _from_address(host, parts) if host and parts.scheme in host.protocols else None
    except ValueError:  # a % that encodes nothing
        return None


def _from_shortcut(host: _Host, parts: SplitResult) -> HostedRepository:
    path = parts.path.removeprefix("/")
    if "@" in path:
        path = path.partition("@")[2]
    user, _, project = path.rpartition("/")
    project = _decoded(project).removesuffix(".git")
    return HostedRepository(host, _decoded(user) or None, project, _decoded(parts.fragment), "", "shortcut")


def _from_address(host: _Host, parts: SplitResult) -> HostedRepository | None:
    found = _segments(host, parts)
    if found is None:
        return None
    user, project, committish = found
    username, password = parts.username or "", parts.password or ""
    auth = f"{username}{':' + password if password else ''}" if parts.scheme in _AUTHENTICATED else ""
    form = {"git+ssh": "sshurl", "ssh": "sshurl", "git+https": "https"}.get(parts.scheme, parts.scheme)
    if form == "http":
        form = "sshurl"  # hosted-git-info has no template for plain http
    return HostedRepository(host, _decoded(user) if user else None, _decoded(project), _decoded(committish), auth, form)


def _segments(host: _Host, parts: SplitResult) -> tuple[str, str, str] | None:
    steps = parts.path.split("/")[1:]
    committish = parts.fragment
    if host.name == "gitlab":
        if "/-/" in parts.path or "/archive.tar.gz" in parts.path:
            return None
        user, project = "/".join(steps[:-1]), steps[-1] if steps else ""
    else:
        user, project, third, fourth = (*steps, "", "", "", "")[:4]
        if host.name == "github" and third:
            if third != "tree":
                return None
            committish = fourth
        if third and third == {"bitbucket": "get", "gist": "raw", "sourcehut": "archive"}.get(host.name):
            return None
        if host.name == "gist" and not project:
            user, project = "", user
    project = project.removesuffix(".git")
    if not project or (not user and host.name != "gist"):
        return None
    return user, project, committish


def _parse(text: str) -> SplitResult | None:
    return _split(_with_protocol(text)) or _split(_from_scp(_with_protocol(text)))


def _split(text: str) -> SplitResult | None:
    """As WHATWG's URL would take it: a scheme, and a port that is a number."""
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text):
        return None
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return None if parts.scheme in _SPECIAL and not parts.hostname else parts


def _hostname(parts: SplitResult) -> str:
    name = parts.netloc.rpartition("@")[2].partition(":")[0]
    return name.lower() if parts.scheme in _SPECIAL else name


def _with_protocol(text: str) -> str:
    scheme, colon, rest = text.partition(":")
    if not colon:
        return f"//{text}" if "@" not in text else f"git+ssh://{text}"
    if scheme in _KNOWN or rest.startswith("//"):
        return text
    if "@" in text:
        return f"git+ssh://{text}" if text.index("@") > len(scheme) else text
    return f"{scheme}://{rest}"


def _from_scp(text: str) -> str:
    """``git@host:user/project`` with its colon as a slash."""
    before, mark, after = text.partition("#")
    at, colon = before.rfind("@"), before.rfind(":")
    if colon > at:
        before = f"{before[:colon]}/{before[colon + 1 :]}"
    if ":" not in before and "//" not in before:
        before = f"git+ssh://{before}"
    return before + mark + after


def _is_shorthand(text: str) -> bool:
    before, mark, _ = text.partition("#")
    return (
        text.find("/") > 0
        and "/" in before
        and before.count("/") == 1
        and not before.endswith("/")
        and not before.startswith((".", "@"))
        and not re.search(r"[\s@:]", before)
        and (bool(mark) or not text.endswith("/"))
    )


def _decoded(text: str) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise ValueError(text)
    return unquote_to_bytes(text).decode("utf-8")
