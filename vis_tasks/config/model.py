"""The configuration as frozen dataclasses: names, types, defaults and one line of help each, nothing else.

A field's TOML key is its name with ``-`` for ``_`` unless ``metadata["key"]`` says otherwise. ``metadata["help"]`` is the
line that the schema and the reference page show; ``metadata["choices"]`` lists the allowed strings. Durations are written
``"15s"``, ``"30m"``, ``"4h"``, ``"1d"`` and held as `timedelta`. ``metadata["minimum"]`` and ``["maximum"]`` bound numbers
and durations, ``["rule"]`` names a check of `vis_tasks.config.rules`, ``["switch"]`` names the boolean field that a bare
``true`` or ``false`` in place of the table sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from vis_tasks.records import dataclass, field

__all__ = [
    "ChannelConfig",
    "CiConfig",
    "Config",
    "ForgeConfig",
    "HooksConfig",
    "NotifyConfig",
    "PackageConfig",
    "PublishConfig",
    "ReleaseConfig",
    "StageConfig",
    "TargetConfig",
]


def _option(
    default: Any,
    text: str,
    *,
    choices: tuple[str, ...] = (),
    key: str = "",
    rule: str = "",
    minimum: Any = None,
    maximum: Any = None,
    switch: str = "",
) -> Any:
    more = {"choices": choices, "key": key, "rule": rule, "minimum": minimum, "maximum": maximum, "switch": switch}
    metadata = {"help": text} | {name: value for name, value in more.items() if value not in ((), "", None)}
    if isinstance(default, dict | Mapping):
        return field(default_factory=dict, metadata=metadata)
    if isinstance(default, type):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class StageConfig:
    """``[release.publish.stage]``; ``stage = true`` means this table with its defaults, ``stage = false`` plain publishing."""

    enabled: bool = _option(True, "Send versions to npm's staging area, where a human approves them with 2FA.")
    timeout: timedelta = _option(
        timedelta(minutes=30),
        "How long a wave waits for decisions, from its last upload on.",
        minimum=timedelta(seconds=1),
    )
    poll_interval: timedelta = _option(
        timedelta(seconds=15), "How often the registry is asked for decisions.", minimum=timedelta(seconds=1)
    )
    heartbeat: timedelta = _option(
        timedelta(minutes=5), "How often a line says that the wait goes on.", minimum=timedelta(seconds=1)
    )
    settle: timedelta = _option(
        timedelta(minutes=6),
        "How long a stage record may be gone without its version being live before that is a rejection.",
    )
    mode: str = _option(
        "wait",
        '"wait" holds the run until decisions are made; "detached" ends after staging and leaves the rest to a '
        "scheduled `invoke reconcile tag`.",
        choices=("wait", "detached"),
    )
    checkpoint: str = _option(
        "auto",
        'Commit staged.json before waiting: "auto" when the stage list could not be read back later, "always" or "never".',
        choices=("auto", "always", "never"),
    )


@dataclass(frozen=True)
class PublishConfig:
    """``[release.publish]``."""

    access: str | None = _option(
        None,
        "Access for new scoped packages; without it a package's own publishConfig.access, else public.",
        choices=("public", "restricted"),
    )
    provenance: str = _option(
        "auto", "Provenance statements: as npm decides, always, or never.", choices=("auto", "true", "false")
    )
    registry: str | None = _option(
        None, "Registry address; without it the one npm itself is configured to use.", rule="url"
    )
    tag: str | None = _option(None, "dist-tag; without it the channel's, else latest.", rule="dist-tag")
    concurrency: int = _option(4, "How many uploads run at once.", minimum=1, maximum=32)
    client: str = _option(
        "auto", "Who uploads: the npm client, vis-tasks itself, or whichever fits.", choices=("auto", "npm", "direct")
    )
    review_url: str | None = _option(
        None,
        "Page on which people review a stage; without it the npm registry's own.",
        rule="review-page",
    )
    stage: StageConfig = _option(StageConfig, "true, false, or a table.", switch="enabled")


@dataclass(frozen=True)
class PackageConfig:
    """``[release.packages."<name>"]``."""

    stage: bool | None = _option(None, "false publishes this package plainly, after the approvals it depends on.")
    access: str | None = _option(None, "Access for this package.", choices=("public", "restricted"))
    registry: str | None = _option(None, "Registry for this package.", rule="url")
    tag: str | None = _option(None, "dist-tag for this package.", rule="dist-tag")


@dataclass(frozen=True)
class ChannelConfig:
    """``[release.channels.<branch>]``: which branch feeds which dist-tag."""

    tag: str = _option("latest", "dist-tag for versions released from this branch.", rule="dist-tag")
    prerelease: str | None = _option(None, "Prerelease identifier: next makes 2.0.0-next.0.", rule="prerelease")


@dataclass(frozen=True)
class TargetConfig:
    """``[release.targets.<name>]``: a target of the user's own."""

    run: tuple[str, ...] | str = _option("", "argv list, or a string that is split into one (no shell reads it).")
    needs: tuple[str, ...] = _option((), "Targets that go first.", rule="text")
    before: tuple[str, ...] = _option((), "Targets that must not start before this one is done.", rule="text")
    shell: bool = _option(False, "Hand the string to a shell as it is.")
    cwd: str = _option(".", "Folder to run in, relative to the workspace root.", rule="inside")
    env: Mapping[str, str] = _option({}, "Environment variables to add.")
    doc: str = _option("", "One line for `invoke --list`.")


@dataclass(frozen=True)
class HooksConfig:
    """``[release.hooks]``: commands at fixed moments, as argv lists or strings split into one."""

    before_version: tuple[str, ...] | str = _option((), "Before package versions are written.")
    after_version: tuple[str, ...] | str = _option((), "After versions are written, before the commit.")
    before_pack: tuple[str, ...] | str = _option((), "Before packages are packed: the place for a build.")
    after_tag: tuple[str, ...] | str = _option((), "After tags are pushed.")


@dataclass(frozen=True)
class ForgeConfig:
    """``[release.forge]``: releases on GitHub or GitLab."""

    provider: str = _option("auto", "Which forge the remote is on.", choices=("auto", "github", "gitlab", "none"))
    url: str | None = _option(
        None, "API address of an enterprise host; without it taken from the CI environment or the remote.", rule="url"
    )
    draft: bool = _option(False, "Create releases as drafts (GitHub).")
    per: str = _option(
        "package",
        "One release for each package, or one for a whole wave, on its last tag.",
        choices=("package", "wave"),
    )
    title: str | None = _option(
        None,
        "Title; without it the tag, or the wave's date.",
        rule="release-title",
    )
    notes: str | None = _option(
        None,
        "Notes, with {changelog} and the placeholders of the title; without it the changelog section alone.",
        rule="text",
    )


@dataclass(frozen=True)
class NotifyConfig:
    """``[release.notify]``: where people are told. Addresses come from the environment only."""

    slack: str | None = _option(
        None, "Name of the environment variable that holds a Slack webhook address.", rule="variable"
    )
    discord: str | None = _option(
        None, "Name of the environment variable that holds a Discord webhook address.", rule="variable"
    )
    webhook: str | None = _option(
        None, "Name of the environment variable that holds a generic webhook address.", rule="variable"
    )
    webhook_secret: str | None = _option(
        None,
        "Name of the environment variable that holds the secret with which messages to the webhook are signed.",
        rule="variable",
    )


@dataclass(frozen=True)
class ReleaseConfig:
    """``[release]``."""

    base_branch: str = _option("main", "The branch that releases `latest`.", rule="branch")
    remote: str = _option("origin", "The git remote to push to.", rule="branch")
    changes_dir: str = _option(".vis/release", "Where change files and the release state live.", rule="inside")
    include: tuple[str, ...] = _option(("*",), "Package name globs to release; a leading `!` takes away.", rule="text")
    ignore: tuple[str, ...] = _option((), "Package name globs never to version or release.", rule="text")
    private_packages: bool = _option(False, "Version packages marked private too (they are never published).")
    tag_pattern: str = _option(
        "{name}@{version}",
        "Git tag of a release; needs {version}, and {name} for several packages.",
        rule="tag-pattern",
    )
    fixed: tuple[tuple[str, ...], ...] = _option((), "Groups that always share one version.", rule="text")
    linked: tuple[tuple[str, ...], ...] = _option(
        (), "Groups whose released members share the highest version.", rule="text"
    )
    update_internal_dependents: str = _option(
        "out-of-range",
        "When dependents are released along: when their range no longer fits, or on every patch or minor.",
        choices=("out-of-range", "patch", "minor"),
    )
    rules: str = _option(
        "vis",
        "How dependents bump.",
        choices=("vis", "changesets", "changesets-2", "changesets-3"),
    )
    bump_workspace_caret: bool = _option(
        False,
        "Release dependents by `workspace:^` and `workspace:~` whatever moves, as changesets did before its engine 6.0.9.",
    )
    major_before_1_is_minor: bool = _option(False, "Below 1.0.0 a major change moves the minor number.")
    minor_before_1_is_patch: bool = _option(False, "Below 1.0.0 a minor change moves the patch number.")
    changelog: str = _option(
        "default",
        "Style of the packages' CHANGELOG.md: as changesets writes them, keep-a-changelog, with links to the forge, or none.",
        choices=("default", "keep-a-changelog", "links", "none"),
    )
    workspace_changelog: bool = _option(True, "Write what really went live to the root CHANGELOG.md.")
    state_branch: str | None = _option(
        None,
        "Branch that holds staged.json, where the release branches take no pushes; made at first use.",
        rule="branch",
    )
    remote_lock: bool = _option(False, "Also hold a lock as a git ref on the remote.")
    publish: PublishConfig = _option(PublishConfig, "How versions reach the registry.")
    packages: Mapping[str, PackageConfig] = _option({}, "Per-package settings, by name.")
    channels: Mapping[str, ChannelConfig] = _option({}, "Branches that feed other dist-tags.")
    targets: Mapping[str, TargetConfig] = _option({}, "Targets of your own.")
    hooks: HooksConfig = _option(HooksConfig, "Commands at fixed moments.")
    forge: ForgeConfig = _option(ForgeConfig, "Releases on GitHub or GitLab.")
    notify: NotifyConfig = _option(NotifyConfig, "Where people are told.")


@dataclass(frozen=True)
class CiConfig:
    """``[ci]``: what `ci.generate` writes."""

    providers: tuple[str, ...] = _option(("github",), "Forges to write CI files for.", choices=("github", "gitlab"))
    layout: str = _option("split", "One job per power, or one job.", choices=("split", "single"))
    node: str = _option("24", "Node version for the jobs.", rule="node-version")
    npm: str = _option("11.19.1", "npm version for the jobs, 11.15.0 or newer.", rule="npm-version")
    auth: str = _option(
        "trusted",
        "How jobs prove to the registry who they are: trusted publishing (OIDC, no secret), or the secret NPM_TOKEN.",
        choices=("trusted", "token"),
    )
    environment: str = _option(
        "release", "Environment of the job that may publish: reviewers and secrets hang on it.", rule="ci-environment"
    )
    install: tuple[str, ...] | str = _option(
        (), "Command that installs dependencies; without it the package manager's own, true to the lock file."
    )
    build: tuple[str, ...] | str = _option((), "Command that builds before packing, in the job that holds no secrets.")
    runners: tuple[str, ...] = _option(("ubuntu-latest",), "Labels of the runner on GitHub.", rule="ci-name")
    tags: tuple[str, ...] = _option((), "Tags of the runner on GitLab.", rule="ci-name")
    image: str = _option(
        "astral/uv:python3.13-bookworm", "Image of the jobs on GitLab; it must hold git, uv and bash.", rule="image"
    )
    app: bool = _option(
        False,
        "Push as a GitHub App (variable VIS_APP_CLIENT_ID, secret VIS_APP_PRIVATE_KEY) that may bypass the branch's protection.",
    )
    schedule: str = _option(
        "*/15 * * * *", 'When the scheduled job looks for decisions, if staging is "detached"; cron, UTC.', rule="cron"
    )
    check: bool = _option(True, "Also check pull requests: CI files in sync, and what the release will do.")
    comment: bool = _option(
        True, "Let that check comment on the pull request; from forks it writes to the job summary."
    )
    vis_tasks: str | None = _option(
        None, "Requirement the jobs install vis-tasks by; without it this very version.", rule="text"
    )
    requirements: str | None = _option(
        None,
        "Requirements file of your own, with hashes, to install vis-tasks from instead; `ci.setup` says how to make it.",
        rule="inside",
    )
    lock: bool = _option(
        True,
        "Let `ci.generate` lock vis-tasks and all it needs, with hashes, in .vis/ci/ (needs uv; without it jobs get the version "
        "only).",
    )


@dataclass(frozen=True)
class Config:
    """The whole of ``vis.toml`` (or ``[tool.vis]`` in pyproject.toml)."""

    release: ReleaseConfig = _option(ReleaseConfig, "Releases.")
    ci: CiConfig = _option(CiConfig, "Generated CI files.")
