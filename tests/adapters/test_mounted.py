"""Where a tasks.py has our tasks, asked of the real Invoke."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vis_tasks.adapters.mounted import mounted_at
from vis_tasks.adapters.process import SubprocessRunner
from vis_tasks.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

TOP = "from invoke import Collection, task\nfrom vis_tasks import release_namespace\n"


@pytest.mark.parametrize(
    ("lines", "prefix"),
    [
        ("ns = release_namespace()", ""),
        ("ns = Collection(npm=release_namespace())", "npm."),
        ('ns = Collection()\nns.add_collection(release_namespace(), name="npm")', "npm."),
        ('ns = Collection(release_namespace(name="vis"))', "vis."),
        ('inner = Collection("deep", x_y=release_namespace())\nns = Collection(inner)', "deep.x-y."),
        ("@task\ndef guard(c): ...\n@task\ndef release(c): ...\nns = Collection(guard, release)", None),
    ],
)
def test_our_tasks_are_found_under_whatever_name_they_can_be_called_by(
    tmp_path: Path, lines: str, prefix: str | None
) -> None:
    (tmp_path / "tasks.py").write_text(f"{TOP}{lines}\n")
    assert mounted_at(SubprocessRunner(), tmp_path) == prefix


def test_a_tasks_file_that_does_not_load_is_refused_with_its_error(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text("import nothing_of_that_name\n")
    with pytest.raises(UsageError, match="No module named 'nothing_of_that_name'") as caught:
        mounted_at(SubprocessRunner(), tmp_path)
    assert caught.value.code == "TASKS_FILE"
