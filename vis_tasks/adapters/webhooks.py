"""Messages to Slack, Discord and any other receiver. A message that doesn't arrive is a line for the console, never an error.

Addresses are secrets and come from the environment alone. Imports requests when something is sent.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from typing import TYPE_CHECKING, Any

from vis_tasks.adapters.redact import redact, register_secret
from vis_tasks.adapters.terminal import harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vis_tasks.config.model import NotifyConfig
    from vis_tasks.core.notice import Notice, NoticeItem
    from vis_tasks.ports import Clock

__all__ = ["Webhooks"]

_TIMEOUT = 10.0
_MOST_ITEMS = 20
_LONGEST_DISCORD = 2000  # "Message content (up to 2000 characters)" (Discord: Execute Webhook)
_LONGEST_SLACK = 3000  # text of a section block (Slack: Block Kit)


class Webhooks:
    """The channels that are configured.

    Args:
        config: ``[release.notify]``: names of environment variables.
        env: the environment.
        clock: for the signature's time.
    """

    def __init__(self, config: NotifyConfig, env: Mapping[str, str], clock: Clock) -> None:
        self._config = config
        self._env = env
        self._clock = clock

    @property
    def channels(self) -> tuple[str, ...]:
        """Those that are configured, ``slack``, ``discord`` and ``webhook``, their variables set or not."""
        return tuple(name for name in ("slack", "discord", "webhook") if getattr(self._config, name))

    def send(self, notice: Notice) -> dict[str, str | None]:
        """Tell every channel; ten seconds each at most.

        Returns:
            Channel → None when it took the message, else what went wrong, without its address.
        """
        return {channel: self._send(channel, notice) for channel in self.channels}

    def _send(self, channel: str, notice: Notice) -> str | None:
        variable = str(getattr(self._config, channel))
        address = self._env.get(variable, "").strip()
        if not address:
            return f"the environment variable {variable} is not set"
        if not re.match(r"https?://[^\s/]", address):
            return f"{variable} holds no http(s) address"
        register_secret(address)
        return self._post(address, *self._message(channel, notice))

    def _message(self, channel: str, notice: Notice) -> tuple[bytes, dict[str, str]]:
        from dataclasses import asdict  # loads `inspect`

        make: dict[str, Callable[[Notice], dict[str, Any]]] = {"slack": _slack, "discord": _discord, "webhook": asdict}
        body = json.dumps(make[channel](notice), ensure_ascii=False).encode("utf-8", "replace")
        headers = {"Content-Type": "application/json"}
        if channel == "webhook":
            headers |= {"X-Vis-Event": notice.kind, **self._signature(body)}
        return body, headers

    def _signature(self, body: bytes) -> dict[str, str]:
        """HMAC-SHA256 over ``<time>.<body>``: the time lets a receiver refuse what was recorded and sent again."""
        secret = self._env.get(self._config.webhook_secret or "", "")
        if not secret:
            return {}
        register_secret(secret)
        moment = str(int(self._clock.now().timestamp()))
        digest = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
        return {"X-Vis-Timestamp": moment, "X-Vis-Signature": f"sha256={digest}"}

    def _post(self, address: str, body: bytes, headers: dict[str, str]) -> str | None:
        import requests

        from vis_tasks.__about__ import __version__

        headers["User-Agent"] = f"vis-tasks/{__version__}"
        try:
            with requests.post(
                address, data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False, stream=True
            ) as answer:
                return None if answer.ok and not answer.is_redirect else f"HTTP {answer.status_code}"
        except (requests.RequestException, OSError, ValueError) as error:
            return f"no connection ({type(error).__name__})"


def _lines(notice: Notice, one: Callable[[NoticeItem], str]) -> list[str]:
    lines = [one(item) for item in notice.items[:_MOST_ITEMS]]
    more = len(notice.items) - len(lines)
    return [*lines, *([f"… and {more} more"] if more > 0 else [])]


def _clean(text: str) -> str:
    return harmless(redact(" ".join(text.split())))


def _slack(notice: Notice) -> dict[str, Any]:
    """Slack: ``&``, ``<`` and ``>`` command; nothing else does once mrkdwn is off for names."""

    def plain(text: str) -> str:
        return _clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    def one(item: NoticeItem) -> str:
        spec = plain(f"{item.name}@{item.version}")
        shown = f"<{plain(item.link).replace('|', '%7C')}|{spec.replace('|', '')}>" if item.link else spec
        command = f"\n      {plain(item.command)}" if item.command else ""
        return f"• {shown} {plain(item.text)}{command}"

    text = "\n".join([plain(notice.title), *_lines(notice, one)])[:_LONGEST_SLACK]
    return {"text": text, "unfurl_links": False, "unfurl_media": False, "link_names": False}


def _discord(notice: Notice) -> dict[str, Any]:
    """Discord: Markdown is escaped, and nobody is mentioned whatever the text says (``allowed_mentions``)."""

    def plain(text: str) -> str:
        return re.sub(r"([\\`*_~|>\[\]()#])", r"\\\1", _clean(text))

    def one(item: NoticeItem) -> str:
        link = f" <{_clean(item.link).replace('>', '%3E')}>" if item.link else ""
        command = f"\n  `{_clean(item.command).replace('`', '')}`" if item.command else ""
        return f"- {plain(f'{item.name}@{item.version}')} {plain(item.text)}{link}{command}"

    content = "\n".join([f"**{plain(notice.title)}**", *_lines(notice, one)])
    if len(content) > _LONGEST_DISCORD:
        content = content[: _LONGEST_DISCORD - 2].rpartition("\n")[0] + "\n…"
    return {"content": content, "allowed_mentions": {"parse": []}, "flags": 4}
