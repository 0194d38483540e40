"""Input meant to hurt: refused in npm's error shape, with nothing kept."""

from __future__ import annotations

import base64
import gzip
import io
import socket
import tarfile

import pytest

from tests.registry.builders import upload
from vis_tasks.registry.tarballs import build_tarball

MANIFEST = {"name": "demo", "version": "1.0.0"}


def tar_with(*names, link=None):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name in ("package/package.json", *names):
            archive.addfile(tarfile.TarInfo(name))
        if link:
            info = tarfile.TarInfo("package/link")
            info.type, info.linkname = tarfile.SYMTYPE, link
            archive.addfile(info)
    return gzip.compress(raw.getvalue())


def changed(**changes):
    return {**upload(), **changes}


def with_attachment(**changes):
    body = upload()
    attachment = next(iter(body["_attachments"].values()))
    attachment.update(changes)
    return body


def with_dist(**changes):
    body = upload()
    body["versions"]["1.0.0"]["dist"].update(changes)
    return body


BODIES = {
    "no object": [],
    "null": None,
    "nothing in it": {},
    "another name": changed(name="other"),
    "no versions": changed(versions={}),
    "two versions": changed(versions={"1.0.0": {}, "2.0.0": {}}),
    "no version": changed(versions={"one": {}}),
    "versions that are a list": changed(versions=[]),
    "a manifest that is a word": changed(versions={"1.0.0": "x"}),
    "a manifest of another package": changed(versions={"1.0.0": {"name": "other"}}),
    "a tag that is a range": upload(tag="1.x"),
    "a tag that leaves": upload(tag="../x"),
    "two tags": changed(**{"dist-tags": {"latest": "1.0.0", "next": "1.0.0"}}),
    "a tag of another version": changed(**{"dist-tags": {"latest": "2.0.0"}}),
    "tags that are a list": changed(**{"dist-tags": [1]}),
    "an unknown access": changed(access="secret"),
    "an access that is a list": changed(access=[]),
    "a restricted unscoped package": changed(access="restricted"),
    "no attachments": changed(_attachments={}),
    "attachments that are a list": changed(_attachments=[]),
    "an attachment that is a word": changed(_attachments={"x": "y"}),
    "no data": with_attachment(data=None),
    "no base64": with_attachment(data="§§§"),
    "a wrong length": with_attachment(length=7),
    "a length that is a word": with_attachment(length="many"),
    "a wrong shasum": with_dist(shasum="0" * 40),
    "a wrong integrity": with_dist(integrity="sha512-AAAA"),
    "no gzip": upload(tarball=b"PK\x03\x04 no"),
    "a damaged gzip": upload(tarball=build_tarball(MANIFEST)[:20] + b"\xff" * 40),
    "a gzip that is cut off": upload(tarball=build_tarball(MANIFEST)[:-12]),
    "a gzip of no tar": upload(tarball=gzip.compress(b"hello" * 500)),
    "an empty tar": upload(tarball=gzip.compress(b"\0" * 10240)),
    "an entry that climbs out": upload(tarball=tar_with("package/../../evil")),
    "an absolute entry": upload(tarball=tar_with("/etc/evil")),
    "an entry with a drive": upload(tarball=tar_with("C:/evil/x")),
    "an entry with backslashes": upload(tarball=tar_with("package\\..\\evil")),
    "a bad provenance": upload(provenance=["x"]),
}


@pytest.mark.parametrize("what", BODIES)
def test_a_body_that_makes_no_sense_is_a_400_and_leaves_nothing(registry, client_with, what):
    writer = client_with("read-write", bypass_2fa=True)
    staged = writer.ask("POST", "-/stage/package/demo", json=BODIES[what])
    published = writer.ask("PUT", "demo", json=BODIES[what])
    assert (staged.status_code, published.status_code) == (400, 400), staged.text
    assert staged.json()["message"].startswith("Bad Request - ")
    assert published.json()["error"].startswith("Bad Request - ")
    assert registry.stages() == []
    assert registry.store.packages.find("demo") is None
    assert not [path for path in registry.store.tarballs._folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"name": NaN}', b'"x"'])
def test_a_body_that_is_no_json_is_a_400(alice, body):
    assert alice.ask("POST", "-/stage/package/demo", data=body).status_code == 400


@pytest.mark.parametrize(
    "name", ["UPPER", ".hidden", "_x", "a%20b", "node_modules", "x" * 215, "@acme%2f..", "@%2fx", "%00", "a%5cb"]
)
def test_a_name_no_package_can_have_is_refused(registry, alice, name):
    answer = alice.ask("POST", f"-/stage/package/{name}", json=upload())
    assert answer.status_code in {400, 404}
    assert registry.stages() == []


@pytest.mark.parametrize(
    "path", ["..%2f..%2fetc%2fpasswd", "demo/-/..%2f..%2fregistry.sqlite", "demo/-/demo-..%2f1.0.0.tgz", "@a/b/c/d"]
)
def test_paths_that_climb_out_find_nothing(registry, nobody, path):
    registry.seed("demo", "1.0.0")
    assert nobody.get(path).status_code == 404


def test_a_huge_body_is_a_413_whether_it_is_announced_or_not(registry, alice):
    registry.settings.max_body = 1000
    announced = alice.ask("POST", "-/stage/package/demo", data=b"x" * 1001)
    streamed = alice.ask("POST", "-/stage/package/demo", data=iter([b"x" * 600, b"x" * 600]))
    assert (announced.status_code, streamed.status_code) == (413, 413)
    assert announced.json()["message"].startswith("Payload Too Large")


def test_a_tarball_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(registry, alice):
    registry.settings.max_unpacked = 100_000
    bomb = build_tarball(MANIFEST, {"zeros": b"\0" * 10_000_000})
    assert len(bomb) < 20_000
    answer = alice.ask("POST", "-/stage/package/demo", json=upload(tarball=bomb))
    assert answer.status_code == 400
    assert "unpacks to more than 100000 bytes" in answer.json()["message"]


def test_a_method_no_route_has_is_refused(alice):
    assert alice.ask("PATCH", "-/stage").status_code == 405
    assert alice.ask("DELETE", "demo").status_code == 405


def test_a_request_that_is_no_http_breaks_nothing(registry, alice):
    port = int(registry.url.rstrip("/").rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        raw.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        raw.recv(1000)
    assert alice.get("-/ping").status_code == 200


def test_a_package_without_its_tarball_attachment_but_with_valid_base64_of_nothing(alice):
    body = upload()
    next(iter(body["_attachments"].values())).update(data=base64.b64encode(b"").decode(), length=0)
    assert alice.ask("POST", "-/stage/package/demo", json=body).status_code == 400
