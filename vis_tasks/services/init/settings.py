"""From what was found to the settings that are written, each one checked as the loader would check it."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from vis_tasks.config.build import Builder
from vis_tasks.config.checks import check
from vis_tasks.config.load import spread_switches
from vis_tasks.config.model import Config
from vis_tasks.config.problems import Problems
from vis_tasks.config.schema import plain
from vis_tasks.config.shape import Kind, dotted, options
from vis_tasks.core.migrate.mapping import Leftover, Setting
from vis_tasks.records import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vis_tasks.config.problems import Problem
    from vis_tasks.config.shape import Option
    from vis_tasks.core.migrate.mapping import Migration
    from vis_tasks.services.init.facts import Facts

__all__ = ["as_tables", "checked", "default_of", "detected", "merged", "option_at"]

Path = tuple[str, ...]
_FORGE_SOURCES = {"host": "the address of the remote", "files": "the CI files that exist"}


def detected(facts: Facts, registries: Sequence[Setting], *, has_config: bool) -> tuple[Setting, ...]:
    """What the repository itself says, without any other tool.

    Args:
        facts: the repository.
        registries: from other package managers' configurations.
        has_config: there is a configuration already: settings that only show a default are left out.
    """
    footing = facts.footing
    branch = footing.default_branch
    found = [
        Setting(("release", "base-branch"), branch, f"the default branch of {footing.remote or 'this repository'}"),
        *registries,
    ]
    if not branch:
        found.pop(0)
    if footing.remote and footing.remote != "origin":
        found.append(
            Setting(("release", "remote"), footing.remote, "git: the only remote, or the one this branch follows")
        )
    if facts.tag_pattern and facts.tag_pattern != "{name}@{version}":
        found.append(Setting(("release", "tag-pattern"), facts.tag_pattern, "the tags that exist"))
    if facts.forge and facts.forge_source == "files" and facts.address:
        text = f"the CI files; the host {facts.address.host} doesn't say"
        found.append(Setting(("release", "forge", "provider"), facts.forge, text))
    if facts.build:
        found.append(
            Setting(("ci", "build"), f"{facts.workspace.manager} run build", "the build script in package.json")
        )
    providers = [facts.forge] if facts.forge else []
    found.append(
        Setting(
            ("ci", "providers"),
            providers,
            _FORGE_SOURCES.get(facts.forge_source)
            or ("the remote, which is on no forge known here" if footing.url else "a repository without a remote"),
        )
    )
    if not has_config:
        found.append(Setting(("release", "publish", "stage", "timeout"), "30m"))
    return tuple(found)


def merged(found: Iterable[Setting], migration: Migration | None) -> tuple[Setting, ...]:
    """All settings in the model's order; what another tool says wins over what was detected."""
    settings = {setting.path: setting for setting in found}
    for setting in migration.settings if migration else ():
        settings[setting.path] = setting
    switch: Path = ("release", "publish", "stage")
    if switch in settings:
        inside = [path for path in settings if path[:-1] == switch]
        if settings[switch].value is False:
            for path in inside:
                del settings[path]
        elif inside:
            del settings[switch]
    return tuple(sorted(settings.values(), key=lambda setting: _order(setting.path)))


def _order(path: Path) -> tuple[Any, ...]:
    """The place in the model: keys of a table before its tables, free names by name."""
    table: type[Any] | None = Config
    place: list[Any] = []
    rest = list(path)
    while rest and table is not None:
        known = options(table)
        key = rest.pop(0)
        option = known.get(key)
        deep = option is not None and bool(rest)
        place.append((deep, list(known).index(key) if option else len(known), ""))
        table = option.table if option else None
        if option is not None and option.kind is Kind.TABLES and rest:
            place.append((True, 0, rest.pop(0)))
    return tuple(place)


def option_at(path: Path) -> Option | None:
    """The model's option at a path; None for a path that leads nowhere."""
    table: type[Any] | None = Config
    option: Option | None = None
    rest = list(path)
    while rest:
        if table is None:
            return None
        option = options(table).get(rest.pop(0))
        if option is None:
            return None
        table = option.table
        if option.kind is Kind.TABLES and rest:
            rest.pop(0)
    return option


def default_of(path: Path) -> Any:
    """A key's default as TOML holds it."""
    option = option_at(path)
    if option is None:
        return None
    return True if option.switch else plain(option.default)


def as_tables(settings: Iterable[Setting]) -> dict[str, Any]:
    """Settings as the nested tables that the loader builds from."""
    data: dict[str, Any] = {}
    for setting in settings:
        here = data
        for part in setting.path[:-1]:
            here = here.setdefault(part, {})
        here[setting.path[-1]] = setting.value
    return data


def checked(
    settings: Sequence[Setting], around: Mapping[str, Any] | None = None
) -> tuple[tuple[Setting, ...], tuple[Leftover, ...]]:
    """Settings that the loader takes, and the others as leftovers with what it says.

    Args:
        settings: in the order of writing.
        around: what is configured already, with which they must agree.
    """
    kept = list(settings)
    lost: list[Leftover] = []
    while True:
        found = _problems(as_tables([*_flat(around or {}), *kept]))
        wrong = [
            (setting, problem)
            for setting in kept
            for problem in found
            if problem.key == (key := dotted(setting.path)) or problem.key.startswith((f"{key}[", f"{key}."))
        ]
        if not wrong:
            return tuple(kept), tuple(lost)
        setting, problem = wrong[-1]
        kept.remove(setting)
        why = str(replace(problem, where="", key="")).removeprefix(": ")
        do = "set it in vis.toml by hand"
        lost.append(Leftover(dotted(setting.path), setting.source, f"its value {why}", do))


def _problems(data: Mapping[str, Any]) -> Sequence[Problem]:
    problems = Problems()
    tables = deepcopy(dict(data))
    spread_switches(Config, tables)
    config = Builder(dotted, problems).build(Config, tables)
    check(config, lambda path, what, allowed: problems.add("", dotted(path), what, allowed=allowed))
    return problems.found


def _flat(data: Mapping[str, Any], path: Path = ()) -> list[Setting]:
    found: list[Setting] = []
    for key, value in data.items():
        if isinstance(value, dict):
            found += _flat(value, (*path, key))
        else:
            found.append(Setting((*path, key), value))
    return found
