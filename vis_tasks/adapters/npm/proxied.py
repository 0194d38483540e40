"""Requests through a proxy: tunnels, TLS to the proxy itself, SOCKS are urllib3's work. Imports urllib3: import this lazily."""

from __future__ import annotations

from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3 import exceptions

from vis_tasks.adapters.npm.wire import Answer, Trouble

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Proxied"]

_CHUNK = 64 * 1024
_CONNECTIONS = 16

# What urllib3 has classes of its own for; `vis_tasks.adapters.npm.http.trouble_of` knows the causes behind all others.
_KINDS: tuple[tuple[type[exceptions.HTTPError], str], ...] = (
    (exceptions.SSLError, "tls"),
    (exceptions.ProxyError, "proxy"),
    (exceptions.TimeoutError, "timeout"),
    (exceptions.IncompleteRead, "truncated"),
    (exceptions.DecodeError, "truncated"),
    (exceptions.ProtocolError, "connection reset"),
)


class Proxied:
    """What `vis_tasks.adapters.npm.wire.Wire` is, through one proxy.

    Args:
        proxy: its address, with credentials if it wants some; without a scheme it is HTTP. SOCKS where PySocks is installed.
        context: who is trusted.
        strict: whether certificates are checked.

    Raises:
        Trouble: a proxy of a kind that nothing here can talk to.
    """

    def __init__(self, proxy: str, context: ssl.SSLContext, *, strict: bool) -> None:
        if not strict:
            urllib3.disable_warnings(exceptions.InsecureRequestWarning)  # the user said strict-ssl=false
        cert_reqs = "CERT_REQUIRED" if strict else "CERT_NONE"
        options = {"maxsize": _CONNECTIONS, "ssl_context": context, "cert_reqs": cert_reqs}
        try:
            self._manager = _manager(proxy, options)
        except exceptions.HTTPError as error:
            raise _as_ours(error) from error

    @contextmanager
    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout: tuple[float, float],
        body: Iterable[bytes] | None = None,
    ) -> Iterator[Answer]:
        """One request; see `vis_tasks.adapters.npm.session.NpmSession.send`."""
        try:
            response = self._manager.urlopen(
                method,
                url,
                body=body,
                headers=headers,
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=timeout[0], read=timeout[1]),
            )
        except exceptions.HTTPError as error:
            raise _as_ours(error) from error
        try:
            yield Answer(response.status, response.headers, _pieces(response))
        finally:
            response.close()  # the connection was given back when the body was read to its end
            response.release_conn()


def _pieces(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    try:
        while piece := response.read1(_CHUNK, decode_content=True):
            yield piece
    except exceptions.HTTPError as error:
        raise _as_ours(error) from error


def _as_ours(error: exceptions.HTTPError) -> OSError:
    told = (error, *error.args)  # a broken connection carries what broke it
    kinds = (kind for known, kind in _KINDS if any(isinstance(each, known) for each in told))
    return Trouble(next(kinds, "network"), str(error))


def _manager(proxy: str, options: Mapping[str, Any]) -> urllib3.PoolManager:
    address = proxy if "://" in proxy else f"http://{proxy}"
    if address.lower().startswith("socks") and find_spec("socks"):
        from urllib3.contrib.socks import SOCKSProxyManager

        return SOCKSProxyManager(address, **options)
    parts = urlsplit(address)
    known = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
    return urllib3.ProxyManager(address, proxy_headers=urllib3.make_headers(proxy_basic_auth=known), **options)
