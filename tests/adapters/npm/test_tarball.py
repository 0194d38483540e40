from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.adapters.npm.support import tgz
from vis_tasks.adapters.npm import unzip
from vis_tasks.adapters.npm.tarball import inspect_tarball, read_tarball, secrets_in
from vis_tasks.errors import Failed

if TYPE_CHECKING:
    from collections.abc import Callable

MANIFEST = json.dumps({"name": "@acme/core", "version": "1.2.3", "main": "index.js"})
# Put together here, so that no scanner takes this file for a leak.
KEY = "-----BEGIN " + "PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ\n" * 4
NPM_TOKEN = "npm_" + "aB3" * 12


def test_the_facts_of_a_tarball(tmp_path):
    path = tgz(tmp_path / "a.tgz", {"package.json": MANIFEST, "index.js": "1\n", "lib/a.js": "22\n"})
    data = path.read_bytes()
    tarball = read_tarball(path)
    assert (tarball.name, tarball.version, tarball.path) == ("@acme/core", "1.2.3", path)
    assert tarball.integrity == "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    assert tarball.shasum == hashlib.sha1(data, usedforsecurity=False).hexdigest()
    assert tarball.size == len(data)
    assert tarball.unpacked_size == len(MANIFEST) + 2 + 3
    assert tarball.files == ("package.json", "index.js", "lib/a.js")
    assert tarball.manifest["main"] == "index.js"


def test_the_first_folder_may_have_any_name(tmp_path):
    assert read_tarball(tgz(tmp_path / "a.tgz", {"package.json": MANIFEST}, folder="core")).files == ("package.json",)


def test_a_byte_order_mark_is_taken_as_npm_takes_it(tmp_path):
    assert read_tarball(tgz(tmp_path / "a.tgz", {"package.json": "\ufeff" + MANIFEST})).name == "@acme/core"


def test_nothing_is_written(tmp_path):
    path = tgz(tmp_path / "a.tgz", {"package.json": MANIFEST})
    read_tarball(path)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"index.js": ""}, "no package.json"),
        ({"package.json": "{"}, "isn't JSON"),
        ({"package.json": "[]"}, "isn't an object"),
        ({"package.json": '{"name": "a"}'}, "no version"),
        ({"package.json": '{"name": 1, "version": "1.0.0"}'}, "no name"),
        ({"package.json": MANIFEST, "../../evil": ""}, "points outside"),
        ({"package.json": MANIFEST, "a\\..\\b": ""}, "points outside"),
        ({"package.json": MANIFEST, "./package.json": MANIFEST}, "twice"),
        ({"package.json": "[" * 100_000}, "isn't JSON"),
    ],
)
def test_a_tarball_that_is_no_package_is_refused(tmp_path, files, why):
    with pytest.raises(Failed, match=why) as caught:
        read_tarball(tgz(tmp_path / "a.tgz", files))
    assert caught.value.code == "BAD_TARBALL"
    assert str(tmp_path / "a.tgz") in caught.value.message


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path, kind):
    path = tmp_path / "a.tgz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("package/link")
        info.type = kind
        info.linkname = "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(Failed, match="link or a device"):
        read_tarball(path)


def test_folders_are_passed_over(tmp_path):
    path = tmp_path / "a.tgz"
    with tarfile.open(path, "w:gz") as archive:
        folder = tarfile.TarInfo("package/lib")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        info = tarfile.TarInfo("package/package.json")
        info.size = len(MANIFEST)
        archive.addfile(info, io.BytesIO(MANIFEST.encode()))
    assert read_tarball(path).files == ("package.json",)


def header(claimed: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo("package/x")
    info.size = claimed
    info.type = kind
    return info.tobuf(format=tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: b"", "empty|end"),
        (lambda: b"not a tarball", "gzipped"),
        (lambda: gzip.compress(b"x" * 2000), "header"),
        (lambda: gzip.compress(header(10**15)), "unpacks to more"),
        (lambda: gzip.compress(header(10**12, tarfile.GNUTYPE_LONGNAME)), "too large"),
        (lambda: gzip.compress(header(10**12, tarfile.XHDTYPE)), "too large"),
        (lambda: gzip.compress(header(1000) + b"short"), "unexpected end"),
        (lambda: gzip.compress(header(5000))[:-12], "end"),
    ],
)
def test_broken_and_boastful_files_are_refused(tmp_path, monkeypatch, make: Callable[[], bytes], why):
    path = tmp_path / "a.tgz"
    path.write_bytes(make())
    with pytest.raises(Failed) as at_once:
        read_tarball(path)
    assert at_once.value.code == "BAD_TARBALL"
    monkeypatch.setattr(unzip, "_SMALL", -1)
    with pytest.raises(Failed, match=why):
        read_tarball(path)


@pytest.mark.parametrize("limit", ["_SMALL", "_SMALL_UNZIPPED"])
def test_a_large_tarball_is_unzipped_while_it_is_read_and_tells_the_same(tmp_path, monkeypatch, limit):
    path = tgz(tmp_path / "a.tgz", {"package.json": MANIFEST, "README.md": "# a", "index.js": "x" * 5000})
    at_once = inspect_tarball(path)
    with unzip.unzipped(path) as tar:
        assert isinstance(tar, io.BytesIO)
    monkeypatch.setattr(unzip, limit, 100)
    assert inspect_tarball(path) == at_once


def test_gzip_members_one_after_the_other_are_one_tar(tmp_path):
    path = tgz(tmp_path / "a.tgz", {"package.json": MANIFEST, "index.js": "x" * 5000})
    tar = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(tar[:1500]) + gzip.compress(tar[1500:]))
    assert read_tarball(path).files == ("package.json", "index.js")


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unzip, "_SMALL_UNZIPPED", 50_000)
    monkeypatch.setattr(unzip, "_LARGEST_UNPACKED", 100_000)
    path = tgz(tmp_path / "a.tgz", {"package.json": MANIFEST, "zeros": bytes(2_000_000)})
    with pytest.raises(Failed, match="unpacks to more"):
        read_tarball(path)


def test_too_many_entries_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("vis_tasks.adapters.npm.tarball._MOST_ENTRIES", 10)
    path = tgz(tmp_path / "a.tgz", {"package.json": MANIFEST} | {f"f{number}": "" for number in range(10)})
    with pytest.raises(Failed, match="more than 10 entries"):
        read_tarball(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(Failed, match="No such file"):
        read_tarball(tmp_path / "gone.tgz")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (f"const t = '{NPM_TOKEN}'", "npm token"),
        ("token: ghp_" + "a1B2" * 9, "GitHub token"),
        ("glpat-" + "a1B2" * 5, "GitLab token"),
        ("AKIA" + "ABCD1234" * 2, "AWS access key"),
        ("xoxb-" + "1234567890-" * 3, "Slack token"),
        (KEY, "private key"),
        (json.dumps({"key": KEY}), "private key"),
        ("//localhost/:_authToken=abcdef123", "registry credentials"),
    ],
)
def test_secrets_in_small_text_files_are_seen_and_not_kept(tmp_path, content, what):
    found = inspect_tarball(tgz(tmp_path / "a.tgz", {"package.json": MANIFEST, "a.js": content}))
    assert found.secrets == (("a.js", what),)


@pytest.mark.parametrize(
    "content",
    [
        "npm_config_registry and npm_lifecycle_event",
        "if (text.startsWith('-----BEGIN PRIVATE KEY-----')) {",
        "//localhost/:_authToken=${NPM_TOKEN}",
        b"\0binary" + NPM_TOKEN.encode(),
        " " * 2_000_000 + NPM_TOKEN,
    ],
)
def test_what_is_no_secret_or_no_small_text_is_left_alone(tmp_path, content):
    assert inspect_tarball(tgz(tmp_path / "a.tgz", {"package.json": MANIFEST, "a.js": content})).secrets == ()


def test_bytes_that_were_looked_into_are_told_from_others_of_the_same_name(tmp_path):
    path = tgz(tmp_path / "a.tgz", {"package.json": MANIFEST})
    inspect_tarball(path)
    moved = path.rename(tmp_path / "b.tgz")
    assert read_tarball(moved).path == moved
    tgz(moved, {"package.json": MANIFEST, "more.js": "1"})
    assert read_tarball(moved).files == ("package.json", "more.js")


@pytest.mark.parametrize(
    "text",
    [
        *(f"gh{kind}_" + "a1B2" * 9 for kind in "pousr"),
        "github_pat_" + "a1B2_" * 12,
        *(f"{kind}IA" + "ABCD1234" * 2 for kind in ("AK", "AS")),
        *(f"xox{kind}-" + "1234567890-" * 3 for kind in "abprs"),
        *(f"//host/:{key}=abcdefgh" for key in ("_authToken", "_auth", "_password")),
    ],
)
def test_every_spelling_of_a_secret_is_found(text):
    assert len(list(secrets_in(f"const it = 1\n{text}\n".encode()))) == 1
