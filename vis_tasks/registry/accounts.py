"""Who may do what: users, passwords, tokens, second factors."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from vis_tasks.errors import UsageError
from vis_tasks.registry.problems import bad_request, unauthorized

if TYPE_CHECKING:
    from vis_tasks.registry.database import Database
    from vis_tasks.registry.settings import Settings

__all__ = ["Accounts", "Identity", "TokenKind", "User"]

TokenKind = Literal["session", "read-write", "stage-only", "read-only", "oidc"]
TOTP_STEP = 30
USER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class User:
    """A person with an account.

    Attributes:
        name: what npm prints on ``whoami``.
        password: only known right after the account was made.
        totp_secret: base32 secret of the authenticator (RFC 6238: SHA-1, 6 digits, 30 s); None without 2FA.
    """

    name: str
    password: str | None = field(repr=False)
    totp_secret: str | None = field(repr=False)
    email: str = ""


@dataclass(frozen=True)
class Identity:
    """Who a request comes from, as its token says.

    Attributes:
        user: account name; for OIDC the name of the workflow's issuer.
        kind: of the token.
        bypass_2fa: whether publishing needs no second factor. Approving and rejecting always do.
        package: the only package an OIDC token is for.
        permissions: what an OIDC token may do: ``stage``, ``publish``.
    """

    user: str
    kind: TokenKind
    bypass_2fa: bool = False
    package: str | None = None
    permissions: frozenset[str] = frozenset()

    @property
    def actor_type(self) -> str:
        """As stage items show it."""
        return "trusted automation" if self.kind == "oidc" else "user"


class Accounts:
    """Users and tokens. Passwords and tokens are stored as hashes only.

    Args:
        database: where they are kept.
        settings: the clock, and whether a code counts once.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._db = database
        self._settings = settings

    # --- users ------------------------------------------------------------------------------------------------------

    def add(self, name: str, *, password: str | None = None, two_factor: bool = True, email: str = "") -> User:
        """Make an account.

        Args:
            name: lower case, url-safe.
            password: a random one when omitted.
            two_factor: whether it gets an authenticator.
            email: shown as ``_npmUser.email``.

        Raises:
            Problem: 400 when the name can't be one or is taken.
        """
        if not USER_NAME.fullmatch(name):
            raise bad_request(f"invalid user name {name[:80]!r}")
        if self.find(name) is not None:
            raise bad_request(f"there is a user {name!r} already")
        password = password or secrets.token_urlsafe(16)
        secret = base64.b32encode(secrets.token_bytes(20)).decode() if two_factor else None
        email = email or f"{name}@example.org"
        self._db.execute(
            "INSERT INTO users VALUES (?, ?, ?, ?, NULL, ?)",
            name,
            email,
            _hash_password(password),
            secret,
            self._settings.now(),
        )
        return User(name, password, secret, email)

    def find(self, name: str) -> User | None:
        """The account, without its password."""
        row = self._db.row("SELECT name, totp_secret, email FROM users WHERE name = ?", name)
        return None if row is None else User(row["name"], None, row["totp_secret"], row["email"])

    def check_password(self, name: str, password: str) -> bool:
        """Whether this is the account's password. Takes as long for an unknown name."""
        row = self._db.row("SELECT password FROM users WHERE name = ?", name)
        stored = row["password"] if row else f"{'0' * 32}${'0' * 64}"
        salt = stored.partition("$")[0]
        return hmac.compare_digest(_hash_password(password, salt), stored) and row is not None

    # --- second factor ----------------------------------------------------------------------------------------------

    def otp(self, name: str) -> str:
        """The code the account's authenticator shows now."""
        user = self.find(name)
        if user is None or user.totp_secret is None:
            raise UsageError(f"user {name!r} has no authenticator", hint="make the account with two_factor=True")
        return self._code(user.totp_secret, int(self._settings.now()) // TOTP_STEP)

    def accepts_otp(self, name: str, code: str) -> bool:
        """Check a code: of now, or of the step before or after (RFC 6238 §5.2).

        A code is refused the second time only when `Settings.otp_single_use` is on.
        """
        row = self._db.row("SELECT totp_secret, last_otp FROM users WHERE name = ?", name)
        if row is None or row["totp_secret"] is None:
            return False
        now = int(self._settings.now()) // TOTP_STEP
        for step in (now, now - 1, now + 1):
            if not hmac.compare_digest(self._code(row["totp_secret"], step).encode(), code.encode()):
                continue
            if self._settings.otp_single_use:
                fresh = "UPDATE users SET last_otp = ? WHERE name = ? AND (last_otp IS NULL OR last_otp < ?)"
                return self._db.execute(fresh, step, name, step) == 1
            return True
        return False

    @staticmethod
    def _code(secret: str, step: int) -> str:
        from cryptography.hazmat.primitives.hashes import SHA1
        from cryptography.hazmat.primitives.twofactor.totp import TOTP

        totp = TOTP(base64.b32decode(secret), 6, SHA1(), TOTP_STEP)  # noqa: S303 (the RFC's default, and every authenticator's)
        return totp.generate(step * TOTP_STEP).decode()

    # --- tokens -----------------------------------------------------------------------------------------------------

    def issue(
        self,
        name: str,
        kind: TokenKind,
        *,
        bypass_2fa: bool = False,
        lifetime: float | None = None,
        package: str | None = None,
        permissions: frozenset[str] = frozenset(),
    ) -> str:
        """Make a token; this is the only time it is seen.

        Args:
            name: whose it is.
            kind: what it may do.
            bypass_2fa: publishing with it needs no code.
            lifetime: seconds; None lives forever.
            package: an OIDC token's package.
            permissions: an OIDC token's permissions.
        """
        if kind not in get_args(TokenKind):
            raise UsageError(f"unknown kind of token {kind!r}", hint=f"one of {', '.join(get_args(TokenKind))}")
        token = f"npm_{secrets.token_hex(18)}"
        now = self._settings.now()
        self._db.execute(
            "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            _hash_token(token), name, kind, int(bypass_2fa), now, None if lifetime is None else now + lifetime,
            package, json.dumps(sorted(permissions)),
        )  # fmt: skip
        return token

    def identify(self, token: str) -> Identity:
        """Who a token stands for.

        Raises:
            Problem: 401 when it is unknown or over.
        """
        row = self._db.row("SELECT * FROM tokens WHERE hash = ?", _hash_token(token))
        if row is None or (row["expires_at"] is not None and row["expires_at"] <= self._settings.now()):
            raise unauthorized()
        return Identity(
            row["user"], row["kind"], bool(row["bypass_2fa"]), row["package"], frozenset(json.loads(row["permissions"]))
        )

    def revoke(self, token: str) -> bool:
        """Forget a token; False when there was none."""
        return self._db.execute("DELETE FROM tokens WHERE hash = ?", _hash_token(token)) == 1


def _hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _hash_password(password: str, salt: str | None = None) -> str:
    salt = salt or secrets.token_hex(16)
    digest = hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), n=2**12, r=8, p=1, dklen=32)
    return f"{salt}${digest.hex()}"
