"""What a provenance statement claims, beside what is known here.

Pure. Signatures are not verified; ``npm audit signatures`` does that once a version is live.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from vis_tasks.core.remotes import parse_remote
from vis_tasks.core.review.model import Check
from vis_tasks.patterns import regex
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Statement", "checks_of", "statement_of"]

_PROVENANCE = "https://slsa.dev/provenance/"
_COMMIT = regex(r"[0-9a-f]{40,64}")


@dataclass(frozen=True)
class Statement:
    """The claims of one in-toto statement, as npm makes them (npm's ``libnpmpublish/lib/provenance.js``).

    Attributes:
        repository: address of the repository, without ``git+``; empty when none is named.
        commit: what was checked out; empty when none is named.
        built_by: the workflow file, or the job.
        digests: sha512 of the packages it is about, in hex.
    """

    repository: str
    commit: str
    built_by: str
    digests: frozenset[str]


def statement_of(attestations: Iterable[Any]) -> Statement | None:
    """The first provenance statement among a version's attestations; None when there is none that can be read.

    Args:
        attestations: as the registry gives them, each with ``predicateType`` and a sigstore ``bundle``.
    """
    for each in attestations:
        if not str(_at(each, "predicateType")).startswith(_PROVENANCE):
            continue
        payload = _at(each, "bundle", "dsseEnvelope", "payload")
        try:
            found = json.loads(base64.b64decode(payload, validate=True))
        except (ValueError, TypeError, binascii.Error, RecursionError):
            continue
        if str(_at(found, "predicateType")).startswith(_PROVENANCE):
            return _claims(found)
    return None


def _claims(statement: Any) -> Statement:
    """GitHub speaks SLSA v1, GitLab v0.2."""
    workflow = _at(statement, "predicate", "buildDefinition", "externalParameters", "workflow")
    source = _at(statement, "predicate", "invocation", "configSource")
    resolved = _at(statement, "predicate", "buildDefinition", "resolvedDependencies", 0)
    repository = _word(_at(workflow, "repository")) or _word(_at(source, "uri"))
    commit = _word(_at(resolved, "digest", "gitCommit")) or _word(_at(source, "digest", "sha1"))
    subjects = _at(statement, "subject")
    digests = [_word(_at(each, "digest", "sha512")) for each in subjects] if isinstance(subjects, list) else []
    return Statement(
        repository.removeprefix("git+"),
        commit if _COMMIT.fullmatch(commit) else "",
        _word(_at(workflow, "path")) or _word(_at(source, "entryPoint")),
        frozenset(digest.lower() for digest in digests if digest),
    )


def _at(value: Any, *path: str | int) -> Any:
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def checks_of(found: Statement, *, integrity: str, commit: str | None, remote: str | None) -> tuple[Check, ...]:
    """Each claim beside what is known: the bytes, the commit they were built from, the repository.

    Args:
        found: the claims.
        integrity: ``sha512-<base64>`` of the staged tarball.
        commit: the recorded commit; None when none is recorded.
        remote: address of this repository's git remote.
    """
    digest = base64.b64decode(integrity.removeprefix("sha512-")).hex()
    checks = [_check("the provenance statement is about {not}these bytes", good=digest in found.digests)]
    if commit and found.commit:
        words = f"the provenance statement names commit {found.commit[:12]}, which is {{not}}the recorded one"
        checks.append(_check(words, good=found.commit == commit))
    here, there = parse_remote(remote or ""), parse_remote(found.repository)
    if here and there:
        same = (here.host, here.path.lower()) == (there.host, there.path.lower())
        words = f"the provenance statement names {there.web_url}, which is {{not}}this repository"
        checks.append(_check(words, good=same))
    return tuple(checks)


def _check(words: str, *, good: bool) -> Check:
    return Check("provenance", good, words.replace("{not}", "" if good else "NOT "))
