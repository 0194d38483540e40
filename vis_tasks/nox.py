"""Sessions for a user's noxfile: ``from vis_tasks.nox import register``.

Nox skips and reorders sessions as it is told to, so nothing here is a safety check of a release: `guard` is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import nox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike

__all__ = ["register"]

_EXTRAS = {"rehearse": "registry,rich", "ci-check": "ci", "release-check": "rich"}
_DOCS = {
    "rehearse": "Rehearse a release on copies of this repository, with the real npm and an embedded registry.",
    "ci-check": "Fail when the committed CI files aren't what vis.toml gives.",
    "release-check": "Check the configuration and the change files, and show what a release would version; read-only.",
}


def register(
    *,
    scenarios: Sequence[str] = ("approve",),
    package: str | None = None,
    root: str | PathLike[str] | None = None,
    prefix: str = "",
    python: str | Sequence[str] | None = None,
    tags: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    default: bool = True,
) -> None:
    """Add the sessions ``rehearse``, ``ci-check`` and ``release-check`` to the noxfile that calls this.

    Words behind ``--`` on Nox's command line go to the command: ``nox -s rehearse -- --scenario=reject`` (then ``scenarios``
    isn't looked at), ``nox -s release-check -- --since origin/main``.

    Args:
        scenarios: what `vis-tasks rehearse --scenario` takes, one run each.
        package: what pip installs into the sessions, such as ``"vis-tasks[all]==1.2.0"`` or a path; without it the version that
            registered them, with the extras that the session needs.
        root: the workspace root; without it, found upwards from the noxfile's folder.
        prefix: put before the names of the sessions: ``"npm-"`` gives ``npm-rehearse``.
        python: as ``nox.session`` takes it; the interpreter that runs Nox without it.
        tags: Nox's tags, for ``nox --tags``.
        env: variables for the commands, over those of the environment.
        default: whether a bare ``nox`` runs the sessions too, where ``nox.options.sessions`` doesn't say which.
    """

    def add(name: str, run: Callable[[nox.Session, Callable[..., None]], None]) -> None:
        def body(session: nox.Session) -> None:
            session.install("--quiet", package or _ourselves(_EXTRAS[name]))

            def vis(*argv: str, silent: bool = False) -> None:
                session.run("vis-tasks", *argv, silent=silent, env=dict(env or {}))

            with session.chdir(Path(root) if root is not None else Path.cwd()):
                run(session, vis)

        body.__doc__ = _DOCS[name]
        nox.session(name=f"{prefix}{name}", python=python, tags=list(tags), default=default)(body)

    def rehearse(session: nox.Session, vis: Callable[..., None]) -> None:
        if any(word.startswith("--scenario") for word in session.posargs):
            vis("rehearse", *session.posargs)
            return
        for scenario in scenarios:
            vis("rehearse", f"--scenario={scenario}", *session.posargs)

    def ci_check(session: nox.Session, vis: Callable[..., None]) -> None:
        vis("ci.check", *session.posargs)

    def release_check(session: nox.Session, vis: Callable[..., None]) -> None:
        vis("config", "--json", silent=True)
        vis("status", *session.posargs)

    add("rehearse", rehearse)
    add("ci-check", ci_check)
    add("release-check", release_check)


def _ourselves(extras: str) -> str:
    """What pip is to install: this version; a checkout installs itself, as no index has it."""
    from vis_tasks.__about__ import __version__

    checkout = Path(__file__).parents[1]
    if (checkout / "pyproject.toml").is_file():
        return f"{checkout}[{extras}]"
    return f"vis-tasks[{extras}]=={__version__}"
