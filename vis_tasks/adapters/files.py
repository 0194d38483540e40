"""Files below the workspace root, written all or nothing; and this machine, for the lock."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from itertools import count
from pathlib import Path

from vis_tasks.errors import Failed

__all__ = ["LocalMachine", "RootFiles", "read_whole"]

_BINARY = getattr(os, "O_BINARY", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
_CHUNK = 65_536
_OURS = os.urandom(4).hex()  # so that two processes never take each other's half-written file for their own
_NUMBERS = count(1)


def read_whole(path: str) -> bytes:
    """All bytes of a file: four system calls, a third of the time that `open` takes (a plan reads thousands of small files).

    Raises:
        OSError: as `open` does.
    """
    handle = os.open(path, os.O_RDONLY | _BINARY)
    try:
        parts = [os.read(handle, _CHUNK)]
        while parts[-1]:
            parts.append(os.read(handle, _CHUNK * len(parts)))
    finally:
        os.close(handle)
    return b"".join(parts) if len(parts) > 2 else parts[0]


class RootFiles:
    """`vis_tasks.ports.Files` on the real file system.

    Args:
        root: the workspace root, absolute.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def root(self) -> Path:
        """The workspace root."""
        return self._root

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"  # text, not a `Path`: a plan touches hundreds of files

    def read(self, path: str) -> bytes | None:
        """The content, or None when there is no such file."""
        try:
            return read_whole(self._at(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Failed(f"{path} can't be read: {error.strerror or error}", code="READ") from None

    def write(self, path: str, content: bytes, *, durable: bool = True) -> None:
        """Write all or nothing; the file's mode is kept. Each wait for the disk costs 3 ms and more; a durable write has two."""
        target = self._at(path)
        temporary = ""
        try:
            handle, temporary = _beside(target)
            try:
                _take_mode(target, handle, temporary)
                _write_all(handle, content)
                if durable:
                    os.fsync(handle)
            finally:
                os.close(handle)
            os.replace(temporary, target)  # noqa: PTH105
            temporary = ""
            if durable:
                _sync_folder(os.path.dirname(target))  # noqa: PTH120
        except OSError as error:
            raise Failed(
                f"{path} can't be written: {error.strerror or error}",
                code="WRITE",
                hint="make room or allow writing there, then run again; what stood there before is untouched",
            ) from None
        finally:
            if temporary:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)  # noqa: PTH108

    def create(self, path: str, content: bytes) -> bool:
        """Create the file with its content in one step, or return False when it exists."""
        target = self._at(path)
        temporary = ""
        try:
            handle, temporary = _beside(target)
            try:
                _write_all(handle, content)
            finally:
                os.close(handle)
            try:
                # A hard link fails when the name is taken, and the content is there from the first moment.
                os.link(temporary, target)
            except FileExistsError:
                return False
            except OSError:
                return self._create_plainly(target, content)
        except OSError as error:
            raise Failed(
                f"{path} can't be written: {error.strerror or error}",
                code="WRITE",
                hint="allow writing there, then run again",
            ) from None
        finally:
            if temporary:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)  # noqa: PTH108
        return True

    @staticmethod
    def _create_plainly(target: str, content: bytes) -> bool:
        try:
            with open(target, "xb") as stream:  # noqa: PTH123
                stream.write(content)
        except FileExistsError:
            return False
        return True

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it; one that is there is fine."""
        try:
            os.makedirs(self._at(path), exist_ok=True)  # noqa: PTH103
        except OSError as error:
            raise Failed(
                f"{path} can't be made: {error.strerror or error}",
                code="WRITE",
                hint="allow writing there, then run again",
            ) from None

    def delete(self, path: str) -> None:
        """Remove the file; one that isn't there is fine."""
        try:
            os.unlink(self._at(path))  # noqa: PTH108
        except FileNotFoundError:
            return
        except OSError as error:
            raise Failed(f"{path} can't be removed: {error.strerror or error}", code="WRITE") from None

    def delete_tree(self, path: str) -> None:
        """Remove a folder and all in it; one that isn't there is fine."""
        import shutil

        shutil.rmtree(self._at(path), ignore_errors=True)


def _write_all(handle: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _beside(target: str) -> tuple[int, str]:
    """A new file next to another, with the mode that any new file gets; its folder is made when it isn't there.

    One system call where `tempfile.mkstemp` and what comes after it take four, and none of what that imports.
    """
    folder, own = os.path.split(target)
    is_made = False
    while True:
        name = f"{folder}/.{own}.{_OURS}{next(_NUMBERS):x}.tmp"
        try:
            return os.open(name, _NEW, 0o666), name
        except FileExistsError:
            continue
        except FileNotFoundError:
            if is_made:
                raise
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103
            is_made = True


def _take_mode(target: str, handle: int, name: str) -> None:
    """What replaces a file gets its mode; before it has any content."""
    with contextlib.suppress(FileNotFoundError):
        mode = stat.S_IMODE(os.stat(target).st_mode)  # noqa: PTH116
        if sys.platform == "win32":
            Path(name).chmod(mode)
        else:
            os.fchmod(handle, mode)


def _sync_folder(folder: str) -> None:
    """Make the rename itself durable; file systems that can't open folders do it on their own."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class LocalMachine:
    """`vis_tasks.ports.Machine`: the one we run on."""

    @property
    def pid(self) -> int:
        """This process."""
        return os.getpid()

    @property
    def host(self) -> str:
        """This machine's name."""
        import socket

        return socket.gethostname()

    def alive(self, pid: int) -> bool:
        """Whether a process of that number runs here; one we may not signal counts as running."""
        if pid <= 0:
            return False
        if sys.platform == "win32":
            return _alive_on_windows(pid)
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


def _alive_on_windows(pid: int) -> bool:
    import ctypes  # os.kill(pid, 0) would end the process on Windows

    query_limited_information, still_active = 0x1000, 259
    kernel32 = vars(ctypes)["windll"].kernel32
    handle = kernel32.OpenProcess(query_limited_information, 0, pid)
    if not handle:
        return False
    code = ctypes.c_ulong()
    kernel32.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel32.CloseHandle(handle)
    return code.value == still_active
