"""From job to job: what a later job on a fresh checkout needs to know, and whether it was given the bytes that were packed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.errors import Refused
from vis_tasks.services.dist import integrity, manifest, sha256
from vis_tasks.services.wave import find_wave

if TYPE_CHECKING:
    from vis_tasks.services.dist import Packed
    from vis_tasks.services.run import Run

__all__ = ["manifest_digest", "outputs", "verify"]


def outputs(run: Run) -> dict[str, str]:
    """``commit`` that the next jobs check out, ``pack``: whether anything is to be packed, ``manifest``: hash of what is packed.

    Looks at the registry only while nothing is packed: one request per package whose version has no tag.
    """
    digest = manifest_digest(run)
    to_pack = digest is None and _due(run)
    return {
        "commit": run.tools.git.head() or "",
        "pack": "true" if to_pack else "false",
        "manifest": digest or "",
    }


def _due(run: Run) -> bool:
    """A package about which the registry gave no answer counts: the job that packs asks again and tells."""
    wave = find_wave(run)
    return bool(wave.fresh or wave.unproven or wave.unknown)


def manifest_digest(run: Run) -> str | None:
    """SHA-256 of ``dist/manifest.json``, hexadecimal; None when nothing is packed."""
    content = run.tools.files.read(f"{run.state.dist_path}/manifest.json")
    return None if content is None else sha256(content)


def verify(run: Run, digest: str) -> tuple[Packed, ...]:
    """See that ``dist/`` holds what was packed: the manifest by its hash, every tarball by the manifest.

    Raises:
        vis_tasks.errors.Refused: code ``HAND_OVER``; these bytes must not be uploaded.
    """
    hint = "run the job that packs again; if this comes back, find out who changes the artifact on its way"
    found = manifest_digest(run)
    if found is None or found != digest.strip().lower():
        what = "there is no manifest" if found is None else f"the manifest's SHA-256 is {found}"
        raise Refused(f"{run.state.dist_path}: {what}, not {digest}", code="HAND_OVER", hint=hint)
    lines = tuple(manifest(run).values())
    for line in lines:
        content = run.tools.files.read(f"{run.state.dist_path}/{line.file}") if _is_name(line.file) else None
        if content is None or integrity(content) != line.integrity:
            what = "is missing" if content is None else "holds other bytes than were packed"
            raise Refused(f"{run.state.dist_path}/{line.file} {what}", code="HAND_OVER", hint=hint)
    return lines


def _is_name(file: str) -> bool:
    return "/" not in file and "\\" not in file and file not in {"", ".", ".."}
