"""changesets' own configuration, read into our rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.core.globs import compile_glob
from vis_tasks.core.model import Level
from vis_tasks.core.pre import PreState
from vis_tasks.core.rules import CHANGESETS_2, CHANGESETS_3, Rules
from vis_tasks.core.suggest import nearest
from vis_tasks.core.versions import is_valid, parse
from vis_tasks.errors import ConfigError
from vis_tasks.records import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Engine", "engine_from", "pre_from", "rules_from_changesets"]

CONFIG_PATH = ".changeset/config.json"
PRE_PATH = ".changeset/pre.json"
_UNSAFE = "___experimentalUnsafeOptions_WILL_CHANGE_IN_PATCH"
# Which assemble-release-plan first acted on an option; older ones plan as if it weren't there (from its changelog, and tried).
_SINCE = {
    "ignore": "3.0.0",
    "onlyUpdatePeerDependentsWhenOutOfRange": "3.0.0",
    "bumpVersionsWithWorkspaceProtocolOnly": "4.1.0",
    "updateInternalDependents": "5.0.0",
    "fixed": "5.1.0",
    "privatePackages": "6.0.1",
}


@dataclass(frozen=True)
class Engine:
    """Which version of `assemble-release-plan` a repository plans with.

    Attributes:
        version: its version.
        source: where that was read, for people.
    """

    version: str
    source: str

    @property
    def base(self) -> Rules:
        """Its rules with an empty configuration.

        Before 2.0.0 dev dependencies counted; before 6.0.9 every release left ``workspace:^``, and in 7.0.0-next.0, which had
        branched off earlier; 7 brought patches for peers in next.7 and unversioned private packages in next.10 (from its
        changelog).
        """
        found = parse(self.version).key
        if found >= parse("7.0.0-next.10").key:
            return CHANGESETS_3
        if found >= parse("7.0.0-next.7").key:
            return replace(CHANGESETS_3, private_packages=True)
        if found >= parse("7.0.0-0").key:
            return replace(CHANGESETS_2, root_ranges=True, caret_leaves=found < parse("7.0.0-next.1").key)
        return replace(CHANGESETS_2, caret_leaves=found < parse("6.0.9").key, dev_pulls=found < parse("2.0.0").key)

    def known(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options that this version acts on."""
        mine = parse(self.version).key
        return {key: value for key, value in options.items() if mine >= parse(_SINCE.get(key, "0.0.0")).key}


ENGINE_2 = Engine("6.0.10", 'rules = "changesets-2"')
ENGINE_3 = Engine("7.0.0", 'rules = "changesets-3"')


def engine_from(locked: Mapping[str, str], *, cli_range: str | None = None, schema: str | None = None) -> Engine:
    """The engine a repository uses, from what can be known about it.

    Args:
        locked: versions by package name, as the lock file has them.
        cli_range: the range of ``@changesets/cli`` in the root package.json.
        schema: ``$schema`` of the configuration, which carries the version of ``@changesets/config``.
    """
    exact = locked.get("@changesets/assemble-release-plan")
    if exact and is_valid(exact):
        return Engine(exact, f"assemble-release-plan {exact} in the lock file")
    cli = locked.get("@changesets/cli")
    if cli and is_valid(cli):
        return _by_major(parse(cli).major, 3, f"@changesets/cli {cli} in the lock file")
    major = _first_number(cli_range or "")
    if major is not None:
        return _by_major(major, 3, f"@changesets/cli {cli_range} in package.json")
    written = _first_number((schema or "").partition("@changesets/config@")[2])
    if written is not None:
        return _by_major(written, 4, f"the schema {schema}")
    return Engine(ENGINE_2.version, "no sign of a version; 2.x is assumed")


def _by_major(major: int, third: int, source: str) -> Engine:
    return Engine((ENGINE_3 if major >= third else ENGINE_2).version, source)


def _first_number(text: str) -> int | None:
    digits = text.lstrip("^~>=v ").partition(".")[0]
    return int(digits) if digits.isdigit() else None


def _refuse(what: str, hint: str = "") -> ConfigError:
    return ConfigError(f"{CONFIG_PATH}: {what}", hint=hint)


def rules_from_changesets(document: Mapping[str, Any], names: Sequence[str], engine: Engine) -> Rules:
    """Rules as ``.changeset/config.json`` and an engine give them.

    Args:
        document: the parsed configuration; defaults are the engine's.
        names: every package of the workspace; globs are expanded over them as changesets does (``*`` stops at a slash).
        engine: whose defaults and habits count.

    Raises:
        ConfigError: an option has a value it can't have, or a package is in two groups.
    """
    base = engine.base
    unsafe = engine.known(_table(document.get(_UNSAFE), _UNSAFE))
    document = engine.known(document)
    only = bool(unsafe.get("onlyUpdatePeerDependentsWhenOutOfRange", False))
    dependents = unsafe.get("updateInternalDependents", "out-of-range")
    ranges = document.get("updateInternalDependencies", "patch")
    _choice("updateInternalDependents", dependents, ("always", "out-of-range"))
    _choice("updateInternalDependencies", ranges, ("patch", "minor"))
    fixed = _groups(document, "fixed", names)
    linked = _groups(document, "linked", names)
    _refuse_shared([("fixed", group) for group in fixed] + [("linked", group) for group in linked])
    ignored = document.get("ignore", ())
    if not _is_names(ignored):
        raise _refuse('"ignore" must be a list of package names')
    return replace(
        base,
        ignore=_expand(names, ignored),
        private_packages=_versions_private(document.get("privatePackages"), base),
        fixed=fixed,
        linked=linked,
        peers_always=base.peers_always and not only,
        peer_ranges=not only,
        dependents_from=Level.PATCH if dependents == "always" else None,
        ranges_from=Level.MINOR if ranges == "minor" else Level.PATCH,
        workspace_protocol_only=document.get("bumpVersionsWithWorkspaceProtocolOnly") is True,
    )


def _table(value: Any, name: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _refuse(f'"{name}" must be an object')
    return value


def _choice(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        close = nearest(str(value), allowed)
        what = f'"{name}" is {value!r}; allowed are {" and ".join(allowed)}'
        raise _refuse(what, f"did you mean {close}?" if close else "")


def _is_names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)


def _groups(document: Mapping[str, Any], key: str, names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    value = document.get(key, ())
    if not isinstance(value, list | tuple) or not all(_is_names(group) for group in value):
        raise _refuse(f'"{key}" must be a list of lists of package names')
    return tuple(_expand(names, group) for group in value)


def _refuse_shared(groups: Iterable[tuple[str, tuple[str, ...]]]) -> None:
    seen: dict[str, str] = {}
    for kind, group in groups:
        for name in group:
            if name in seen:
                raise _refuse(
                    f"{name} is in two groups ({seen[name]} and {kind})", "a package can be in one group only"
                )
            seen[name] = kind


def _expand(names: Sequence[str], patterns: Sequence[str]) -> tuple[str, ...]:
    away = [pattern[1:] for pattern in patterns if pattern.startswith("!") and not pattern.startswith("!(")]
    wanted = [pattern for pattern in patterns if not pattern.startswith("!") or pattern.startswith("!(")]
    kept = [name for name in names if _fits(name, wanted)] if wanted else list(names) if away else []
    return tuple(name for name in kept if not _fits(name, away))


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(name == pattern or compile_glob(pattern).fullmatch(name) is not None for pattern in patterns)


def _versions_private(value: Any, base: Rules) -> bool:
    if value is None:
        return base.private_packages
    if isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return bool(value.get("version", base.private_packages))
    raise _refuse('"privatePackages" must be true, false, or an object with "version" and "tag"')


def pre_from(document: Any) -> PreState:
    """The state of pre mode, from ``.changeset/pre.json``.

    Raises:
        ConfigError: it isn't a state that changesets writes.
    """
    fine = (
        isinstance(document, dict) and document.get("mode") in {"pre", "exit"} and isinstance(document.get("tag"), str)
    )
    if not fine:
        raise ConfigError(f'{PRE_PATH} must hold "mode" ("pre" or "exit") and "tag"', hint="restore the file from git")
    used = document.get("changesets") or []
    versions = document.get("initialVersions") or {}
    if not _is_names(used) or not isinstance(versions, dict):
        raise ConfigError(f'{PRE_PATH}: "changesets" must be a list, "initialVersions" an object')
    return PreState(document["mode"], document["tag"], tuple(used), versions, document)
