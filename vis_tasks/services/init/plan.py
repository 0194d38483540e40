"""What `init` would write: every file before and after, computed without touching anything, then written all or nothing each."""

from __future__ import annotations

import json
import tomllib
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from vis_tasks.config.build import Builder
from vis_tasks.config.load import spread_switches
from vis_tasks.config.model import Config
from vis_tasks.config.problems import Problems
from vis_tasks.config.schema import schema_text
from vis_tasks.config.shape import dotted
from vis_tasks.config.sources import CONFIG_FILE, read_source
from vis_tasks.errors import MissingExtra, Refused, VisError
from vis_tasks.records import dataclass
from vis_tasks.services.init import scripts
from vis_tasks.services.init.changes import engine_fixed, moves
from vis_tasks.services.init.document import SCHEMA_PATH, add_missing, missing, new_document
from vis_tasks.services.init.facts import gather
from vis_tasks.services.init.files import FileChange
from vis_tasks.services.init.registries import registry_settings
from vis_tasks.services.init.settings import checked, detected, merged
from vis_tasks.services.init.tools import find_tools, workflows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vis_tasks.config.sources import Source
    from vis_tasks.core.migrate.mapping import Leftover, Migration, Setting
    from vis_tasks.ports import Files
    from vis_tasks.services.ci_files import CiTools, Generated
    from vis_tasks.services.init.facts import Facts, InitTools

__all__ = ["InitPlan", "apply", "make_plan"]


@dataclass(frozen=True)
class InitPlan:
    """All that `init` would do.

    Attributes:
        facts: the repository.
        migration: the tool that is taken over; None for none.
        others: further tools that were found and left alone.
        settings: keys that would be written.
        files: files that would be written, but for CI's.
        ci: CI's files; None when none are to be made.
        leftovers: what has no place here.
        task_lines: lines for a person to add to their tasks.py.
        notes: what else to know.
        config: the configuration as it would then be.
    """

    facts: Facts
    migration: Migration | None
    others: tuple[str, ...]
    settings: tuple[Setting, ...]
    files: tuple[FileChange, ...]
    ci: Generated | None
    leftovers: tuple[Leftover, ...]
    task_lines: tuple[str, ...]
    notes: tuple[str, ...]
    config: Config

    @property
    def ci_paths(self) -> tuple[str, ...]:
        """CI files that would change."""
        if self.ci is None:
            return ()
        return tuple(plan.path for plan in (*self.ci.planned, *self.ci.locks) if plan.after != plan.before)

    @property
    def ci_changes(self) -> tuple[FileChange, ...]:
        """The same files with what becomes of them."""
        return tuple(
            FileChange(plan.path, _bytes(plan.before), _bytes(plan.after), "CI file")
            for plan in (*(self.ci.planned if self.ci else ()), *(self.ci.locks if self.ci else ()))
            if plan.after != plan.before
        )

    @property
    def writes(self) -> bool:
        """Whether there is anything to write; lines for a tasks.py are the user's to add."""
        return bool(self.files or self.ci_paths)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.files or self.ci_paths or self.task_lines)


def make_plan(
    tools: InitTools, *, tool: str = "", move: bool = False, ci: bool = True, tasks: frozenset[str] = frozenset()
) -> InitPlan:
    """Look, map, and say what would be written. Nothing is touched.

    With CI files, uv resolves what their jobs install, as `ci.generate` has it do: one or two processes, some requests.

    Args:
        tools: the outside.
        tool: the tool to take over; empty for the most believable one found, ``none`` for none.
        move: move that tool's change files to our folder.
        ci: make CI files too.
        tasks: names of our tasks, for a tasks.py that exists.

    Raises:
        Refused: this is no git repository.
        vis_tasks.errors.UsageError: a package.json, a configuration of another tool or ours can't be read; with file and line.
    """
    facts = gather(tools)
    source = read_source(tools.root)
    found = find_tools(tools, facts, only=tool, move=move)
    migration, others = (found[0] if found else None), tuple(each.tool for each in found[1:])
    registries, credentials = registry_settings(tools.files, facts.workspace)
    wanted = merged(detected(facts, registries, has_config=source.path is not None), migration)
    if source.path is not None:
        wanted = missing(wanted, source.data)
    settings, lost = checked(wanted, source.data)
    leftovers = [*(migration.leftovers if migration else ()), *lost, *credentials]
    files, config = [], _config_file(source, settings)
    files += [config] if config else []
    files += _schema(tools.files)
    task_file, task_lines = _tasks(tools.files, tasks)
    files += task_file
    built = _built(source, config)
    files += _ignore_file(tools, built)
    moved, unmoved = moves(tools, migration, built, facts, move=move)
    files += moved
    leftovers += unmoved
    leftovers += engine_fixed(migration, built) if moved else []
    generated, notes = _ci_files(tools, built, facts) if ci else (None, ())
    leftovers += workflows(tools)
    return InitPlan(
        facts, migration, others, settings, tuple(files), generated, tuple(leftovers), task_lines,
        (*_notes(tools, facts, built), *notes), built,
    )  # fmt: skip


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _config_file(source: Source, settings: Sequence[Setting]) -> FileChange | None:
    if source.path is None:
        text = new_document(settings)
        return FileChange(CONFIG_FILE, None, text.encode(), "the configuration, every key explained")
    if not settings:
        return None
    before = source.path.read_bytes()
    table = tuple(str(part) for part in source.table)
    bom = b"\xef\xbb\xbf" if before.startswith(b"\xef\xbb\xbf") else b""
    after = bom + add_missing(source.text, settings, table=table).encode()
    return FileChange(source.path.name, before, after, f"{len(settings)} missing key(s); what is there stays")


def _built(source: Source, change: FileChange | None) -> Config:
    """The configuration as it will be, from the text that will stand there."""
    data: Any = deepcopy(dict(source.data))
    if change is not None and change.after is not None:
        data = tomllib.loads(change.after.decode("utf-8-sig"))
        for part in source.table:
            data = data[part]
    spread_switches(Config, data)
    problems = Problems()
    config = Builder(lambda path: source.where(path) if source.path else dotted(path), problems).build(Config, data)
    problems.refuse()
    return config


def _schema(files: Files) -> list[FileChange]:
    """The schema beside the configuration, for editors; one that isn't ours is left alone."""
    before, after = files.read(SCHEMA_PATH), schema_text().encode()
    if before == after:
        return []
    if before is not None:
        try:
            document = json.loads(before)
        except ValueError:
            return []
        if not isinstance(document, dict) or document.get("title") != "vis.toml":
            return []
    return [FileChange(SCHEMA_PATH, before, after, "lets editors complete and check vis.toml")]


def _tasks(files: Files, tasks: frozenset[str]) -> tuple[list[FileChange], tuple[str, ...]]:
    package = files.read("tasks/__init__.py")  # `tasks` as a package is found by Invoke too
    before = files.read("tasks.py") if package is None else package
    if before is None:
        return [FileChange("tasks.py", None, scripts.NEW.encode(), "makes `invoke` know the tasks")], ()
    return [], scripts.lines_to_add(before.decode("utf-8", errors="replace"), tasks)


def _ignore_file(tools: InitTools, config: Config) -> list[FileChange]:
    """Adds to .gitignore what git doesn't ignore yet, in the file's own line ends."""
    folder = config.release.changes_dir
    wanted = [f"{folder}/.state.json", f"{folder}/.lock", f"{folder}/dist/"]
    ignored = tools.ignored(wanted)
    lines = [path for path in wanted if path not in ignored]
    if not lines:
        return []
    before = tools.files.read(".gitignore")
    old = before or b""
    newline = b"\r\n" if b"\r\n" in old else b"\n"
    gap = b"" if not old or old.endswith(b"\n") else newline
    space = newline if old.strip() else b""
    added = newline.join([b"# The journal, the lock and the tarballs of a release", *(line.encode() for line in lines)])
    return [FileChange(".gitignore", before, old + gap + space + added + newline, "keeps what a run leaves out of git")]


def _ci_files(tools: InitTools, config: Config, facts: Facts) -> tuple[Generated | None, tuple[str, ...]]:
    from vis_tasks.services.ci_files import generate, include_lines, unlocked_note

    if not config.ci.providers:
        where = "the remote is on neither" if facts.footing.url else "there is no remote that says which"
        way = 'say `providers = ["github"]` or `["gitlab"]` under [ci], then `vis-tasks ci.generate`'
        return None, (f"no CI files: they are made for GitHub Actions and GitLab CI, and {where}; {way}",)
    try:
        ci_tools = tools.ci(config)
        found = generate(config, facts.workspace, ci_tools, locking="missing")
    except MissingExtra as error:
        return None, (f"no CI files: {error.message}; {error.hint}, then `vis-tasks ci.generate`",)
    stuck = [plan.path for plan in found.planned if plan.stuck]
    if stuck:
        note = f"no CI files: {', '.join(stuck)} would clash; `vis-tasks ci.diff` shows how"
        return None, (note,)
    notes = [unlocked_note(found)] if found.unlocked else []
    if found.include:
        notes.append("\n  ".join((".gitlab-ci.yml is your own; it has to include the release:", *include_lines())))
    return found, tuple(notes)


def _notes(tools: InitTools, facts: Facts, config: Config) -> tuple[str, ...]:
    found = []
    kept = f"{config.release.changes_dir}/staged.json"
    if tools.ignored([kept]):
        found.append(f"git ignores {kept}, which has to be committed: take the pattern out of .gitignore")
    if not facts.footing.url:
        found.append("there is no git remote yet: `git remote add origin <address>` before the first release")
    if not facts.publishable:
        found.append('every package is "private": true, so nothing would be published')
    return tuple(found)


def apply(plan: InitPlan, tools: InitTools, *, ci: bool) -> tuple[str, ...]:
    """Write it; each file all or nothing, none that changed since it was looked at.

    Args:
        plan: what to write.
        tools: the outside.
        ci: write the CI files too.

    Returns:
        Paths that were written or removed.

    Raises:
        Refused: code ``CHANGED``: a file isn't what it was when it was looked at. Nothing is overwritten.
    """
    for change in plan.files:
        if tools.files.read(change.path) != change.before:
            raise Refused(
                f"{change.path} changed meanwhile; nothing was written", code="CHANGED", hint="run init again"
            )
    written: list[str] = []
    try:
        for path in _write(plan, tools, ci=ci):
            written.append(path)  # noqa: PERF402  (what was written counts where the next one fails)
    except VisError as error:
        so_far = f"written already: {', '.join(written) or 'nothing'}; init goes on from there. "
        raise type(error)(error.message, code=error.code, hint=so_far + error.hint, details=error.details) from None
    return tuple(written)


def _write(plan: InitPlan, tools: InitTools, *, ci: bool) -> Iterator[str]:
    for change in sorted(plan.files, key=lambda each: each.after is None):
        if change.after is None:
            tools.files.delete(change.path)
        elif change.before is None:
            if not tools.files.create(change.path, change.after):
                raise Refused(f"{change.path} appeared meanwhile", code="CHANGED", hint="run init again")
        else:
            tools.files.write(change.path, change.after)
        yield change.path
    if ci and plan.ci is not None and plan.ci_paths:
        from vis_tasks.services.ci_files import apply as write_ci

        ci_tools: CiTools = tools.ci(plan.config)
        yield from (planned.path for planned in write_ci(plan.ci, ci_tools))
