"""Live packages: packument, version document, tarball, publish, dist-tags, visibility, version status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.responses import Response

from vis_tasks.registry.call import Call, json_response
from vis_tasks.registry.names import PLACEHOLDER_VERSION, check_name, check_tag, check_version, is_name, tarball_name
from vis_tasks.registry.payload import Upload, parse_json, parse_upload
from vis_tasks.registry.problems import bad_request, forbidden, not_found

if TYPE_CHECKING:
    from vis_tasks.registry.packages import Package

__all__ = [
    "attestations", "audit_bulk", "dist_tags", "document", "packument", "publish", "read_upload", "remove_dist_tag",
    "set_dist_tag", "status", "tarball", "visibility",
]  # fmt: skip

ABBREVIATED = "application/vnd.npm.install-v1+json"
BIG = 256 * 1024  # bytes of a body from which on reading it is worth a thread


def _readable(call: Call) -> Package:
    return call.store.packages.require_readable(call.package, call.user)


async def packument(call: Call) -> Response:
    """``GET /{package}``: full, or abbreviated when asked for; 304 when the client has it."""
    package = _readable(call)
    abbreviated = ABBREVIATED in call.request.headers.get("accept", "")
    rendered = call.store.packuments.packument(package, abbreviated=abbreviated, base=call.base)
    private = package.access == "private"
    age = call.store.settings.packument_max_age
    headers = {
        "etag": rendered.etag,
        "vary": "accept-encoding, accept",
        "cache-control": f"private, max-age={age}" if private else f"public, max-age={age}",
    }
    known = call.request.headers.get("if-none-match", "")
    if rendered.etag in {part.strip().removeprefix("W/") for part in known.split(",")}:
        return Response(None, 304, headers)
    return Response(rendered.body, 200, headers, ABBREVIATED if abbreviated else "application/json")


async def document(call: Call) -> Response:
    """``GET /{package}/{version or dist-tag}``: fresher than the packument."""
    version = str(call.request.path_params["version"])
    return json_response(call.store.packuments.document(_readable(call), version, base=call.base))


async def tarball(call: Call) -> Response:
    """``GET /{package}/-/{file}.tgz``."""
    package, file = _readable(call), str(call.request.path_params["file"])
    prefix, suffix = tarball_name(package.name, "\0").split("\0")
    version = file.removeprefix(prefix).removesuffix(suffix)
    found = call.store.packages.version(package.name, version) if file == f"{prefix}{version}{suffix}" else None
    if found is None or not found.live(call.store.settings.now() - call.store.settings.tarball_lag):
        raise not_found(f"no such tarball: {file[:200]}")
    body = await to_thread.run_sync(call.store.tarballs.read, found.blob)
    scope = "private" if package.access == "private" else "public"
    return Response(body, 200, {"cache-control": f"{scope}, immutable, max-age=31557600"}, "application/octet-stream")


async def read_upload(call: Call) -> Upload:
    """The upload of a publish or stage request, fully checked; a big one in a thread of its own."""
    body, limit = await call.body(), call.store.settings.max_unpacked
    if len(body) < BIG:
        return parse_upload(call.package, body, max_unpacked=limit)
    return await to_thread.run_sync(lambda: parse_upload(call.package, body, max_unpacked=limit))


async def publish(call: Call) -> Response:
    """``PUT /{package}``: one version, live at once (or after its scan)."""
    identity = call.require_writer("publish")
    upload = await read_upload(call)
    call.require_second_factor(identity, always=False)
    call.store.publish(upload, identity)
    return json_response({"success": True})


async def dist_tags(call: Call) -> Response:
    """``GET /-/package/{package}/dist-tags``."""
    package = _readable(call)
    return json_response(call.store.packages.dist_tags(package.name, call.store.settings.now()))


def _tag_writer(call: Call) -> str:
    identity = call.require_writer("publish")
    package = _readable(call)
    if identity.kind == "oidc" or not call.store.packages.is_maintainer(package.name, identity.user):
        raise forbidden("You do not have permission to change dist-tags of this package")
    call.require_second_factor(identity, always=False)
    return package.name


async def set_dist_tag(call: Call) -> Response:
    """``PUT /-/package/{package}/dist-tags/{tag}``: the body is the version, as JSON."""
    tag = check_tag(call.request.path_params["tag"])
    version = check_version(parse_json(await call.body()))
    name = _tag_writer(call)
    found = call.store.packages.version(name, version)
    if found is None or not found.live(call.store.settings.now()):
        raise not_found(f"version not found: {version}")
    call.store.packages.set_tag(name, tag, version)
    return json_response({"ok": "dist-tag added"}, 201)


async def remove_dist_tag(call: Call) -> Response:
    """``DELETE /-/package/{package}/dist-tags/{tag}``; ``latest`` always stays."""
    tag = check_tag(call.request.path_params["tag"])
    name = _tag_writer(call)
    if tag == "latest":
        raise bad_request("the dist-tag latest can't be removed")
    if tag not in call.store.packages.dist_tags(name, call.store.settings.now()):
        raise not_found(f"no such dist-tag: {tag}")
    call.store.packages.set_tag(name, tag, None)
    return json_response({"ok": "dist-tag removed"})


async def visibility(call: Call) -> Response:
    """``GET /-/package/{package}/visibility``."""
    return json_response({"public": _readable(call).access == "public"})


async def status(call: Call) -> Response:
    """``GET /-/package/{package}/version/{version}/status``; 404 also when the user may not see it."""
    identity = call.require_user()
    if not call.store.settings.status_endpoint:
        raise forbidden("The status service is not enabled for this package")
    name, version = call.package, str(call.request.path_params["version"])
    packages, now = call.store.packages, call.store.settings.now()
    missing = not_found("version not found")
    if not is_name(name) or not packages.is_maintainer(name, identity.user):
        raise missing
    found = packages.version(name, version)
    if found is not None:
        word = found.status(now)
    else:
        item = call.store.stages.of_version(name, version)
        if item is None or version == PLACEHOLDER_VERSION:
            raise missing
        word = item.status
    return json_response({"packageName": name, "version": version, "status": word})


async def attestations(call: Call) -> Response:
    """``GET /-/npm/v1/attestations/{package}@{version}``: the provenance bundles that came with a version."""
    name, _, version = call.package.rpartition("@")
    package = call.store.packages.require_readable(check_name(name), call.user)
    found = call.store.packages.version(package.name, version)
    bundles = found.provenance if found is not None and found.live(call.store.settings.now()) else []
    if found is None and call.store.settings.staged_attestations and call.user:
        staged = call.store.stages.of_version(package.name, version)
        bundles = staged.provenance if staged and call.store.packages.is_maintainer(package.name, call.user) else []
    if not bundles:
        raise not_found("no attestations")
    predicate = "https://slsa.dev/provenance/v1"
    return json_response({"attestations": [{"predicateType": predicate, "bundle": bundle} for bundle in bundles]})


async def audit_bulk(call: Call) -> Response:
    """``POST /-/npm/v1/security/advisories/bulk``: installing asks; this registry knows of no advisories."""
    await call.body()
    return json_response({})
