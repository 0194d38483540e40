"""The routes, with their names, put together as one ASGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.routing import Route

from vis_tasks.registry.endpoint import Transports, make_endpoint
from vis_tasks.registry.problems import Problem
from vis_tasks.registry.routes import admin, oidc, packages, session, stage, web

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from vis_tasks.registry.call import Call
    from vis_tasks.registry.store import Store

__all__ = ["ROUTES", "build_app"]


class PackageConvertor(Convertor[str]):
    """A package name in an address, with its scope; clients write the slash as ``%2f`` or plainly."""

    regex = r"(?:@[^/]+/)?(?!-(?:/|$))[^/@][^/]*"

    def convert(self, value: str) -> str:
        """As it is."""
        return value

    def to_string(self, value: str) -> str:
        """As it is."""
        return value


register_url_convertor("package", PackageConvertor())

ROUTES = (
    # name, method, path, handler
    ("root", "GET", "/", web.root),
    ("ping", "GET", "/-/ping", session.ping),
    ("whoami", "GET", "/-/whoami", session.whoami),
    ("profile", "GET", "/-/npm/v1/user", session.profile),
    ("login.legacy", "PUT", "/-/user/org.couchdb.user:{user}", session.legacy_login),
    ("login.web", "POST", "/-/v1/login", session.web_login),
    ("login.done", "GET", "/-/v1/done", session.done),
    ("logout", "DELETE", "/-/user/token/{token}", session.logout),
    ("stage.list", "GET", "/-/stage", stage.listing),
    ("stage.publish", "POST", "/-/stage/package/{name:package}", stage.create),
    ("stage.view", "GET", "/-/stage/{stage_id}", stage.view),
    ("stage.tarball", "GET", "/-/stage/{stage_id}/tarball", stage.tarball),
    ("stage.approve", "POST", "/-/stage/{stage_id}/approve", stage.approve),
    ("stage.reject", "DELETE", "/-/stage/{stage_id}", stage.reject),
    ("oidc.exchange", "POST", "/-/npm/v1/oidc/token/exchange/package/{name:package}", oidc.exchange),
    ("dist-tag.list", "GET", "/-/package/{name:package}/dist-tags", packages.dist_tags),
    ("dist-tag.set", "PUT", "/-/package/{name:package}/dist-tags/{tag}", packages.set_dist_tag),
    ("dist-tag.remove", "DELETE", "/-/package/{name:package}/dist-tags/{tag}", packages.remove_dist_tag),
    ("package.visibility", "GET", "/-/package/{name:package}/visibility", packages.visibility),
    ("version.status", "GET", "/-/package/{name:package}/version/{version}/status", packages.status),
    ("version.attestations", "GET", "/-/npm/v1/attestations/{name:path}", packages.attestations),
    ("audit.bulk", "POST", "/-/npm/v1/security/advisories/bulk", packages.audit_bulk),
    *admin.ROUTES,
    *web.ROUTES,
    ("version.tarball", "GET", "/{name:package}/-/{file}", packages.tarball),
    ("package.packument", "GET", "/{name:package}", packages.packument),
    ("package.publish", "PUT", "/{name:package}", packages.publish),
    ("version.document", "GET", "/{name:package}/{version}", packages.document),
)


def build_app(store: Store, transports: Transports) -> Starlette:
    """The registry as an application.

    Args:
        store: what it serves.
        transports: open connections by peer address, for faults that cut them.
    """
    routes = [
        Route(path, make_endpoint(store, name, handler), methods=[method], name=name)
        for name, method, path, handler in ROUTES
    ]

    async def unmatched(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404

        async def refuse(call: Call) -> Response:  # noqa: ARG001
            raise Problem(status, "Not found" if status == 404 else "Method not allowed")

        return await make_endpoint(store, "unknown", refuse)(request)

    async def broken(request: Request, error: Exception) -> Response:  # noqa: ARG001
        async def refuse(call: Call) -> Response:  # noqa: ARG001
            raise Problem(500, "An error occurred while processing your request.")

        return await make_endpoint(store, "unknown", refuse)(request)

    app = Starlette(routes=routes, exception_handlers={404: unmatched, 405: unmatched, 500: broken})
    app.router.redirect_slashes = False
    app.state.transports = transports
    return app
