"""Which credentials npm sends where. Source: ``npm-registry-fetch/lib/auth.js`` and ``@npmcli/config`` of npm 11.19. Pure."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from vis_tasks.adapters.npm.npmrc import unset_variables
from vis_tasks.patterns import regex
from vis_tasks.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Auth", "credentials_in", "find_auth", "host_of", "nerf_dart", "without_credentials"]

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LAST_STEP = regex(r"([^/]+|/)$")


@dataclass(frozen=True)
class Auth:
    """What npm would send to an address.

    Attributes:
        header: the ``Authorization`` header's value, or None.
        client_cert: paths of the certificate and the key for mutual TLS, or None.
        key: the configuration key it comes from, such as ``//host/path/:_authToken``; empty when there is none.
        unset: environment variables that the value mentions and that aren't set: npm would send the text ``${NAME}``.
    """

    header: str | None = field(default=None, repr=False)
    client_cert: tuple[str, str] | None = None
    key: str = ""
    unset: tuple[str, ...] = ()

    @property
    def present(self) -> bool:
        """Whether npm would send anything."""
        return self.header is not None or self.client_cert is not None


def host_of(url: str) -> str:
    """``host[:port]`` as the WHATWG URL standard spells it: lower case, no default port, no credentials."""
    return _host(urlsplit(url))


def nerf_dart(url: str) -> str:
    """The key npm files credentials for a registry under: ``//host[:port]/path/``, up to the path's last slash."""
    parts = urlsplit(url)
    return f"//{_host(parts)}{_path(parts).rpartition('/')[0]}/"


def without_credentials(url: str) -> str:
    """The address with ``user:password@`` taken out and a slash at its end."""
    parts = urlsplit(url)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
    return bare if bare.endswith("/") else bare + "/"


def find_auth(url: str, configured: Mapping[str, Auth]) -> Auth:
    """Walk up from the whole address to the bare host until some credentials turn up, as npm does.

    Args:
        url: a request's or a registry's address.
        configured: from `credentials_in`.
    """
    parts = urlsplit(url)
    place = f"//{_host(parts)}{_path(parts)}"
    while len(place) > len("//"):
        if place in configured:
            return configured[place]
        place = _LAST_STEP.sub("", place)
    return Auth()


def credentials_in(values: Mapping[str, Any]) -> dict[str, Auth]:
    """The credentials that are configured, by their place, such as ``//host/path/``.

    Args:
        values: the merged configuration.
    """
    places = dict.fromkeys(key.rpartition(":")[0] for key in values if key.startswith("//"))
    found = {place: _auth_at(place, values) for place in places}
    return {place: auth for place, auth in found.items() if auth.present}


def _auth_at(place: str, values: Mapping[str, Any]) -> Auth:
    def value(name: str) -> str:
        found = values.get(f"{place}:{name}")
        return found if isinstance(found, str) else ""

    header, name = _header(value)
    cert, key = value("certfile"), value("keyfile")
    client_cert = (cert, key) if cert and key else None
    if header is None and client_cert is None:
        return Auth()
    texts = [value(each) for each in ("_authToken", "_auth", "username", "_password", "certfile", "keyfile")]
    unset = tuple(dict.fromkeys(variable for text in texts for variable in unset_variables(text)))
    return Auth(header, client_cert, f"{place}:{name or 'certfile'}", unset)


def _header(value: Any) -> tuple[str | None, str]:
    if token := value("_authToken"):
        return f"Bearer {token}", "_authToken"
    if encoded := value("_auth"):
        return f"Basic {encoded}", "_auth"
    if (user := value("username")) and (secret := value("_password")):
        return f"Basic {_basic(user, secret)}", "username"
    return None, ""


def _basic(user: str, encoded_password: str) -> str:
    """The pair as Basic wants it; npm keeps ``_password`` in base64 and decodes it leniently."""
    alphabet = re.sub(r"[^A-Za-z0-9+/]", "", encoded_password.replace("-", "+").replace("_", "/"))
    padded = alphabet + "=" * (-len(alphabet) % 4)
    try:
        password = base64.b64decode(padded).decode("utf-8", errors="replace")
    except ValueError:
        password = ""
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    try:
        port = parts.port
    except ValueError:
        return host
    return host if port is None or port == _DEFAULT_PORTS.get(parts.scheme) else f"{host}:{port}"


def _path(parts: SplitResult) -> str:
    return parts.path or "/"
