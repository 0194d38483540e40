"""A review as one self-contained HTML page. Imports jinja2: import this lazily.

The page loads nothing and may run nothing but its own script: its Content-Security-Policy names the hashes of that script and of
its stylesheet (CSP Level 3, 2.3.1). Everything that comes from a package is escaped by Jinja.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from vis_tasks.adapters.redact import redact
from vis_tasks.adapters.review.words import LEVELS, change_of
from vis_tasks.adapters.terminal import encodable, harmless
from vis_tasks.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.core.review.model import Review

__all__ = ["render_page", "review_page"]

_HERE = Path(__file__).parent


def review_page(reviews: Sequence[Review], *, made: str) -> str:
    """The page.

    Args:
        reviews: what to show.
        made: when, for the page's end.

    Raises:
        vis_tasks.errors.MissingExtra: jinja2 isn't installed.
    """
    return render_page(
        _HERE / "page.html.j2",
        script=(_HERE / "page.js").read_text(encoding="utf-8"),
        reviews=reviews,
        change_of=change_of,
        levels={level.value: words for level, words in LEVELS.items()},
        made=made,
    )


def render_page(template: Path, *, script: str = "", **values: object) -> str:
    """A self-contained page from one of our templates, with the stylesheet that all of them share.

    Args:
        template: the template's file; it gets ``style``, ``script`` and ``policy``.
        script: the only script that may run.
        values: what else it gets; texts are redacted, made harmless and escaped.

    Raises:
        vis_tasks.errors.MissingExtra: jinja2 isn't installed.
    """
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError as missing:
        raise MissingExtra("what makes HTML pages", missing, extra="ci") from None
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: harmless(redact(value)) if isinstance(value, str) and type(value) is str else value,
    )
    style = (_HERE / "page.css").read_text(encoding="utf-8")
    scripts = f"'{_hash(script)}'" if script else "'none'"
    text = environment.from_string(template.read_text(encoding="utf-8")).render(
        style=_trusted(style),
        script=_trusted(script),
        policy=f"default-src 'none'; style-src '{_hash(style)}'; script-src {scripts}; form-action 'none'",
        **values,
    )
    return encodable(text, "utf-8")


def _trusted(text: str) -> object:
    from markupsafe import Markup

    return Markup(text)  # noqa: S704  (our own file, not a package's)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
