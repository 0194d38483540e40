"""A release in plain Python: look, rehearse, make, decide. Nothing is printed but what this script prints.

    python release.py check     # what the doctor finds, and what a release would version
    python release.py rehearse  # a whole release on copies
    python release.py stage     # version, pack and upload; it doesn't wait
    python release.py approve   # all that is staged, with the code in NPM_OTP, then tag

Run it in the workspace's root.
"""

from __future__ import annotations

import sys

from vis_tasks.api import Decision, Finding, Repository, VisError, open_repository


def check(repository: Repository) -> bool:
    """Say what is amiss and what would be released."""
    findings: tuple[Finding, ...] = repository.doctor()
    failed = [finding for finding in findings if finding.status == "fail"]
    for finding in failed:
        print(f"{finding.id}: {finding.text} → {finding.hint}")
    for release in repository.plan().releases:
        print(f"{release.name} {release.old} → {release.new}: {'; '.join(reason.text for reason in release.reasons)}")
    return not failed


def rehearse(repository: Repository) -> bool:
    """Play a release on copies."""
    rehearsal = repository.rehearse("approve")
    for line in rehearsal.broken:
        print(line)
    for version in rehearsal.report.versions:
        print(f"{version.name} {version.old} → {version.new}, {version.size} bytes, tag {version.tag}")
    return rehearsal.good


def stage(repository: Repository) -> bool:
    """Everything up to npm's staging area."""
    report = repository.make("stage")
    print(f"staged: {', '.join(report.staged) or 'nothing'}")
    return not report.of("failed")


def approve(repository: Repository) -> bool:
    """Approve what is staged, and tag it."""
    decisions: tuple[Decision, ...] = repository.approve(tag=True)
    for decision in decisions:
        print(f"{decision.entry.spec}: {decision.outcome} {decision.why}".rstrip())
    return all(decision.done for decision in decisions)


STEPS = {"check": check, "rehearse": rehearse, "stage": stage, "approve": approve}


def main(step: str) -> int:
    """Do one step."""
    if step not in STEPS:
        print(f"one of: {', '.join(STEPS)}", file=sys.stderr)
        return 2
    try:
        return 0 if STEPS[step](open_repository(".")) else 1
    except VisError as error:
        print(error.message, error.hint, sep="\n", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
