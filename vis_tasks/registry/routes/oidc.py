"""The OIDC exchange (npm's API description: oidc.yaml)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vis_tasks.registry.call import Call, json_response
from vis_tasks.registry.clock import iso
from vis_tasks.registry.names import check_name
from vis_tasks.registry.problems import unauthorized

if TYPE_CHECKING:
    from starlette.responses import Response

__all__ = ["exchange"]


async def exchange(call: Call) -> Response:
    """``POST /-/npm/v1/oidc/token/exchange/package/{package}`` with the id token as Bearer."""
    id_token = call.bearer
    if id_token is None:
        raise unauthorized("OIDC token exchange error - unauthorized")
    hosts = {urlsplit(call.base).hostname or "", urlsplit(call.store.url).hostname or ""}
    token, expires = call.store.trusted.exchange(check_name(call.package), id_token, hosts=sorted(hosts))
    created = call.store.settings.now()
    return json_response({"token_type": "oidc", "token": token, "created": iso(created), "expires": iso(expires)}, 201)
