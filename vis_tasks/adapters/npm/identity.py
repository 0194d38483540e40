"""What CI's environment says about who it is. Source: ``lib/utils/oidc.js`` of npm 11.19. Pure."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["can_identify", "claims_of", "signs_provenance"]


def can_identify(env: Mapping[str, str]) -> bool:
    """Whether CI can hand out an identity, under npm's own conditions. No request."""
    if not any(env.get(flag) for flag in ("GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI")):
        return False
    asks = env.get("ACTIONS_ID_TOKEN_REQUEST_URL") and env.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    return bool(env.get("NPM_ID_TOKEN") or (env.get("GITHUB_ACTIONS") and asks))


def signs_provenance(env: Mapping[str, str]) -> bool:
    """Whether npm, left to itself, may turn provenance on here.

    It does so for a public repository and a public package: on GitHub Actions, and on GitLab with ``SIGSTORE_ID_TOKEN``. An id
    token at hand says which the repository is; one yet to be asked for may say either.
    """
    if not can_identify(env):
        return False
    claims = claims_of(env.get("NPM_ID_TOKEN", ""))
    if env.get("GITHUB_ACTIONS"):
        return not claims or claims.get("repository_visibility") == "public"
    if env.get("GITLAB_CI") and env.get("SIGSTORE_ID_TOKEN"):
        return not claims or claims.get("project_visibility") == "public"
    return False


def claims_of(token: str) -> dict[str, Any]:
    """What a JSON web token says; nothing is verified, it is the registry that decides."""
    body = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}
