"""A hostile tarball can do nothing but be refused."""

from __future__ import annotations

import gzip
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.review.builders import entry, tarball
from vis_tasks.adapters.npm import contents as module
from vis_tasks.adapters.npm.contents import read_contents
from vis_tasks.core.review.model import Contents
from vis_tasks.errors import Failed

if TYPE_CHECKING:
    from pathlib import Path


def test_an_honest_tarball_is_read_whole() -> None:
    found = read_contents(
        tarball(entry("package/lib/a.js", b"one\n"), entry("package/.npmrc", b"//h/:_authToken=abcdefghij\n"))
    )

    assert set(found.files) == {"package.json", "lib/a.js", ".npmrc"}
    assert found.files["lib/a.js"].data == b"one\n"
    assert found.manifest["name"] == "core"
    assert found.secrets == ((".npmrc", "registry credentials"),)
    assert found.integrity.startswith("sha512-")


@pytest.mark.parametrize(
    "bad",
    [
        entry("package/../../etc/passwd"),
        entry("/etc/passwd"),
        entry("package\\..\\evil.js"),
        entry("package/link", kind=tarfile.SYMTYPE, link="/etc/passwd"),
        entry("package/hard", kind=tarfile.LNKTYPE, link="package/package.json"),
        entry("package/null", kind=tarfile.CHRTYPE),
        entry("package/package.json", b'{"name": "other", "version": "9.9.9"}'),
    ],
    ids=["traversal", "absolute", "backslash", "symlink", "hardlink", "device", "twice"],
)
def test_escapes_links_devices_and_doubles_are_refused(bad: tuple[tarfile.TarInfo, bytes], tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(Failed) as caught:
        read_contents(tarball(bad))

    assert caught.value.code == "BAD_TARBALL"
    assert "vis-review-" not in caught.value.message, "no temporary path is shown"
    assert sorted(tmp_path.rglob("*")) == before


HONEST = gzip.decompress(tarball(entry("package/lib/a.js", b"one\n" * 700), entry("package/b.bin", bytes(range(256)))))


@settings(max_examples=150)
@given(
    changes=st.lists(st.tuples(st.integers(0, len(HONEST) - 1), st.integers(0, 255)), max_size=12),
    end=st.one_of(st.just(len(HONEST)), st.integers(0, len(HONEST))),
    flip=st.one_of(st.none(), st.integers(0, 10**6)),
)
def test_whatever_is_wrong_with_a_tarball_it_is_read_or_refused(changes, end, flip) -> None:
    broken = bytearray(HONEST)
    for place, value in changes:
        broken[place] = value
    data = bytearray(gzip.compress(bytes(broken[:end]), 1, mtime=0))
    if flip is not None:
        data[flip % len(data)] ^= 1 << flip % 8

    found = outcome(bytes(data))
    paths = found.files if isinstance(found, Contents) else ()
    assert found != ""
    assert all(".." not in path.split("/") and not path.startswith("/") for path in paths)


def outcome(data: bytes) -> Contents | str:
    """The contents, or the words of the refusal; any other error is a defect."""
    try:
        return read_contents(data)
    except Failed as error:
        return error.message if error.code == "BAD_TARBALL" else ""


def test_a_tarball_that_ends_in_the_middle_of_a_file_is_refused() -> None:
    assert outcome(gzip.compress(HONEST[:1900])) == "unexpected end of data"


def test_a_bomb_is_refused_by_what_its_headers_claim(mocker) -> None:
    mocker.patch.object(module, "_LARGEST_UNPACKED", 1000)

    with pytest.raises(Failed, match="unpacks to more than"):
        read_contents(tarball(entry("package/a", b"0" * 900), entry("package/b", b"0" * 900)))


@pytest.mark.parametrize(
    "data",
    [b"", b"not gzip", tarball()[:40], b"\x1f\x8b" + b"\0" * 64],
    ids=["nothing", "other bytes", "cut off", "only a header"],
)
def test_what_is_no_tarball_is_refused(data: bytes) -> None:
    with pytest.raises(Failed) as caught:
        read_contents(data)

    assert caught.value.code == "BAD_TARBALL"


def test_large_files_are_compared_by_their_hash_alone(mocker) -> None:
    mocker.patch.object(module, "_LARGEST_KEPT", 10)

    found = read_contents(tarball(entry("package/big", b"0" * 11)))

    assert found.files["big"].data is None
    assert len(found.files["big"].digest) == 64
