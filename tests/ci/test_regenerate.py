"""Generating again: what nobody touched is rewritten, what people edited is kept, what clashes is left alone."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.ci.builders import Repo
from vis_tasks.core.ci.keep import Fate
from vis_tasks.errors import Refused
from vis_tasks.services.ci_files import apply, difference

if TYPE_CHECKING:
    from pathlib import Path

RELEASE = ".github/workflows/vis-release.yml"
CHECK = ".github/workflows/vis-check.yml"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path)
    apply(repo.generated(), repo.tools)
    return repo


def _fates(repo: Repo) -> dict[str, Fate]:
    return {plan.path: plan.fate for plan in repo.generated().planned}


def test_generating_twice_writes_nothing_the_second_time(repo: Repo) -> None:
    assert set(_fates(repo).values()) == {Fate.SAME}
    before = {path: path.stat().st_mtime_ns for path in repo.top.rglob("*") if path.is_file()}
    assert apply(repo.generated(), repo.tools) == ()
    assert before == {path: path.stat().st_mtime_ns for path in repo.top.rglob("*") if path.is_file()}


def test_an_untouched_file_is_rewritten_when_the_configuration_changes(repo: Repo) -> None:
    repo.configure('[ci]\nnode = "26"\n')
    assert _fates(repo)[RELEASE] is Fate.UPDATED
    apply(repo.generated(), repo.tools)
    assert 'node-version: "26"' in repo.read(RELEASE)


def test_line_ends_of_windows_are_no_edit(repo: Repo) -> None:
    path = repo.top / RELEASE
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert _fates(repo)[RELEASE] is Fate.SAME
    repo.configure('[ci]\nnode = "26"\n')
    assert _fates(repo)[RELEASE] is Fate.UPDATED


def test_an_edit_and_a_change_elsewhere_are_merged(repo: Repo) -> None:
    repo.edit(RELEASE, "      - name: Pack\n", "      - name: Our own step\n        run: ./own\n      - name: Pack\n")
    assert _fates(repo)[RELEASE] is Fate.SAME, "an edit alone is nothing to do"
    repo.configure('[ci]\nnode = "26"\n')
    assert _fates(repo)[RELEASE] is Fate.MERGED

    apply(repo.generated(), repo.tools)

    assert "Our own step" in repo.read(RELEASE)
    assert 'node-version: "26"' in repo.read(RELEASE)
    assert 'node-version: "24"' not in repo.read(RELEASE)
    assert set(_fates(repo).values()) == {Fate.SAME}


def test_an_edit_survives_any_number_of_generations(repo: Repo) -> None:
    repo.edit(RELEASE, "name: Release\n", "name: Ship it\n")
    for node in ("26", "25", "24", "27"):
        repo.configure(f'[ci]\nnode = "{node}"\n')
        apply(repo.generated(), repo.tools)
        assert "name: Ship it\n" in repo.read(RELEASE)
        assert f'node-version: "{node}"' in repo.read(RELEASE)


def test_a_clash_is_shown_and_nothing_at_all_is_written(repo: Repo) -> None:
    repo.edit(RELEASE, 'node-version: "24"', 'node-version: "23"').configure('[ci]\nnode = "26"\ncheck = false\n')
    before = {path: path.read_bytes() for path in repo.top.rglob("*") if path.is_file()}

    with pytest.raises(Refused) as caught:
        apply(repo.generated(), repo.tools)

    assert caught.value.code == "CI_CONFLICT"
    assert RELEASE in caught.value.message
    assert before == {path: path.read_bytes() for path in repo.top.rglob("*") if path.is_file()}
    shown = difference(repo.generated())
    assert "+<<<<<<< yours" in shown
    assert 'node-version: "23"' in shown


def test_a_forced_clash_keeps_the_edit_between_markers(repo: Repo) -> None:
    repo.edit(RELEASE, 'node-version: "24"', 'node-version: "23"').configure('[ci]\nnode = "26"\n')
    apply(repo.generated(), repo.tools, force=True)
    text = repo.read(RELEASE)
    assert "<<<<<<< yours" in text
    assert 'node-version: "23"' in text
    assert 'node-version: "26"' in text


def test_an_option_taken_away_takes_its_file_and_base_along(repo: Repo) -> None:
    assert repo.exists(CHECK)
    repo.configure("[ci]\ncheck = false\n")
    assert _fates(repo)[CHECK] is Fate.REMOVED
    apply(repo.generated(), repo.tools)
    assert not repo.exists(CHECK)
    assert [path.name for path in (repo.root / ".vis/ci").iterdir() if "check" in path.name] == []
    assert CHECK not in _fates(repo)


def test_an_edited_file_is_not_taken_away_unasked(repo: Repo) -> None:
    repo.edit(CHECK, "name: Release check", "name: Ours").configure("[ci]\ncheck = false\n")
    with pytest.raises(Refused):
        apply(repo.generated(), repo.tools)
    assert repo.exists(CHECK)
    apply(repo.generated(), repo.tools, force=True)
    assert not repo.exists(CHECK)


def test_a_provider_taken_away_takes_its_files_along(repo: Repo) -> None:
    repo.configure('[ci]\nproviders = ["gitlab"]\n')
    apply(repo.generated(), repo.tools)
    assert not repo.exists(RELEASE)
    assert repo.exists(".gitlab/vis-release.yml")
    assert repo.exists(".gitlab-ci.yml")


def test_asking_for_one_provider_leaves_the_files_of_the_others_alone(repo: Repo) -> None:
    apply(repo.generated(providers=("gitlab",)), repo.tools)
    assert repo.exists(RELEASE)
    assert repo.exists(".gitlab/vis-release.yml")
    index = json.loads(repo.read(".vis/ci/files.json"))["files"]
    assert RELEASE in index


@pytest.mark.parametrize(("asked", "objects"), [("gitlab", True), ("github", False)])
def test_files_of_a_provider_that_the_configuration_does_not_name_come_with_a_warning(
    repo: Repo, asked: str, objects: bool
) -> None:
    repo.configure("[ci]\nlock = false\n")
    argv = [sys.executable, "-m", "vis_tasks", "ci.generate", f"--provider={asked}"]
    done = subprocess.run(argv, cwd=repo.root, capture_output=True, encoding="utf-8", check=True)
    said = " ".join((done.stdout + done.stderr).split())
    assert ("which asks for github: it will object" in said) is objects
    assert ('write `providers = ["gitlab"]` under [ci]' in said) is objects


def test_a_file_of_the_same_name_that_we_did_not_make_is_never_replaced_unasked(tmp_path: Path) -> None:
    repo = Repo(tmp_path).write(RELEASE, "name: Mine\n")
    with pytest.raises(Refused) as caught:
        apply(repo.generated(), repo.tools)
    assert "was not made by vis-tasks" in caught.value.message
    assert repo.read(RELEASE) == "name: Mine\n"
    apply(repo.generated(), repo.tools, force=True)
    assert "vis-tasks version" in repo.read(RELEASE)
    assert set(_fates(repo).values()) == {Fate.SAME}


def test_a_teams_own_root_file_of_gitlab_is_left_alone_until_it_includes_ours(tmp_path: Path) -> None:
    repo = (
        Repo(tmp_path).configure('[ci]\nproviders = ["gitlab"]\n').write(".gitlab-ci.yml", "test:\n  script: [make]\n")
    )
    found = repo.generated()
    assert found.include
    apply(found, repo.tools)
    assert repo.read(".gitlab-ci.yml") == "test:\n  script: [make]\n"
    repo.write(".gitlab-ci.yml", "include:\n  - local: .gitlab/vis-release.yml\n")
    assert not repo.generated().include


def test_without_its_base_an_edited_file_is_a_conflict_not_a_loss(repo: Repo) -> None:
    repo.edit(RELEASE, "name: Release\n", "name: Ship it\n").configure('[ci]\nnode = "26"\n')
    for base in (repo.root / ".vis/ci").glob("*.yml"):
        base.unlink()
    assert _fates(repo)[RELEASE] is Fate.CONFLICT
    assert "name: Ship it" in repo.read(RELEASE)


def test_newer_templates_tell_what_is_new_once(repo: Repo) -> None:
    newer = Repo(repo.top, pins={**repo.pins, "notes": {"1": "first version", "2": "a new job", "3": "another"}})
    assert newer.generated().notes == ("templates 2: a new job", "templates 3: another")
    apply(newer.generated(), newer.tools)
    assert newer.generated().notes == ()


def test_a_damaged_index_stops_before_anything_is_written(repo: Repo) -> None:
    repo.write(".vis/ci/files.json", '{"files": ["../../etc/passwd"]}').configure("[ci]\ncheck = false\n")
    with pytest.raises(Refused) as caught:
        repo.generated()
    assert caught.value.code == "CI_INDEX"


def test_in_a_subfolder_the_files_stand_at_the_top_and_their_bases_in_the_workspace(tmp_path: Path) -> None:
    repo = Repo(tmp_path, folder="js")
    apply(repo.generated(), repo.tools)
    assert repo.exists(RELEASE)
    assert repo.exists("js/.vis/ci/files.json")
    assert not repo.exists("js/.github")


def test_the_tasks_write_check_and_show(tmp_path: Path) -> None:
    repo = Repo(tmp_path).git()
    assert repo.run("ci.check").code == 1, "there are no files yet"
    generated = repo.run("ci.generate")
    assert generated.code == 0
    assert "jobs install vis-tasks by version, without hashes" in generated.text
    assert repo.run("ci.check").code == 0
    repo.configure('[ci]\nnode = "26"\n')

    checked = repo.run("ci.check")

    assert checked.code == 1
    assert f"--- a/{RELEASE}\n+++ b/{RELEASE}\n" in checked.text
    assert '-          node-version: "24"' in checked.text
    assert '+          node-version: "26"' in checked.text
    assert repo.run("ci.diff").code == 0
    assert 'node-version: "24"' in repo.read(RELEASE), "neither of them writes"
    assert 'node-version: "26"' in repo.run("ci.generate", "--stdout").text
    assert 'node-version: "24"' in repo.read(RELEASE)


@pytest.mark.parametrize("flag", ["--provider=gitbub", "--layout=splt"])
def test_unknown_choices_are_bad_usage(tmp_path: Path, flag: str) -> None:
    assert Repo(tmp_path).git().run("ci.generate", flag).code == 2


def test_targets_that_only_tasks_py_declares_are_named(tmp_path: Path) -> None:
    target = 'Target("notes", needs=("version",), before=("pack",), run=lambda run: None)'
    tasks = f"from vis_tasks import Target, release_namespace\n\nns = release_namespace(targets=[{target}])\n"
    repo = Repo(tmp_path).write("tasks.py", tasks).configure('[release.targets.build]\nrun = "true"\n').git()

    told = repo.run("ci.generate", module="invoke")

    assert told.code == 0
    assert "CI doesn't run notes: tasks.py declares it" in told.text
    assert "CI doesn't run" not in repo.run("ci.generate").text, "the binary reads no tasks.py"
