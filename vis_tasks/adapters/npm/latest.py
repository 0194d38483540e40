"""What is live, in two facts a package: packing asks how large it was, uploading which version was the highest.

Both stand in the abbreviated packument, so that each is read once a run; only the facts are kept, for packuments can be large.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from vis_tasks.adapters.npm.reader import escaped_name
from vis_tasks.core.versions import highest, is_prerelease, is_valid
from vis_tasks.ports import Unknown
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from vis_tasks.adapters.npm.auth import Auth
    from vis_tasks.adapters.npm.config import NpmConfig
    from vis_tasks.adapters.npm.session import NpmSession
    from vis_tasks.ports import Clock

__all__ = ["Latest", "LatestVersions"]

_CORGI = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8"
_TAG = "latest"


@dataclass(frozen=True)
class Latest:
    """What is known of a package's live versions.

    Attributes:
        highest: the highest live version that is neither a prerelease nor deprecated.
        unpacked_size: bytes of what ``latest`` points at, unpacked.
    """

    highest: str | None = None
    unpacked_size: int | None = None


class LatestVersions:
    """Reads them from one registry: one request a package, on kept connections. Safe from any thread.

    Args:
        config: npm's configuration.
        registry: its address, with a trailing slash.
        clock: for deadlines.
    """

    def __init__(self, config: NpmConfig, registry: str, clock: Clock) -> None:
        self._config = config
        self._registry = registry
        self._clock = clock
        self._known: dict[str, Latest] = {}

    def of(self, name: str, auth: Auth | None = None) -> Latest | None:
        """The facts, nothing in them where the registry has no such package; None when it gives no usable answer.

        Args:
            name: npm name.
            auth: credentials to read with; npm's for the registry without them.
        """
        from vis_tasks.adapters.npm.http import get_json

        if name in self._known:
            return self._known[name]
        url = self._registry + escaped_name(name)
        auth = auth or self._config.auth_for(url)
        reply = get_json(self._session, url, auth=auth, params={}, clock=self._clock, accept=_CORGI)
        if isinstance(reply, Unknown) or reply.status not in {200, 404} or not isinstance(reply.body, dict):
            return None
        found = Latest() if reply.status == 404 else _facts(reply.body)
        self._known[name] = found
        return found

    @cached_property
    def _session(self) -> NpmSession:
        return self._config.session(self._registry)


def _facts(packument: dict[str, Any]) -> Latest:
    versions = _table(packument.get("versions"))
    stable = [
        version
        for version, document in versions.items()
        if is_valid(version) and not is_prerelease(version) and not _table(document).get("deprecated")
    ]
    served = _table(versions.get(str(_table(packument.get("dist-tags")).get(_TAG))))
    size = _table(served.get("dist")).get("unpackedSize")
    return Latest(highest(stable) if stable else None, size if isinstance(size, int) and size > 0 else None)


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
