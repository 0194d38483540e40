"""The folder of a rehearsal takes everything with it."""

from __future__ import annotations

import sys

import pytest

from vis_tasks.services.rehearsal.folder import remove_folder


@pytest.mark.parametrize("platform", ["win32", sys.platform])
def test_a_folder_is_removed_with_all_in_it(tmp_path, monkeypatch, platform):
    folder = tmp_path / "top" / "objects"
    folder.mkdir(parents=True)
    (folder / "ab").write_bytes(b"object")
    monkeypatch.setattr("vis_tasks.services.rehearsal.folder.sys.platform", platform)
    remove_folder(tmp_path / "top")
    assert not (tmp_path / "top").exists()


def test_what_is_read_only_goes_where_that_stands_in_the_way(tmp_path, monkeypatch):
    folder = tmp_path / "top" / "objects"
    folder.mkdir(parents=True)
    (folder / "ab").write_bytes(b"object")
    (folder / "ab").chmod(0o400)
    seen = []
    monkeypatch.setattr("vis_tasks.services.rehearsal.folder.sys.platform", "win32")
    monkeypatch.setattr(
        "vis_tasks.services.rehearsal.folder.shutil.rmtree",
        lambda path, **_: seen.append((path / "objects/ab").stat().st_mode & 0o200),
    )
    remove_folder(tmp_path / "top")
    assert seen == [0o200]


def test_one_that_is_gone_is_fine(tmp_path):
    remove_folder(tmp_path / "top")
