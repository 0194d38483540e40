"""Pages for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.registry.call import Call, json_response

if TYPE_CHECKING:
    from starlette.responses import Response

__all__ = ["ROUTES", "root"]


async def root(call: Call) -> Response:  # noqa: ARG001
    """``GET /``."""
    return json_response({"registry": "vis-tasks"})


ROUTES: tuple[Any, ...] = ()
