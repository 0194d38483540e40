"""The edge to Invoke: errors become exit codes, JSON is one document, no traceback, signals leave a whole state."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from invoke.config import Config
from invoke.context import Context
from invoke.exceptions import Exit

from tests.adapters.repositories import Repository, bare
from tests.planning.builders import package, write_workspace
from vis_tasks.errors import ConfigError, Failed, Interrupted, Locked, Refused, UsageError, VisError
from vis_tasks.tasks.edge import dry, find_root, session

if TYPE_CHECKING:
    from pathlib import Path


def context(root: Path | None = None, **run):
    settings = {"vis_tasks": {"root": str(root)}} if root else {}
    return Context(Config(overrides={**settings, "run": run} if run else settings))


def ending(error, root, *, so_far=dict, **how):
    """How a task that raises this error ends."""

    def task():
        with session(context(root), "release", **how) as opened:
            opened.partial_result(so_far)
            raise error

    with pytest.raises(Exit) as caught:
        task()
    return caught.value


CODES = [
    (Refused("no"), 1),
    (UsageError("no"), 2),
    (ConfigError("no"), 2),
    (Failed("no"), 3),
    (VisError("no"), 3),
    (Locked("no"), 4),
    (Interrupted("no", signal_number=signal.SIGINT), 130),
    (Interrupted("no", signal_number=signal.SIGTERM), 143),
    (KeyboardInterrupt(), 130),
    (ZeroDivisionError("a defect"), 3),
]


@pytest.mark.parametrize(
    ("error", "code"), CODES, ids=lambda each: type(each).__name__ if not isinstance(each, int) else str(each)
)
def test_each_error_has_its_exit_code(tmp_path, capsys, error, code):
    assert ending(error, tmp_path).code == code


@pytest.mark.parametrize(
    ("error", "code"), CODES, ids=lambda each: type(each).__name__ if not isinstance(each, int) else str(each)
)
def test_no_traceback_reaches_anybody(tmp_path, capsys, error, code):
    ending(error, tmp_path)
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err


def test_debug_shows_the_traceback(tmp_path, capsys):
    ending(Refused("no"), tmp_path, debug=True)
    assert "Traceback" in capsys.readouterr().err


def test_so_does_an_environment_variable(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("VIS_DEBUG", "1")
    ending(ZeroDivisionError("x"), tmp_path)
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_message_and_way_out_are_shown(tmp_path, capsys):
    ending(Refused("the tree is dirty", hint="git stash"), tmp_path)
    said = capsys.readouterr()
    assert "error: the tree is dirty" in said.out
    assert "Next steps: git stash" in said.out


def test_a_defect_says_that_it_is_one(tmp_path, capsys):
    ending(ZeroDivisionError("a defect"), tmp_path)
    assert "unexpected ZeroDivisionError: a defect" in capsys.readouterr().out


class TestJson:
    def test_a_good_end_is_one_document_on_stdout_and_all_else_on_stderr(self, tmp_path, capsys):
        with session(context(tmp_path), "release", json=True) as opened:
            opened.console.line("for people")
            opened.result({"tags": ["a@1.0.0"]})
        said = capsys.readouterr()
        assert json.loads(said.out) == {"ok": True, "command": "release", "tags": ["a@1.0.0"]}
        assert said.err == "for people\n"

    def test_an_error_is_one_document_too_with_how_far_it_came(self, tmp_path, capsys):
        error = Refused("no", code="DIRTY_TREE", hint="git stash", details={"paths": ["a"]})
        ending(error, tmp_path, json=True, so_far=lambda: {"tags": []})
        said = capsys.readouterr()
        assert json.loads(said.out) == {
            "ok": False,
            "command": "release",
            "error": {"code": "DIRTY_TREE", "message": "no", "hint": "git stash", "details": {"paths": ["a"]}},
            "tags": [],
        }
        assert "no" in said.err

    def test_a_defect_is_a_document_as_well(self, tmp_path, capsys):
        ending(ZeroDivisionError("x"), tmp_path, json=True)
        assert json.loads(capsys.readouterr().out)["error"]["code"] == "INTERNAL"

    def test_a_report_that_can_not_be_made_does_not_hide_the_error(self, tmp_path, capsys):
        def broken():
            raise Failed("staged.json can't be read")

        assert ending(Refused("the first error", code="FIRST"), tmp_path, json=True, so_far=broken).code == 1
        assert json.loads(capsys.readouterr().out)["error"]["code"] == "FIRST"

    def test_without_json_nothing_but_human_lines_is_printed(self, tmp_path, capsys):
        with session(context(tmp_path), "release") as opened:
            opened.result({"tags": []})
        assert capsys.readouterr().out == ""


class TestRoot:
    def test_the_root_that_was_given_wins(self, tmp_path):
        assert find_root(context(tmp_path)) == tmp_path

    def test_a_vis_toml_upwards_wins_over_a_nearer_workspace(self, tmp_path, monkeypatch):
        inner = tmp_path / "inner/packages/a"
        inner.mkdir(parents=True)
        (tmp_path / "vis.toml").touch()
        (tmp_path / "inner/package.json").write_text('{"workspaces": ["packages/*"]}')
        (inner / "package.json").write_text("{}")
        monkeypatch.chdir(inner)
        assert find_root(context()) == tmp_path
        (tmp_path / "vis.toml").unlink()
        assert find_root(context()) == tmp_path / "inner"
        (tmp_path / "inner/package.json").unlink()
        assert find_root(context()) == inner

    def test_a_pnpm_workspace_is_one(self, tmp_path, monkeypatch):
        (tmp_path / "pnpm-workspace.yaml").touch()
        (tmp_path / "a").mkdir()
        (tmp_path / "a/package.json").write_text("{}")
        monkeypatch.chdir(tmp_path / "a")
        assert find_root(context()) == tmp_path


@pytest.mark.parametrize(("flags", "said"), [([], "False"), (["-B"], "True")])
def test_byte_code_is_kept_unless_python_was_told_otherwise(tmp_path, flags, said):
    code = """
import sys
from invoke.context import Context
from vis_tasks.tasks.edge import session
sys.dont_write_bytecode = True  # as Invoke leaves it
with session(Context(), "status"):
    print(sys.dont_write_bytecode)
"""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    argv = [sys.executable, *flags, "-c", code]
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == said, done.stderr


def test_invokes_own_dry_means_plan_only():
    assert dry(context(dry=True))
    assert not dry(context())


SCRIPT = """\
import sys, threading
from vis_tasks import release_namespace, Target
from vis_tasks.core.pending import Entry

def hold(run):
    run.state.change(lambda state: state.put(Entry("a", "1.0.0", id="id-a", staged_at="t")))
    run.state.note(lambda journal: journal.intend("b@1.0.0", "abc"))
    print("holding", flush=True)
    for _ in range(6000):  # a signal that comes right before a wait is noticed after it
        threading.Event().wait(0.01)

def outlive(run):
    run.tools.console.line("holding")
    with open("gone") as gone:
        gone.read()
    run.tools.console.line("nobody sees this")
    run.state.note(lambda journal: journal.intend("b@1.0.0", "abc"))

ns = release_namespace(
    targets=[Target("hold", hold, needs=("guard",)), Target("outlive", outlive, needs=("guard",))]
)
"""


@pytest.fixture
def repo(tmp_path):
    repo = Repository(tmp_path / "work")
    write_workspace(repo.top, package("a"))
    (repo.top / ".gitignore").write_text(".vis/release/.state.json\n.vis/release/.lock\n__pycache__/\n")
    (repo.top / "tasks.py").write_text(SCRIPT)
    repo.sh("add", "--all"), repo.sh("commit", "--quiet", "--message", "work")
    bare(tmp_path, repo)
    repo.sh("push", "--quiet", "origin", "main")
    return repo


def invoke(repo, *argv, **more):
    return subprocess.Popen(
        [sys.executable, "-m", "invoke", *argv],
        cwd=repo.top,
        env={name: value for name, value in repo.env.items() if name != "CI"} | {"NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_real_run_with_its_code_and_a_state_that_can_be_taken_up(repo, number, code):
    process = invoke(repo, "hold", "--json")
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holding\n"
        assert (repo.top / ".vis/release/.lock").exists()
        process.send_signal(number)
        out, error = process.communicate(timeout=60)
    assert process.returncode == code
    document = json.loads(out)
    assert document["error"]["code"] == "INTERRUPTED"
    assert "invoke release" in document["error"]["hint"]
    assert "Traceback" not in error
    assert not (repo.top / ".vis/release/.lock").exists()
    state = json.loads((repo.top / ".vis/release/staged.json").read_text())
    assert [each["name"] for each in state["pending"]] == ["a"]
    assert json.loads((repo.top / ".vis/release/.state.json").read_text())["intents"] == {"b@1.0.0": "abc"}
    with invoke(repo, "guard") as again:
        assert again.communicate(timeout=60)[0]
    assert again.returncode == 0


ON_A_TERMINAL = """\
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGHUP, getattr(signal, sys.argv[1]))
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.executable, [sys.executable, "-m", "invoke", sys.argv[2]])
"""


def on_a_terminal(repo, *argv):
    """The run, and its terminal once it holds."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL, *argv],
        cwd=repo.top,
        env={name: value for name, value in repo.env.items() if name != "CI"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    said = b""
    while b"holding\r\n" not in said:  # less than all, and the rest is written to nobody
        said += os.read(ours, 1024)
    return process, ours


def test_a_terminal_that_is_closed_ends_a_run_tidily(repo):
    process, terminal = on_a_terminal(repo, "SIG_DFL", "hold")
    with process:
        os.close(terminal)
        process.wait(timeout=60)
    assert process.returncode == 129
    assert not (repo.top / ".vis/release/.lock").exists()
    assert json.loads((repo.top / ".vis/release/.state.json").read_text())["intents"] == {"b@1.0.0": "abc"}


def test_a_run_that_was_told_to_outlive_its_terminal_goes_on_without_it(repo):
    os.mkfifo(repo.top / "gone")
    process, terminal = on_a_terminal(repo, "SIG_IGN", "outlive")
    with process:
        os.close(terminal)
        (repo.top / "gone").write_text("now")
        process.wait(timeout=60)
    assert process.returncode == 0
    assert json.loads((repo.top / ".vis/release/.state.json").read_text())["intents"] == {"b@1.0.0": "abc"}


def test_a_second_run_beside_a_living_one_is_refused_with_4(repo):
    process = invoke(repo, "hold")
    with process:
        assert process.stdout is not None
        while process.stdout.readline() not in {"holding\n", ""}:
            pass
        with invoke(repo, "guard") as second:
            out, _ = second.communicate(timeout=60)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert second.returncode == 4
    assert f"process {process.pid} on" in out
    assert "invoke unlock" in out


@pytest.mark.parametrize(
    ("prepare", "code", "said"),
    [
        (lambda repo: repo.put("dirt"), 1, "uncommitted changes"),
        (lambda repo: repo.put("vis.toml", "[release]\nbase-brunch = 'x'\n"), 2, "base-branch"),
        (lambda repo: repo.sh("remote", "set-url", "origin", "/nowhere.git"), 3, "nowhere.git"),
    ],
    ids=["refused", "bad config", "failed"],
)
def test_the_process_ends_with_the_code_of_its_error(repo, prepare, code, said):
    prepare(repo)
    with invoke(repo, "guard") as process:
        out, error = process.communicate(timeout=60)
    assert process.returncode == code
    assert said in out + error
    assert "Traceback" not in out + error


def test_a_reader_that_went_away_is_no_traceback(repo):
    with invoke(repo, "explain") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        error = process.stderr.read()
        process.wait(timeout=60)
    assert "Traceback" not in error
    assert "Exception ignored" not in error
