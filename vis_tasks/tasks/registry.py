"""``invoke registry.serve``: the embedded registry in the foreground."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.tasks import Task

from vis_tasks.errors import MissingExtra, UsageError
from vis_tasks.tasks.edge import session

if TYPE_CHECKING:
    from invoke.context import Context

__all__ = ["collection"]

_HIGHEST_PORT = 65535
_HELP = {
    "port": "Port to listen on; 0 takes a free one.",
    "host": "Address to listen on; loopback only unless given.",
    "data": "Folder to keep everything in; a temporary one when left out.",
    "seed-from": "A workspace whose packages are put in at their current versions.",
    "open": "Open the page of staged versions in a browser.",
    "debug": "Show tracebacks.",
}


def collection() -> Collection:
    """The collection ``registry``."""
    ns = Collection("registry")
    ns.add_task(Task(serve, name="serve", auto_shortflags=False, help=_HELP))
    return ns


def serve(
    c: Context,
    port: str = "4873",
    host: str = "127.0.0.1",
    data: str = "",
    seed_from: str = "",
    open: bool = False,  # noqa: A002  (the flag is --open)
    debug: bool = False,
) -> None:
    """Run an npm registry with staging on this machine, and print the .npmrc lines to use it.

    Example: invoke registry.serve --seed-from=. --open
    """
    with session(c, "registry.serve", debug=debug, signals=False):
        if not port.isascii() or not port.isdecimal() or int(port) > _HIGHEST_PORT:
            raise UsageError(f"--port {port!r} is no port", hint="a number from 0 (any free port) to 65535")
        try:
            from vis_tasks.registry.serve import serve as run
        except ImportError as error:
            raise MissingExtra("the embedded registry", error, extra="registry") from None
        run(
            host=host,
            port=int(port),
            data=Path(data) if data else None,
            seed_from=Path(seed_from) if seed_from else None,
            open_page=open,
        )
