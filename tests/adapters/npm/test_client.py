from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.adapters.npm.support import packed
from vis_tasks.adapters.npm.client import NpmClientStager, outcome_of
from vis_tasks.adapters.npm.config import NpmConfig
from vis_tasks.adapters.npm.tarball import read_tarball
from vis_tasks.errors import Failed
from vis_tasks.ports import Completed, StageOutcome

if TYPE_CHECKING:
    from pathlib import Path

    from vis_tasks.ports import Tarball

ID = "8814c851-1732-4885-8bbf-9c3aab52da3f"
SENDING = "npm notice Staging to http://localhost/ with tag latest and default access\n"


@pytest.fixture
def tarball(tmp_path) -> Tarball:
    return read_tarball(packed(tmp_path))


def ended(code: int, stdout: object = "", stderr: str = "") -> Completed:
    return Completed(("npm",), code, stdout if isinstance(stdout, str) else json.dumps(stdout, indent=2), stderr)


def error(code: str | None, summary: str, *, stderr: str = SENDING) -> Completed:
    content = {"summary": summary, "detail": ""} | ({"code": code} if code else {})
    return ended(1, {"error": content}, stderr)


def success(tarball: Tarball, **more: Any) -> dict[str, Any]:
    return {"name": tarball.name, "version": tarball.version, "integrity": tarball.integrity, "stageId": ID} | more


def test_an_id_under_the_packages_name_means_staged(tarball):
    staged = outcome_of(ended(0, {"demo": success(tarball)}), tarball, staging=True)
    assert (staged.outcome, staged.stage_id) == (StageOutcome.STAGED, ID)


def test_scripts_that_print_before_it_do_no_harm(tarball):
    stdout = '> build\n{"id": "not-mine"}\n' + json.dumps({"demo": success(tarball)}, indent=2)
    assert outcome_of(ended(0, stdout), tarball, staging=True).stage_id == ID


@pytest.mark.parametrize(
    "change",
    [{"stageId": None}, {"stageId": "stage-xyz"}, {"version": "1.0.1"}, {"integrity": "sha512-other"}, {"name": "x"}],
)
def test_without_the_right_id_it_is_never_staged(tarball, change):
    stdout = {"demo": success(tarball) | change, "id": ID, "stageId": ID}
    assert outcome_of(ended(0, stdout), tarball, staging=True).outcome is StageOutcome.AMBIGUOUS


@pytest.mark.parametrize("stdout", ["", "done", "{", "[]"])
def test_a_good_end_without_a_word_is_ambiguous(tarball, stdout):
    assert outcome_of(ended(0, stdout), tarball, staging=True).outcome is StageOutcome.AMBIGUOUS


def test_a_plain_publish_owes_no_id(tarball):
    stdout = {"demo": success(tarball, stageId=None)}
    assert outcome_of(ended(0, stdout), tarball, staging=False).outcome is StageOutcome.STAGED


@pytest.mark.parametrize(
    ("code", "summary", "expected"),
    [
        ("E409", "409 Conflict - POST http://h/ - demo@1.2.0 is already staged", StageOutcome.ALREADY_STAGED),
        ("E409", "409 Conflict", StageOutcome.ALREADY_STAGED),
        ("E409", '409 Conflict - Cannot stage previously published version "1.1.0"', StageOutcome.ALREADY_STAGED),
        (None, "Cannot implicitly apply: previously published version 2 is higher", StageOutcome.AMBIGUOUS),
        ("E409", "409 Conflict - POST http://h/ - this package is already present", StageOutcome.ALREADY_LIVE),
        (None, "You cannot publish over the previously published versions: 1.0.1.", StageOutcome.ALREADY_LIVE),
        (
            "E403",
            "403 Forbidden - You cannot publish over the previously published versions: 1.",
            StageOutcome.ALREADY_LIVE,
        ),
        ("E403", "403 Forbidden - OIDC permission denied for this action", StageOutcome.REFUSED),
        ("E400", "400 Bad Request", StageOutcome.REFUSED),
        ("E401", "Unable to authenticate", StageOutcome.REFUSED),
        ("E402", "402 Payment Required - private packages cost", StageOutcome.REFUSED),
        ("E404", "Not Found - POST", StageOutcome.REFUSED),
        ("E413", "Payload Too Large", StageOutcome.REFUSED),
        ("ENEEDAUTH", "This command requires you to be logged in", StageOutcome.REFUSED),
        ("EOTP", "This operation requires a one-time password", StageOutcome.REFUSED),
        ("EPRIVATE", "This package has been marked as private", StageOutcome.REFUSED),
        ("EUSAGE", "wrong", StageOutcome.REFUSED),
        ("E408", "Request Timeout", StageOutcome.AMBIGUOUS),
        ("E429", "Too Many Requests", StageOutcome.AMBIGUOUS),
        ("E500", "Internal Server Error", StageOutcome.AMBIGUOUS),
        ("E503", "Service Unavailable", StageOutcome.AMBIGUOUS),
        ("ECONNRESET", "socket hang up", StageOutcome.AMBIGUOUS),
        ("ECONNREFUSED", "connect ECONNREFUSED", StageOutcome.AMBIGUOUS),
        ("ETIMEDOUT", "network", StageOutcome.AMBIGUOUS),
        ("ERESPONSETIMEOUT", "network", StageOutcome.AMBIGUOUS),
        ("ENOTFOUND", "getaddrinfo", StageOutcome.AMBIGUOUS),
        ("EAI_AGAIN", "getaddrinfo", StageOutcome.AMBIGUOUS),
        ("FETCH_ERROR", "invalid json response body", StageOutcome.AMBIGUOUS),
        ("ERR_STREAM_PREMATURE_CLOSE", "Premature close", StageOutcome.AMBIGUOUS),
        ("ESOMETHINGNEW", "what", StageOutcome.AMBIGUOUS),
        (None, "something new", StageOutcome.AMBIGUOUS),
    ],
)
def test_what_an_error_means_once_npm_was_sending(tarball, code, summary, expected):
    staged = outcome_of(error(code, summary), tarball, staging=True)
    assert (staged.outcome, staged.why, staged.code) == (expected, summary, code or "")
    assert staged.stage_id is None


@pytest.mark.parametrize("code", [None, "ESOMETHINGNEW"])
def test_an_error_before_npm_sends_anything_is_a_refusal(tarball, code):
    ending = error(code, "You must specify a tag using --tag", stderr="npm error")
    assert outcome_of(ending, tarball, staging=True).outcome is StageOutcome.REFUSED


@pytest.mark.parametrize(("code", "stderr"), [(-9, ""), (1, ""), (134, "JavaScript heap out of memory")])
def test_a_crash_is_ambiguous(tarball, code, stderr):
    staged = outcome_of(ended(code, "", SENDING + stderr), tarball, staging=True)
    assert staged.outcome is StageOutcome.AMBIGUOUS
    assert str(code) in staged.why


@dataclass
class RecordingRunner:
    """A runner that keeps what it was asked to run."""

    ending: Completed | Failed
    argv: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)

    def run(self, argv, *, cwd: Path, env=None, input_text=None, check=True, timeout=None, started=None) -> Completed:
        self.argv, self.env = tuple(argv), dict(env or {})
        if isinstance(self.ending, Failed):
            raise self.ending
        return self.ending


def staged_with(tarball: Tarball, layers: dict[str, Any] | None = None, **options: Any) -> RecordingRunner:
    runner = RecordingRunner(ended(0))
    values = {"registry": "http://localhost:1/"} | (layers or {})
    config = NpmConfig("11.19.1", tarball.path.parent, values, (("test", layers or {}),))
    stager = NpmClientStager(runner, ("npm",), config, tarball.path.parent, **options)
    stager.stage(tarball, tag="latest", access=None)
    return runner


def test_a_timeout_is_ambiguous(tarball, tmp_path):
    runner = RecordingRunner(Failed("no end", code="TIMEOUT"))
    stager = NpmClientStager(runner, ("npm",), NpmConfig("11.19.1", tmp_path, {}), tmp_path)
    assert stager.stage(tarball, tag="latest", access=None).outcome is StageOutcome.AMBIGUOUS


def test_a_missing_npm_is_an_error(tarball, tmp_path):
    runner = RecordingRunner(Failed("npm: program not found", code="NOT_FOUND"))
    stager = NpmClientStager(runner, ("npm",), NpmConfig("11.19.1", tmp_path, {}), tmp_path)
    with pytest.raises(Failed, match="not found"):
        stager.stage(tarball, tag="latest", access=None)


def test_the_registry_is_said_for_the_scope_too(tmp_path):
    tarball = read_tarball(packed(tmp_path, "@acme/core"))
    argv = staged_with(tarball, registry="http://localhost:9/").argv
    assert "--registry=http://localhost:9/" in argv
    assert "--@acme:registry=http://localhost:9/" in argv


def test_without_one_it_goes_where_npm_would_publish(tmp_path):
    tarball = read_tarball(packed(tmp_path, publishConfig={"registry": "http://localhost:3/"}))
    assert "--registry=http://localhost:3/" in staged_with(tarball).argv


@pytest.mark.parametrize(
    ("version", "manifest", "layers", "said"),
    [
        ("1.0.0", {}, {}, False),
        ("1.0.0-rc.1", {}, {}, True),
        ("1.0.0", {"publishConfig": {"tag": "next"}}, {}, True),
        ("1.0.0", {}, {"tag": "beta"}, True),
    ],
)
def test_latest_is_left_out_only_where_npm_means_the_same(tmp_path, version, manifest, layers, said):
    tarball = read_tarball(packed(tmp_path, version=version, **manifest))
    assert ("--tag=latest" in staged_with(tarball, layers).argv) is said


@pytest.mark.parametrize(
    ("provenance", "flags"),
    [("auto", set()), ("true", {"--provenance"}), ("false", {"--no-provenance"})],
)
def test_provenance_is_npms_unless_it_is_said(tarball, provenance, flags):
    argv = staged_with(tarball, provenance=provenance).argv
    assert {flag for flag in argv if flag.startswith("--") and "provenance" in flag} == flags


def test_a_token_is_never_an_argument(tmp_path, tarball):
    config = NpmConfig("11.19.1", tmp_path, {"//h/:_authToken": "very-secret"}, token_key="//h/:_authToken")
    runner = RecordingRunner(ended(0))
    NpmClientStager(runner, ("npm",), config, tmp_path).stage(tarball, tag="latest", access="public")
    assert "very-secret" not in " ".join(runner.argv)
    assert runner.env["npm_config_//h/:_authToken"] == "very-secret"
