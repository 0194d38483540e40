"""What a CI system keeps of a run: GitHub's job summary and step outputs, GitLab's dotenv and annotations reports."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from vis_tasks.adapters.redact import redact
from vis_tasks.adapters.terminal import encodable, harmless
from vis_tasks.errors import Failed, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["append_summary", "set_outputs", "table", "write_annotations", "write_dotenv"]

# "Job summaries … each step's summary is limited to 1 MiB; beyond that the upload fails" (Workflow commands).
_LARGEST_SUMMARY = 1024 * 1024
_SHORTENED = "\n\n… (shortened)\n"

# GitLab: at most 5 KB, names of letters, digits and underscores, no multi-line values (artifacts:reports:dotenv).
_LARGEST_DOTENV = 5 * 1024


def append_summary(env: Mapping[str, str], markdown: str) -> bool:
    """Append to the job summary of GitHub Actions.

    Args:
        env: ``GITHUB_STEP_SUMMARY`` names the file.
        markdown: what to append.

    Returns:
        False when there is no job summary or it can't be written: a report never fails a release.
    """
    path = env.get("GITHUB_STEP_SUMMARY")
    if not path:
        return False
    text = encodable(harmless(redact(markdown)), "utf-8").rstrip("\n") + "\n"
    try:
        file = Path(path)
        room = _LARGEST_SUMMARY - (file.stat().st_size if file.exists() else 0)
        _append(file, _fit(text, room))
    except OSError:
        return False
    return True


def _fit(text: str, room: int) -> str:
    raw = text.encode()
    if len(raw) <= room:
        return text
    # A table that ends in half a row isn't one: whole lines only.
    short = raw[: max(0, room - len(_SHORTENED.encode()))].decode(errors="ignore").rpartition("\n")[0]
    return short + _SHORTENED if short else ""


def set_outputs(env: Mapping[str, str], values: Mapping[str, object]) -> bool:
    """Set step outputs on GitHub Actions, in the form that takes several lines.

    As ``prepareKeyValueMessage`` of actions/toolkit (``packages/core/src/file-command.ts``): a random delimiter which the value
    doesn't hold, so that no value can set another output.

    Args:
        env: ``GITHUB_OUTPUT`` names the file.
        values: strings as they are, everything else as JSON.

    Returns:
        False when there are no outputs to set here.

    Raises:
        Failed: code ``CI_REPORT``; later steps would go on with outputs that are missing.
    """
    path = env.get("GITHUB_OUTPUT")
    if not path:
        return False
    parts = []
    for name, value in values.items():
        text = encodable(redact(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)), "utf-8")
        delimiter = f"ghadelimiter_{uuid.uuid4()}"
        if not re.fullmatch(r"[A-Za-z_][\w-]*", name) or delimiter in text:
            msg = f"{name!r} can't be the name of a step output"
            raise UsageError(msg, hint="letters, digits, dashes and underscores")
        parts.append(f"{name}<<{delimiter}\n{text}\n{delimiter}\n")
    try:
        _append(Path(path), "".join(parts))
    except OSError as error:
        msg = f"the step's outputs can't be written to {path}: {error.strerror}"
        raise Failed(msg, code="CI_REPORT", hint="GITHUB_OUTPUT must name a writable file") from error
    return True


def write_dotenv(path: Path, values: Mapping[str, object]) -> None:
    """Write a dotenv report for GitLab (``artifacts:reports:dotenv``): variables for later jobs.

    Args:
        path: the file; it is replaced.
        values: strings as they are, everything else as JSON on one line.

    Raises:
        UsageError: a name GitLab doesn't take, a value of several lines, or more than 5 KB together.
        Failed: code ``CI_REPORT``, the file can't be written.
    """
    lines = []
    for name, value in values.items():
        text = encodable(redact(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)), "utf-8")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            msg = f"{name!r} can't be the name of a variable in a dotenv report"
            raise UsageError(msg, hint="letters, digits and underscores")
        if harmless(text) != text or "\n" in text:
            msg = f"the value of {name} has several lines, or control characters; a dotenv report can't hold that"
            raise UsageError(msg, hint="pass it as JSON, or as an artifact")
        lines.append(f"{name}={text}\n")
    raw = "".join(lines).encode()
    if len(raw) > _LARGEST_DOTENV:
        msg = f"{len(raw)} bytes are too much for a dotenv report"
        raise UsageError(msg, hint="GitLab takes 5 KB; pass the rest as an artifact")
    try:
        path.write_bytes(raw)
    except OSError as error:
        msg = f"{path} can't be written: {error.strerror}"
        raise Failed(msg, code="CI_REPORT", hint="name a writable file") from error


def write_annotations(path: Path, sections: Mapping[str, Sequence[tuple[str, str]]]) -> bool:
    """Write an annotations report for GitLab (``artifacts:reports:annotations``): links beside the job's log.

    "Section titles as keys, lists of annotations as values", each ``{"external_link": {"label", "url"}}``.

    Args:
        path: the file; it is replaced.
        sections: title → labels with their addresses; what is no web address is left out.

    Returns:
        False when it can't be written: a report never fails a release.
    """
    report = {
        title: [
            {"external_link": {"label": harmless(redact(label)), "url": redact(url)}}
            for label, url in links
            if re.match(r"https?://[^\s/]", url)
        ]
        for title, links in sections.items()
    }
    try:
        path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError:
        return False
    return True


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table. Cells are plain text: nothing in them is taken for Markdown or HTML.

    Args:
        head: titles of the columns.
        rows: as many cells each.
    """
    lines = [head, ["---"] * len(head), *([_cell(cell) for cell in row] for row in rows)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _cell(text: str) -> str:
    text = harmless(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_\[\]|~#!])", r"\\\1", text)
    return text.replace("\n", "<br>").replace("\t", " ")


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(text)
