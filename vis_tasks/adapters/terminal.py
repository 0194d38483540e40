"""What a terminal or a CI log may be given: text that can't command it, in an encoding it has, coloured only when wanted."""

from __future__ import annotations

import errno
import os
import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from vis_tasks.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

__all__ = ["Lasting", "encodable", "harmless", "harmless_on_actions", "has_rich", "is_watched", "wants_colour"]

# C0 without tab and newline, DEL, C1; line and paragraph separators; marks that turn the direction of text around (they make a
# name look like another one).
_COMMANDING = regex("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    r"""Text from git, a registry or a package, with control characters made visible: ``\x1b[2J`` instead of a cleared screen."""
    return _COMMANDING.sub(_visible, text.replace("\r\n", "\n"))


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"


def harmless_on_actions(text: str) -> str:
    """Text that GitHub's runner doesn't take for a command.

    The runner obeys lines that begin with ``::`` after blanks, and ``##[`` anywhere in a line (actions/runner,
    ``src/Runner.Common/ActionCommand.cs``).
    """
    return re.sub(r"^(\s*):(?=:)", r"\1: ", text.replace("##[", "# #["), flags=re.MULTILINE)


def encodable(text: str, encoding: str | None) -> str:
    """Text that can be written in ``encoding``; what it hasn't is shown as an escape, lone surrogates included."""
    encoding = encoding or "utf-8"
    try:
        return text.encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:
        return text.encode("ascii", "backslashreplace").decode("ascii")


def wants_colour(stream: TextIO | None, env: Mapping[str, str]) -> bool:
    """Whether to colour: ``NO_COLOR`` says no, else ``FORCE_COLOR`` yes (``0`` no), else a terminal that isn't ``TERM=dumb``.

    Sources: no-color.org (set and not empty), force-color.org.
    """
    if stream is None or env.get("NO_COLOR"):
        return False
    forced = env.get("FORCE_COLOR")
    if forced:
        return forced != "0"
    return env.get("TERM") != "dumb" and stream.isatty()


def has_rich() -> bool:
    """Whether Rich, which the extra ``rich`` brings, can be had; where it can't, people are served plain text."""
    return find_spec("rich") is not None


def is_watched(stream: TextIO | None, env: Mapping[str, str]) -> bool:
    """Whether a table may be redrawn there: a terminal that can move its cursor, and no log of CI, with colour or without."""
    return stream is not None and stream.isatty() and env.get("TERM") != "dumb" and not env.get("CI")


class Lasting:
    """A terminal's stream that takes words after the terminal has gone, and drops them: a release goes on unwatched.

    A terminal that is closed ends a run by a signal of its own (SIGHUP), unless somebody asked to go on (``trap '' HUP``). Until
    the signal is there, and where it never comes, each write to it is an error (EIO).

    Args:
        stream: a text stream on a terminal; everything but writing is its own.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        """As the stream has it."""
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or drop."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._forget(error)
        return len(text)

    def flush(self) -> None:
        """Let out what is held back, or drop it."""
        try:
            self._stream.flush()
        except OSError as error:
            self._forget(error)

    def _forget(self, error: OSError) -> None:
        """Send nowhere what comes from now on, and what the stream holds still: Python would complain of it at its end."""
        if error.errno != errno.EIO:
            raise error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
