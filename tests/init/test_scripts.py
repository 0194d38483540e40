"""The lines that a person adds to their tasks.py do what they promise, with the real Invoke."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from vis_tasks.services.init.scripts import NEW, lines_to_add

OURS = frozenset({"release", "doctor", "pack"})
TASK = "from invoke import task\n\n@task\ndef {name}(c):\n    pass\n"


@pytest.fixture
def listed(tmp_path):
    """What Invoke lists for a tasks.py."""
    (tmp_path / "package.json").write_text('{"name": "w", "version": "1.0.0"}', encoding="utf-8")

    def run(text):
        (tmp_path / "tasks.py").write_text(text, encoding="utf-8")
        argv = [sys.executable, "-m", "invoke", "--list"]
        done = subprocess.run(argv, cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=True)
        return {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ") and line.strip()}

    return run


def added(text):
    return text + "\n" + "\n".join(lines_to_add(text, OURS)) + "\n"


def test_a_new_file_holds_our_tasks(listed):
    assert listed(NEW) >= OURS


def test_plain_tasks_stand_beside_ours(listed):
    assert listed(added(TASK.format(name="lint"))) >= {"lint", *OURS}


def test_a_namespace_that_exists_mounts_ours(listed):
    text = TASK.format(name="lint") + "\nfrom invoke import Collection\nns = Collection(lint)\n"
    assert listed(added(text)) >= {"lint", "vis.release"}


def test_tasks_of_the_same_name_keep_it_and_ours_are_mounted(listed):
    assert listed(added(TASK.format(name="release"))) >= {"release", "vis.release"}


def test_a_file_that_knows_us_needs_nothing():
    assert lines_to_add(NEW, OURS) == ()


def test_a_file_that_python_cannot_read_gets_the_two_plain_lines():
    assert lines_to_add("def (", OURS) == ("from vis_tasks import release_namespace", "ns = release_namespace()")
