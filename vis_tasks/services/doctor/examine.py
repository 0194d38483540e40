"""All checks together, and those about the workspace and its versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.selection import managed
from vis_tasks.errors import MissingExtra, VisError
from vis_tasks.services.doctor.finding import FAIL, PASS, WARN, Finding
from vis_tasks.services.doctor.forge import forge_findings
from vis_tasks.services.doctor.names import name_findings
from vis_tasks.services.doctor.registry import client_findings, npm_findings, oidc_findings
from vis_tasks.services.doctor.repository import checkout_findings, repository_findings, state_findings
from vis_tasks.services.tag_names import check_tag_names
from vis_tasks.services.wave import find_wave

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vis_tasks.services.run import Run

__all__ = ["examine", "local_findings"]


def examine(run: Run, ci_drift: Callable[[], Sequence[str] | None]) -> tuple[Finding, ...]:
    """Look at everything; nothing is changed. One check that breaks doesn't stop the others.

    Args:
        run: the run.
        ci_drift: paths of generated CI files that aren't what the configuration gives; None when none are generated.
    """
    found: list[Finding] = []
    parts: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
        ("git", lambda: repository_findings(run)),
        ("workspace", lambda: _workspace(run)),
        ("npm", lambda: npm_findings(run)),
        ("forge", lambda: forge_findings(run)),
        ("oidc", lambda: oidc_findings(run)),
        ("state", lambda: state_findings(run)),
        ("versions", lambda: _versions(run)),
        ("ci", lambda: _ci(ci_drift)),
    )
    for name, part in parts:
        try:
            found.extend(part())
        except VisError as error:
            found.append(_broken(name, error, found))
    return tuple(dict.fromkeys(found))


def _broken(name: str, error: VisError, found: Sequence[Finding]) -> Finding:
    """A part that could not be looked at; what was named already isn't named again."""
    hint = error.hint or "mend that, then run `invoke doctor` again"
    said = next((each for each in found if each.status == FAIL and each.text == error.message), None)
    if said is not None:
        return Finding(name, WARN, f"not looked at, because of what {said.id} says", hint)
    return Finding(name, FAIL, error.message, hint)


def local_findings(run: Run) -> tuple[Finding, ...]:
    """What can be seen without asking a registry or the git remote anything; nothing is changed.

    Args:
        run: the run.
    """
    found: list[Finding] = []
    parts: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
        ("git", lambda: checkout_findings(run)),
        ("workspace", lambda: _workspace(run)),
        ("npm", lambda: client_findings(run)),
        ("state", lambda: state_findings(run)),
    )
    for name, part in parts:
        try:
            found.extend(part())
        except VisError as error:
            found.append(Finding(name, FAIL, error.message, error.hint))
    return tuple(dict.fromkeys(found))


def _workspace(run: Run) -> Iterator[Finding]:
    check_tag_names(run)
    packages = managed(run.workspace, run.release)
    yield from name_findings(run)
    if not packages:
        hint = "look at `include`, `ignore` and `private-packages` under [release]"
        yield Finding("workspace.packages", FAIL, f"none of {len(run.workspace.packages)} package(s) is released", hint)
        return
    yield Finding(
        "workspace.packages", PASS, f"{len(packages)} of {len(run.workspace.packages)} package(s) are released"
    )
    private = {package.name for package in run.workspace.packages if package.private}
    for package in packages:
        needed = sorted(private & {*package.table("dependencies"), *package.table("peerDependencies")})
        if needed and not package.private:
            hint = "publish it too, bundle it, or make it a devDependency"
            yield Finding(
                "workspace.private", FAIL, f"{package.name} needs {', '.join(needed)}, which is private", hint
            )
    if run.release.publish.provenance == "true" or run.npm.oidc():
        without = [
            package.name for package in packages if not package.manifest.get("repository") and not package.private
        ]
        if without:
            hint = 'add "repository" to package.json: provenance is refused when it doesn\'t name this repository'
            yield Finding("workspace.repository", WARN, f"no repository is named by {', '.join(without[:10])}", hint)


def _versions(run: Run) -> Iterator[Finding]:
    wave = find_wave(run)
    if wave.owed:
        names = ", ".join(entry.spec for entry in wave.owed)
        yield Finding("versions.tags", WARN, f"live without a tag: {names}", "invoke tag")
    else:
        yield Finding("versions.tags", PASS, "every live version of ours has its tag")
    if wave.fresh:
        names = ", ".join(f"{package.name}@{package.version}" for package in wave.fresh)
        yield Finding("versions.published", WARN, f"versioned, but never published: {names}", "invoke release")
    for package, unknown in wave.unknown:
        text = f"{package.name}@{package.version}: the registry didn't say whether it is live ({unknown.why})"
        yield Finding("versions.published", WARN, text, "try again")


def _ci(ci_drift: Callable[[], Sequence[str] | None]) -> Iterator[Finding]:
    try:
        drift = ci_drift()
    except MissingExtra as error:
        yield Finding("ci.files", WARN, f"can't be compared with vis.toml: {error.message}", error.hint)
        return
    if drift is None:
        yield Finding("ci.files", PASS, "no CI files are generated (`invoke ci.generate` makes them)")
    elif drift:
        yield Finding(
            "ci.files", WARN, f"not what vis.toml gives: {', '.join(drift)}", "invoke ci.generate, then commit"
        )
    else:
        yield Finding("ci.files", PASS, "the CI files are what vis.toml gives")
