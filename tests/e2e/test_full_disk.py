"""No room left for staged.json once the uploads are made: a real limit on the size of files, and what is left afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.world import World

pytestmark = pytest.mark.e2e

# The child makes its own limit; a file that would grow beyond it can't be written (setrlimit(2), EFBIG).
_LIMITED = """\
import resource, sys
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
from vis_tasks.cli import main
main()
"""


def test_it_is_told_with_the_path_and_the_next_run_adopts_what_was_staged(world: World) -> None:
    names = [f"acme-{number}" for number in range(8)]
    for name in names:
        world.package(name)
    world.configure(timeout="2s")
    world.change("one", **dict.fromkeys(names, "minor"))
    world.commit()
    assert world.run("pack").code == 0
    # Room for all that git writes, and not for the whole of staged.json: git is killed by the limit, and would leave its lock.
    room = (world.root / ".git/index").stat().st_size + 150
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(room), "release"],
        cwd=world.root,
        env=world.env | {"npm_config_logs_max": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert ".vis/release/staged.json can't be written" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    staged = world.registry.stages()
    assert staged, "the disk was full before anything was uploaded"
    known = json.loads(world.read(".vis/release/staged.json"))["pending"]
    assert known, "what could be written stands there whole"

    again = world.run("release")
    assert again.code == 0, again.text
    assert sorted(item.name for item in world.registry.stages()) == names
    assert {item.id for item in staged} <= {item.id for item in world.registry.stages()}
    state = world.staged_json()
    assert state is not None
    assert sorted(each["name"] for each in state["pending"]) == names
