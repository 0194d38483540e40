"""``invoke registry.serve``: the embedded registry in the foreground."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from invoke.tasks import task

from vis_tasks.errors import UsageError

if TYPE_CHECKING:
    from invoke.context import Context

__all__ = ["serve"]

HIGHEST_PORT = 65535


@task(
    help={
        "port": "port to listen on; 0 takes a free one",
        "host": "address to listen on; loopback only unless given",
        "data": "folder to keep everything in; a temporary one when left out",
        "seed-from": "a workspace whose packages are put in at their current versions",
        "open": "open the page of staged versions in a browser",
    },
    auto_shortflags=False,
)
def serve(
    c: Context,  # noqa: ARG001
    port: str = "4873",
    host: str = "127.0.0.1",
    data: str = "",
    seed_from: str = "",
    open: bool = False,  # noqa: A002 (the flag's name, as invoke makes flags)
) -> None:
    """Run an npm registry with staging on this machine, and print the .npmrc lines to use it."""
    from vis_tasks.registry.serve import serve as run

    if not port.isascii() or not port.isdecimal() or int(port) > HIGHEST_PORT:
        raise UsageError(f"--port {port!r} is no port", hint="a number from 0 (any free port) to 65535")
    run(
        host=host,
        port=int(port),
        data=Path(data) if data else None,
        seed_from=Path(seed_from) if seed_from else None,
        open_page=open,
    )
