"""The workspace CHANGELOG.md: one entry per wave, of what really went live. Rejected versions never stand in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.services.record import Chore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.services.run import Run
    from vis_tasks.services.tagging import Tagging

__all__ = [
    "CHANGELOG",
    "RECORD_WAVE",
    "changelog_chore",
    "insert_wave",
    "keeps_changelog",
    "new_text",
    "take_back_half",
]

CHANGELOG = "CHANGELOG.md"
RECORD_WAVE = "chore(release): record wave [skip ci]"
_TITLE = "# Changelog\n"


def changelog_chore(run: Run, work: Sequence[Tagging], *, with_state: bool = False) -> Chore | None:
    """The commit ``chore(release): record wave [skip ci]``; None when there is nothing new to write.

    A workspace whose root package is released itself keeps that package's changelog there, and gets no wave entries.

    Args:
        run: the run.
        work: what went live.
        with_state: take staged.json along, for what is still owed after the tags.
    """
    if not keeps_changelog(run):
        return None
    committed = run.tools.git.read(run.tools.git.head() or "", CHANGELOG) or b""
    written = committed.decode("utf-8", errors="replace").splitlines()
    specs = [item.entry.spec for item in work if f"- {item.entry.spec}" not in written]
    if not specs:
        return None
    date = run.tools.clock.now().date().isoformat()

    def apply() -> Sequence[str]:
        old = run.tools.files.read(CHANGELOG)
        new = new_text(old, date, specs)
        if new != old:
            run.tools.files.write(CHANGELOG, new)
        return [CHANGELOG, run.state.staged_path] if with_state else [CHANGELOG]

    return Chore(RECORD_WAVE, apply)


def take_back_half(run: Run) -> None:
    """Put back what a killed `tag` wrote here before ``state-branch`` was switched on: no commit takes it along any more.

    Nothing but what is, byte for byte, an entry of ours. One or two files read and two git processes, only in that case.
    """
    if run.state.elsewhere is None or not run.state.has_journal() or not run.state.journal().tagged:
        return
    head, now = run.tools.git.head() or "", run.tools.files.read(CHANGELOG)
    committed = run.tools.git.read(head, CHANGELOG)
    if now is not None and now != committed and _is_entry(run, committed, now):
        run.tools.git.reset(head, [CHANGELOG])
        run.tools.console.detail(
            f"took back an entry of {CHANGELOG} that was not committed; it goes to {run.state.where}"
        )


def _is_entry(run: Run, committed: bytes | None, now: bytes) -> bool:
    """Whether `new_text` made one of the other."""
    before = (committed or b"").decode("utf-8", errors="surrogateescape").splitlines()
    lines = now.decode("utf-8", errors="surrogateescape").splitlines()
    specs = [line[2:] for line in lines if line.startswith("- ") and line not in before]
    dates = [line[3:] for line in lines if line.startswith("## ")]
    ours = all(spec.rpartition("@")[0] in run.workspace.by_name for spec in specs)
    return ours and any(new_text(committed, date, specs) == now for date in dates)


def keeps_changelog(run: Run) -> bool:
    """Whether the workspace has a changelog of its waves; a root package that is released itself keeps its own there."""
    return run.release.workspace_changelog and all(package.path != "." for package in run.workspace.packages)


def new_text(old: bytes | None, date: str, specs: Sequence[str]) -> bytes:
    """The changelog's bytes with the wave's entry, whatever its encoding; see `insert_wave`."""
    text = old.decode("utf-8", errors="surrogateescape") if old is not None else _TITLE
    return insert_wave(text, date, specs).encode("utf-8", errors="surrogateescape")


def insert_wave(text: str, date: str, specs: Sequence[str]) -> str:
    """The changelog with the wave's entry on top, below the title; lines that stand there already are not written twice.

    Args:
        text: the changelog.
        date: ISO date of the entry.
        specs: ``name@version``, in the order they were tagged.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines()
    missing = [spec for spec in specs if f"- {spec}" not in lines]
    if not missing:
        return text
    entry = [f"## {date}", "", *(f"- {spec}" for spec in missing)]
    top = next((number for number, line in enumerate(lines) if line.startswith("## ")), len(lines))
    if top < len(lines) and lines[top] == entry[0]:
        end = top + 1
        while end < len(lines) and not lines[end].startswith("## "):
            end += 1
        while end > top + 1 and not lines[end - 1].strip():
            end -= 1
        lines[end:end] = entry[2:]
    else:
        before = lines[:top]
        while before and not before[-1].strip():
            before.pop()
        lines = [*before, *([""] if before else []), *entry, *(["", *lines[top:]] if top < len(lines) else [])]
    return newline.join(lines) + newline
