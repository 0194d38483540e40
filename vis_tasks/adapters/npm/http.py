"""One GET, and what its answer is worth. Imports sockets: import this lazily.

Network trouble, lies about length, foreign content types and bad JSON are all `Unknown`: none of them says "no".
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

from vis_tasks.adapters.npm.wire import Trouble
from vis_tasks.adapters.redact import redact
from vis_tasks.ports import Unknown
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vis_tasks.adapters.npm.auth import Auth
    from vis_tasks.adapters.npm.session import NpmSession
    from vis_tasks.adapters.npm.wire import Answer
    from vis_tasks.ports import Clock

__all__ = ["TROUBLE", "Reply", "get_bytes", "get_json", "read_reply", "trouble_of"]

TROUBLE = (OSError, ValueError)
"""What sending a request may raise: for `trouble_of`."""

_CONNECT_TIMEOUT = 10.0
_READ_TIMEOUT = 30.0
_WHOLE_TIMEOUT = 60.0
_LARGEST = 32 * 1024 * 1024
_MOST_REDIRECTS = 5
_OK = 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


T = TypeVar("T")


@dataclass(frozen=True)
class Reply:
    """A whole answer with a JSON body.

    Attributes:
        status: HTTP status, never a redirect.
        body: the parsed JSON; None when the answer isn't JSON and its status isn't 2xx.
        is_json: whether the body was JSON.
        retry_after: seconds from now that the server asked for, or None.
    """

    status: int
    body: Any
    is_json: bool
    retry_after: float | None

    @property
    def words(self) -> str:
        """What the server says went wrong, in one redacted line; npm's registry puts it in ``error`` or ``message``."""
        text = self.body
        if isinstance(text, dict):
            text = next((text[key] for key in ("error", "message", "reason") if isinstance(text.get(key), str)), "")
        return redact(" ".join(text.split())[:300]) if isinstance(text, str) else ""

    def unknown(self) -> Unknown:
        """This status as an answer that says nothing."""
        return Unknown(f"http {self.status}", f"HTTP {self.status} {self.words}".strip(), self.retry_after)


def get_json(
    session: NpmSession,
    url: str,
    *,
    auth: Auth,
    params: Mapping[str, str],
    clock: Clock,
    accept: str = "application/json",
) -> Reply | Unknown:
    """GET a JSON document: one request, plus one for each redirect; never tried again behind the caller's back.

    Credentials go to the scheme, host and port of ``url`` alone: a redirect elsewhere is followed without them.

    Args:
        session: see `NpmConfig.session`.
        url: without query.
        auth: what to send.
        params: the query.
        clock: for the limit on the whole answer (60 s) and for dates in ``Retry-After``.
        accept: the ``Accept`` header.
    """
    address = f"{url}?{urlencode(params)}" if params else url
    headers = {"Accept": accept, "Cache-Control": "no-cache"}
    return _follow(session, address, headers, auth, lambda response: read_reply(response, clock))


def get_bytes(session: NpmSession, url: str, *, auth: Auth, clock: Clock, largest: int) -> bytes | int | Unknown:
    """GET a file, whole or not at all, under the same rules as `get_json`.

    Args:
        session: see `NpmConfig.session`.
        url: where it lies.
        auth: what to send.
        clock: for the limit on the whole answer (60 s).
        largest: bytes; more is `Unknown`.

    Returns:
        The bytes, or the HTTP status when it isn't 200.
    """

    def take(response: Answer) -> bytes | int | Unknown:
        return _body(response, clock, largest) if response.status == _OK else response.status

    # A tarball is compressed already; asked for as it is, its bytes can be compared.
    return _follow(session, url, {"Accept": "application/octet-stream, */*", "Accept-Encoding": "identity"}, auth, take)


def _follow(
    session: NpmSession,
    address: str,
    headers: dict[str, str],
    auth: Auth,
    take: Callable[[Answer], T | Unknown],
) -> T | Unknown:
    if auth.header:
        headers["Authorization"] = auth.header
    try:
        for _ in range(_MOST_REDIRECTS + 1):
            with session.send("GET", address, headers=headers, timeout=(_CONNECT_TIMEOUT, _READ_TIMEOUT)) as response:
                target = response.headers.get("Location")
                if response.status not in _REDIRECTS or not target:
                    return take(response)
            target = urljoin(address, target)
            if urlsplit(target).scheme not in {"http", "https"}:
                return Unknown("redirect", "a redirect to something that isn't HTTP")
            if _origin(target) != _origin(address):
                headers.pop("Authorization", None)
            address = target
    except TROUBLE as error:
        return trouble_of(error)
    return Unknown("redirect", f"more than {_MOST_REDIRECTS} redirects")


def read_reply(response: Answer, clock: Clock) -> Reply | Unknown:
    """The whole answer (60 s and 32 MiB at most); `Unknown` when it can't be read or is a success without JSON."""
    status = response.status
    retry_after = _retry_after(response.headers.get("Retry-After"), clock)
    data = _body(response, clock)
    if isinstance(data, Unknown):
        return data
    media = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    is_json = media == "application/json" or media.endswith("+json")
    body = None
    if is_json:
        try:
            body = json.loads(data)
        except (ValueError, RecursionError):
            is_json = False
    if 200 <= status < 300 and not is_json:
        kind = "bad json" if media == "application/json" else "not json"
        return Unknown(kind, f"HTTP {status} with a body that isn't JSON ({media or 'no content type'})", retry_after)
    return Reply(status, body, is_json, retry_after)


def _body(response: Answer, clock: Clock, largest: int | None = None) -> bytes | Unknown:
    deadline = clock.monotonic() + _WHOLE_TIMEOUT
    data = bytearray()
    # A piece is whatever has arrived, so that a server sending a byte now and then meets the deadline.
    for piece in response.pieces:
        data += piece
        if len(data) > (largest or _LARGEST):
            return Unknown("too large", f"an answer of more than {(largest or _LARGEST) // 1024 // 1024} MiB")
        if clock.monotonic() > deadline:
            return Unknown("timeout", f"the answer wasn't complete after {_WHOLE_TIMEOUT:g} s")
    return bytes(data)


def _retry_after(value: str | None, clock: Clock) -> float | None:
    """Seconds, or an HTTP date (RFC 9110, 10.2.3); nonsense counts as absent."""
    if not value:
        return None
    with contextlib.suppress(ValueError):
        return float(int(value)) if int(value) >= 0 else None
    from email.utils import parsedate_to_datetime  # 5 ms, and nearly always a number comes

    try:
        moment = parsedate_to_datetime(value)
        return max(0.0, (moment - clock.now()).total_seconds())
    except (ValueError, TypeError):  # not a date, or one without a zone
        return None


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def trouble_of(error: BaseException) -> Unknown:
    """What kept a request from being answered, by the deepest cause that is known."""
    chain = list(_causes(error))
    for kind, types in _kinds().items():
        found = next((each for each in reversed(chain) if isinstance(each, types) or _says(each, kind)), None)
        if found is not None:
            return Unknown(kind, _in_words(kind, found))
    return Unknown("network", redact(" ".join(str(error).split())[:300]))


def _kinds() -> dict[str, tuple[type[BaseException], ...]]:
    """What Python calls each kind, the most telling first."""
    import ssl  # 6 ms; who talks http never needs it
    from http.client import HTTPException
    from socket import gaierror

    return {
        "tls": (ssl.SSLError,),
        "proxy": (),
        "connection refused": (ConnectionRefusedError,),
        "name not found": (gaierror,),
        "timeout": (TimeoutError,),
        "truncated": (),
        "connection reset": (ConnectionError, HTTPException),
    }


def _says(error: BaseException, kind: str) -> bool:
    return isinstance(error, Trouble) and error.kind == kind


def _in_words(kind: str, error: BaseException) -> str:
    """The error's own words, where it has some: those of urllib3 hold addresses of objects and pools."""
    words = redact(" ".join(str(getattr(error, "strerror", None) or error).split())[:200])
    empty = words.lower() in {"", kind} or "Pool(" in words or " object at 0x" in words
    return kind if empty else f"{kind}: {words}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what caused it, and the errors that urllib3 carries as arguments."""
    seen: set[int] = set()
    queue: list[BaseException] = [error]
    while queue:
        each = queue.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        inside = [*each.args, each.__cause__, each.__context__, getattr(each, "reason", None)]
        queue += [other for other in inside if isinstance(other, BaseException)]
