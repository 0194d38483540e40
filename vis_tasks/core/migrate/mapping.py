"""What a migration comes to: settings of ours, and what is left over with the reason and the way on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.core.migrate.document import Code
from vis_tasks.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from vis_tasks.core.migrate.document import Document
    from vis_tasks.core.model import Package

__all__ = ["ChangeFiles", "Leftover", "Mapper", "Migration", "Repository", "Setting"]

Path = tuple[str, ...]


@dataclass(frozen=True)
class Setting:
    """One key of ours.

    Attributes:
        path: TOML keys.
        value: as TOML holds it.
        source: where it was found, for people: ``.changeset/config.json:4``, ``the remote``; may be empty.
    """

    path: Path
    value: Any
    source: str = ""


@dataclass(frozen=True)
class Leftover:
    """Something of the other tool that has no key here. Its value isn't kept: it may be a secret.

    Attributes:
        what: the key or the habit.
        where: ``file:line``.
        why: why it isn't taken over.
        do: what to do about it.
    """

    what: str
    where: str
    why: str
    do: str


@dataclass(frozen=True)
class ChangeFiles:
    """Change files in another tool's folder.

    Attributes:
        folder: relative to the workspace root.
        paths: the files, relative to the workspace root.
        kept: whether they may stay where they are, because our rules read that folder.
    """

    folder: str
    paths: tuple[str, ...] = ()
    kept: bool = False


@dataclass(frozen=True)
class Migration:
    """What was found of one tool.

    Attributes:
        tool: its name.
        files: its configuration files.
        settings: what could be said in ours.
        leftovers: what couldn't.
        changes: its change files; with an empty folder when it has none.
        obsolete: files that must go when the change files move, because they'd be read as well.
        notes: what is so without a setting.
    """

    tool: str
    files: tuple[str, ...]
    settings: tuple[Setting, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    changes: ChangeFiles = ChangeFiles("")
    obsolete: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Repository:
    """What mappers need to know about where they are.

    Attributes:
        packages: every member of the workspace.
        branches: names of the branches known here and on the remote.
        default_branch: what is taken where a tool leaves its branch open.
        files: names of all files in a folder (relative to the workspace root), by folder; empty for a missing one.
    """

    packages: Sequence[Package]
    branches: Collection[str] = ()
    default_branch: str = "main"
    files: Callable[[str], Sequence[str]] = field(default=lambda _folder: ())

    @property
    def single(self) -> bool:
        """Whether one package is all there is."""
        return len(self.packages) == 1


_NONE = ChangeFiles("")


class Mapper:
    """Collects a migration, key by key.

    Args:
        tool: name of the tool.
        document: its configuration.
    """

    def __init__(self, tool: str, document: Document) -> None:
        self.tool = tool
        self.document = document
        self._settings: dict[Path, Setting] = {}
        self.leftovers: list[Leftover] = []
        self.notes: list[str] = []

    def set(self, path: str | Path, value: Any, *keys: str | int) -> None:
        """Take a value over.

        Args:
            path: our key, dotted; a tuple where a name holds dots.
            value: as TOML holds it.
            keys: where it stands in the other tool's document.
        """
        self._put(path, keys, value=value)

    def on(self, path: str, *keys: str | int) -> None:
        """Take a ``true`` over."""
        self._put(path, keys, value=True)

    def off(self, path: str, *keys: str | int) -> None:
        """Take a ``false`` over."""
        self._put(path, keys, value=False)

    def _put(self, path: str | Path, keys: tuple[str | int, ...], *, value: Any) -> None:
        at = tuple(path.split(".")) if isinstance(path, str) else path
        self._settings[at] = Setting(at, value, self.document.where(keys))

    def get(self, path: str) -> Any:
        """What was taken over for a key so far; None for nothing."""
        found = self._settings.get(tuple(path.split(".")))
        return found.value if found else None

    def drop(self, path: str) -> None:
        """Take a setting back."""
        self._settings.pop(tuple(path.split(".")), None)

    def left(self, what: str, why: str, do: str, *keys: str | int) -> None:
        """Note what has no place here."""
        self.leftovers.append(Leftover(what, self.document.where(keys), why, do))

    def unreadable(self, what: str, *keys: str | int) -> None:
        """Note a value that is code."""
        self.left(what, "its value is code, which only runs in Node", "set it in vis.toml by hand", *keys)

    def each(
        self,
        data: Mapping[str, Any],
        known: Mapping[str, Callable[[Any, str], None]],
        *,
        silent: Collection[str] = (),
        at: tuple[str | int, ...] = (),
        prefix: str = "",
    ) -> None:
        """Go through a table; what nobody knows is left over.

        Args:
            data: the table.
            known: what to do with a key: called with the value and the key. Not called for code.
            silent: keys that say nothing about releases.
            at: where the table stands in the document.
            prefix: goes before the keys in what is told.
        """
        for key, value in data.items():
            if key in silent:
                continue
            if isinstance(value, Code) and key not in _CODE_IS_FINE.get(self.tool, ()):
                self.unreadable(prefix + key, *at, key)
            elif key in known:
                known[key](value, key)
            else:
                self.left(
                    prefix + key,
                    "vis-tasks has no setting for it",
                    "`vis-tasks config --reference` lists what there is",
                    *at,
                    key,
                )

    def wrong(self, what: str, wanted: str, *keys: str | int) -> None:
        """Note a value the other tool wouldn't take either."""
        self.left(what, f"it isn't {wanted}", "correct it there, or set it in vis.toml by hand", *keys)

    def strings(self, value: Any, what: str, *keys: str | int) -> list[str]:
        """The strings of a list (one string counts as a list of one); anything else is noted."""
        items = [value] if isinstance(value, str) else value if isinstance(value, list) else None
        if items is None:
            self.wrong(what, "a list of strings", *keys)
            return []
        good = [item for item in items if isinstance(item, str)]
        if len(good) < len(items):
            self.unreadable(what, *keys) if any(isinstance(item, Code) for item in items) else self.wrong(
                what, "a list of strings", *keys
            )
        return good

    def changelog(self, value: Any, key: str, styles: Mapping[str, str]) -> None:
        """The style of changelogs: a name, or a list of a name and its options; ``false`` for no changelog.

        Args:
            value: as the other tool holds it.
            key: its key there.
            styles: its names, and ours for them; "default" needs no setting. Any other name is code, which is left over.
        """
        name = value[0] if isinstance(value, list) and value else value
        if name is False:
            self.set("release.changelog", "none", key)
        elif isinstance(name, str) and name in styles:
            if styles[name] != "default":
                self.set("release.changelog", styles[name], key)
        else:
            why = "changelog formatters of your own don't run here"
            self.left(key, why, "choose a style with `changelog`", key)

    def groups(self, value: Any, what: str, *keys: str | int) -> list[list[str]]:
        """The groups of a list of lists of strings; ``{packages: […]}`` counts as a list too."""
        if not isinstance(value, list):
            self.wrong(what, "a list of lists of package names", *keys)
            return []
        found = []
        for index, group in enumerate(value):
            names = group.get("packages") if isinstance(group, dict) else group
            if isinstance(names, Code):
                self.unreadable(what, *keys, index)
            elif isinstance(names, list):
                found.append(self.strings(names, what, *keys, index))
            else:
                self.wrong(what, "a list of lists of package names", *keys, index)
        return [group for group in found if group]

    def result(self, files: Sequence[str], *, changes: ChangeFiles = _NONE, obsolete: Sequence[str] = ()) -> Migration:
        """All that was collected."""
        return Migration(
            self.tool,
            tuple(files),
            tuple(self._settings.values()),
            tuple(self.leftovers),
            changes,
            tuple(obsolete),
            tuple(self.notes),
        )


_CODE_IS_FINE: Mapping[str, Collection[str]] = {"beachball": ("hooks", "transform", "getGitTag", "changelog")}
