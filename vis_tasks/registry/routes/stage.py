"""The staging routes (npm's API description: stage.yaml)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyio import to_thread
from starlette.responses import Response

from vis_tasks.registry.call import Call, json_response
from vis_tasks.registry.problems import not_found
from vis_tasks.registry.routes.packages import read_upload

if TYPE_CHECKING:
    from vis_tasks.registry.accounts import Identity
    from vis_tasks.registry.stages import StageItem

__all__ = ["approve", "create", "listing", "reject", "tarball", "view"]

PER_PAGE = 10
MAX_PER_PAGE = 100


def _require_staging(call: Call) -> None:
    if not call.store.settings.staging:
        raise not_found("no such route")


def _number(text: str | None, default: int, *, lowest: int, highest: int) -> int:
    """A query number; what isn't one counts as not given, what is out of range as the nearest that is in."""
    if text is None or not text.isascii() or not text.removeprefix("-").isdecimal() or len(text) > 9:
        return default
    return min(max(int(text), lowest), highest)


def _as_json(item: StageItem, call: Call) -> dict[str, Any]:
    data = {
        "id": item.id, "packageName": item.name, "version": item.version, "tag": item.tag, "createdAt": item.created_at,
        "actor": item.actor, "actorType": item.actor_type, "access": item.access, "shasum": item.shasum,
    }  # fmt: skip
    return {**data, "status": item.status} if call.store.settings.stage_item_status else data


async def listing(call: Call) -> Response:
    """``GET /-/stage?package=&page=&perPage=``: newest first."""
    _require_staging(call)
    identity = call.require_user()
    query = call.request.query_params
    page = _number(query.get("page"), 0, lowest=0, highest=10**8)
    per_page = _number(query.get("perPage"), PER_PAGE, lowest=1, highest=MAX_PER_PAGE)
    package = query.get("package") or None
    items, total = call.store.stages.page(identity.user, package=package, page=page, per_page=per_page)
    data = {"items": [_as_json(item, call) for item in items], "page": page, "perPage": per_page, "total": total}
    return json_response(data)


async def create(call: Call) -> Response:
    """``POST /-/stage/package/{package}``: never asks for a second factor; that is for who approves."""
    _require_staging(call)
    identity = call.require_writer("stage")
    upload = await read_upload(call)
    item = call.store.stages.add(upload, identity)
    return json_response({"message": "Package version staged successfully.", "stageId": item.id}, 201)


def _visible(call: Call) -> StageItem:
    _require_staging(call)
    identity = call.require_user()
    return call.store.stages.visible(str(call.request.path_params["stage_id"]), identity.user)


async def view(call: Call) -> Response:
    """``GET /-/stage/{id}``."""
    return json_response(_as_json(_visible(call), call))


async def tarball(call: Call) -> Response:
    """``GET /-/stage/{id}/tarball``."""
    item = _visible(call)
    body = await to_thread.run_sync(call.store.tarballs.read, item.blob)
    return Response(body, 200, {"cache-control": "no-store"}, "application/octet-stream")


def _decider(call: Call) -> tuple[str, Identity]:
    _require_staging(call)
    identity = call.require_writer("decide")
    stage_id = str(call.request.path_params["stage_id"])
    call.store.stages.decidable(stage_id, identity.user)
    call.require_second_factor(identity, always=True)
    return stage_id, identity


async def approve(call: Call) -> Response:
    """``POST /-/stage/{id}/approve``."""
    stage_id, identity = _decider(call)
    call.store.stages.approve(stage_id, by=identity.user)
    return json_response({"message": "Package version approved and published successfully."}, 201)


async def reject(call: Call) -> Response:
    """``DELETE /-/stage/{id}``."""
    stage_id, identity = _decider(call)
    call.store.stages.reject(stage_id, by=identity.user)
    return Response(None, 204)
