"""GitHub's files under act, on this machine instead of in a container."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

from tests.ci.real.actions import stand_ins
from tests.ci.real.place import REPOSITORY, finished

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.ci.real.place import Place

__all__ = ["run"]

_EVENTS = {"push": ("push", "release"), "schedule": ("schedule", "reconcile"), "check": ("pull_request", "check")}


def run(found: Place, event: str, more: Mapping[str, str] | None = None) -> str:
    """One run of the workflow that this event starts."""
    trigger, name = _EVENTS[event]
    here = found.folder / "act"
    shutil.rmtree(here, ignore_errors=True)
    found.git("clone", "--quiet", str(found.remote), str(here), cwd=found.folder)
    found.git("remote", "set-url", "origin", f"https://github.com/{REPOSITORY}.git", cwd=here)
    workflow = here / f".github/workflows/vis-{name}.yml"
    # act 0.2.89 knows no queues, nor does it run two at once.
    text = re.sub(r"\n +queue: max", "", workflow.read_text(encoding="utf-8"))
    # act takes a checkout of the very branch for done; an expression it can't tell.
    text = re.sub(r'ref: "(refs/heads/[^"]+)"', r"ref: ${{ '\1' }}", text)
    # act says itself where the API is; nothing but a step's own environment goes before that.
    token = "GITHUB_TOKEN: ${{ github.token }}"
    text = text.replace(token, f"{token}\n          GITHUB_API_URL: {found.api}")
    workflow.write_text(text, encoding="utf-8")
    env = {
        "TEST_REMOTE": str(found.remote),
        "TEST_ARTIFACTS": str(found.folder / "artifacts"),
        "TEST_RAN": str(found.folder / "ran"),
        "TEST_APP_TOKEN": found.forge.token,
        "ACTIONS_ID_TOKEN_REQUEST_URL": found.id_token_url,
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token",
        "HOME": found.env["HOME"],
        **(more or {}),
    }
    argv = [
        "act", trigger, "--workflows", str(workflow.relative_to(here)), "--platform", "ubuntu-latest=-self-hosted",
        "--secret-file", str(_secrets(found)), "--var", "VIS_APP_CLIENT_ID=app-id", "--eventpath", str(_event(found)), "--rm",
        *stand_ins(found),
    ]  # fmt: skip
    for key, value in env.items():
        argv += ["--env", f"{key}={value}"]
    return finished(argv, found, found.env, here)


def _secrets(found: Place) -> Path:
    """The job's own token; where an app pushes it is one that may do nothing."""
    path = found.folder / "secrets"
    token = "a-token-that-may-do-nothing" if found.case.app else found.forge.token
    path.write_text(f"GITHUB_TOKEN={token}\nVIS_APP_PRIVATE_KEY=app-key\n", encoding="utf-8")
    return path


def _event(found: Place) -> Path:
    path = found.folder / "event.json"
    path.write_text(
        json.dumps({"ref": "refs/heads/main", "number": 7, "pull_request": {"number": 7}}), encoding="utf-8"
    )
    return path
