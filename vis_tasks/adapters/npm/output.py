"""JSON in the output of package managers, which lifecycle scripts and plugins may have written around. Pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from vis_tasks.adapters.redact import redact
from vis_tasks.patterns import regex
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NpmError", "json_documents", "npm_error", "package_entry"]

_START = regex(r"^[ \t]*(?=[\[{])", re.MULTILINE)
_CODE_LINE = regex(r"^\S+ (?:error|ERR!) code (\S+)$", re.MULTILINE)
_ERROR_LINE = regex(r"^\S+ (?:error|ERR!) (?!code |A complete log)(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class NpmError:
    """What npm says went wrong, redacted.

    Attributes:
        code: such as ``E409`` or ``ENEEDAUTH``; empty for errors npm throws without one.
        words: summary and detail in one line.
        auth_url: where a web login would go on, when the registry offers one.
    """

    code: str
    words: str
    auth_url: str | None = None


def json_documents(text: str) -> Iterator[Any]:
    """Every JSON object or array that begins a line, in order; what stands between them is skipped."""
    decoder = json.JSONDecoder()
    end = 0
    for match in _START.finditer(text):
        if match.end() < end:
            continue
        try:
            document, end = decoder.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            continue
        yield document


def package_entry(text: str, name: str) -> dict[str, Any] | None:
    """What npm says about one package: ``{name: {…}}``, ``[{…}]`` (npm 11's pack) or ``{…}`` itself; the last one counts.

    Args:
        text: standard output.
        name: the package's npm name.
    """
    found = None
    for document in json_documents(text):
        candidates = document if isinstance(document, list) else [document]
        if isinstance(document, dict):
            candidates = [document.get(name), document]
        for each in candidates:
            if isinstance(each, dict) and each.get("name") == name:
                found = each
                break
    return found


def npm_error(stdout: str, stderr: str) -> NpmError | None:
    """The ``{"error": …}`` document, else the ``npm error`` lines; None when there is neither."""
    for document in json_documents(stdout):
        error = document.get("error") if isinstance(document, dict) else None
        if isinstance(error, dict) and isinstance(error.get("summary"), str | type(None)):
            texts = [error.get("summary"), error.get("detail")]
            words = ". ".join(" ".join(text.split()) for text in texts if isinstance(text, str) and text.strip())
            auth_url = error.get("authUrl")
            return NpmError(
                str(error.get("code") or ""), redact(words), auth_url if isinstance(auth_url, str) else None
            )
    lines = _ERROR_LINE.findall(stderr)
    code = _CODE_LINE.search(stderr)
    if not lines and not code:
        return None
    return NpmError(code.group(1) if code else "", redact(" ".join(lines)))
