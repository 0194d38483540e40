"""Messages: shaped for each channel, signed, never able to command it, never able to fail anything."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeClock
from tests.receiver import Receiver, receiver
from vis_tasks.adapters.webhooks import Webhooks
from vis_tasks.config.model import NotifyConfig
from vis_tasks.core.notice import Notice, NoticeItem

if TYPE_CHECKING:
    from collections.abc import Iterator

ITEM = NoticeItem("@acme/core", "1.2.0", "→ latest", "invoke stage.approve 8814", "https://review.example.org/8814")
NOTICE = Notice("waiting", "1 staged version waits for approval with 2FA", (ITEM,))


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


def hooks(there: Receiver, *channels: str, **env: str) -> Webhooks:
    config = NotifyConfig(**dict.fromkeys(channels, "HOOK"), webhook_secret="HOOK_SECRET")
    return Webhooks(config, {"HOOK": there.address, **env}, FakeClock())


def test_each_channel_is_told_in_its_own_words(there: Receiver) -> None:
    assert hooks(there, "slack", "discord", "webhook").send(NOTICE) == {"slack": None, "discord": None, "webhook": None}

    slack, discord, generic = there.documents
    assert "<https://review.example.org/8814|@acme/core@1.2.0> → latest" in slack["text"]
    assert "invoke stage.approve 8814" in slack["text"]
    assert "`invoke stage.approve 8814`" in discord["content"]
    assert discord["allowed_mentions"] == {"parse": []}
    assert generic["kind"] == "waiting"
    assert generic["items"][0]["version"] == "1.2.0"


def test_the_generic_webhook_is_signed_over_time_and_body(there: Receiver) -> None:
    hooks(there, "webhook", HOOK_SECRET="quite-secret").send(NOTICE)

    (body,), (headers,) = there.bodies, there.headers
    moment = headers["X-Vis-Timestamp"]
    wanted = hmac.new(b"quite-secret", f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Vis-Signature"] == f"sha256={wanted}"
    assert int(moment) == int(FakeClock().now().timestamp())
    assert headers["X-Vis-Event"] == "waiting"


def test_without_a_secret_nothing_is_signed(there: Receiver) -> None:
    hooks(there, "webhook").send(NOTICE)

    assert "X-Vis-Signature" not in there.headers[0]


def test_names_and_words_can_command_no_channel(there: Receiver) -> None:
    nasty = NoticeItem("<!channel>`@everyone`", "1", "**bold** [x](javascript:1)\n<@U1> \x1b[2J")

    hooks(there, "slack", "discord").send(Notice("failed", "a <!here> & b", (nasty,)))

    slack, discord = there.documents
    assert "<!" not in slack["text"]
    assert "<@" not in slack["text"]
    assert "\x1b" not in slack["text"] + discord["content"]
    assert "\\*\\*bold\\*\\*" in discord["content"]


def test_hundreds_of_versions_fit_into_a_message(there: Receiver) -> None:
    many = tuple(NoticeItem(f"@acme/package-{number}", "1.0.0", "x" * 50, "y" * 50) for number in range(300))

    hooks(there, "slack", "discord").send(Notice("waiting", "300", many))

    slack, discord = there.documents
    assert len(slack["text"]) <= 3000
    assert len(discord["content"]) <= 2000
    assert slack["text"].endswith("… and 280 more") or len(slack["text"]) == 3000


@pytest.mark.parametrize(("status", "says"), [(500, "HTTP 500"), (404, "HTTP 404"), (302, "HTTP 302")])
def test_a_refusal_is_told_without_the_address(there: Receiver, status: int, says: str) -> None:
    there.status = status

    assert hooks(there, "slack").send(NOTICE) == {"slack": says}


def test_nobody_there_and_nothing_set_are_told_too(there: Receiver) -> None:
    config = NotifyConfig(slack="GONE", discord="UNSET", webhook="WRONG")
    env = {"GONE": "http://127.0.0.1:9/secret-path", "WRONG": "file:///etc/passwd"}

    answers = Webhooks(config, env, FakeClock()).send(NOTICE)

    assert answers == {
        "slack": "no connection (ConnectionError)",
        "discord": "the environment variable UNSET is not set",
        "webhook": "WRONG holds no http(s) address",
    }
