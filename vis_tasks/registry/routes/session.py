"""Who am I: ping, whoami, profile, login (legacy and web), logout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.registry.call import Call, json_response
from vis_tasks.registry.payload import parse_json
from vis_tasks.registry.problems import Problem, bad_request, not_found, unauthorized

if TYPE_CHECKING:
    from starlette.responses import Response

    from vis_tasks.registry.accounts import Identity

__all__ = ["done", "legacy_login", "logout", "ping", "profile", "web_login", "whoami"]


async def ping(call: Call) -> Response:  # noqa: ARG001
    """``GET /-/ping``."""
    return json_response({})


async def whoami(call: Call) -> Response:
    """``GET /-/whoami``."""
    return json_response({"username": call.require_user().user})


async def profile(call: Call) -> Response:
    """``GET /-/npm/v1/user``: what ``npm profile get`` shows."""
    identity = call.require_user()
    user = call.store.accounts.find(identity.user)
    tfa = {"mode": "auth-and-writes", "pending": False} if user and user.totp_secret else False
    return json_response(
        {"tfa": tfa, "name": identity.user, "email": user.email if user else "", "email_verified": True}
    )


async def legacy_login(call: Call) -> Response:
    """``PUT /-/user/org.couchdb.user:{user}``: log in, or make an account when the body has an e-mail address.

    A body without one names an existing user: npm's client reads a 400 as "there is no such user".
    """
    name = str(call.request.path_params["user"])
    data = parse_json(await call.body())
    if not isinstance(data, dict) or not isinstance(data.get("password"), str) or data.get("name", name) != name:
        raise bad_request("expected name and password")
    email = data.get("email")
    accounts = call.store.accounts
    if accounts.find(name) is None:
        if not isinstance(email, str) or not email:
            raise bad_request(f"there is no user {name[:80]!r}")
        accounts.add(name, password=data["password"], two_factor=False, email=email)
    elif not accounts.check_password(name, data["password"]):
        raise unauthorized("Incorrect or missing password.")
    else:
        call.require_second_factor(_as(name), always=False)
    token = accounts.issue(name, "session")
    return json_response(
        {"ok": f"you are authenticated as '{name}'", "id": f"org.couchdb.user:{name}", "token": token}, 201
    )


async def web_login(call: Call) -> Response:
    """``POST /-/v1/login``: the addresses for a login in the browser."""
    parse_json(await call.body() or b"{}")
    return json_response(call.web_addresses("login"))


async def done(call: Call) -> Response:
    """``GET /-/v1/done``: 202 until the person has finished in the browser, then the token, once."""
    session = call.store.web_auth.find(call.request.query_params.get("authId", ""))
    if not session.done or session.user is None:
        return json_response({}, 202, {"retry-after": str(call.store.settings.web_auth_retry_after)})
    call.store.web_auth.finish(session.id)
    if session.purpose == "login":
        return json_response({"token": call.store.accounts.issue(session.user, "session")})
    return json_response({"token": call.store.web_auth.issue_pass(session.user)})


async def logout(call: Call) -> Response:
    """``DELETE /-/user/token/{token}``: forget the token."""
    call.require_user()
    token = str(call.request.path_params["token"])
    if token != call.bearer:
        raise Problem(403, "a token can only revoke itself")
    if not call.store.accounts.revoke(token):
        raise not_found("no such token")
    return json_response({"ok": True})


def _as(name: str) -> Identity:
    from vis_tasks.registry.accounts import Identity

    return Identity(name, "session")
