"""``stage.review``: what is staged, against what is live."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from enum import Enum
from typing import TYPE_CHECKING, Any

from vis_tasks.tasks.edge import session, write_output
from vis_tasks.tasks.words import WordsTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invoke.collection import Collection
    from invoke.context import Context

    from vis_tasks.core.review.model import Review

__all__ = ["add_to"]

_HELP = {
    "ids": "Stages, as words after the name too: ids, shortened ids, name@version, or names; without any, everything pending.",
    "all": "Everything pending: what staged.json holds, and what is staged of the versions on disk.",
    "html": "Write one self-contained HTML page to this file.",
    "markdown": "Print Markdown; on GitHub Actions it goes to the job summary too.",
    "open": "Open the HTML page in a browser.",
    "rebuild": "Pack again from the recorded commit and compare the bytes; runs the repository's own code.",
    "json": "Print one JSON document on stdout, all else on stderr.",
    "debug": "Show tracebacks.",
}


def add_to(stage: Collection) -> None:
    """Add the task to the collection ``stage``."""
    stage.add_task(WordsTask(review, name="stage.review", words="ids", help=_HELP))


def review(
    c: Context,
    ids: str = "",
    *,
    all: bool = False,  # noqa: A002  (the flag is --all)
    html: str = "",
    markdown: bool = False,
    open: bool = False,  # noqa: A002
    rebuild: bool = False,
    json: bool = False,
    debug: bool = False,
) -> None:
    """Compare staged versions with the last live ones: bytes, files, package.json, risks.

    Example: invoke stage.review 8814c851 --html review.html --open
    """
    with session(c, "stage.review", json=json, debug=debug) as opened:
        from vis_tasks.adapters.npm.contents import read_contents
        from vis_tasks.services.review.compare import review_stage
        from vis_tasks.services.review.rebuild import rebuild as build_again
        from vis_tasks.services.stage_list import choose, listing, nothing_pending

        run = opened.run()
        found = listing(run)
        words = ids.replace(",", " ").split()
        chosen = choose(found, words, everything=all or not words, names=True)
        reviews = []
        for item in chosen:
            again = build_again(run, item.entry) if rebuild else None
            reviews.append(review_stage(run, item, read_contents, rebuilt=again))
        if not reviews:
            opened.console.line(nothing_pending(found))
        if html or open:
            _write_page(reviews, html, open_it=open, say=opened.console.success, now=run.tools.clock.now().isoformat())
        _print(reviews, markdown=markdown, json=json)
        opened.result({"reviews": [_plain(asdict(each)) for each in reviews]})


def _print(reviews: Sequence[Review], *, markdown: bool, json: bool) -> None:
    if markdown:
        from vis_tasks.adapters.review.markdown import review_markdown
        from vis_tasks.wiring import write_ci_report

        text = review_markdown(reviews)
        write_ci_report(text)
        if not json:
            sys.stdout.write(text)
    elif not json:
        from vis_tasks.adapters.review.terminal import print_reviews

        print_reviews(reviews, sys.stdout, os.environ)


def _write_page(reviews: Sequence[Review], path: str, *, open_it: bool, say: Any, now: str) -> None:
    from vis_tasks.adapters.review.html import review_page

    if not path:
        import tempfile

        folder = tempfile.mkdtemp(prefix="vis-review-")
        path = f"{folder}/review.html"
    target = write_output(path, review_page(reviews, made=now), option="html")
    say(f"wrote {target}")
    if open_it:
        import webbrowser

        webbrowser.open(target.as_uri())


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
