"""HTTP sessions that trust, proxy and introduce themselves as npm is configured to. Imports sockets: import this lazily."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vis_tasks.adapters.npm.wire import Wire
from vis_tasks.errors import Refused

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from vis_tasks.adapters.npm.proxied import Proxied
    from vis_tasks.adapters.npm.wire import Answer

__all__ = ["NpmSession", "proxy_for", "tls_context"]


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
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "gzip", "Accept": "*/*"}
        self._wire = Wire(context)
        self._proxied: dict[str, Proxied] = {}
        self._lock = threading.Lock()

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
        """One request, on a connection that is kept; its answer isn't read yet, and is closed at the end of the block.

        Args:
            method: the HTTP method.
            url: the whole address.
            headers: go before the session's own.
            timeout: seconds until connected, and between two pieces of the answer.
            body: what is sent; its length must stand in the headers.

        Raises:
            OSError: trouble on the way, `Trouble` among it.
            ValueError: an address or a header that can't be sent.
            vis_tasks.errors.Refused: code ``NPM_CONFIG`` when certificates can't be loaded.
        """
        proxy = self._proxy(url)
        way = self._wire if proxy is None else self._through(proxy)
        with way.send(method, url, headers={**self._headers, **headers}, timeout=timeout, body=body) as answer:
            yield answer

    def _through(self, proxy: str) -> Proxied:
        from vis_tasks.adapters.npm.proxied import Proxied

        with self._lock:
            if proxy not in self._proxied:
                self._proxied[proxy] = Proxied(proxy, self._context(), strict=self._strict)
            return self._proxied[proxy]


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
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["http/1.1"])
    try:
        if authorities:
            context.load_verify_locations(cadata="\n".join(authorities))
        else:
            from certifi import where

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
