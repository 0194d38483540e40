"""What the real release would do, told from the rehearsed one and from a look at the user's own repository.

The look changes nothing and asks nobody: no registry, no git remote.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vis_tasks.core.layers import layers
from vis_tasks.core.remotes import parse_remote
from vis_tasks.errors import VisError
from vis_tasks.records import dataclass
from vis_tasks.services.commands import argv_of
from vis_tasks.services.doctor.examine import local_findings
from vis_tasks.services.doctor.finding import PASS
from vis_tasks.services.rehearsal.promises import foreign_litter
from vis_tasks.services.stage import access_of, dist_tag_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.services.rehearsal.outcome import Played
    from vis_tasks.services.rehearsal.play import Theatre
    from vis_tasks.services.run import Run

__all__ = ["Forecast", "Version", "forecast", "report_lines"]

_MANY = 12


@dataclass(frozen=True)
class Version:
    """One version of the wave.

    Attributes:
        name: package.
        old: before.
        new: to be.
        level: ``patch``, ``minor`` or ``major``.
        why: sentences.
        layer: 1 for what needs nothing else of the wave; each layer needs those before it.
        tag: the git tag.
        dist_tag: the dist-tag.
        access: ``public``, ``restricted``, or empty where it is left to npm.
        registry: where it would go, without credentials; empty when npm could not say.
        staged: False when it is published plainly.
        size: bytes of the tarball; 0 when none was made.
        unpacked: bytes of what is in it.
        files: paths in it.
    """

    name: str
    old: str
    new: str
    level: str
    why: tuple[str, ...]
    layer: int
    tag: str
    dist_tag: str
    access: str
    registry: str
    staged: bool
    size: int = 0
    unpacked: int = 0
    files: tuple[str, ...] = ()

    @property
    def contents(self) -> str:
        """What is in it, in words."""
        if not self.files:
            return "contents not known: nothing of it was left at the registry at the end of this scenario"
        return f"{len(self.files)} files, {_human(self.size)}, unpacked {_human(self.unpacked)}"


@dataclass(frozen=True)
class Forecast:
    """What the real release would do.

    Attributes:
        branch: the branch it releases from.
        remote: the git remote, without credentials.
        versions: dependencies first.
        commits: subjects, oldest first, of a wave that is all approved.
        pushes: what is pushed, in order.
        releases: what is made on the forge; empty without one.
        commands: what people type.
        hooks: commands of the configuration that would run.
        warnings: what would go wrong, or should be looked at.
        notes: what the rehearsal did differently.
    """

    branch: str
    remote: str
    versions: tuple[Version, ...]
    commits: tuple[str, ...]
    pushes: tuple[str, ...]
    releases: tuple[str, ...]
    commands: tuple[str, ...]
    hooks: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def forecast(theatre: Theatre, played: Sequence[Played]) -> Forecast:
    """Tell what the real release would do. One npm process and about ten of git, all of them only looking.

    Args:
        theatre: the stage that was set.
        played: the scenarios; the first that went through to its end is told from.
    """
    run = theatre.real
    best = next((each for each in played if each.facts and each.tarballs), played[0])
    versions, troubles = _versions(theatre, run, best)
    commits = tuple(subject for _, subject in best.facts.commits) if best.facts else ()
    remote, forge = _remote(run)
    tags = [version.tag for version in versions]
    branch = theatre.branch
    pushes = [f"{branch}: the version commit, right after it is made"]
    if theatre.wave:
        pushes.append(
            f"{len(tags)} tag(s), in one atomic push"
            + (" with the wave's changelog commit" if run.release.workspace_changelog else "")
        )
        pushes.append(f"{branch}: staged.json, whenever a run ends with versions still undecided")
    hooks = run.release.hooks
    named = [
        ("before-version", hooks.before_version),
        ("after-version", hooks.after_version),
        ("before-pack", hooks.before_pack),
        ("after-tag", hooks.after_tag),
    ]
    notes = list(theatre.notes)
    if hooks.after_tag:
        notes.append("after-tag was not run: it belongs to versions that are really live")
    return Forecast(
        branch=branch,
        remote=remote,
        versions=versions,
        commits=commits,
        pushes=tuple(pushes),
        releases=tuple(f"{forge} release {tag}" for tag in tags) if forge else (),
        commands=_commands(theatre),
        hooks=tuple(f"{name}: {' '.join(argv_of(command))}" for name, command in named if command),
        warnings=tuple(dict.fromkeys([*troubles, *_litter(best), *_warnings(run)])),
        notes=tuple(notes),
    )  # fmt: skip


def _versions(theatre: Theatre, run: Run, best: Played) -> tuple[tuple[Version, ...], list[str]]:
    order = {planned.name: planned for planned in theatre.wave}
    layer_of = {name: n for n, layer in enumerate(layers(theatre.workspace, order), 1) for name in layer}
    found, troubles = [], []
    for planned in theatre.wave:
        package = theatre.workspace.by_name[planned.name]
        release = theatre.plan.by_name[planned.name]
        size, unpacked = 0, 0
        files: tuple[str, ...] = ()
        data = best.tarballs.get(planned.spec)
        if data is not None:
            path = theatre.folder / "tmp" / "looked-into.tgz"
            path.write_bytes(data)
            versioned = type(package)(package.name, planned.new, package.path, package.manifest)
            tarball, problems = theatre.tools.inspect_tarball(versioned, path)
            size, unpacked, files = tarball.size, tarball.unpacked_size, tuple(sorted(tarball.files))
            troubles += [f"{planned.spec}: {problem.text}" for problem in problems]
        found.append(
            Version(
                name=planned.name,
                old=planned.old,
                new=planned.new,
                level=str(release.level),
                why=tuple(reason.text for reason in release.reasons),
                layer=layer_of[planned.name],
                tag=theatre.tag_for(planned.name, planned.new),
                dist_tag=dist_tag_of(run, package),
                access=access_of(run, package) or "",
                registry=_registry(run, planned.name),
                staged=planned.staged,
                size=size,
                unpacked=unpacked,
                files=files,
            )
        )
    return tuple(found), troubles


def _registry(run: Run, name: str) -> str:
    try:
        package = run.workspace.by_name.get(name)
        parts = urlsplit(run.npm.url_for(name, package.manifest if package else {}))
    except (VisError, ValueError):
        return ""
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}" if host else ""


def _remote(run: Run) -> tuple[str, str]:
    """The remote's address without credentials, and the forge that would get releases."""
    url = run.tools.git.remote_url(run.release.remote)
    if url is None:
        return "", ""
    remote = parse_remote(url)
    provider = run.release.forge.provider
    if remote is None:
        return (url if Path(url).is_absolute() else ""), provider if provider in {"github", "gitlab"} else ""
    if provider == "auto":
        provider = next((each for each in ("github", "gitlab") if each in remote.host), "none")
    forge = {"github": "GitHub", "gitlab": "GitLab"}.get(provider, "")
    return remote.web_url, forge


def _commands(theatre: Theatre) -> tuple[str, ...]:
    """What people type, in order."""
    staged = [planned for planned in theatre.wave if planned.staged]
    found = ["invoke release              # or push to the branch, where CI runs it"]
    if staged:
        found += [
            "invoke stage.review --open  # what is in the staged tarballs, beside what is live",
            "invoke stage.approve --all  # asks for one-time codes; each approval is npm stage approve <id>",
            "invoke stage.reject <id>    # for what must not go out",
            "invoke release              # again, for approvals that came after the deadline: makes their tags",
        ]
    return tuple(found)


def _litter(best: Played) -> list[str]:
    left = foreign_litter(best.facts) if best.facts else ()
    if not left:
        return []
    names = ", ".join(left[:_MANY]) + (" …" if len(left) > _MANY else "")
    return [
        f"building and packing leaves {names} uncommitted → add to .gitignore: the next release refuses a dirty tree"
    ]


def _warnings(run: Run) -> list[str]:
    found = [finding for finding in local_findings(run) if finding.status != PASS]
    return [f"{finding.id}: {finding.text}" + (f" → {finding.hint}" if finding.hint else "") for finding in found]


def report_lines(told: Forecast) -> tuple[str, ...]:
    """For a terminal or a log."""
    count = len(told.versions)
    text = ["", f"What the real release would do (from {told.branch}{f', {told.remote}' if told.remote else ''})"]
    text += [f"  {count} version(s), dependencies first:"]
    width = max((len(version.name) for version in told.versions), default=0)
    for version in told.versions:
        text.append(
            f"  {version.layer}. {version.name.ljust(width)}  {version.old} → {version.new} ({version.level})"
            f"  {version.contents}" + ("" if version.staged else ", published plainly")
        )
        text += (
            [f"       {', '.join(version.files[:_MANY])}{' …' if len(version.files) > _MANY else ''}"]
            if version.files
            else []
        )
    for where in dict.fromkeys((v.registry, v.dist_tag, v.access) for v in told.versions):
        names = [v.name for v in told.versions if (v.registry, v.dist_tag, v.access) == where]
        text.append(
            f"  to {where[0] or 'the registry npm names'} as {where[1]}{f', {where[2]}' if where[2] else ''}: {_some(names)}"
        )
    for title, items in (
        ("commits", told.commits),
        ("pushes", told.pushes),
        ("tags", tuple(version.tag for version in told.versions)),
        ("releases", told.releases),
        ("hooks", told.hooks),
        ("you type", told.commands),
        ("look at", told.warnings),
        ("rehearsed differently", told.notes),
    ):
        text += [f"  {title}:", *(f"    {item}" for item in items)] if items else []
    return tuple(text)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_MANY]) + (f" and {len(names) - _MANY} more" if len(names) > _MANY else "")


def _human(size: int) -> str:
    for unit, factor in (("MiB", 1024**2), ("KiB", 1024)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"
