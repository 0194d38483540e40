"""GitLab's files under gitlab-ci-local, with a shell instead of containers."""

from __future__ import annotations

import shutil
import subprocess
import time
from typing import TYPE_CHECKING

from tests.ci.real.place import REPOSITORY, claims, finished

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.ci.real.place import Place

__all__ = ["run"]

_PROGRAM = "gitlab-ci-local@4.73.0"
_SOURCES = {"push": "push", "schedule": "schedule", "check": "merge_request_event"}


def run(found: Place, event: str, more: Mapping[str, str] | None = None) -> str:
    """One pipeline of main."""
    here = found.folder / "gitlab"
    shutil.rmtree(here, ignore_errors=True)
    found.git("clone", "--quiet", str(found.remote), str(here), cwd=found.folder)
    # Whichever address a job gives git, it comes to the bare repository.
    address = f"https://gitlab.test/{REPOSITORY}.git"
    found.git("config", "--global", f"url.{found.remote}.insteadOf", address, cwd=found.folder)
    found.git("remote", "set-url", "origin", f"git@gitlab.test:{REPOSITORY}.git", cwd=here)
    # gitlab-ci-local lays what a job is handed beside the work tree's files; a runner doesn't.
    excludes = found.folder / "excludes"
    excludes.write_text(".gitlab-ci-reports/\n.gitlab-ci-local/\n", encoding="utf-8")
    found.git("config", "--global", "core.excludesFile", str(excludes), cwd=found.folder)
    # Variables given to gitlab-ci-local don't reach its child pipelines; its environment does.
    variables = {
        "CI": "true",
        "GITLAB_CI": "true",
        "GIT_SSH_COMMAND": str(_ssh(found)),
        "GIT_SSH_VARIANT": "ssh",
        "GITLAB_TOKEN": found.forge.token,
        # GitLab makes it when the job starts; this one must last from the pipeline's start.
        "NPM_ID_TOKEN": found.registry.id_token(found.issuer, exp=int(time.time()) + 3600, **claims()),
        "TEST_RAN": str(found.folder / "ran"),
        **(more or {}),
    }
    argv = [
        str(_program(found)), "--force-shell-executor", "--shell-isolation", "--no-artifacts-to-source",
        "--variable", f"CI_PIPELINE_SOURCE={_SOURCES[event]}",
    ]  # fmt: skip
    if event == "check":
        # In a pipeline of a merge request there is no CI_COMMIT_BRANCH (GitLab's predefined variables).
        request = {
            "CI_COMMIT_BRANCH": "",
            "CI_MERGE_REQUEST_IID": "7",
            "CI_PROJECT_ID": "12",
            "CI_API_V4_URL": found.api,
        }
        for key, value in request.items():
            argv += ["--variable", f"{key}={value}"]
    return finished(argv, found, found.env | variables, here)


def _ssh(found: Place) -> Path:
    path = found.folder / "ssh"
    text = f"#!/bin/sh\nfor command; do :; done\nexec \"${{command%% *}}\" '{found.remote}'\n"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def _program(found: Place) -> Path:
    folder = found.folder / "gitlab-ci-local"
    if not folder.exists():
        folder.mkdir()
        (folder / "package.json").write_text('{"private": true}', encoding="utf-8")
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", _PROGRAM]
        subprocess.run(install, cwd=folder, env=found.env, check=True)
    return folder / "node_modules/.bin/gitlab-ci-local"
