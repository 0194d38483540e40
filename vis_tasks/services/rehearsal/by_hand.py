"""A rehearsal in which you are the maintainer: the registry and its page stay up, and you decide in the browser or with npm."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from vis_tasks.errors import Interrupted, VisError
from vis_tasks.services.rehearsal.outcome import gather
from vis_tasks.services.rehearsal.promises import broken_promises
from vis_tasks.services.rehearsal.setting import MAINTAINER

if TYPE_CHECKING:
    from vis_tasks.services.rehearsal.director import Director
    from vis_tasks.services.rehearsal.outcome import Played
    from vis_tasks.services.rehearsal.play import Theatre
    from vis_tasks.services.rehearsal.setting import Setting

__all__ = ["NAME", "PASSWORD", "by_hand"]

NAME = "by-hand"
PASSWORD = "rehearsal"  # noqa: S105  (of an account that lives as long as this rehearsal, on loopback)
_DAY = 24 * 60 * 60.0
_GLANCE = 0.5


def by_hand(theatre: Theatre) -> Played:
    """Run the release and wait for you; after its end the registry stays up until SIGINT or SIGTERM.

    Args:
        theatre: the stage that was set.

    Returns:
        What came of it, also when it was ended before everything was decided.
    """
    start = time.monotonic()
    error: VisError | None = None
    with theatre.stage(NAME, theatre.say) as setting:
        director = theatre.direct(setting, "npm")
        over = threading.Event()
        clock = threading.Thread(target=_show_codes, args=(setting, over), daemon=True)
        clock.start()
        try:
            _introduce(theatre, setting)
            director.release(timeout=_DAY, settle=5)
            _wait_for_the_end(theatre, setting)
        except Interrupted:
            theatre.say("ending: the release is told to stop, then everything is removed")
        except VisError as stopped:
            error = stopped
        finally:
            over.set()
            director.stop()
            clock.join()
        _judge(director)
        return gather(NAME, "you decide", time.monotonic() - start, director, error, (), facts=True)


def _judge(director: Director) -> None:
    director.broken += broken_promises(director.facts(), director.tags_of())


def _introduce(theatre: Theatre, setting: Setting) -> None:
    registry, folder = setting.registry, setting.stage.folder
    user = registry.store.accounts.find(MAINTAINER)
    npmrc = theatre.maintainer_npmrc(setting.stage, registry)
    for name, text in (
        ("page", f"{registry.url}-/staged"),
        ("registry", registry.url),
        ("user", MAINTAINER),
        ("password", PASSWORD),
        ("code", f"{registry.otp(MAINTAINER)} now; a new one every 30 s stands in {folder / 'one-time-code'}"),
        ("", f"or put {user.totp_secret if user else ''} into an authenticator"),
        ("with npm", f"npm stage list --userconfig={npmrc}"),
        ("", f"npm stage approve <id> --userconfig={npmrc}    (it asks for the code)"),
        ("the end", "Ctrl-C; everything is removed then"),
    ):
        theatre.say(f"  {name.ljust(9)} {text}")


def _wait_for_the_end(theatre: Theatre, setting: Setting) -> None:
    theatre.say(f"the release has ended; {setting.registry.url}-/staged stays up until Ctrl-C")
    while True:
        time.sleep(_GLANCE)  # for a person, in real time


def _show_codes(setting: Setting, over: threading.Event) -> None:
    """Keep the one-time code of now in a file, which only its owner may read."""
    path, last = setting.stage.folder / "one-time-code", ""
    path.touch(mode=0o600)
    while True:
        code = setting.registry.otp(MAINTAINER)
        if code != last:
            path.write_text(f"{code}\n", encoding="utf-8")
            last = code
        if over.wait(_GLANCE):
            return
