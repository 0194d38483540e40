"""A release in plain Python: no Invoke, nothing printed, values and exceptions."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.e2e.world import World

pytestmark = pytest.mark.e2e

# In a process of its own: the environment of a release isn't that of the tests.
SCRIPT = """
import json, sys
from vis_tasks.api import Due, Refused, Target, UsageError, open_repository

marks = []
mark = Target("mark", needs=("version",), before=("pack",), run=lambda run: marks.append(dict(run.report.versioned)))
repository = open_repository(sys.argv[1], targets=[mark])
told = {"planned": {each.name: each.new for each in repository.plan().releases}}
told["due"] = [each.name for each in repository.explain("pack") if isinstance(each.state, Due)]
repository.make("pack", plan_only=True)
told["untouched"] = {each.name: each.version for each in repository.workspace().packages}
report = repository.make("stage")
told |= {"versioned": report.versioned, "staged": report.staged, "marks": marks}
told["listed"] = [item.entry.spec for item in repository.staged().items]
told["verdict"] = repository.inspect("core@1.1.0").verdict
try:
    repository.make("publsh")
except UsageError as error:
    told["wrong"] = error.code
(repository.root / "packages/core/index.js").write_text("dirty", encoding="utf-8")
try:
    repository.make("version")
except Refused as error:
    told["refused"] = error.code
told["invoke"] = "invoke" in sys.modules
json.dump(told, sys.stderr)
"""


def test_plan_look_make_and_inspect_without_invoke(world: World) -> None:
    world.configure().package("core").change("one", core="minor").commit()

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(world.root)],
        cwd=world.folder,
        env=world.env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    told: dict[str, Any] = json.loads(done.stderr)
    assert told["planned"] == {"core": "1.1.0"}
    assert told["due"][-3:] == ["version", "mark", "pack"]
    assert told["untouched"] == {"core": "1.0.0"}
    assert told["versioned"] == {"core": ["1.0.0", "1.1.0"]}
    assert told["marks"] == [told["versioned"]]
    assert told["staged"] == told["listed"] == ["core@1.1.0"]
    assert told["verdict"].startswith("staged")
    assert told["wrong"] == "NO_SUCH_TARGET"
    assert told["refused"]
    assert told["invoke"] is False
    assert [stage.name for stage in world.registry.stages()] == ["core"]
