"""The registry as a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest
import requests
from invoke.context import Context
from invoke.exceptions import Exit

from tests.registry.builders import package
from vis_tasks.errors import Failed, UsageError
from vis_tasks.registry.run import start_registry
from vis_tasks.registry.serve import seed_from_workspace
from vis_tasks.tasks.registry import serve as serve_task

COMMAND = [sys.executable, "-m", "vis_tasks.registry"]


def workspace(folder):
    package(folder, "root", "1.0.0", private=True)
    package(folder / "packages/a", "@acme/a", "1.2.3")
    package(folder / "packages/b", "b", "0.1.0", dependencies={"@acme/a": "^1.0.0"})
    package(folder / "node_modules/c", "c", "9.9.9")
    return folder


def test_it_prints_what_is_needed_serves_and_leaves_nothing_behind(tmp_path):
    env = {"PATH": "", "TMPDIR": str(tmp_path / "tmp")}
    (tmp_path / "tmp").mkdir()
    command = [*COMMAND, "--port", "0", "--seed-from", str(workspace(tmp_path / "ws"))]
    started = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.rstrip())
            if line.startswith("ready"):
                break
        took = time.monotonic() - started
        url = lines[-1].split()[1]
        token = next(line for line in lines if "_authToken=" in line).partition("=")[2]
        assert f"registry={url}" in lines
        assert url.startswith("http://127.0.0.1:")
        assert "seeded   2 package version(s)" in "\n".join(lines)
        answer = requests.get(f"{url}-/whoami", headers={"authorization": f"Bearer {token}"}, timeout=5)
        assert answer.json() == {"username": "maintainer"}
        assert requests.get(f"{url}b", timeout=5).json()["dist-tags"] == {"latest": "0.1.0"}
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert list((tmp_path / "tmp").iterdir()) == []
    assert took < 20  # a start that hangs, not a benchmark


def test_an_address_in_use_is_said_plainly(tmp_path):
    with start_registry(tmp_path / "one") as registry:
        port = registry.url.rstrip("/").rpartition(":")[2]
        done = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == 3
        assert f"can't listen on 127.0.0.1 port {port}" in done.stderr
        assert "Traceback" not in done.stderr
        with pytest.raises(Failed, match="can't listen"), start_registry(tmp_path / "two", port=int(port)):
            pass


def test_seeding_twice_changes_nothing(registry, tmp_path):
    root = workspace(tmp_path / "ws")
    assert seed_from_workspace(registry, root, maintainer="alice") == ["@acme/a@1.2.3", "b@0.1.0"]
    assert seed_from_workspace(registry, root, maintainer="alice") == []


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"name": "Bad Name", "version": "1.0.0"})])
def test_a_manifest_that_makes_no_sense_is_named(registry, tmp_path, content):
    (tmp_path / "ws").mkdir()
    (tmp_path / "ws" / "package.json").write_text(content)
    with pytest.raises(UsageError, match=r"package\.json"):
        seed_from_workspace(registry, tmp_path / "ws", maintainer="alice")
    with pytest.raises(UsageError, match="no such folder"):
        seed_from_workspace(registry, tmp_path / "nowhere", maintainer="alice")


@pytest.mark.parametrize("port", ["x", "-1", "65536", "²"])
def test_the_task_refuses_a_port_that_is_none(port, capfd):
    with pytest.raises(Exit) as refused:
        serve_task(Context(), port=port)
    assert refused.value.code == 2
    assert "is no port" in capfd.readouterr().out


def test_starting_takes_no_time_to_speak_of_and_answers_at_once(tmp_path):
    for number in range(3):
        with start_registry(tmp_path / str(number)) as registry:
            assert requests.get(f"{registry.url}-/ping", timeout=5).status_code == 200
