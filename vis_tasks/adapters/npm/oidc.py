"""Trusted publishing without npm: an id token of CI, exchanged for a short-lived token per package.

Source: ``lib/utils/oidc.js`` of npm 11.19 and npm's API description (oidc.yaml). Imports sockets: import this lazily.
"""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from vis_tasks.adapters.npm.auth import Auth
from vis_tasks.adapters.npm.http import TROUBLE, get_json, read_reply, trouble_of
from vis_tasks.adapters.npm.identity import claims_of
from vis_tasks.adapters.npm.reader import escaped_name
from vis_tasks.adapters.redact import register_secret
from vis_tasks.ports import Unknown, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vis_tasks.adapters.npm.session import NpmSession
    from vis_tasks.ports import Clock

__all__ = ["TrustedPublisher"]

_MARGIN = 60.0
_TIMEOUT = (10.0, 30.0)


class TrustedPublisher:
    """Exchanges identities at one registry. Tokens are kept until a minute before they expire; safe from any thread.

    Args:
        registry: its address.
        env: the environment, with what CI says.
        clock: for expiry.
    """

    def __init__(self, registry: str, env: Mapping[str, str], clock: Clock) -> None:
        self._registry = registry
        self._env = env
        self._clock = clock
        self._lock = threading.Lock()
        self._id_token: tuple[str, float] = ("", 0.0)
        self._tokens: dict[str, tuple[str, float]] = {}

    def token(self, session: NpmSession, package: str) -> str | Unreadable | Unknown:
        """A token good for this package; one or two requests, none when a token is at hand.

        Returns:
            The token; `Unreadable` when CI or the registry says no; `Unknown` for trouble on the way.
        """
        with self._lock:
            known, good_until = self._tokens.get(package, ("", 0.0))
            if known and self._now() < good_until:
                return known
            identity = self._identity(session)
            if not isinstance(identity, str):
                return identity
            return self._exchange(session, package, identity)

    def forget(self, package: str) -> None:
        """The registry refused the token: exchange anew next time."""
        with self._lock:
            self._tokens.pop(package, None)
            self._id_token = ("", 0.0)

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _identity(self, session: NpmSession) -> str | Unreadable | Unknown:
        given = self._env.get("NPM_ID_TOKEN")
        if given:
            register_secret(given)
            return given
        known, good_until = self._id_token
        if known and self._now() < good_until:
            return known
        url, secret = (self._env.get(f"ACTIONS_ID_TOKEN_REQUEST_{what}", "") for what in ("URL", "TOKEN"))
        register_secret(secret)
        parts = urlsplit(url)
        # The audience is "npm:" and the registry's host name, without its port.
        query = dict(parse_qsl(parts.query)) | {"audience": f"npm:{urlsplit(self._registry).hostname}"}
        bare = parts._replace(query="").geturl()
        reply = get_json(session, bare, auth=Auth(f"Bearer {secret}"), params=query, clock=self._clock)
        if isinstance(reply, Unknown):
            return reply
        value = reply.body.get("value") if isinstance(reply.body, dict) else None
        if reply.status >= 500 or reply.status == 429:
            return reply.unknown()
        if reply.status != 200 or not isinstance(value, str) or not value:
            return Unreadable(f"GitHub gave no id token: HTTP {reply.status} {reply.words}".strip())
        register_secret(value)
        expires = claims_of(value).get("exp")
        self._id_token = (value, float(expires) - _MARGIN if isinstance(expires, int | float) else 0.0)
        return value

    def _exchange(self, session: NpmSession, package: str, identity: str) -> str | Unreadable | Unknown:
        # npm resolves this path against the registry's host, whatever path the registry's own address has.
        url = urljoin(self._registry, f"/-/npm/v1/oidc/token/exchange/package/{escaped_name(package)}")
        headers = {"Authorization": f"Bearer {identity}", "Accept": "application/json"}
        try:
            with session.send("POST", url, headers=headers, timeout=_TIMEOUT) as response:
                reply = read_reply(response, self._clock)
        except TROUBLE as error:
            return trouble_of(error)
        if isinstance(reply, Unknown):
            return reply
        if reply.status >= 500 or reply.status in {408, 425, 429}:
            return reply.unknown()
        token = reply.body.get("token") if isinstance(reply.body, dict) else None
        if not 200 <= reply.status < 300 or not isinstance(token, str) or not token:
            return Unreadable(f"HTTP {reply.status} {reply.words}".strip())
        register_secret(token)
        self._tokens[package] = (token, _moment(reply.body.get("expires")) - _MARGIN)
        return token


def _moment(text: Any) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0
