"""The world that a rehearsal's processes see: an empty home, the embedded registry for every client, and nothing secret."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from vis_tasks.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ENVIRONMENT_MARK", "isolated_environment", "pointed_at"]

ENVIRONMENT_MARK = "REHEARSAL_FOLDER"
"""The variable by which a process of a rehearsal is known; it holds the rehearsal's folder."""

_DROPPED = regex(
    r"token|secret|passw|passphrase|_auth|credential|api_?key|private_key|access_key|webhook|_pat$|_key$|_dsn$|cookie"
    r"|^npm_|^pnpm_config_|^yarn_|^bun_config_|^bun_install_cache|^ACTIONS_|^CI_|^RUNNER_|^GIT_|^SSH_|^GPG_|^VIS_"
    r"|^GITHUB_|^GITLAB_|^CIRCLE|^BUILDKITE|^NODE_AUTH|^PNPM_HOME$|^XDG_",
    re.IGNORECASE,
)
_CI = ("CI", "FORCE_COLOR", "INIT_CWD")
# What a value looks like that nobody should have: npm's, GitHub's, GitLab's and Slack's own prefixes, JSON web tokens, private
# keys, and addresses with a password in them.
_SECRET_VALUE = regex(
    r"\bnpm_[A-Za-z0-9]{16,}|\b(?:gh[pousr]_|github_pat_|glpat-|glptt-|glcbt-|xox[abprs]-)[A-Za-z0-9_-]{10,}"
    r"|\beyJ[\w-]{5,}\.eyJ[\w-]{5,}\.|-----BEGIN [A-Z ]*PRIVATE KEY|[a-z][\w+.-]*://[^\s/@:]*:[^\s/@]+@"
)
# Version managers keep the very programs below the home: they must still be found when it is another one.
_TOOL_HOMES = {
    "COREPACK_HOME": ".cache/node/corepack",
    "VOLTA_HOME": ".volta",
    "ASDF_DATA_DIR": ".asdf",
    "MISE_DATA_DIR": ".local/share/mise",
    "NODENV_ROOT": ".nodenv",
    "NVM_DIR": ".nvm",
}


def isolated_environment(env: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment of every process of a rehearsal: no credentials, no CI, no configuration of the user's.

    A variable is dropped by its name, and by its value when that looks like a token. Temporary files, caches and stores of all
    package managers lie in the rehearsal's folder.

    Args:
        env: the real environment.
        folder: the rehearsal's folder; ``home`` and ``tmp`` in it are used.
    """
    home, temporary = folder / "home", folder / "tmp"
    kept = {
        name: value
        for name, value in env.items()
        if not _DROPPED.search(name) and name not in _CI and not _SECRET_VALUE.search(value)
    }
    return {
        **_tool_homes(env),
        **kept,
        ENVIRONMENT_MARK: str(folder),
        "HOME": str(home),
        "USERPROFILE": str(home),
        "APPDATA": str(home / "appdata"),
        "LOCALAPPDATA": str(home / "appdata"),
        **{name: str(temporary) for name in ("TMPDIR", "TEMP", "TMP")},
        **{f"XDG_{what}_HOME": str(home / f".{what.lower()}") for what in ("CONFIG", "DATA", "STATE", "CACHE")},
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "npm_config_userconfig": str(home / ".npmrc"),
        "npm_config_globalconfig": str(home / "npmrc-global"),
        "npm_config_cache": str(home / "npm-cache"),
        "npm_config_update_notifier": "false",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def pointed_at(url: str, folder: Path, manager: str) -> dict[str, str]:
    """Variables that make every client use one registry, and none of them look for anything elsewhere.

    Sources: npm and pnpm read ``npm_config_*``, pnpm since 11 ``pnpm_config_*`` (its ``pnpm help config``); Yarn's configuration
    manual says ``YARN_*``; Bun's says ``BUN_CONFIG_REGISTRY`` and ``BUN_INSTALL_CACHE_DIR``. Third-party packages aren't at the
    embedded registry: what the lock file holds is trusted, as no client could verify it there.

    Args:
        url: the registry, with a trailing slash.
        folder: the rehearsal's folder.
        manager: the workspace's package manager; npm warns about settings that it doesn't know.
    """
    only_pnpm = {"npm_config_manage_package_manager_versions": "false"} if manager == "pnpm" else {}
    return {
        **only_pnpm,
        "npm_config_registry": url,
        "pnpm_config_registry": url,
        "pnpm_config_minimum_release_age": "0",
        "pnpm_config_trust_lockfile": "true",
        "pnpm_config_pm_on_fail": "ignore",
        "YARN_NPM_REGISTRY_SERVER": url.rstrip("/"),
        "YARN_UNSAFE_HTTP_WHITELIST": "127.0.0.1",
        "YARN_GLOBAL_FOLDER": str(folder / "home" / "yarn"),
        "YARN_ENABLE_TELEMETRY": "0",
        "BUN_CONFIG_REGISTRY": url,
        "BUN_INSTALL_CACHE_DIR": str(folder / "home" / "bun-cache"),
        "COREPACK_ENABLE_DOWNLOAD_PROMPT": "0",
    }


def _tool_homes(env: Mapping[str, str]) -> dict[str, str]:
    home = env.get("HOME") or env.get("USERPROFILE")
    if not home:
        return {}
    places = {name: Path(home) / path for name, path in _TOOL_HOMES.items()}
    return {name: str(place) for name, place in places.items() if place.is_dir()}
