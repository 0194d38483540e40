"""Requirements files with hashes: made when they can be, used when they are current, told about when not."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.ci.builders import Repo, load
from vis_tasks.adapters.locker import lock_requirement
from vis_tasks.adapters.process import SubprocessRunner
from vis_tasks.core.ci.keep import Fate
from vis_tasks.core.ci.lock import CHECK_LOCK, LOCK, locked_for, with_extra
from vis_tasks.errors import Failed
from vis_tasks.services.ci_files import apply

if TYPE_CHECKING:
    from pathlib import Path

RELEASE = ".github/workflows/vis-release.yml"
CHECK = ".github/workflows/vis-check.yml"


def _env(repo: Repo, path: str) -> dict[str, str]:
    (job, *_) = load(repo.read(path))["jobs"].values()
    (found,) = [step["env"] for step in job["steps"] if step["name"].startswith("Install vis-tasks")]
    return {name: value for name, value in found.items() if name.startswith("REQUIREMENT")}


def _generate(repo: Repo, locking: str = "missing") -> Repo:
    apply(repo.generated(locking=locking), repo.tools)
    return repo


def _no_lock(requirement: str) -> str:
    raise Failed("there is no uv on this machine", code="CI_LOCK")


def test_jobs_install_what_was_locked_and_the_check_alone_brings_templates(tmp_path: Path) -> None:
    repo = _generate(Repo(tmp_path))
    assert _env(repo, RELEASE) == {"REQUIREMENTS": LOCK}
    assert _env(repo, CHECK) == {"REQUIREMENTS": CHECK_LOCK}
    assert "vis-tasks==1.0.0 --hash" in repo.read(LOCK)
    assert "vis-tasks[ci]==1.0.0 --hash" in repo.read(CHECK_LOCK)


def test_a_machine_that_cannot_lock_uses_what_another_one_locked(tmp_path: Path) -> None:
    _generate(Repo(tmp_path))
    elsewhere = Repo(tmp_path, lock=_no_lock)
    found = elsewhere.generated(locking="missing")
    assert {plan.fate for plan in (*found.planned, *found.locks)} == {Fate.SAME}
    assert not found.unlocked


def test_without_a_lock_jobs_install_by_version_and_that_is_told(tmp_path: Path) -> None:
    repo = Repo(tmp_path, lock=_no_lock)
    found = repo.generated(locking="missing")
    assert found.unlocked == "there is no uv on this machine"
    apply(found, repo.tools)
    assert _env(repo, RELEASE) == {"REQUIREMENT": "vis-tasks==1.0.0"}
    assert _env(repo, CHECK) == {"REQUIREMENT": "vis-tasks[ci]==1.0.0"}
    assert {plan.fate for plan in repo.generated().planned} == {Fate.SAME}, "the check agrees"


def test_a_lock_of_another_version_is_never_used(tmp_path: Path) -> None:
    _generate(Repo(tmp_path))
    newer = Repo(tmp_path, version="1.1.0", lock=_no_lock)
    assert Fate.REMOVED in {plan.fate for plan in newer.generated().locks}
    _generate(newer)
    assert not newer.exists(LOCK)
    assert _env(newer, RELEASE) == {"REQUIREMENT": "vis-tasks==1.1.0"}


def test_a_newer_version_is_locked_anew(tmp_path: Path) -> None:
    _generate(Repo(tmp_path))
    newer = _generate(Repo(tmp_path, version="1.1.0"))
    assert "vis-tasks==1.1.0 --hash" in newer.read(LOCK)


def test_relock_resolves_what_is_current(tmp_path: Path) -> None:
    _generate(Repo(tmp_path))
    fresh = Repo(tmp_path, lock=lambda requirement: f"{requirement} --hash=sha256:{'1' * 64}\n")
    assert "0" * 64 in _generate(fresh).read(LOCK)
    assert "1" * 64 in _generate(fresh, "all").read(LOCK)


@pytest.mark.parametrize("taste", ["lock = false", 'requirements = "own.txt"'])
def test_who_wants_none_has_none_and_a_made_one_goes(tmp_path: Path, taste: str) -> None:
    repo = _generate(_generate(Repo(tmp_path)).configure(f"[ci]\n{taste}\n"))
    assert not repo.exists(LOCK)
    assert not repo.exists(CHECK_LOCK)


def test_a_file_of_that_name_that_is_not_ours_stays_when_nothing_can_be_locked(tmp_path: Path) -> None:
    repo = _generate(Repo(tmp_path, lock=_no_lock).write(LOCK, "mine==1\n"))
    assert repo.read(LOCK) == "mine==1\n"


@pytest.mark.parametrize(
    ("requirement", "wanted"),
    [
        ("vis-tasks==1.0.0", "vis-tasks[ci]==1.0.0"),
        ("vis_tasks[rich]>=1", "vis_tasks[rich,ci]>=1"),
        ("vis-tasks[ci]==1", "vis-tasks[ci]==1"),
        ("vis-tasks @ https://host.test/x.whl", "vis-tasks[ci] @ https://host.test/x.whl"),
        ("git+https://host.test/x", "vis-tasks[ci] @ git+https://host.test/x"),
        ("./dist/x.whl", "./dist/x.whl[ci]"),
    ],
)
def test_an_extra_is_added_to_every_kind_of_requirement(requirement: str, wanted: str) -> None:
    assert with_extra(requirement, "ci") == wanted


def _wheel(folder: Path, name: str, needs: str = "") -> None:
    info = f"{name}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n" + (f"Requires-Dist: {needs}\n" if needs else "")
    wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as file:
        for path, text in {f"{info}/METADATA": metadata, f"{info}/WHEEL": wheel, f"{info}/RECORD": ""}.items():
            file.writestr(path, text)


def test_uv_locks_everything_below_with_the_hashes_of_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index"
    index.mkdir()
    _wheel(index, "top", "below>=1")
    _wheel(index, "below")
    for name, value in {"UV_FIND_LINKS": str(index), "UV_NO_INDEX": "1", "UV_CACHE_DIR": str(tmp_path / "c")}.items():
        monkeypatch.setenv(name, value)

    text = lock_requirement(SubprocessRunner(), tmp_path, "top==1.0")

    for name in ("top", "below"):
        digest = hashlib.sha256((index / f"{name}-1.0-py3-none-any.whl").read_bytes()).hexdigest()
        assert f"{name}==1.0" in text
        assert f"--hash=sha256:{digest}" in text
    with pytest.raises(Failed, match="uv can't lock absent==3"):
        lock_requirement(SubprocessRunner(), tmp_path, "absent==3")


def test_the_machine_that_has_no_uv_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setattr("vis_tasks.adapters.locker.find_spec", lambda _name: None)
    with pytest.raises(Failed, match="no uv"):
        lock_requirement(SubprocessRunner(), tmp_path, "x")


def test_line_ends_of_windows_do_not_age_a_lock(tmp_path: Path) -> None:
    text = _generate(Repo(tmp_path)).read(LOCK)
    assert locked_for(text.replace("\n", "\r\n"), "vis-tasks==1.0.0")
    assert not locked_for(text, "vis-tasks==1.0.1")
