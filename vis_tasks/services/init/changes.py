"""The change files of the tool that is taken over: moved to our folder, and said in our form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.config.sources import CONFIG_FILE
from vis_tasks.core.changes import LEVELS, parse_change, render_change
from vis_tasks.core.migrate import beachball
from vis_tasks.core.migrate.mapping import Leftover
from vis_tasks.core.model import ChangeEntry
from vis_tasks.errors import UsageError
from vis_tasks.services.init.files import FileChange

if TYPE_CHECKING:
    from vis_tasks.config.model import Config
    from vis_tasks.core.migrate.mapping import Migration
    from vis_tasks.services.init.facts import Facts, InitTools

__all__ = ["engine_fixed", "moves"]


def moves(
    tools: InitTools, migration: Migration | None, config: Config, facts: Facts, *, move: bool
) -> tuple[list[FileChange], list[Leftover]]:
    """Files that come and go when a tool's change files move to our folder, and those that can't.

    Args:
        tools: the outside.
        migration: the tool that is taken over; None for none.
        config: the configuration as it will be.
        facts: the repository.
        move: whether they are to move; if not, they are left over unless they may stay.
    """
    if migration is None or migration.changes.kept or not (migration.changes.paths or migration.obsolete):
        return [], []
    changes = migration.changes
    if not move:
        why = f"they lie in {changes.folder}, which only {migration.tool} reads"
        do = "`--move-changes` moves them"
        return [], [Leftover(f"{len(changes.paths)} change file(s)", changes.folder, why, do)] if changes.paths else []
    files: list[FileChange] = []
    leftovers = []
    names = facts.workspace.by_name
    for path in changes.paths:
        content = tools.files.read(path) or b""
        name = path.rpartition("/")[2].rpartition(".")[0]
        target = f"{config.release.changes_dir}/{name}.md"
        text = _as_change(path, content)
        try:
            if text is None:
                raise UsageError("it holds a level that has no counterpart here")
            parse_change(name, path, text, names=names)
            if (there := tools.files.read(target)) is not None and there != text.encode():
                raise UsageError(f"{target} is there already, with another text")
        except UsageError as error:
            do = f"write it anew: `vis-tasks add`, then delete {path}"
            leftovers.append(Leftover("a change file", path, error.message, do))
            continue
        files.append(FileChange(target, tools.files.read(target), text.encode(), f"moved from {path}"))
        files.append(FileChange(path, content, None, f"moved to {target}"))
    for path in migration.obsolete:
        old = tools.files.read(path)
        files.append(FileChange(path, old, None, f"what it says stands in {CONFIG_FILE} now"))
    return [each for each in files if each.before != each.after], leftovers


def engine_fixed(migration: Migration | None, config: Config) -> list[Leftover]:
    """``rules = "changesets"`` may mean another engine once changesets' own files are gone; a line that is there stays."""
    settings = {each.path: each.value for each in migration.settings} if migration else {}
    wanted = settings.get(("release", "rules"), "")
    if config.release.rules == wanted or not str(wanted).startswith("changesets-"):
        return []
    what, why = f'rules = "{config.release.rules}"', "without changesets' own files it may mean another engine"
    return [Leftover(what, CONFIG_FILE, why, f'write rules = "{wanted}"')]


def _as_change(path: str, content: bytes) -> str | None:
    text = content.decode("utf-8", errors="replace")
    if not path.endswith(".json"):
        return text
    entries = beachball.convert(text)
    if entries is None:
        return None
    comments = dict.fromkeys(comment.strip() for _, _, comment in entries if comment.strip())
    return render_change([ChangeEntry(name, LEVELS[level]) for name, level, _ in entries], "\n\n".join(comments))
