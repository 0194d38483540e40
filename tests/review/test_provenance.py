"""What a provenance statement claims, beside what is known."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from vis_tasks.core.review.provenance import checks_of, statement_of

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIGEST = b"\x01" * 64
INTEGRITY = "sha512-" + base64.b64encode(DIGEST).decode()


def attestation(payload: Any, kind: str = "https://slsa.dev/provenance/v1") -> dict[str, Any]:
    """As the registry gives it."""
    encoded = base64.b64encode(json.dumps(payload).encode()).decode()
    return {"predicateType": kind, "bundle": {"dsseEnvelope": {"payload": encoded}}}


def by_github(
    *, repository: str = "https://github.com/acme/tools", commit: str = COMMIT, digest: bytes = DIGEST
) -> dict[str, Any]:
    """npm's own on GitHub Actions."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "pkg:npm/%40acme/core@1.1.0", "digest": {"sha512": digest.hex()}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "externalParameters": {"workflow": {"repository": repository, "path": ".github/workflows/release.yml"}},
                "resolvedDependencies": [{"uri": f"git+{repository}@refs/heads/main", "digest": {"gitCommit": commit}}],
            }
        },
    }


def by_gitlab() -> dict[str, Any]:
    """npm's own on GitLab CI."""
    return {
        "subject": [{"digest": {"sha512": DIGEST.hex().upper()}}],
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "predicate": {
            "invocation": {
                "configSource": {
                    "uri": "git+https://gitlab.com/acme/tools",
                    "digest": {"sha1": COMMIT},
                    "entryPoint": "publish",
                }
            }
        },
    }


def checked(payload: Any, *, commit: str | None = COMMIT, remote: str | None = "git@github.com:acme/tools.git"):
    found = statement_of([attestation(payload, payload["predicateType"])])
    assert found is not None
    return {check.text: check.good for check in checks_of(found, integrity=INTEGRITY, commit=commit, remote=remote)}


def test_a_statement_that_agrees_is_good_in_every_point():
    assert checked(by_github()) == {
        "the provenance statement is about these bytes": True,
        f"the provenance statement names commit {COMMIT[:12]}, which is the recorded one": True,
        "the provenance statement names https://github.com/acme/tools, which is this repository": True,
    }


def test_gitlab_makes_its_claims_elsewhere():
    found = statement_of([attestation(by_gitlab(), "https://slsa.dev/provenance/v0.2")])
    assert found is not None
    assert (found.repository, found.commit, found.built_by) == ("https://gitlab.com/acme/tools", COMMIT, "publish")
    assert set(checked(by_gitlab(), remote="https://gitlab.com/acme/tools.git").values()) == {True}


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        ({"digest": b"\x02" * 64}, "is about NOT these bytes"),
        ({"commit": "f" * 40}, f"names commit {'f' * 12}, which is NOT the recorded one"),
        (
            {"repository": "https://github.com/mallory/tools"},
            "names https://github.com/mallory/tools, which is NOT this repository",
        ),
    ],
)
def test_each_claim_that_differs_is_told(claim, says):
    bad = [text for text, good in checked(by_github(**claim)).items() if not good]
    assert bad == [f"the provenance statement {says}"]


def test_what_is_not_known_here_is_not_compared():
    assert list(checked(by_github(), commit=None, remote="/srv/git/tools.git")) == [
        "the provenance statement is about these bytes"
    ]


@pytest.mark.parametrize(
    "bad",
    [
        [],
        [{}],
        [{"predicateType": "https://slsa.dev/provenance/v1", "bundle": {"dsseEnvelope": {"payload": "%%%"}}}],
        [{"predicateType": "https://slsa.dev/provenance/v1", "bundle": {"dsseEnvelope": {"payload": 7}}}],
        [attestation([1, 2])],
        [attestation({"predicateType": "https://example.org/other"})],
        [attestation(by_github(), "https://github.com/npm/attestation/tree/main/specs/publish/v0.1")],
    ],
)
def test_what_is_no_provenance_statement_is_none(bad):
    assert statement_of(bad) is None


@pytest.mark.parametrize(
    "odd", [{}, {"subject": {}, "predicate": []}, {"subject": [1, {"digest": 3}], "predicate": {"invocation": 1}}]
)
def test_odd_statements_claim_nothing_and_break_nothing(odd):
    found = statement_of([attestation({"predicateType": "https://slsa.dev/provenance/v1", **odd})])
    assert found is not None
    checks = checks_of(found, integrity=INTEGRITY, commit=COMMIT, remote="git@github.com:a/b.git")
    assert [check.good for check in checks] == [False], "it is not about these bytes, and says nothing else"
