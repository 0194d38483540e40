"""Pages for people: staged versions with files and diff, decisions, logging in, finishing what a client began in a browser."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs

from anyio import to_thread

from vis_tasks.registry.call import Call, json_response
from vis_tasks.registry.comparison import FileChange, compare
from vis_tasks.registry.html import page, redirect, stylesheet
from vis_tasks.registry.names import PLACEHOLDER_VERSION
from vis_tasks.registry.problems import Problem, forbidden
from vis_tasks.registry.tarballs import read_entries

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.responses import Response

    from vis_tasks.registry.packages import Version
    from vis_tasks.registry.stages import StageItem

    Handler = Callable[[Call], Awaitable[Response]]

__all__ = ["ROUTES", "root"]

COOKIE = "vis_registry_session"
PER_PAGE = 50
SESSION_LIFETIME = 12 * 3600
SHOWN_DECISIONS = 500
NOTICES = {
    "approved": "Approved. The version goes live when its scan is over.",
    "rejected": "Rejected. The bytes are gone.",
}


class _LoginNeeded(Exception):  # noqa: N818
    """There is no good session: show the login page."""


def _page(handler: Handler) -> Handler:
    """Problems become pages, a missing login the login page."""

    async def wrapped(call: Call) -> Response:
        try:
            return await handler(call)
        except _LoginNeeded:
            return redirect("/-/login")
        except Problem as problem:
            return page("problem.html", problem.status, problem=problem.message, **_who(call))

    return wrapped


# --- the session -------------------------------------------------------------------------------------------------------


def _session(call: Call) -> tuple[str, str] | None:
    """The user's name and the cookie, when it is good."""
    cookie = call.request.cookies.get(COOKIE, "")
    try:
        identity = call.store.accounts.identify(cookie)
    except Problem:
        return None
    return (identity.user, cookie) if identity.kind == "session" else None


def _csrf(cookie: str) -> str:
    return hmac.new(cookie.encode(), b"csrf", hashlib.sha256).hexdigest()


def _who(call: Call) -> dict[str, Any]:
    session = _session(call)
    return {"user": session[0], "csrf": _csrf(session[1])} if session else {}


def _viewer(call: Call) -> str:
    session = _session(call)
    if session is None:
        raise _LoginNeeded
    return session[0]


async def _form(call: Call) -> dict[str, str]:
    """A form of our own pages: refused when another site sent it."""
    origin = call.request.headers.get("origin")
    if origin is not None and origin + "/" != call.base:
        raise forbidden("This form was sent from another site.")
    fields = parse_qs((await call.body()).decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
    return {name: values[-1] for name, values in fields.items()}


async def _own_form(call: Call) -> tuple[str, dict[str, str]]:
    """A form sent by somebody logged in, with the session's CSRF token."""
    session = _session(call)
    if session is None:
        raise _LoginNeeded
    form = await _form(call)
    if not hmac.compare_digest(form.get("csrf", "").encode(), _csrf(session[1]).encode()):
        raise forbidden("This form is too old, or was sent from another site. Load the page again.")
    return session[0], form


def _check_login(call: Call, form: dict[str, str]) -> str:
    """The name, when password and code are good."""
    name, accounts = form.get("name", ""), call.store.accounts
    known = accounts.check_password(name, form.get("password", ""))
    user = accounts.find(name) if known else None
    if user is None or (user.totp_secret is not None and not accounts.accepts_otp(name, form.get("code", "").strip())):
        raise Problem(401, "User name, password or code is wrong.")
    return name


# --- pages -------------------------------------------------------------------------------------------------------------


async def root(call: Call) -> Response:
    """``GET /``: people go to the staged versions, programs learn what this is."""
    if "text/html" in call.request.headers.get("accept", ""):
        return redirect("/-/staged")
    return json_response({"registry": "vis-tasks"})


async def style(call: Call) -> Response:  # noqa: ARG001
    """``GET /-/style.css``."""
    return stylesheet()


async def login_page(call: Call) -> Response:  # noqa: ARG001
    """``GET /-/login``."""
    return page("login.html", heading="Log in", button="Log in", ask_password=True, done=False, name="")


async def login(call: Call) -> Response:
    """``POST /-/login``."""
    form = await _form(call)
    try:
        name = _check_login(call, form)
    except Problem as problem:
        values = {
            "heading": "Log in",
            "button": "Log in",
            "ask_password": True,
            "done": False,
            "name": form.get("name", ""),
        }
        return page("login.html", problem.status, problem=problem.message, **values)
    response = redirect("/-/staged")
    cookie = call.store.accounts.issue(name, "session", lifetime=SESSION_LIFETIME)
    secure = call.request.url.scheme == "https"
    response.set_cookie(
        COOKIE, cookie, max_age=SESSION_LIFETIME, path="/-/", httponly=True, samesite="strict", secure=secure
    )
    return response


async def logout(call: Call) -> Response:
    """``POST /-/logout``."""
    await _own_form(call)
    call.store.accounts.revoke(call.request.cookies[COOKIE])
    response = redirect("/-/login")
    response.delete_cookie(COOKIE, path="/-/", httponly=True, samesite="strict")
    return response


async def staged(call: Call) -> Response:
    """``GET /-/staged``."""
    viewer = _viewer(call)
    text = call.request.query_params.get("page", "0")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0
    items, total = call.store.stages.page(viewer, package=None, page=number, per_page=PER_PAGE)
    notice = NOTICES.get(call.request.query_params.get("done", ""), "")
    return page("staged.html", items=items, total=total, page=number, per_page=PER_PAGE, notice=notice, **_who(call))


async def stage(call: Call) -> Response:
    """``GET /-/staged/{id}``."""
    return await _stage_page(call, call.store.stages.visible(str(call.request.path_params["stage_id"]), _viewer(call)))


async def _stage_page(call: Call, item: StageItem, status: int = 200, problem: str = "") -> Response:
    live = _last_live(call, item)
    files, size = await to_thread.run_sync(_compare, call, item, live)
    unpacked = sum(file.size for file in files)
    base = f"{item.name}@{live.version}" if live else ""
    return page(
        "stage.html",
        status,
        item=item,
        files=files,
        size=size,
        unpacked_size=unpacked,
        base=base,
        problem=problem,
        **_who(call),
    )


def _compare(call: Call, item: StageItem, live: Version | None) -> tuple[list[FileChange], int]:
    tarballs, limit = call.store.tarballs, call.store.settings.max_unpacked
    old = read_entries(tarballs.read(live.blob), max_unpacked=limit) if live else {}
    new = tarballs.read(item.blob)
    return compare(old, read_entries(new, max_unpacked=limit)), len(new)


def _last_live(call: Call, item: StageItem) -> Version | None:
    """What the new version takes the place of: what its dist-tag points to now, else what ``latest`` does, else the newest."""
    now = call.store.settings.now()
    live = {version.version: version for version in call.store.packages.versions(item.name) if version.live(now)}
    live.pop(PLACEHOLDER_VERSION, None)
    tags = call.store.packages.dist_tags(item.name, now)
    newest = next(reversed(live.values()), None)
    return live.get(tags.get(item.tag, "")) or live.get(tags.get("latest", "")) or newest


async def _decide(call: Call, decision: Literal["approve", "reject"], done: str) -> Response:
    user, form = await _own_form(call)
    stage_id = str(call.request.path_params["stage_id"])
    item = call.store.stages.visible(stage_id, user)
    if not call.store.accounts.accepts_otp(user, form.get("code", "").strip()):
        return await _stage_page(call, item, 401, "The code is wrong. Nothing was decided.")
    getattr(call.store.stages, decision)(stage_id, by=user)
    return redirect(f"/-/staged?done={done}")


async def approve(call: Call) -> Response:
    """``POST /-/staged/{id}/approve``."""
    return await _decide(call, "approve", "approved")


async def reject(call: Call) -> Response:
    """``POST /-/staged/{id}/reject``."""
    return await _decide(call, "reject", "rejected")


async def audit(call: Call) -> Response:
    """``GET /-/audit``: decisions about packages of the viewer's, newest first."""
    viewer = _viewer(call)
    lines = reversed(call.store.audit.decisions(SHOWN_DECISIONS))
    mine = [line for line in lines if call.store.packages.is_maintainer(line.name, viewer)]
    return page("audit.html", decisions=mine, **_who(call))


# --- finishing what a client started -----------------------------------------------------------------------------------


def _auth_values(call: Call) -> tuple[str, dict[str, Any]]:
    session = call.store.web_auth.find(str(call.request.path_params["session_id"]))
    is_login = session.purpose == "login"
    heading = "Log your client in" if is_login else "Confirm it is you"
    values = {
        "heading": heading,
        "button": "Log in" if is_login else "Confirm",
        "ask_password": is_login,
        "done": session.done,
        "name": session.user or "",
    }
    return session.id, values


async def auth_page(call: Call) -> Response:
    """``GET /-/auth/cli/{id}``: where ``loginUrl`` and ``authUrl`` lead."""
    return page("login.html", **_auth_values(call)[1])


async def auth(call: Call) -> Response:
    """``POST /-/auth/cli/{id}``."""
    session_id, values = _auth_values(call)
    form = await _form(call)
    if values["done"]:
        return page("login.html", **values)
    try:
        if values["ask_password"]:
            user = _check_login(call, form)
        else:
            user = values["name"]
            if not call.store.accounts.accepts_otp(user, form.get("code", "").strip()):
                raise Problem(401, "The code is wrong.")
    except Problem as problem:
        shown = {**values, "name": form.get("name", values["name"])}
        return page("login.html", problem.status, problem=problem.message, **shown)
    call.store.web_auth.complete(session_id, user)
    return page("login.html", **{**values, "done": True})


ROUTES = tuple(
    (name, method, path, _page(handler))
    for name, method, path, handler in (
        ("web.style", "GET", "/-/style.css", style),
        ("web.login.page", "GET", "/-/login", login_page),
        ("web.login", "POST", "/-/login", login),
        ("web.logout", "POST", "/-/logout", logout),
        ("web.staged", "GET", "/-/staged", staged),
        ("web.stage", "GET", "/-/staged/{stage_id}", stage),
        ("web.approve", "POST", "/-/staged/{stage_id}/approve", approve),
        ("web.reject", "POST", "/-/staged/{stage_id}/reject", reject),
        ("web.audit", "GET", "/-/audit", audit),
        ("web.auth.page", "GET", "/-/auth/cli/{session_id}", auth_page),
        ("web.auth", "POST", "/-/auth/cli/{session_id}", auth),
    )
)
