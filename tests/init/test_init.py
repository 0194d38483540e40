"""The task ``init``: through the real command line, on a terminal and without one."""

from __future__ import annotations

import json

import pytest

from tests.e2e.terminal import on_terminal
from tests.init.builders import looks_ready

pytestmark = pytest.mark.e2e


def test_without_a_terminal_it_says_how_to_go_on_and_writes_nothing(fresh):
    done = fresh.run("init")
    assert done.code == 2
    assert "--yes writes it without asking; --plan-only only shows it" in done.text
    assert fresh.git("status", "--porcelain") == ""


def test_it_shows_writes_and_then_has_nothing_to_do(fresh):
    shown = fresh.run("init", "--plan-only")
    assert shown.code == 0
    assert "#:schema ./.vis/vis.schema.json" in shown.stdout
    assert shown.stdout.endswith("nothing was written\n")
    assert fresh.git("status", "--porcelain") == ""

    written = fresh.run("init", "--yes", "--json")
    assert written.document["written"] == ["vis.toml", ".vis/vis.schema.json", "tasks.py", ".gitignore"]
    assert {each["path"] for each in written.document["files"]} == set(written.document["written"])

    again = fresh.run("init")
    assert (again.code, "nothing to do" in again.stdout) == (0, True)


def test_with_nothing_to_write_it_asks_nobody_and_says_what_is_left_to_do(fresh):
    fresh.write("tasks.py", "from invoke import Collection\nns = Collection()\n")
    assert fresh.run("init", "--yes").code == 0
    again = fresh.run("init")
    assert (again.code, again.text.count("nothing to write; the lines above are yours to add")) == (0, 1)


def test_a_pipeline_of_ones_own_has_to_include_the_release(fresh):
    fresh.git("remote", "set-url", "origin", "https://gitlab.example.test/acme/tools.git")
    fresh.write(".gitlab-ci.yml", "include: {local: a.yml}\n")
    done = fresh.run("init", "--plan-only")
    assert ".gitlab-ci.yml is your own; it has to include the release:" in done.text


def test_ci_files_are_shown_before_they_are_written(fresh):
    fresh.git("remote", "set-url", "origin", "https://github.com/acme/tools.git")
    done = fresh.run("init", "--plan-only")
    assert "  new      .github/workflows/vis-release.yml  (CI file)\n" in done.text
    assert "    name: " in done.text
    shown = {each["path"]: each for each in fresh.run("init", "--plan-only", "--json").document["files"]}
    assert "id-token: write" in shown[".github/workflows/vis-release.yml"]["diff"]


def test_on_a_terminal_it_asks_and_no_means_no(fresh):
    refused = on_terminal(fresh, "init", answers=[("Write 4 file(s)?", "n\n")])
    assert refused.code == 1
    assert "nothing was written" in refused.stdout
    assert fresh.git("status", "--porcelain") == ""

    agreed = on_terminal(fresh, "init", answers=[("Write 4 file(s)?", "\n")])
    assert agreed.code == 0
    assert (fresh.root / "vis.toml").is_file()


def test_on_a_terminal_it_offers_to_move_change_files(fresh):
    fresh.write(".bumpy/_config.json", "{}").write(".bumpy/x.md", '---\n"@acme/core": minor\n---\n\nx\n').commit()
    done = on_terminal(fresh, "init", answers=[("Move 1 change file(s)", "y\n"), ("Write 6 file(s)?", "y\n")])
    assert done.code == 0
    assert (fresh.root / ".vis/release/x.md").is_file()
    assert not (fresh.root / ".bumpy/x.md").exists()


def test_its_document_tells_what_was_not_taken_over(fresh):
    fresh.write("lerna.json", json.dumps({"version": "independent", "command": {"version": {"message": "x"}}}))
    document = fresh.run("init", "--plan-only", "--json").document
    assert document["found"]["tool"] == "lerna"
    assert [(each["what"], each["where"]) for each in document["notTakenOver"]] == [("message", "lerna.json:1")]
    assert document["written"] == []


def test_from_a_subfolder_it_sets_up_the_workspace(fresh):
    fresh.run("init", "--yes", cwd=fresh.root / "packages" / "core")
    assert (fresh.root / "vis.toml").is_file()


def test_an_outer_workspace_is_not_set_up_from_a_repository_inside_it(fresh, tmp_path):
    (tmp_path / "package.json").write_text('{"workspaces": ["*"]}', encoding="utf-8")
    fresh.write("package.json", '{"name": "alone", "version": "1.0.0"}')
    document = fresh.run("init", "--yes", "--json").document
    assert document["found"]["packages"] == ["alone"]
    assert (fresh.root / "vis.toml").is_file()
    assert not (tmp_path / "vis.toml").exists()


def test_after_it_the_doctor_is_content_and_a_release_can_be_rehearsed(fresh):
    assert fresh.run("init", "--yes").code == 0
    fresh.commit("Set up releases")

    looks_ready(fresh)
