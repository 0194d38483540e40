"""A release in plain Python: no Invoke, nothing printed, values and exceptions."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.test_desk import staged

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

    told = plain(world, SCRIPT)

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


DESK = """
import json, os, sys
from vis_tasks.api import UsageError, open_repository

def show(decisions):
    return [[each.entry.spec, each.outcome] for each in decisions]

repository = open_repository(sys.argv[1])
told = {"held": show(repository.approve("app@1.0.1"))}
told["without a code"] = [each.why for each in repository.approve("core@1.1.0")]
told["approved"] = show(repository.approve("core@1.1.0", "app@1.0.1", code=lambda: os.environ["CODE"], tag=True))
try:
    repository.reject()
except UsageError as error:
    told["nothing named"] = error.hint
told["rejected"] = show(repository.reject("zeta@1.0.1", code=os.environ["CODE"]))
told["left"] = show(repository.approve())
told["restaged"] = repository.restage("zeta")
told["invoke"] = "invoke" in sys.modules
json.dump(told, sys.stderr)
"""


def test_approve_and_reject_record_commit_and_tag(world: World) -> None:
    for name, needs in {"app": {"core": "~1.0.0"}, "core": {}, "zeta": {}}.items():
        world.package(name, dependencies=needs)
    staged(world, core="minor", zeta="patch")

    told = plain(world, DESK, CODE=world.registry.otp("alice"))

    assert told["held"] == [["app@1.0.1", "held"]]
    assert "npm wants a one-time password and nobody is here to ask" in told["without a code"][0]
    assert told["approved"] == [["core@1.1.0", "approved"], ["app@1.0.1", "approved"]]
    assert set(world.remote_tags()) == {"core@1.1.0", "app@1.0.1"}
    assert told["nothing named"]
    assert told["rejected"] == [["zeta@1.0.1", "rejected"]]
    assert told["left"] == []
    assert told["restaged"] == ["zeta@1.0.1"]
    assert world.registry.stages() == []
    assert "chore(release): reject 1 stage [skip ci]" in world.subjects()
    assert told["invoke"] is False


DOCTOR = """
import json, sys
from vis_tasks.api import MissingExtra, UsageError, open_repository

repository = open_repository(sys.argv[1])
told = {"checks": {each.id: each.status for each in repository.doctor()}}
try:
    repository.rehearse("aprove")
except UsageError as error:
    told["wrong"] = error.code
sys.modules["starlette"] = None
sys.modules["uvicorn"] = None
try:
    repository.rehearse()
except MissingExtra as error:
    told["missing"] = error.hint
json.dump(told, sys.stderr)
"""


def test_the_doctor_tells_its_findings_and_a_wrong_rehearsal_is_refused(world: World) -> None:
    world.configure().package("core").change("one", core="minor").commit()
    world.write("packages/core/index.js", "dirty\n")

    told = plain(world, DOCTOR)

    assert told["checks"]["registry.reachable"] == "pass"
    assert told["checks"]["git.tree"] != "pass"
    assert told["wrong"] == "NO_SUCH_SCENARIO"
    assert "vis-tasks[registry]" in told["missing"]


def plain(world: World, script: str, **env: str) -> dict[str, Any]:
    """What a script tells that has printed nothing."""
    argv = [sys.executable, "-c", script, str(world.root)]
    done = subprocess.run(argv, cwd=world.folder, env=world.env | env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    told: dict[str, Any] = json.loads(done.stderr)
    return told
