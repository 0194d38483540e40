"""The one edge of every route: identity, rate limit, faults, log, and a problem turned into npm's error shape."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect
from starlette.responses import Response

from vis_tasks.registry.call import Call, json_response
from vis_tasks.registry.problems import Problem

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from vis_tasks.registry.faults import Fault
    from vis_tasks.registry.settings import Settings
    from vis_tasks.registry.store import Store

    Handler = Callable[[Call], Awaitable[Response]]

__all__ = ["Transports", "make_endpoint", "problem_response"]

Transports = dict[tuple[str, int], "asyncio.Transport"]
MESSAGE_ROUTES = ("stage.", "oidc.")
SLOW_STEPS = 10


def problem_response(problem: Problem, route: str) -> Response:
    """The refusal as npm shapes it: ``error`` everywhere, and ``message`` too on the routes whose description has it.

    The description of the staging routes knows ``message`` only, yet npm's client, which prints ``error`` only, shows the
    registry's words there (npm/cli issue 9519).
    """
    words: dict[str, object] = {"error": problem.message}
    if route.startswith(MESSAGE_ROUTES):
        words["message"] = problem.message
    return json_response(problem.body or words, problem.status, problem.headers)


def make_endpoint(store: Store, route: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Wrap a handler.

    Args:
        store: the registry.
        route: the route's name, for faults, limits and the log.
        handler: does the work; raises `Problem` for a refusal.
    """

    async def endpoint(request: Request) -> Response:
        call = Call(request, store, route)
        call.identify()
        fault = None if route.startswith("admin.") else store.faults.strike(route, request.url.path, call.token_kind)
        try:
            response = await _answer(call, handler, fault)
            if not isinstance(response, CutResponse):
                await call.drain()
        except Problem as problem:
            response = problem_response(problem, route)
            await call.drain()
        except ClientDisconnect:
            response = CutResponse(None)
        if fault is not None:
            response = _spoil(response, fault, store.settings)
        store.log.add(
            request.method, route, request.url.path, request.url.query,
            0 if isinstance(response, CutResponse) and response.keep is None else response.status_code,
            token_kind=call.token_kind, user=call.identity.user if call.identity else None,
            command=request.headers.get("npm-command"), fault=fault is not None,
        )  # fmt: skip
        return response

    return endpoint


async def _answer(call: Call, handler: Handler, fault: Fault | None) -> Response:
    if fault is not None:
        if fault.delay:
            await call.store.settings.clock.pause(fault.delay)
        if fault.reset == "before":
            return CutResponse(None)
        if fault.status is not None:
            return _fault_answer(fault, call.route)
    who = call.identity.user if call.identity else "anonymous"
    if not call.route.startswith("admin."):
        call.store.limiter.count(call.route, f"{call.token_kind}:{who}")
    return await handler(call)


def _fault_answer(fault: Fault, route: str) -> Response:
    headers = dict(fault.headers)
    if fault.retry_after is not None:
        headers["retry-after"] = f"{fault.retry_after:g}"
    status = fault.status or 500
    if fault.body is not None:
        return Response(fault.body, status, headers, "application/json")
    return problem_response(Problem(status, "An error occurred while processing your request.", headers), route)


def _spoil(response: Response, fault: Fault, settings: Settings) -> Response:
    if fault.content_type is not None:
        response.headers["content-type"] = fault.content_type
    if fault.reset == "after":
        return CutResponse(None)
    if fault.truncate is not None:
        return CutResponse(response, fault.truncate)
    if fault.slow:
        return SlowResponse(response, fault.slow, settings)
    return response


class CutResponse(Response):
    """Cuts the connection: at once with a reset, or after a part of another response's body.

    Args:
        whole: the response to cut; None resets before a single byte.
        keep: bytes of its body to send.
    """

    def __init__(self, whole: Response | None, keep: int = 0) -> None:
        super().__init__()
        self.whole = whole
        self.keep = keep if whole is not None else None
        if whole is not None:
            self.status_code = whole.status_code

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send what is kept, then cut."""
        transports: Transports = scope["app"].state.transports
        transport = transports.get(tuple(scope["client"]))
        if self.whole is not None:
            body = bytes(self.whole.body)[: self.keep]
            await send(
                {"type": "http.response.start", "status": self.whole.status_code, "headers": self.whole.raw_headers}
            )
            await send({"type": "http.response.body", "body": body, "more_body": True})
            if transport is not None:
                transport.close()
            return
        if transport is not None:
            raw = transport.get_extra_info("socket")
            if raw is not None:  # linger 0: the peer sees a reset, not an orderly end
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()


class SlowResponse(Response):
    """Another response, its body dripping.

    Args:
        whole: the response.
        seconds: how long the body takes.
        settings: the clock.
    """

    def __init__(self, whole: Response, seconds: float, settings: Settings) -> None:
        super().__init__(status_code=whole.status_code)
        self.whole = whole
        self.seconds = seconds
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it in ten steps."""
        body = bytes(self.whole.body)
        step = max(1, -(-len(body) // SLOW_STEPS))
        await send({"type": "http.response.start", "status": self.whole.status_code, "headers": self.whole.raw_headers})
        for start in range(0, len(body), step):
            await self.settings.clock.pause(self.seconds / SLOW_STEPS)
            await send({"type": "http.response.body", "body": body[start : start + step], "more_body": True})
        await send({"type": "http.response.body", "body": b""})
