"""How this project is checked. `nox` runs everything that CI runs; `nox -l` lists the rest."""

from __future__ import annotations

import os
import secrets

import nox
from nox.command import CommandFailed

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "tests"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True

# Two for each core: half of a test's time is waiting, for a registry's poll or for another process.
WORKERS = os.environ.get("VIS_TEST_WORKERS") or str(2 * (os.cpu_count() or 1))
PRODUCT = ("vis_tasks", "examples/plain-python", "tasks.py", "noxfile.py")
GROUPS = nox.project.load_toml("pyproject.toml")["dependency-groups"]


def _install(session: nox.Session, *groups: str) -> None:
    """Install the project and these groups: with uv in a tenth of pip's time, and with pip where uv can't.

    uv doesn't read pip's configuration, so it misses an index or a proxy that stands only there.
    """
    wanted = [item for group in groups for item in GROUPS[group] if isinstance(item, str)]
    what = ["--quiet", "--editable", ".[registry,rich]", *wanted]
    try:
        session.install(*what)
    except CommandFailed:
        if session.venv_backend != "uv":
            raise
        session.warn("uv could not install this; trying pip")
        session.run_install("python", "-m", "ensurepip", silent=True)
        session.run_install("python", "-m", "pip", "install", *what)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, and the order of the house."""
    _install(session, "lint", "test", "dev")
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("mypy")
    # As on Windows, where no test of ours has run; code for other systems is unreachable there.
    session.run("mypy", "--platform=win32", "--no-warn-unreachable", "--cache-dir=.mypy_cache/win32", *PRODUCT)
    session.run("lint-imports", "--no-cache")


@nox.session
def tests(session: nox.Session) -> None:
    """Everything but what has a session of its own. Arguments go to pytest; VIS_TEST_WORKERS says how many run at once."""
    _install(session, "test", "dev")
    session.run("pytest", "--numprocesses", WORKERS, "--dist", "worksteal", "-m", "not slow", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """What takes longer: other npm clients, a browser, conformance, the built wheel, kills at a share of all boundaries."""
    _install(session, "test", "lint", "dev")
    session.run("pytest", "--numprocesses", WORKERS, "--dist", "worksteal", "-m", "slow", *session.posargs)


@nox.session
def crash(session: nox.Session) -> None:
    """End a release at every boundary of every scenario, then release again; a count of all that was tried comes last.

    kill -9, and again on the same machine; kill -9, and again on a fresh clone; SIGINT and SIGTERM at a quarter of them.
    """
    _install(session, "test", "dev")
    session.run(
        "pytest",
        "tests/crash",
        "--numprocesses",
        WORKERS,
        "--dist",
        "worksteal",
        *session.posargs,
        env={"VIS_CRASH": "all"},
    )


@nox.session
def chaos(session: nox.Session) -> None:
    """Random schedules against the promises: VIS_CHAOS says how many, VIS_CHAOS_SEED which ones; the seed is printed.

    How often each thing happened is counted at the end. The product broken on purpose must be noticed, too.
    """
    _install(session, "test", "dev")
    seed = os.environ.get("VIS_CHAOS_SEED") or str(secrets.randbelow(2**32))
    count = os.environ.get("VIS_CHAOS", "3000")
    session.log(f"{count} schedules; the same ones again: VIS_CHAOS={count} VIS_CHAOS_SEED={seed} nox -s chaos")
    session.run(
        "pytest", "tests/chaos", "--numprocesses", WORKERS, "--dist", "worksteal", *session.posargs,
        env={"VIS_CHAOS": count, "VIS_CHAOS_SEED": seed},
    )  # fmt: skip


@nox.session
def replay(session: nox.Session) -> None:
    """Plan real releases of the past and compare; VIS_REPLAYS names the folder that holds them."""
    _install(session, "test", "dev")
    session.run("python", "-m", "tests.replay", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Speed beside other programs, from the npm registry; writes docs/performance.md. An argument picks one measurement."""
    _install(session, "test", "dev", "bench")
    for part in session.posargs or ("report", "registry"):
        session.run("python", "-m", f"tests.bench.{part}")


@nox.session(name="ci-files")
def ci_files(session: nox.Session) -> None:
    """Every CI file of every combination of options, before every linter; GitHub's own parser comes from npm."""
    _install(session, "test", "ci-files")
    session.run("python", "-m", "tests.ci.lint", *session.posargs)


@nox.session(name="ci-run")
def ci_run(session: nox.Session) -> None:
    """The CI files really run: GitHub's under act, GitLab's under gitlab-ci-local (needs rsync and Node 20.17 or newer)."""
    _install(session, "test", "ci-files")
    session.run("python", "-m", "tests.ci.real", *session.posargs)


@nox.session
def rehearse(session: nox.Session) -> None:
    """Rehearse a release of the example workspace, every scenario."""
    session.install("--quiet", ".[registry,rich]")
    session.run("invoke", "rehearse", "--scenario=all", *session.posargs)
