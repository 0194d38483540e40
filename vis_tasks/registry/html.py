"""Pages: rendered on the server, every value escaped, nothing loaded from elsewhere, no script."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["page", "redirect", "stylesheet"]

PAGES = Path(__file__).parent / "pages"
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # no-referrer would make browsers send "Origin: null" with our own forms
    "cache-control": "no-store",
}


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(PAGES)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def page(template: str, status: int = 200, **values: Any) -> Response:
    """One of the templates in ``pages/`` as a response.

    Args:
        template: file name.
        status: HTTP status.
        values: for the template; ``user``, ``csrf``, ``notice`` and ``problem`` may be left out.
    """
    full = {"user": None, "csrf": "", "notice": "", "problem": "", "status": status, **values}
    return Response(_environment().get_template(template).render(full), status, HEADERS, "text/html")


def redirect(path: str) -> Response:
    """Go on with a GET on another page of ours."""
    return Response(None, 303, {**HEADERS, "location": path})


def stylesheet() -> Response:
    """The one stylesheet."""
    return Response((PAGES / "style.css").read_bytes(), 200, {**HEADERS, "cache-control": "max-age=300"}, "text/css")
