"""Targets of the user's own, in Python and in TOML, take their place among ours."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.world import World

pytestmark = pytest.mark.e2e

TASKS = """from invoke import Collection

from vis_tasks import Target, release_namespace


def stamp(run):
    (run.tools.root / "stamped.log").open("a").write("stamp\\n")


ns = Collection()
ns.add_collection(
    release_namespace(targets=[Target("stamp", needs=("version",), before=("pack",), run=stamp, doc="Leave a mark.")]), name="npm"
)
"""
BUILD = f"""
[release.targets.build]
needs = ["version"]
before = ["pack"]
run = ["{sys.executable}", "-c", "open('packages/core/index.js', 'a').write('// built')"]
doc = "Build everything."
"""


def invoke(world: World, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "invoke", *argv],
        cwd=world.root,
        env=world.env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_target_in_toml_runs_between_version_and_pack_and_is_a_task(world: World) -> None:
    world.configure(extra=BUILD).package("core").change("one", core="minor").commit()
    world.write(".gitignore", world.read(".gitignore")).write("tasks.py", TASKS.replace(', name="npm"', ""))
    order = [each["target"] for each in world.run("explain", "--json").document["targets"]]
    assert order.index("version") < order.index("build") < order.index("pack")
    assert "build" in world.run("--list").stdout
    (world.root / "tasks.py").unlink()

    done = world.run("pack", "--json")

    assert done.code == 0, done.text
    assert world.read("packages/core/index.js").endswith("// built")
    again = world.run("pack", "--json")
    assert world.read("packages/core/index.js").count("// built") == 1, again.text


def test_targets_in_python_run_in_their_place_under_any_collection_name(world: World) -> None:
    world.write(".gitignore", world.read(".gitignore") + "stamped.log\n").write("tasks.py", TASKS)
    world.package("core").change("one", core="minor").commit()

    listed = invoke(world, "--list").stdout
    assert "npm.stamp" in listed
    assert "npm.stage.approve" in listed
    done = invoke(world, "npm.pack")

    assert done.returncode == 0, done.stdout + done.stderr
    assert world.read("stamped.log") == "stamp\n"
    assert done.stdout.index("stamp") < done.stdout.index("packed core@1.1.0")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[release.targets.a]\nrun = "x"\nneeds = ["b"]\n[release.targets.b]\nrun = "x"\nneeds = ["a"]\n', "a → b → a"),
        ('[release.targets.a]\nrun = "x"\nneeds = ["versoin"]\n', "'version'"),
        ('[release.targets.pack]\nrun = "x"\n', "pack"),
    ],
    ids=["circle", "unknown", "twice"],
)
def test_targets_that_cannot_be_ordered_are_refused_with_the_path(world: World, toml: str, said: str) -> None:
    world.configure(extra=toml).package("core").commit()

    done = world.run("explain")

    assert done.code == 2, done.text
    assert said in done.text


def test_invokes_own_dry_run_means_plan_only(world: World) -> None:
    world.package("core").change("one", core="minor").write("tasks.py", TASKS).commit()
    before = world.git("rev-parse", "HEAD")

    done = invoke(world, "--dry", "npm.release")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "would run" in done.stdout
    assert world.git("rev-parse", "HEAD") == before
    assert world.git("status", "--porcelain") == ""


def test_a_command_from_toml_is_never_given_to_a_shell_unasked(world: World) -> None:
    hostile = '[release.targets.a]\nneeds = ["version"]\nbefore = ["pack"]\nrun = "echo $(touch pwned) ; touch pwned"\n'
    world.configure(extra=hostile).package("core").change("one", core="minor").commit()

    world.run("pack")

    assert not (world.root / "pwned").exists()
