"""git, the remote, and the state files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.errors import VisError
from vis_tasks.services.doctor.finding import FAIL, PASS, WARN, Finding
from vis_tasks.services.guard import check_branch, check_remote, check_repository, check_tree
from vis_tasks.services.lock import lock_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vis_tasks.services.run import Run

__all__ = ["checkout_findings", "repository_findings", "state_findings"]

_TIMEOUT = 60.0


def repository_findings(run: Run) -> Iterator[Finding]:
    """Everything git: about ten processes, two of them over the network."""
    found = list(checkout_findings(run))
    yield from found
    if found[0].status == FAIL:
        return
    remote = _guarded(
        "git.remote", lambda: check_remote(run), f"{run.release.remote} answers and has nothing that is missing here"
    )
    yield remote
    if remote.status == PASS:
        yield _push(run)


def checkout_findings(run: Run) -> Iterator[Finding]:
    """The checkout alone: nothing goes over the network."""
    repository = _guarded(
        "git.repository", lambda: check_repository(run), "a repository with a whole history and an identity"
    )
    yield repository
    if repository.status == FAIL:
        return
    yield Finding("git.identity", PASS, f"commits carry {run.tools.git.identity()}")
    yield from _signing(run)
    yield _softened(_guarded("git.branch", lambda: check_branch(run), f"on {run.tools.git.branch()}, which releases"))
    yield _softened(_guarded("git.tree", lambda: check_tree(run), "nothing uncommitted"))


def _guarded(name: str, check: Callable[[], None], good: str) -> Finding:
    try:
        check()
    except VisError as error:
        hint = error.hint or "mend what git says; `git ls-remote` must work without a prompt"
        return Finding(name, FAIL, error.message, hint)
    return Finding(name, PASS, good)


def _softened(finding: Finding) -> Finding:
    """A dirty tree or another branch stops a release from here, not the setup."""
    return Finding(finding.id, WARN, finding.text, finding.hint) if finding.status == FAIL else finding


def _signing(run: Run) -> Iterator[Finding]:
    def setting(key: str) -> str:
        done = run.tools.runner.run(["git", "config", "--get", key], cwd=run.tools.root, check=False)
        return done.stdout.strip()

    wanted = [key for key in ("commit.gpgsign", "tag.gpgsign") if setting(key) == "true"]
    if not wanted:
        yield Finding("git.signing", PASS, "commits and tags aren't signed")
    elif setting("user.signingkey") or setting("gpg.format") == "":
        yield Finding("git.signing", PASS, f"{' and '.join(wanted)} are set; the key must work without a prompt")
    else:
        hint = "git config user.signingkey <key>, or turn signing off for the release user"
        yield Finding("git.signing", FAIL, f"{' and '.join(wanted)} are set, and there is no user.signingkey", hint)


def _push(run: Run) -> Finding:
    """A dry run shows whether the credentials may push; protection rules show only when a push is tried in earnest."""
    remote, branch = run.release.remote, run.branch
    done = run.tools.runner.run(
        ["git", "push", "--dry-run", "--porcelain", remote, f"HEAD:refs/heads/{branch}"],
        cwd=run.tools.root,
        check=False,
        timeout=_TIMEOUT,
    )
    if done.code == 0:
        text = (
            f"the credentials may push to {remote}/{branch}; rules of a protected branch are only seen at a real push"
        )
        return Finding("git.push", PASS, text)
    words = run.tools.redact(" ".join(done.stderr.split())[-300:])
    hint = "let the release user push (a bypass in the branch's rules)"
    return Finding("git.push", FAIL, f"{remote}/{branch} would not take a push: {words}", hint)


def state_findings(run: Run) -> Iterator[Finding]:
    """staged.json, the journal, the lock."""
    try:
        state = run.state.pending()
        journal = run.state.journal() if run.state.has_journal() else None
        step = journal.versioning if journal else None
        cut_off = journal is not None and bool(journal.intents or (step and not step.pushed))
    except VisError as error:
        yield Finding("state.files", FAIL, error.message, error.hint)
        return
    if state.pending:
        names = ", ".join(f"{entry.spec} ({entry.reason})" for entry in state.pending)
        yield Finding(
            "publish-stage.pending",
            WARN,
            f"{len(state.pending)} pending stage(s) recorded in {run.state.where}:\n"
            f"{names}. Approve / reject before the next release:\ninvoke stage.approve --all",
        )
    else:
        yield Finding("publish-stage.pending", PASS, "nothing is pending")
    if cut_off:
        yield Finding(
            "state.journal", WARN, "a run on this machine was cut off half-way", "`invoke release` takes it up"
        )
    lock = lock_of(run)
    holder = lock.holder()
    if holder is None:
        yield Finding("state.lock", PASS, "nobody holds the lock")
    else:
        who = holder.describe(run.tools.clock.now())
        stale = lock.stale(holder)
        text = f"the lock was left behind by {who}" if stale else f"the lock is held by {who}"
        yield Finding(
            "state.lock", WARN, text, "the next run removes it" if stale else "wait, or `invoke unlock` when it is gone"
        )
