"""Reading what a client uploads: one publish packument with one version and its attachments, checked to the last byte."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any, Literal

from vis_tasks.registry.names import check_name, check_tag, check_version
from vis_tasks.registry.problems import bad_request
from vis_tasks.registry.tarballs import Inspection, inspect_tarball

__all__ = ["Access", "Upload", "parse_json", "parse_upload"]

Access = Literal["public", "private"]
SIGSTORE = "application/vnd.dev.sigstore.bundle"
ACCESS_WORDS: dict[object, Access | None] = {
    None: None,
    "public": "public",
    "private": "private",
    "restricted": "private",
}


@dataclass(frozen=True)
class Upload:
    """One version, ready to be staged or published.

    Attributes:
        name: package.
        version: exact version.
        tag: the dist-tag it will carry.
        access: what the client asked for; None leaves an existing package as it is.
        document: the version's manifest with ``dist``, without the tarball's address.
        tarball: the bytes.
        inspection: what they hold.
        provenance: sigstore bundles, parsed.
    """

    name: str
    version: str
    tag: str
    access: Access | None
    document: dict[str, Any]
    tarball: bytes = field(repr=False)
    inspection: Inspection = field(repr=False)
    provenance: list[Any] = field(default_factory=list, repr=False)


def parse_json(body: bytes) -> Any:
    """A JSON body; 400 when it isn't one."""
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise bad_request(f"the body is no JSON: {error}") from None


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def parse_upload(name: str, body: bytes, *, max_unpacked: int) -> Upload:
    """Check everything about an upload that doesn't depend on what the registry holds.

    Args:
        name: the package of the address.
        body: as received.
        max_unpacked: limit for the tarball's contents, in bytes.

    Raises:
        Problem: 400, with what is wrong.
    """
    data = _mapping(parse_json(body), "the body")
    missing = [
        key
        for key in ("name", "versions", "_attachments")
        if not isinstance(data.get(key), str if key == "name" else dict)
    ]
    if missing:
        raise bad_request(f"Missing required fields: {', '.join(missing)}")
    if check_name(data["name"]) != check_name(name):
        raise bad_request(f"the body is about {data['name']!r}, the address about {name!r}")
    if len(data["versions"]) != 1:
        raise bad_request(f"expected exactly one version, got {len(data['versions'])}")
    version, manifest = next(iter(data["versions"].items()))
    manifest = dict(_mapping(manifest, f"versions[{check_version(version)!r}]"))
    if manifest.get("name", name) != name or manifest.get("version", version) != version:
        raise bad_request(
            f"the manifest is about {manifest.get('name')}@{manifest.get('version')}, expected {name}@{version}"
        )
    tag = _tag(data.get("dist-tags"), version)
    access = _access(name, data.get("access"))
    tarball, provenance = _attachments(data["_attachments"])
    inspection = inspect_tarball(tarball, max_unpacked=max_unpacked)
    dist = _dist(manifest.get("dist", {}), inspection)
    document = {**manifest, "name": name, "version": version, "_id": f"{name}@{version}", "dist": dist}
    readme = data.get("readme")
    if isinstance(readme, str) and "readme" not in document:
        document["readme"] = readme
    return Upload(name, version, tag, access, document, tarball, inspection, provenance)


def _mapping(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise bad_request(f"{what} must be an object")
    return value


def _tag(tags: object, version: str) -> str:
    if tags is None or tags == {}:
        return "latest"
    entries = _mapping(tags, "dist-tags")
    if len(entries) != 1:
        raise bad_request(f"expected one dist-tag, got {len(entries)}")
    tag, target = next(iter(entries.items()))
    if target != version:
        raise bad_request(f"dist-tag {tag!r} must point to {version}")
    return check_tag(tag)


def _access(name: str, word: object) -> Access | None:
    if not isinstance(word, str | None) or word not in ACCESS_WORDS:
        raise bad_request("access must be 'public' or 'restricted'")
    access = ACCESS_WORDS[word]
    if access == "private" and not name.startswith("@"):
        raise bad_request("only scoped packages can be restricted")
    return access


def _attachments(attachments: dict[str, Any]) -> tuple[bytes, list[Any]]:
    tarballs: list[bytes] = []
    provenance = []
    for name, value in attachments.items():
        attachment = _mapping(value, f"_attachments[{name[:80]!r}]")
        data = attachment.get("data")
        if not isinstance(data, str):
            raise bad_request(f"attachment {name[:80]!r} has no data")
        if str(attachment.get("content_type", "")).startswith(SIGSTORE):
            provenance.append(_bundle(data))
            continue
        try:
            tarball = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            raise bad_request(f"attachment {name[:80]!r} is no base64") from None
        if attachment.get("length", len(tarball)) != len(tarball):
            raise bad_request(
                f"attachment {name[:80]!r} has {len(tarball)} bytes, its length says {attachment['length']!r}"[:400]
            )
        tarballs.append(tarball)
    if len(tarballs) != 1:
        raise bad_request(f"expected one tarball in _attachments, got {len(tarballs)}")
    return tarballs[0], provenance


def _bundle(data: str) -> Any:
    """Npm sends the bundle as JSON text, the API description speaks of base64: take both."""
    if not data.lstrip().startswith("{"):
        try:
            data = base64.b64decode(data, validate=True).decode()
        except (binascii.Error, ValueError):
            raise bad_request("the provenance bundle is neither JSON nor base64") from None
    return _mapping(parse_json(data.encode()), "the provenance bundle")


def _dist(claimed: object, inspection: Inspection) -> dict[str, Any]:
    dist = {key: value for key, value in _mapping(claimed, "dist").items() if key != "tarball"}
    for key, real in (("shasum", inspection.shasum), ("integrity", inspection.integrity)):
        if dist.get(key, real) != real:
            raise bad_request(f"dist.{key} is not the tarball's: expected {real}")
    return {
        **dist,
        "integrity": inspection.integrity,
        "shasum": inspection.shasum,
        "fileCount": len(inspection.files),
        "unpackedSize": inspection.unpacked_size,
    }
