"""HTTP sessions that trust, proxy and introduce themselves as npm is configured to. Imports requests: import this lazily."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.exceptions import InsecureRequestWarning

from vis_tasks.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["build_session", "proxy_for", "tls_context"]


def build_session(
    *, context: ssl.SSLContext, strict: bool, proxy: Callable[[str], str | None], user_agent: str
) -> requests.Session:
    """A session without retries, cookies, netrc or anything else taken from the environment.

    Args:
        context: who is trusted, and the client certificate if there is one.
        strict: whether certificates are checked.
        proxy: the proxy for an address, or None.
        user_agent: the ``User-Agent`` header.
    """
    session = requests.Session()
    session.trust_env = False
    session.verify = strict
    session.headers["User-Agent"] = user_agent
    session.cookies.set_policy(_no_cookies())
    for scheme in ("http://", "https://"):
        session.mount(scheme, _NpmAdapter(context, strict=strict, proxy=proxy))
    if not strict:
        urllib3.disable_warnings(InsecureRequestWarning)  # the user said strict-ssl=false
    return session


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
            context.load_verify_locations(cafile=DEFAULT_CA_BUNDLE_PATH)
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


class _NpmAdapter(HTTPAdapter):
    """One TLS context for all, a proxy per address, no retries."""

    def __init__(self, context: ssl.SSLContext, *, strict: bool, proxy: Callable[[str], str | None]) -> None:
        self._context = context
        self._strict = strict
        self._proxy = proxy
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002
        # requests would add its own bundle to the context, and so trust more than npm does.
        conn.cert_reqs = "CERT_REQUIRED" if self._strict else "CERT_NONE"

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        proxy = self._proxy(request.url or "")
        kwargs["proxies"] = {"http": proxy, "https": proxy} if proxy else {}
        return super().send(request, *args, **kwargs)


def _no_cookies() -> Any:
    from http.cookiejar import DefaultCookiePolicy

    return DefaultCookiePolicy(allowed_domains=[])
