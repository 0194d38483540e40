"""What an install without extras brings, that it works, and what it says where an extra is missing.

Nothing is downloaded: the packages of the core are taken from where the tests run, and put into an environment of their own.
"""

from __future__ import annotations

import email
import json
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TOP = Path(__file__).resolve().parents[2]
PAGE = (TOP / "docs/install.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    argv = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(argv, cwd=TOP, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def needed(wheel: Path) -> set[str]:
    """The packages that come with the wheel and no extra, itself not among them."""
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        told = email.message_from_bytes(archive.read(metadata)).get_all("Requires-Dist") or []
    found: set[str] = set()
    while told:
        requirement = Requirement(told.pop())
        name = canonicalize_name(requirement.name)
        if name not in found and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            found.add(name)
            told += distribution(name).requires or []
    return found


def files_of(name: str) -> dict[str, Path]:
    """The installed files of a distribution by their path in site-packages, scripts and bytecode left out."""
    every = {str(file): Path(str(file.locate())) for file in distribution(name).files or ()}
    return {path: place for path, place in every.items() if not path.startswith("..") and "__pycache__" not in path}


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site-packages of an environment with the core and nothing else."""
    home = tmp_path_factory.mktemp("bare")
    venv.create(home, with_pip=False, symlinks=os.name != "nt")
    (site,) = [*home.glob("lib/python*/site-packages"), *home.glob("Lib/site-packages")]
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    for name in needed(wheel):
        for path, place in files_of(name).items():
            (site / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place, site / path)
    return site


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    shutil.copytree(TOP / "examples/monorepo", tmp_path / "repo", ignore=shutil.ignore_patterns("tasks.py"))
    return tmp_path / "repo"


def run(bare: Path, folder: Path, *argv: str, **env: str) -> tuple[int, str]:
    python = next(each for each in bare.parents if (each / "pyvenv.cfg").is_file())
    program = python / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = subprocess.run(
        [program, "-m", "vis_tasks", *argv],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], **env},
    )
    return done.returncode, done.stdout if "--json" in argv else done.stdout + done.stderr


def test_the_core_is_the_packages_that_the_page_lists_and_fewer_than_twelve(wheel: Path) -> None:
    (table,) = re.findall(r"\| package \| for \|\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE)
    listed = {row.split("|")[1].strip() for row in table.splitlines()}
    (told,) = re.findall(r"The core is (\d+) packages", PAGE)

    assert listed == needed(wheel) | {"vis-tasks"}
    assert len(listed) == int(told) < 12


def test_the_core_is_as_big_as_the_page_says(bare: Path) -> None:
    megabytes = sum(file.stat().st_size for file in bare.rglob("*") if file.suffix != ".pyc" and file.is_file()) / 1e6
    (told,) = re.findall(r"about (\d+) MB", PAGE)

    assert 0.7 * int(told) < megabytes < 1.3 * int(told), f"{megabytes:.1f} MB"


def test_the_core_lists_its_tasks_and_computes_a_plan(bare: Path, repo: Path) -> None:
    code, listed = run(bare, repo, "--list")
    assert (code, "release" in listed) == (0, True)

    code, status = run(bare, repo, "status", "--json")
    assert code == 0
    assert {release["name"] for release in json.loads(status)["releases"]} >= {"acme-core"}


def test_the_core_speaks_plainly_where_colour_is_wanted(bare: Path, repo: Path) -> None:
    code, shown = run(bare, repo, "status", FORCE_COLOR="1")
    assert (code, "\x1b" in shown, "acme-core" in shown) == (0, False, True)


@pytest.mark.parametrize(
    ("argv", "extra", "missing"),
    [
        (("ci.generate",), "ci", "jinja2"),
        (("ci.check",), "ci", "jinja2"),
        (("ci.diff",), "ci", "jinja2"),
        (("rehearse",), "registry", None),
        (("registry.serve",), "registry", None),
    ],
)
def test_what_needs_an_extra_names_it(
    bare: Path, repo: Path, argv: tuple[str, ...], extra: str, missing: str | None
) -> None:
    code, said = run(bare, repo, *argv)

    assert code == 2
    assert f"pip install 'vis-tasks[{extra}]'" in said
    assert missing is None or f"({missing} is missing)" in said
    assert "Traceback" not in said


def test_importing_loads_no_package_but_this_one(bare: Path, repo: Path) -> None:
    python = next(each for each in bare.parents if (each / "pyvenv.cfg").is_file())
    program = python / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    code = "import sys, vis_tasks; print(*(name for name in sys.modules if '.' not in name))"
    done = subprocess.run([program, "-I", "-c", code], capture_output=True, text=True, check=True, cwd=repo)
    assert set(done.stdout.split()) & {"requests", "jinja2", "rich", "yaml", "tomlkit", "invoke"} == set()
