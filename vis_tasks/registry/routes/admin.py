"""The admin API: faults, settings and the request log, for whoever holds the admin token of this process."""

from __future__ import annotations

import dataclasses
import hmac
from typing import TYPE_CHECKING, Any

from vis_tasks.errors import UsageError
from vis_tasks.registry.call import Call, json_response
from vis_tasks.registry.faults import fault_from_json
from vis_tasks.registry.payload import parse_json
from vis_tasks.registry.problems import bad_request, unauthorized
from vis_tasks.registry.settings import RateLimit

if TYPE_CHECKING:
    from starlette.responses import Response

    from vis_tasks.registry.settings import Settings

__all__ = ["ROUTES"]


def _require_admin(call: Call) -> None:
    if not hmac.compare_digest((call.bearer or "").encode(), call.store.admin_token.encode()):
        raise unauthorized("the admin token is missing or wrong")


async def list_faults(call: Call) -> Response:
    """``GET /-/admin/faults``: the plan, with what each fault has hit."""
    _require_admin(call)
    return json_response([dataclasses.asdict(fault) for fault in call.store.faults.all()])


async def add_faults(call: Call) -> Response:
    """``POST /-/admin/faults``: one fault, or a list of them."""
    _require_admin(call)
    data = parse_json(await call.body())
    try:
        faults = [fault_from_json(item) for item in (data if isinstance(data, list) else [data])]
    except UsageError as error:
        raise bad_request(f"{error.message} {error.hint}".strip()) from error
    for fault in faults:
        call.store.faults.add(fault)
    return json_response({"added": len(faults)}, 201)


async def clear_faults(call: Call) -> Response:
    """``DELETE /-/admin/faults``."""
    _require_admin(call)
    call.store.faults.clear()
    return json_response({"ok": True})


async def list_requests(call: Call) -> Response:
    """``GET /-/admin/requests``."""
    _require_admin(call)
    return json_response([dataclasses.asdict(request) for request in call.store.log.all()])


async def clear_requests(call: Call) -> Response:
    """``DELETE /-/admin/requests``."""
    _require_admin(call)
    call.store.log.clear()
    return json_response({"ok": True})


async def change_settings(call: Call) -> Response:
    """``POST /-/admin/settings``: fields of `Settings` but for the clock."""
    _require_admin(call)
    data = parse_json(await call.body())
    if not isinstance(data, dict):
        raise bad_request("expected an object of settings")
    checked = {name: _setting(call.store.settings, name, value) for name, value in data.items()}
    for name, value in checked.items():
        setattr(call.store.settings, name, value)
    return json_response({"changed": sorted(checked)})


def _setting(settings: Settings, name: str, value: Any) -> object:
    names = {field.name for field in dataclasses.fields(settings)} - {"clock"}
    if name not in names:
        raise bad_request(f"unknown setting {name!r}; known: {', '.join(sorted(names))}")
    current = getattr(settings, name)
    try:
        if name == "rate_limits":
            return {route: RateLimit(**limit) for route, limit in value.items()}
        if name == "blocked":
            return {str(item) for item in value}
    except (TypeError, AttributeError):
        raise bad_request(f"setting {name!r} can't be read") from None
    wanted = (int, float) if isinstance(current, float) else type(current)
    if not isinstance(value, wanted) or (isinstance(value, bool) and not isinstance(current, bool)):
        raise bad_request(f"setting {name!r} must be like {current!r}")
    return float(value) if isinstance(current, float) else value


ROUTES = (
    ("admin.faults.list", "GET", "/-/admin/faults", list_faults),
    ("admin.faults.add", "POST", "/-/admin/faults", add_faults),
    ("admin.faults.clear", "DELETE", "/-/admin/faults", clear_faults),
    ("admin.requests.list", "GET", "/-/admin/requests", list_requests),
    ("admin.requests.clear", "DELETE", "/-/admin/requests", clear_requests),
    ("admin.settings", "POST", "/-/admin/settings", change_settings),
)
