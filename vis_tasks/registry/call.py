"""One request on its way through a handler: who asks, what they may do, what they sent."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from starlette.requests import ClientDisconnect
from starlette.responses import Response

from vis_tasks.registry.names import check_name
from vis_tasks.registry.problems import Problem, forbidden, unauthorized

if TYPE_CHECKING:
    from starlette.requests import Request

    from vis_tasks.registry.accounts import Identity
    from vis_tasks.registry.store import Store

__all__ = ["Call", "json_response"]

HOST = re.compile(r"[A-Za-z0-9._-]+(?::\d{1,5})?|\[[0-9A-Fa-f:]+\](?::\d{1,5})?", re.ASCII)
BEARER = re.compile(r"Bearer +(\S+) *", re.IGNORECASE)


def json_response(data: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer that nothing between us and the client keeps."""
    body = json.dumps(data, separators=(",", ":")).encode()
    return Response(body, status, {"cache-control": "no-store", **(headers or {})}, "application/json")


@dataclass
class Call:
    """A request and the registry it is for.

    Attributes:
        request: as received.
        store: the registry.
        route: the route's name.
        identity: who the token stands for; None without a token or with a bad one.
        token_kind: for the log and for faults; ``"invalid"`` for a bad token.
        body_read: whether the body has been taken in.
    """

    request: Request
    store: Store
    route: str
    identity: Identity | None = None
    token_kind: str | None = None
    body_read: bool = False

    # --- what was asked ---------------------------------------------------------------------------------------------

    @property
    def bearer(self) -> str | None:
        """The token of the Authorization header."""
        found = BEARER.fullmatch(self.request.headers.get("authorization", ""))
        return found.group(1) if found else None

    @property
    def package(self) -> str:
        """The package of the address, as it came."""
        return str(self.request.path_params["name"])

    @property
    def base(self) -> str:
        """The registry's address as the client knows it, with a trailing slash."""
        host = self.request.headers.get("host", "")
        return f"{self.request.url.scheme}://{host}/" if HOST.fullmatch(host) else self.store.url

    async def body(self) -> bytes:
        """The request's body.

        Raises:
            Problem: 413 when it is larger than `Settings.max_body`.
        """
        limit = self.store.settings.max_body
        problem = Problem(413, f"Payload Too Large - the limit is {limit} bytes", {"connection": "close"})
        length = self.request.headers.get("content-length", "")
        if length.isascii() and length.isdecimal() and int(length) > limit:
            raise problem
        self.body_read = True
        received = bytearray()
        async for chunk in self.request.stream():
            received += chunk
            if len(received) > limit:
                raise problem
        return bytes(received)

    async def drain(self) -> None:
        """Take in a body nobody read: a client still sending when the answer comes sees a broken connection, not the answer."""
        if not self.body_read:
            with suppress(Problem, ClientDisconnect):
                await self.body()

    # --- who may ----------------------------------------------------------------------------------------------------

    def identify(self) -> None:
        """Read the token, good or bad."""
        token = self.bearer
        if token is None:
            return
        try:
            self.identity = self.store.accounts.identify(token)
            self.token_kind = self.identity.kind
        except Problem:
            self.token_kind = "invalid"  # noqa: S105 (a word for the log)

    @property
    def user(self) -> str | None:
        """Who asks, for what only some may read; an OIDC token reads nothing."""
        return self.identity.user if self.identity and self.identity.kind != "oidc" else None

    def require_user(self) -> Identity:
        """Somebody with an account's token, OIDC excluded: 401 otherwise."""
        if self.identity is None or self.identity.kind == "oidc":
            raise unauthorized()
        return self.identity

    def require_writer(self, action: Literal["stage", "publish", "decide"]) -> Identity:
        """Somebody whose token may do this: 401 without one, 403 when it may not."""
        identity = self.identity
        if identity is None:
            raise unauthorized()
        if identity.kind == "oidc":
            if action not in identity.permissions or identity.package != check_name(self.package):
                raise forbidden("OIDC permission denied for this action")
        elif identity.kind == "read-only" or (identity.kind == "stage-only" and action != "stage"):
            raise forbidden("Insufficient permissions to access this resource")
        return identity

    def require_second_factor(self, identity: Identity, *, always: bool) -> None:
        """A code of the authenticator, or one the browser brought.

        Args:
            identity: who asks.
            always: approve and reject: no token gets around it, and an account without 2FA is refused.

        Raises:
            Problem: 401 with ``www-authenticate: OTP``; with ``authUrl`` and ``doneUrl`` when the client can do the web flow;
                403 when the account has no 2FA and needs it.
        """
        user = self.store.accounts.find(identity.user)
        enrolled = user is not None and user.totp_secret is not None
        if not enrolled and always:
            raise forbidden("Please enable 2fa for your account")
        if not enrolled or (identity.bypass_2fa and not always):
            return
        headers = self.request.headers
        code = headers.get("npm-otp", "")
        if code and (
            self.store.web_auth.use_pass(identity.user, code) or self.store.accounts.accepts_otp(identity.user, code)
        ):
            return
        challenge = {"www-authenticate": "OTP"}
        if not code and headers.get("npm-auth-type") == "web" and (not always or headers.get("npm-command") == "stage"):
            raise Problem(401, "one-time pass required", challenge, self.web_addresses("otp", identity.user))
        challenge["npm-notice"] = "Provide a one-time password from your authenticator app."
        words = "You must provide a one-time pass. Upgrade your client to npm@latest in order to use 2FA."
        raise Problem(401, words, challenge)

    def web_addresses(self, purpose: Literal["login", "otp"], user: str | None = None) -> dict[str, Any]:
        """A new pair of addresses: where the person goes, and where the client waits."""
        session = self.store.web_auth.start(purpose, user)
        first = "loginUrl" if purpose == "login" else "authUrl"
        return {first: f"{self.base}-/auth/cli/{session}", "doneUrl": f"{self.base}-/v1/done?authId={session}"}
