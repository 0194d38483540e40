"""Nothing secret in a message: patterns of the tokens we meet, and the very values this process has read.

`redact` is for text that people or files get to see (errors, traces, logs). It is never run over output that is parsed.
"""

from __future__ import annotations

import base64
import re
from urllib.parse import quote

from vis_tasks.patterns import regex

__all__ = ["MASK", "looks_secret", "redact", "register_secret"]

MASK = "***"

# A shorter value would take ordinary words and numbers out of messages with it.
_SHORTEST = 6

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Tokens that say what they are: npm, GitHub, GitLab, and JSON web tokens.
    (regex(r"\bnpm_[A-Za-z0-9]{16,}"), f"npm_{MASK}"),
    (regex(r"\b(gh[pousr]_|github_pat_|glpat-|glptt-|glcbt-)[A-Za-z0-9_-]{16,}"), rf"\g<1>{MASK}"),
    (regex(r"\beyJ[\w-]{5,}\.eyJ[\w-]{5,}\.[\w-]*"), MASK),
    # npmrc lines, npm_config_ variables and command lines.
    (regex(r"(_authToken|_auth|_password)(\"?\s*[=:]\s*\"?)(?!\*\*\*)[^\s\"']+"), rf"\g<1>\g<2>{MASK}"),
    (regex(r"(--otp[= ]|npm_config_otp=|npm-otp:\s*)[^\s\"']+", re.IGNORECASE), rf"\g<1>{MASK}"),
    (regex(r"\b(Bearer|Basic)\s+(?!realm\b)[\w.~+/=-]{5,}[\w~+/=-]", re.IGNORECASE), rf"\g<1> {MASK}"),
    # https://token@host and any://user:password@host; ssh://git@host names a user, which is no secret.
    (regex(r"\b(https?://)[^\s/@]+@", re.IGNORECASE), rf"\g<1>{MASK}@"),
    (regex(r"\b([a-z][\w+.-]*://)[^\s/@:]+:[^\s/@]*@", re.IGNORECASE), rf"\g<1>{MASK}@"),
)

_SECRET_NAME = regex(r"token|otp$|passw|passphrase|secret|_auth$|private_key|_key$", re.IGNORECASE)

_known: set[str] = set()


def looks_secret(name: str) -> bool:
    """Whether a variable or option of this name holds a secret (``NPM_TOKEN``, ``npm_config_otp``, …)."""
    return _SECRET_NAME.search(name) is not None


def register_secret(value: str | None) -> None:
    """Never show this value again, nor its base64 and URL-encoded forms, in this process.

    Args:
        value: a token, password or one-time password. None, and anything shorter than 6 characters, is left alone: masking it
            would eat ordinary words.
    """
    if value is None or len(value) < _SHORTEST:
        return
    _known.update({value, base64.b64encode(value.encode()).decode(), quote(value, safe="")})


def redact(text: str, *, secrets: tuple[str, ...] = ()) -> str:
    """Mask tokens, passwords, one-time passwords and credentials in URLs.

    Args:
        text: anything about to be shown or written.
        secrets: more values to mask, for this text alone.

    Returns:
        The text with `MASK` in their place.
    """
    values = {value for value in secrets if len(value) >= _SHORTEST} | _known
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, MASK)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text
