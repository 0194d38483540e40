"""``python -m vis_tasks.registry``: the registry in the foreground."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from vis_tasks.errors import VisError
from vis_tasks.registry.serve import serve


def main() -> int:
    """Parse, serve, say why not."""
    parser = argparse.ArgumentParser(prog="python -m vis_tasks.registry", description="An npm registry with staging.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=4873, help="0 takes a free one (default: %(default)s)")
    parser.add_argument(
        "--data", type=Path, default=None, help="folder to keep everything in (default: a temporary one)"
    )
    parser.add_argument(
        "--seed-from", type=Path, default=None, help="a workspace whose packages are put in as they are"
    )
    parser.add_argument("--open", action="store_true", help="open the page of staged versions in a browser")
    options = parser.parse_args()
    try:
        serve(
            host=options.host, port=options.port, data=options.data, seed_from=options.seed_from, open_page=options.open
        )
    except VisError as error:
        print(f"error: {error.message}", *filter(None, [error.hint]), sep="\n  ", file=sys.stderr)  # noqa: T201
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
