"""What a plan writes is there as a whole, whoever wrote it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from vis_tasks.adapters.files import RootFiles
from vis_tasks.core.edits import FileEdit
from vis_tasks.errors import Failed
from vis_tasks.services.write_edits import write_edits

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 100


def edits() -> list[FileEdit]:
    return [FileEdit(f"p{number}/package.json", f"{number}".encode()) for number in range(COUNT)]


def written(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}


class Failing(RootFiles):
    """The tenth file can't be written; counts who is at work."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.at_work = 0
        self.lock = threading.Lock()

    def write(self, path: str, content: bytes, *, durable: bool = True) -> None:
        with self.lock:
            self.at_work += 1
        try:
            if path.startswith("p10/"):
                raise Failed("no space left on device", code="WRITE")
            super().write(path, content, durable=durable)
        finally:
            with self.lock:
                self.at_work -= 1


def test_every_file_is_written_and_those_to_remove_are_gone(tmp_path):
    (tmp_path / "old.md").write_text("used up")
    write_edits(RootFiles(tmp_path), [*edits(), FileEdit("old.md", None)])
    assert written(tmp_path) == {f"p{number}/package.json": str(number) for number in range(COUNT)}


def test_the_first_that_fails_ends_it_and_nothing_goes_on_behind(tmp_path):
    files = Failing(tmp_path)
    with pytest.raises(Failed, match="no space"):
        write_edits(files, edits())
    assert files.at_work == 0
    before = written(tmp_path)
    assert len(before) < COUNT - 1
    assert not [name for name in before if name.endswith(".tmp")]


def test_nothing_to_write_is_fine(tmp_path):
    write_edits(RootFiles(tmp_path), [])
    assert written(tmp_path) == {}
