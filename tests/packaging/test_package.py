"""What is in the wheel and the sdist, and what importing costs."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with a freshly built wheel and sdist."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)],
        cwd=TOP,
        check=True,
        capture_output=True,
    )
    return folder


def sources(folder: str, *, ending: str = "") -> set[str]:
    """Files of the checkout that git knows (or would know) below a folder."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", folder],
        cwd=TOP,
        check=True,
        capture_output=True,
        text=True,
    )
    return {line for line in listed.stdout.splitlines() if line.endswith(ending) and (TOP / line).is_file()}


def test_the_wheel_holds_the_package_its_templates_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    package = sources("vis_tasks")
    templates = {name.replace("templates/", "vis_tasks/_templates/", 1) for name in sources("templates")}

    assert names == package | templates
    assert "vis_tasks/py.typed" in names


def test_the_sdist_can_be_tested(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    for needed in (
        "pyproject.toml",
        "README.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "noxfile.py",
        "tasks.py",
        "examples/monorepo/package.json",
    ):
        assert needed in names
    assert sources("tests", ending=".py") <= names
    assert sources("docs") | sources("examples") | sources("templates") <= names
    known = sources(".") | {"PKG-INFO"}
    assert {name for name in names if name and name not in known} == set(), "nothing that git doesn't know"


def modules_after(statement: str) -> set[str]:
    """Modules in memory after a statement."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=TOP)
    return set(done.stdout.split())


def loaded_by(statement: str) -> set[str]:
    """Top-level modules in memory after a statement."""
    return {name.partition(".")[0] for name in modules_after(statement)}


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert (
        loaded_by("import vis_tasks") & {"requests", "jinja2", "rich", "yaml", "tomlkit", "invoke", "starlette"}
        == set()
    )


def test_listing_the_tasks_loads_no_http_no_templates_and_no_registry() -> None:
    loaded = loaded_by("from vis_tasks import release_namespace; release_namespace()")
    assert loaded & {"requests", "jinja2", "rich", "tomlkit", "starlette", "uvicorn"} == set()


def test_listing_the_tasks_opens_no_room_but_theirs() -> None:
    opened = modules_after("from vis_tasks import release_namespace; release_namespace()")
    ours = {name for name in opened if name.startswith("vis_tasks.") and not name.startswith("vis_tasks.tasks")}
    assert ours == {"vis_tasks.__about__", "vis_tasks.errors"}


def test_what_uploads_is_not_loaded_before_something_is_packed() -> None:
    assert modules_after("import vis_tasks.adapters.npm.side") & {"tarfile", "vis_tasks.adapters.npm.direct"} == set()


def test_the_version_stands_in_one_place_and_the_binary_tells_it() -> None:
    from vis_tasks import __version__

    done = subprocess.run(
        [sys.executable, "-m", "vis_tasks", "--version"], check=True, capture_output=True, text=True, cwd=TOP
    )
    assert done.stdout.split()[-1] == __version__
