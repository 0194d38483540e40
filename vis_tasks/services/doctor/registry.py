"""npm, Node, the registries, tokens and OIDC."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vis_tasks.errors import VisError
from vis_tasks.ports import NO_STAGING, StageList, Unknown, Unreadable
from vis_tasks.services.doctor.finding import FAIL, PASS, WARN, Finding
from vis_tasks.services.stage import registries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vis_tasks.ports import RegistryReader
    from vis_tasks.services.run import Run

__all__ = ["client_findings", "npm_findings", "oidc_findings"]

_NODE = (22, 14)


def npm_findings(run: Run) -> Iterator[Finding]:
    """Two npm processes, one of Node, and three requests for each registry."""
    found = list(client_findings(run))
    yield from found
    if any(finding.id == "npm.version" and finding.status == FAIL for finding in found):
        return
    for url, staging in registries(run).items():
        yield from _registry(run, url, staging=staging)


def client_findings(run: Run) -> Iterator[Finding]:
    """The programs on this machine and their settings: two npm processes and one of Node, no request."""
    yield _node(run)
    try:
        version = run.npm.version
    except VisError as error:
        yield Finding("npm.version", FAIL, error.message, error.hint)
        return
    yield Finding("npm.version", PASS, f"npm {version} knows staged publishing")
    for problem in run.npm.problems():
        yield Finding("npm.config", FAIL, problem, "mend the npmrc, or set the variable")


def _node(run: Run) -> Finding:
    wanted = ".".join(map(str, _NODE))
    hint = f"install Node {wanted} or newer, which npm's staged publishing asks for"
    try:
        found = run.tools.runner.run(["node", "--version"], cwd=run.tools.root, check=False).stdout.strip()
    except VisError as error:
        return Finding("node.version", WARN, error.message, hint)
    numbers = re.fullmatch(r"v(\d+)\.(\d+)\..*", found)
    if numbers and tuple(map(int, numbers.groups())) >= _NODE:
        return Finding("node.version", PASS, f"Node {found}")
    return Finding("node.version", WARN, f"Node {found or 'of no version'} is older than {wanted}", hint)


def _registry(run: Run, url: str, *, staging: bool) -> Iterator[Finding]:
    reader = run.npm.reader(url)
    trouble = reader.ping()
    if trouble is not None:
        yield Finding(
            "registry.reachable",
            FAIL,
            f"{url} gives no usable answer: {trouble.why}",
            "look at npm's proxy and registry settings",
        )
        return
    yield Finding("registry.reachable", PASS, url)
    stages = reader.stages()
    if isinstance(stages, Unknown) and stages.kind == NO_STAGING:
        hint = "set `stage = false` under [release.publish], or use a registry with staging"
        plain = f"{stages.why}; what goes there is published plainly"
        yield (
            Finding("registry.staging", FAIL, stages.why, hint) if staging else Finding("registry.staging", PASS, plain)
        )
    elif isinstance(stages, Unknown):
        yield Finding("registry.staging", WARN, f"{url} didn't say whether it knows staging: {stages.why}", "try again")
    elif isinstance(stages, StageList):
        yield Finding("registry.staging", PASS, f"{url} supports staging; {len(stages.records)} version(s) are staged")
    yield _token(run, reader, stages)


def _token(run: Run, reader: RegistryReader, stages: StageList | Unreadable | Unknown) -> Finding:
    url = reader.url
    if not reader.has_credentials():
        if run.npm.oidc():
            text = f"no token for {url}; trusted publishing (OIDC) may stage, but not list, approve or reject"
            return Finding("registry.token", PASS, text)
        return Finding("registry.token", FAIL, f"npm has no credentials for {url}", "set NPM_TOKEN, or `npm login`")
    who = reader.whoami()
    if isinstance(who, Unreadable):
        return Finding("registry.token", FAIL, f"{url} refuses the token: {who.why}", "make a new one, or `npm login`")
    if isinstance(who, Unknown):
        return Finding("registry.token", WARN, f"{url} didn't say whose token it is: {who.why}", "try again")
    if isinstance(stages, Unreadable):
        text = f"the token of {who} may not list stages ({stages.why}): the wait can only watch what goes live"
        return Finding(
            "registry.token", WARN, text, "use a granular token that may read and write the packages, or a session"
        )
    return Finding(
        "registry.token", PASS, f"the token of {who} may list stages; approving and rejecting also ask for 2FA"
    )


def oidc_findings(run: Run) -> Iterator[Finding]:
    """What CI hands out, and the traps on the way. No request."""
    env = run.tools.env
    if env.get("GITHUB_ACTIONS"):
        if env.get("NPM_ID_TOKEN"):
            yield _audience(run, "oidc.github", env["NPM_ID_TOKEN"])
        elif env.get("ACTIONS_ID_TOKEN_REQUEST_URL") and env.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN"):
            yield Finding("oidc.github", PASS, "the job may ask for an identity (id-token: write)")
        elif not env.get("NPM_TOKEN") and not all(run.npm.reader(url).has_credentials() for url in registries(run)):
            hint = "give the job `permissions: id-token: write`, or an NPM_TOKEN"
            yield Finding("oidc.github", FAIL, "the job may not ask for an identity and has no token", hint)
        if env.get("NODE_AUTH_TOKEN", "").startswith("XXXXX"):
            hint = (
                "remove `registry-url` from actions/setup-node: its placeholder token keeps npm from trusted publishing"
            )
            yield Finding("oidc.setup-node", FAIL, "NODE_AUTH_TOKEN is setup-node's placeholder", hint)
    if env.get("GITLAB_CI"):
        token = env.get("NPM_ID_TOKEN", "")
        if not token and not env.get("NPM_TOKEN"):
            hint = "add `id_tokens: NPM_ID_TOKEN: aud: npm:<registry host>` to the job, or an NPM_TOKEN variable"
            yield Finding("oidc.gitlab", FAIL, "the job has neither NPM_ID_TOKEN nor NPM_TOKEN", hint)
        elif token:
            yield _audience(run, "oidc.gitlab", token)
            if not env.get("SIGSTORE_ID_TOKEN"):
                hint = "add `SIGSTORE_ID_TOKEN: aud: sigstore` to the job's id_tokens"
                yield Finding("oidc.provenance", WARN, "without SIGSTORE_ID_TOKEN there will be no provenance", hint)


def _audience(run: Run, name: str, token: str) -> Finding:
    """Npm asks for ``npm:<registry host>`` (its lib/utils/oidc.js); the claims are read, not verified."""
    urls = tuple(registries(run)) or (run.npm.url_for("", {}),)
    wanted = tuple(dict.fromkeys(f"npm:{urlsplit(url).hostname}" for url in urls))
    way_out = f"declare it with `aud: {wanted[0] if len(wanted) == 1 else list(wanted)}`"
    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        named: Sequence[str] = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    except (ValueError, KeyError, TypeError, binascii.Error):
        return Finding(name, FAIL, "NPM_ID_TOKEN is no token with an audience", way_out)
    missing = [each for each in wanted if each not in named]
    if not missing:
        return Finding(name, PASS, f"NPM_ID_TOKEN is for {', '.join(wanted)}")
    text = f"NPM_ID_TOKEN is for {', '.join(map(str, named))}, the registry asks for {', '.join(missing)}"
    return Finding(name, FAIL, text, way_out)
