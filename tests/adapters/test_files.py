"""Files written all or nothing, on the real file system; and this machine."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading

import pytest

from vis_tasks.adapters.files import LocalMachine, RootFiles
from vis_tasks.errors import Failed

PATH = ".vis/release/staged.json"


@pytest.fixture
def files(tmp_path):
    return RootFiles(tmp_path)


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def test_what_was_written_is_read_back_and_folders_are_made(files):
    files.write(PATH, b"one\r\n\xff")
    assert files.read(PATH) == b"one\r\n\xff"


@pytest.mark.parametrize("size", [0, 65_535, 65_536, 1_000_000])
def test_a_file_is_read_to_its_end_whatever_its_size(files, size):
    content = os.urandom(size)
    files.write("a.tgz", content)
    assert files.read("a.tgz") == content


def test_a_disk_that_takes_a_write_in_pieces_gets_all_of_them(files, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, content: write(handle, content[:1000]))
    files.write("a.tgz", bytes(range(256)) * 20)
    assert files.read("a.tgz") == bytes(range(256)) * 20


def test_a_missing_file_reads_as_none(files, tmp_path):
    assert files.read(PATH) is None
    (tmp_path / "file").write_text("x")
    assert files.read("file/below") is None


def test_a_folder_in_the_files_place_is_an_error_with_its_path(files, tmp_path):
    (tmp_path / PATH).mkdir(parents=True)
    with pytest.raises(Failed, match=PATH) as caught:
        files.read(PATH)
    assert caught.value.code == "READ"


def test_a_write_leaves_nothing_beside_the_file(files, tmp_path):
    files.write("a", b"1")
    files.write("a", b"2")
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("trouble", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_disk_that_fails_leaves_the_old_content_and_says_so(files, tmp_path, monkeypatch, step, trouble):
    files.write("a", b"old")

    def fail(*_args, **_more):
        raise OSError(trouble, os.strerror(trouble))

    monkeypatch.setattr(f"os.{step}", fail)
    with pytest.raises(Failed) as caught:
        files.write("a", b"new")
    monkeypatch.undo()
    assert caught.value.code == "WRITE"
    assert os.strerror(trouble) in caught.value.message
    assert caught.value.message.startswith("a can't be written")
    assert files.read("a") == b"old"
    assert names(tmp_path) == ["a"]


def test_what_another_write_has_begun_is_left_alone(files, tmp_path, monkeypatch):
    begun = tmp_path / ".a.00000000.tmp"
    begun.write_bytes(b"the other's")
    chosen = iter([bytes(4), b"next"])
    monkeypatch.setattr("os.urandom", lambda _count: next(chosen))
    files.write("a", b"mine")
    monkeypatch.undo()
    assert begun.read_bytes() == b"the other's"
    assert files.read("a") == b"mine"


def test_a_place_that_never_is_there_is_an_error_and_no_endless_search(files, monkeypatch):
    def lost(*_args, **_more):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    monkeypatch.setattr("os.open", lost)
    with pytest.raises(Failed) as caught:
        files.write("a", b"x")
    assert caught.value.code == "WRITE"


def test_an_interrupt_in_the_middle_leaves_the_old_content_and_nothing_beside_it(files, tmp_path, monkeypatch):
    files.write("a", b"old")

    def interrupt(_handle):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        files.write("a", b"new")
    monkeypatch.undo()
    assert files.read("a") == b"old"
    assert names(tmp_path) == ["a"]


def test_a_file_where_a_folder_should_be_is_an_error(files, tmp_path):
    (tmp_path / ".vis").write_text("in the way")
    with pytest.raises(Failed) as caught:
        files.write(PATH, b"x")
    assert caught.value.code == "WRITE"
    with pytest.raises(Failed):
        files.create(PATH, b"x")


def test_a_folder_is_made_once_and_one_that_can_not_be_made_is_an_error(files, tmp_path):
    files.make_folder("a/b")
    files.make_folder("a/b")
    assert (tmp_path / "a/b").is_dir()
    files.write("file", b"")
    with pytest.raises(Failed, match="file/b can't be made") as caught:
        files.make_folder("file/b")
    assert caught.value.code == "WRITE"


def test_a_folder_that_can_not_be_synced_does_not_take_the_write_back(files, monkeypatch):
    real = os.open

    def refuse(path, flags, *more, **named):
        if os.path.isdir(path):  # noqa: PTH112
            raise PermissionError(errno.EACCES, "no")
        return real(path, flags, *more, **named)

    monkeypatch.setattr("os.open", refuse)
    files.write("a", b"new")
    assert files.read("a") == b"new"


def test_the_mode_of_a_file_is_kept_and_a_new_one_is_as_open_as_usual(files, tmp_path):
    files.write("script", b"1")
    plain = tmp_path / "plain"
    plain.write_text("x")
    assert stat.S_IMODE((tmp_path / "script").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    (tmp_path / "script").chmod(0o750)
    files.write("script", b"2")
    assert stat.S_IMODE((tmp_path / "script").stat().st_mode) == 0o750
    files.create("lock", b"1")
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_a_file_is_created_once(files, tmp_path):
    assert files.create("lock", b"first")
    assert not files.create("lock", b"second")
    assert files.read("lock") == b"first"
    assert names(tmp_path) == ["lock"]


@pytest.mark.parametrize("links", [True, False], ids=["with hard links", "without hard links"])
def test_of_many_threads_exactly_one_creates_it_and_its_content_stands(files, monkeypatch, links):
    if not links:

        def refuse(*_args):
            raise OSError(errno.EPERM, "no hard links here")

        monkeypatch.setattr("os.link", refuse)
    for round_ in range(25):
        path, together = f"lock-{round_}", threading.Barrier(8)
        won: list[int] = []

        def race(number, path=path, together=together, won=won):
            together.wait()
            if files.create(path, f"holder {number}".encode()):
                won.append(number)

        threads = [threading.Thread(target=race, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        assert files.read(path) == f"holder {won[0]}".encode()


def test_deleting_twice_is_fine(files):
    files.write("a", b"x")
    files.delete("a")
    files.delete("a")
    assert files.read("a") is None


def test_what_can_not_be_deleted_is_an_error(files, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(Failed, match="folder can't be removed"):
        files.delete("folder")


def test_a_tree_is_deleted_and_a_missing_one_is_fine(files, tmp_path):
    files.write("dist/deep/a.tgz", b"x")
    files.delete_tree("dist")
    files.delete_tree("dist")
    assert not (tmp_path / "dist").exists()


def test_this_process_is_alive_and_an_ended_one_is_not():
    machine = LocalMachine()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert machine.pid == os.getpid()
    assert machine.alive(machine.pid)
    assert not machine.alive(ended.pid)
    assert not machine.alive(0)
    assert not machine.alive(-1)
    assert machine.host
