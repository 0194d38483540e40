"""The guide on composing, played: its vis.toml and its tasks.py together, with the real npm."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import PAGES
from tests.e2e.world import World, build_world
from vis_tasks.registry.run import start_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.e2e

(GUIDE,) = (page for page in PAGES if page.name == "docs/guides/composing.md")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with start_registry(tmp_path / "registry") as registry:
        yield build_world(tmp_path, registry)


def writes(file: str) -> str:
    """A script that leaves its mark."""
    return f"node -e \"require('fs').appendFileSync('{file}', 'x')\""


def test_target_in_toml_target_in_python_hooks_and_a_mounted_namespace_work_together(world: World) -> None:
    toml = "\n".join(block.text for block in GUIDE.blocks if block.language == "toml")
    (tasks,) = (block.text for block in GUIDE.blocks if block.text.startswith("# tasks.py"))
    world.configure(extra=toml).write("tasks.py", tasks).package("core", scripts={"build": writes("built.log")})
    manifest = json.loads(world.read("package.json"))
    manifest["scripts"] = {"format": writes("formatted.txt"), "generate": writes("generated.log")}
    world.write("package.json", json.dumps(manifest)).write(".gitignore", world.read(".gitignore") + "*.log\n")
    world.change("one", core="minor").commit()

    argv = [sys.executable, "-m", "invoke", "npm.pack"]
    done = subprocess.run(argv, cwd=world.root, env=world.env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert world.read("moved.log") == "core 1.1.0\n"
    assert world.read("packages/core/built.log") == "x"
    assert world.read("generated.log") == "x"
    assert "formatted.txt" in world.git("show", "--name-only", "HEAD").splitlines(), "part of the version commit"
    order = [done.stdout.index(f"▸ {target}") for target in ("version", "build", "notes", "pack")]
    assert order == sorted(order)
