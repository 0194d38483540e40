"""The one door to a forge's REST API: credentials, rate limits, and answers as values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from vis_tasks.adapters.redact import redact, register_secret
from vis_tasks.errors import Failed
from vis_tasks.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from vis_tasks.ports import Clock

__all__ = ["Answer", "Api", "Lost", "default_http"]

LONGEST_WAIT = 300.0
"""Seconds that one call may wait for rate limits, all in all."""

_TIMEOUT = (10.0, 30.0)
_REDIRECTS = {301, 302, 307, 308}
_SERVER_ERROR = 500


@dataclass(frozen=True)
class Answer:
    """The forge answered.

    Attributes:
        status: HTTP status, never 5xx.
        body: parsed JSON; the text when it isn't JSON.
        next: address of the next page, from the ``Link`` header.
        headers: as received.
    """

    status: int
    body: Any
    next: str | None
    headers: Mapping[str, str] = field(repr=False)

    @property
    def words(self) -> str:
        """What the forge says, on one line."""
        body = self.body
        if not isinstance(body, dict):
            return " ".join(str(body).split())[:300]
        said = [_text(body[key]) for key in ("message", "error", "error_description") if body.get(key)]
        said += [_text(each) for each in body.get("errors") or []]
        return "; ".join(said)[:500]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return value.get("message") or " ".join(f"{key}: {_text(item)}" for key, item in value.items())
    return ", ".join(_text(item) for item in value) if isinstance(value, list) else str(value)


@dataclass(frozen=True)
class Lost:
    """No answer that says anything: the connection broke, timed out, or 5xx. A POST may or may not have worked."""

    why: str


def default_http() -> requests.Session:
    """A session that uses the environment's proxies and certificates, and no ``.netrc``.

    ``requests`` would let a ``.netrc`` entry replace our Authorization header; giving it an ``auth`` of our own keeps it from
    looking (`requests.sessions.Session.prepare_request`).
    """
    import requests

    session = requests.Session()
    session.auth = lambda request: request
    return session


class Api:
    """Calls to one forge.

    Args:
        forge: its name, for messages.
        base: address of the API, without a trailing slash.
        headers: sent with every request; ``secret`` is one of their values.
        secret: the token; it never stands in a message.
        http: makes the session on the first call, so that nothing is imported before.
        clock: for waits.
    """

    def __init__(
        self,
        *,
        forge: str,
        base: str,
        headers: Mapping[str, str],
        secret: str,
        http: Callable[[], requests.Session],
        clock: Clock,
    ) -> None:
        self.forge = forge
        self.base = base
        self._headers = dict(headers)
        self._secret = secret
        self._make_http = http
        self._http: requests.Session | None = None
        self._clock = clock
        register_secret(secret)

    def call(self, method: str, path: str, payload: Mapping[str, Any] | None = None) -> Answer | Lost:
        """One request; again after a rate limit, as long as the waits fit into `LONGEST_WAIT`.

        Args:
            method: GET or POST.
            path: below the base, or a whole address on the same server (the next page).
            payload: sent as JSON.

        Raises:
            Failed: code ``FORGE_RATE_LIMIT`` when the forge asks for a longer wait.
        """
        url = path if "://" in path else self.base + path
        left = LONGEST_WAIT
        while True:
            answer = self._send(method, url, payload)
            wait = self._asked_to_wait(answer) if isinstance(answer, Answer) else None
            if wait is None:
                return answer
            if wait > left:
                until = self._clock.now() + timedelta(seconds=wait)
                raise Failed(
                    f"{self.forge} limits the rate of requests until {until:%Y-%m-%d %H:%M:%S} UTC",
                    code="FORGE_RATE_LIMIT",
                    hint="run `invoke tag` again after that; what is done already is not done twice",
                    details={"retry_at": until.isoformat()},
                )
            left -= wait
            self._clock.sleep(wait)

    def failed(self, what: str, answer: Answer | Lost, hint: str) -> Failed:
        """An error with the forge's own words, without secrets."""
        if isinstance(answer, Lost):
            why, status = answer.why, None
        else:
            why, status = f"{answer.status} {answer.words}".strip(), answer.status
        message = redact(f"{self.forge}: {what}: {why}", secrets=(self._secret,))
        return Failed(message, code="FORGE", hint=hint, details={"forge": self.forge, "status": status})

    def pause(self, seconds: float) -> None:
        """Wait before trying again."""
        self._clock.sleep(seconds)

    def _send(self, method: str, url: str, payload: Mapping[str, Any] | None) -> Answer | Lost:
        import requests

        if self._http is None:
            self._http = self._make_http()
        for _ in range(4):
            try:
                # requests would turn a POST that is redirected into a GET, and send our headers to another host.
                response = self._http.request(
                    method, url, headers=self._headers, json=payload, timeout=_TIMEOUT, allow_redirects=False
                )
            except (requests.RequestException, OSError) as error:
                return Lost(redact(f"no answer from {_host(url)}: {_cause(error)}", secrets=(self._secret,)))
            if response.status_code not in _REDIRECTS:
                break
            # A renamed repository answers with its address by number.
            goal = urljoin(url, response.headers.get("location", ""))
            if urlsplit(goal)[:2] != urlsplit(url)[:2]:
                return _answer(response)
            url = goal
        if response.status_code >= _SERVER_ERROR:
            return Lost(f"{_host(url)} answered {response.status_code} {response.reason}")
        return _answer(response)

    def _asked_to_wait(self, answer: Answer) -> float | None:
        """Seconds to wait, or None when no rate limit speaks.

        GitHub: 403 or 429 with ``retry-after``, or with ``x-ratelimit-remaining: 0`` and ``x-ratelimit-reset`` in epoch seconds;
        else, for the secondary limit, at least a minute ("Rate limits for the REST API"). GitLab: 429 with ``Retry-After`` and
        ``RateLimit-Reset`` ("Rate limits").
        """
        headers = {name.lower(): value for name, value in answer.headers.items()}
        if answer.status not in {403, 429}:
            return None
        limited = answer.status == 429 or "rate limit" in answer.words.lower()
        after = _number(headers.get("retry-after"))
        if after is not None:
            return max(1.0, after)
        if headers.get("x-ratelimit-remaining") == "0" or (limited and "ratelimit-reset" in headers):
            reset = _number(headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset"))
            if reset is not None:
                # A second more: the reset is in whole seconds.
                return max(1.0, (datetime.fromtimestamp(reset, UTC) - self._clock.now()).total_seconds() + 1)
        return 60.0 if limited else None


def _answer(response: requests.Response) -> Answer:
    try:
        body = response.json()
    except ValueError:
        body = response.text
    return Answer(response.status_code, body, response.links.get("next", {}).get("url"), response.headers)


def _number(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdigit() and len(text) <= 11 else None


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _cause(error: BaseException) -> str:
    """The innermost reason: what urllib3 wraps around it holds addresses of objects."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return str(getattr(error, "strerror", None) or error or type(error).__name__)[:200]
