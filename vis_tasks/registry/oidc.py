"""Trusted publishing: an id token of a CI provider is exchanged for a short-lived token of one package.

Source: npm's API description (oidc.yaml). npm's client asks for the audience ``npm:<registry's host name>``.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from vis_tasks.registry.problems import Problem, not_found

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vis_tasks.registry.accounts import Accounts
    from vis_tasks.registry.database import Database
    from vis_tasks.registry.settings import Settings

__all__ = ["Issuer", "TrustRule", "TrustedPublishing"]

ALGORITHMS = ["RS256", "ES256"]
GITHUB_ISSUER = "https://token.actions.githubusercontent.com"


@dataclass(frozen=True)
class TrustRule:
    """Which workflow may release a package.

    Attributes:
        package: its name.
        issuer: ``iss`` of the id token.
        claims: every one must be in the token; values may be patterns (``"acme/*"``).
        permissions: ``{"stage"}`` (npm's default), or also ``"publish"``.
    """

    package: str
    issuer: str
    claims: Mapping[str, str]
    permissions: frozenset[str] = frozenset({"stage"})


@dataclass
class Issuer:
    """A CI provider of our own, for tests and rehearsals: it holds the private key and mints id tokens.

    Attributes:
        url: its ``iss``.
    """

    url: str
    private_key: Any = field(repr=False)
    public_key: str = field(repr=False)

    @classmethod
    def generate(cls, url: str = GITHUB_ISSUER) -> Issuer:
        """Make one with a new P-256 key."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return cls(url, key, public.decode())

    def mint(self, *, audience: str, issued_at: float, lifetime: float = 300, **claims: Any) -> str:
        """A signed id token.

        Args:
            audience: ``npm:<host name>``.
            issued_at: seconds since the epoch.
            lifetime: seconds.
            claims: ``repository``, ``job_workflow_ref``, ``environment``, …
        """
        import jwt

        payload = {
            "iss": self.url,
            "aud": audience,
            "iat": int(issued_at),
            "exp": int(issued_at + lifetime),
            "sub": "workflow",
            **claims,
        }
        return jwt.encode(payload, self.private_key, algorithm="ES256")


class TrustedPublishing:
    """Issuers we believe, rules of packages, and the exchange."""

    def __init__(self, database: Database, accounts: Accounts, settings: Settings) -> None:
        self._db = database
        self._accounts = accounts
        self._settings = settings

    def add_issuer(self, issuer: str, public_key: str) -> None:
        """Believe id tokens signed with this key (PEM)."""
        self._db.execute("INSERT OR REPLACE INTO issuers VALUES (?, ?)", issuer, public_key)

    def add_rule(self, rule: TrustRule) -> str:
        """Let a workflow release a package; the rule's id is returned."""
        rule_id = str(uuid.uuid4())
        self._db.execute(
            "INSERT INTO trust VALUES (?, ?, ?, ?, ?)",
            rule_id, rule.package, rule.issuer, json.dumps(dict(rule.claims)), json.dumps(sorted(rule.permissions)),
        )  # fmt: skip
        return rule_id

    def exchange(self, package: str, id_token: str, *, hosts: Iterable[str]) -> tuple[str, float]:
        """A token for one package, and when it is over.

        Args:
            package: its name.
            id_token: signed by a believed issuer.
            hosts: names the registry goes by; the audience must name one.

        Raises:
            Problem: 401 when the id token isn't good; 404 when the package has no rule that fits.
        """
        claims = self._verify(id_token, [f"npm:{host}" for host in hosts])
        for row in self._db.rows("SELECT * FROM trust WHERE package = ? AND issuer = ?", package, claims["iss"]):
            wanted: dict[str, str] = json.loads(row["claims"])
            if all(fnmatchcase(str(claims.get(name, "")), pattern) for name, pattern in wanted.items()):
                lifetime = self._settings.oidc_token_lifetime
                token = self._accounts.issue(
                    "GitHub Actions" if claims["iss"] == GITHUB_ISSUER else "GitLab CI/CD",
                    "oidc",
                    bypass_2fa=True,
                    lifetime=lifetime,
                    package=package,
                    permissions=frozenset(json.loads(row["permissions"])),
                )
                return token, self._settings.now() + lifetime
        raise not_found("OIDC token exchange error - package not found")

    def _verify(self, id_token: str, audiences: list[str]) -> dict[str, Any]:
        import jwt

        problem = Problem(401, "OIDC token exchange error - unauthorized", {"www-authenticate": "Bearer"})
        try:
            unverified = jwt.decode(id_token, options={"verify_signature": False})
            row = self._db.row("SELECT public_key FROM issuers WHERE issuer = ?", str(unverified.get("iss")))
            if row is None:
                raise problem
            options = {
                "require": ["exp", "iat", "aud", "iss"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            }
            claims: dict[str, Any] = jwt.decode(
                id_token,
                row["public_key"],
                algorithms=ALGORITHMS,
                audience=audiences,
                options=options,  # type: ignore[arg-type]
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise problem from error
        now = self._settings.now()
        if not (float(claims["iat"]) - 60 <= now < float(claims["exp"])):  # by the registry's clock, not the machine's
            raise problem
        return claims
