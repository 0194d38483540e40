"""HTTP sessions that trust, proxy and introduce themselves as npm is configured to. Imports urllib3: import this lazily.

urllib3 alone, without requests around it: a wave of hundreds makes a thousand requests, and requests doubles what each costs.
"""

from __future__ import annotations

import os
import ssl
import threading
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import urllib3
from certifi import where
from urllib3.exceptions import InsecureRequestWarning, ProxySchemeUnknown

from vis_tasks.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["NpmSession", "proxy_for", "tls_context"]

_CONNECTIONS = 16


class NpmSession:
    """Requests without retries, redirects, cookies, netrc or anything else taken from the environment. Safe from any thread.

    Args:
        context: who is trusted, and the client certificate if there is one; asked for at the first https address.
        strict: whether certificates are checked.
        proxy: the proxy for an address, or None.
        user_agent: the ``User-Agent`` header.
    """

    def __init__(
        self,
        *,
        context: Callable[[], ssl.SSLContext],
        strict: bool,
        proxy: Callable[[str], str | None],
        user_agent: str,
    ) -> None:
        self._context = context
        self._strict = strict
        self._proxy = proxy
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "gzip, deflate", "Accept": "*/*"}
        self._managers: dict[tuple[str | None, bool], urllib3.PoolManager] = {}
        self._lock = threading.Lock()
        if not strict:
            urllib3.disable_warnings(InsecureRequestWarning)  # the user said strict-ssl=false

    @contextmanager
    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout: tuple[float, float],
        body: Iterable[bytes] | None = None,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """One request, on a connection that is kept; its answer isn't read yet, and is closed at the end of the block.

        Args:
            method: the HTTP method.
            url: the whole address.
            headers: go before the session's own.
            timeout: seconds until connected, and between two pieces of the answer.
            body: what is sent; its length must stand in the headers.

        Raises:
            urllib3.exceptions.HTTPError: trouble on the way.
            OSError: likewise.
            ValueError: an address or a header that can't be sent.
            vis_tasks.errors.Refused: code ``NPM_CONFIG`` when certificates can't be loaded.
        """
        proxy = self._proxy(url)
        manager = self._manager(proxy, secure=url[:6].lower() == "https:")
        response = manager.urlopen(
            method,
            url,
            body=body,
            headers={**self._headers, **headers},
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=urllib3.Timeout(connect=timeout[0], read=timeout[1]),
        )
        try:
            yield response
        finally:
            response.close()  # the connection was given back when the body was read to its end
            response.release_conn()

    def _manager(self, proxy: str | None, *, secure: bool) -> urllib3.PoolManager:
        with self._lock:
            if (proxy, secure) not in self._managers:
                options: dict[str, Any] = {"maxsize": _CONNECTIONS}
                if secure or proxy:
                    options |= {
                        "ssl_context": self._context(),
                        "cert_reqs": "CERT_REQUIRED" if self._strict else "CERT_NONE",
                    }
                self._managers[proxy, secure] = _through(proxy, options) if proxy else urllib3.PoolManager(**options)
            return self._managers[proxy, secure]


def _through(proxy: str, options: Mapping[str, Any]) -> urllib3.PoolManager:
    """What sends through a proxy: HTTP's, or SOCKS where the package for it is installed; credentials are in its address."""
    address = proxy if "://" in proxy else f"http://{proxy}"
    if address.lower().startswith("socks"):
        try:
            from urllib3.contrib.socks import SOCKSProxyManager
        except ImportError:
            raise ProxySchemeUnknown(urlsplit(address).scheme) from None
        return SOCKSProxyManager(address, **options)
    parts = urlsplit(address)
    known = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
    return urllib3.ProxyManager(address, proxy_headers=urllib3.make_headers(proxy_basic_auth=known), **options)


def tls_context(
    *,
    strict: bool,
    authorities: tuple[str, ...],
    client_cert: tuple[str, str] | None,
    env: Mapping[str, str],
    root: Path,
) -> ssl.SSLContext:
    """Trust as Node has it: certificates that are configured (``ca``, ``cafile``) replace the usual ones, others are added.

    Reading the usual ones costs tens of milliseconds, so each combination is read once a process and shared by all sessions.

    Args:
        strict: npm's ``strict-ssl``.
        authorities: PEM texts from npm's ``ca`` or ``cafile``; empty for the usual ones.
        client_cert: paths of certificate and key, relative to ``root``.
        env: for ``NODE_EXTRA_CA_CERTS`` and ``NODE_USE_SYSTEM_CA``, which make Node add to the usual ones.
        root: where relative paths start.

    Raises:
        vis_tasks.errors.Refused: code ``NPM_CONFIG`` when a certificate can't be loaded.
    """
    system = env.get("NODE_USE_SYSTEM_CA") == "1" or "--use-system-ca" in env.get("NODE_OPTIONS", "")
    shown = tuple(str(root / path) for path in client_cert) if client_cert else ()
    return _context(strict, authorities, shown, system, env.get("NODE_EXTRA_CA_CERTS"))


@lru_cache(maxsize=16)
def _context(
    strict: bool,
    authorities: tuple[str, ...],
    client_cert: tuple[str, ...],
    system: bool,
    extra: str | None,
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if authorities:
            context.load_verify_locations(cadata="\n".join(authorities))
        else:
            context.load_verify_locations(cafile=where())
            if system:
                context.load_default_certs()
            if extra and os.path.exists(extra):  # noqa: PTH110  (Node ignores a missing file, with a warning)
                context.load_verify_locations(cafile=extra)
    except (ssl.SSLError, OSError, ValueError) as error:
        raise Refused(
            f"npm's configured certificate authorities can't be loaded: {error}",
            code="NPM_CONFIG",
            hint="Look at the `ca` and `cafile` settings: npm config list",
        ) from error
    if client_cert:
        certificate, key = client_cert
        try:
            context.load_cert_chain(certificate, key)
        except (ssl.SSLError, OSError) as error:
            raise Refused(
                f"the client certificate {certificate} (key {key}) can't be loaded: {error}",
                code="NPM_CONFIG",
                hint="Look at the `certfile` and `keyfile` lines of your npmrc.",
            ) from error
    if not strict:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def proxy_for(url: str, *, configured: str | None, no_proxy: str, env: Mapping[str, str]) -> str | None:
    """The proxy npm would use (``@npmcli/agent/lib/proxy.js`` of npm 11.19): its config, else the environment.

    Args:
        url: where a request goes.
        configured: npm's ``https-proxy``, else its ``proxy``.
        no_proxy: npm's ``noproxy``, comma-separated domain endings; empty for ``NO_PROXY``.
        env: for ``HTTPS_PROXY``, ``HTTP_PROXY``, ``PROXY`` and ``NO_PROXY``, in either case.
    """
    parts = urlsplit(url)
    variables = {name.lower(): value for name, value in env.items() if value}
    proxy = configured or variables.get("https_proxy")
    if not proxy and parts.scheme != "https":
        proxy = variables.get("http_proxy") or variables.get("proxy")
    host = (parts.hostname or "").split(".")[::-1]
    for ending in (no_proxy or variables.get("no_proxy", "")).split(","):
        segments = [segment for segment in ending.strip().split(".") if segment][::-1]
        if segments and host[: len(segments)] == segments:
            return None
    return proxy or None
