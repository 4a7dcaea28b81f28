"""Who may call, and how much: tokens, an App's installation tokens, points per hour, and the secondary limits."""

import hashlib
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import jwt

from sandbox.github import times

HOUR = 3_600


@dataclass(slots=True)
class Bucket:
    """One resource's points of one account in the current hour."""

    limit: int
    used: int = 0
    reset: float = field(default_factory=lambda: time.time() + HOUR)

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    def roll(self) -> None:
        """Begin a new hour when the old one is over."""
        if time.time() >= self.reset:
            self.used = 0
            self.reset = time.time() + HOUR

    def headers(self, resource: str) -> dict[str, str]:
        """What GitHub says about limits on every answer."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-used": str(self.used),
            "x-ratelimit-reset": str(int(self.reset)),
            "x-ratelimit-resource": resource,
        }


@dataclass(slots=True)
class Account:
    """A user or an installation: its tokens share the buckets."""

    name: str
    buckets: dict[str, Bucket]
    minute: dict[str, deque[tuple[float, int]]] = field(default_factory=dict)

    def spend(self, resource: str, points: int) -> None:
        """Count against the hour and against the minute (where every read is one point)."""
        self.buckets[resource].used += points
        self.minute.setdefault(resource, deque()).append((time.time(), 1))

    def last_minute(self, resource: str) -> int:
        """Secondary points of the last 60 seconds."""
        spent = self.minute.setdefault(resource, deque())
        while spent and spent[0][0] < time.time() - 60:
            spent.popleft()
        return len(spent)


class Accounts:
    """All credentials the sandbox knows. Nothing here is a real secret."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.limits = {"graphql": 5_000, "core": 5_000}
        self.secondary = {"graphql": 2_000, "core": 900, "concurrent": 100}
        self.lifetime = HOUR
        self.stateless = False
        self.app_id: str | None = None
        self.public_key: str | None = None
        self.installation = 4_711
        self.minted = 0
        self._anonymous = Account("anonymous", {"core": Bucket(60)})
        self._accounts = {"user": self._new("user")}
        self._tokens: dict[str, tuple[str, float]] = {token: ("user", float("inf"))}

    def _new(self, name: str) -> Account:
        return Account(name, {resource: Bucket(limit) for resource, limit in self.limits.items()})

    def find(self, authorization: str | None) -> tuple[Account | None, str]:
        """The account of an Authorization header, and the token: None for a wrong or expired one."""
        if not authorization:
            return self._anonymous, ""
        token = authorization.split(" ", 1)[-1].strip()
        name, expires = self._tokens.get(token, ("", 0.0))
        account = self._accounts.get(name) if time.time() < expires else None
        for bucket in account.buckets.values() if account else ():
            bucket.roll()
        return account, token

    @property
    def anonymous(self) -> Account:
        """The account of a network address, against which failed logins are counted as well."""
        return self._anonymous

    def expire(self, token: str | None = None) -> int:
        """Let installation tokens (or one given token) end now; answers how many did."""
        ended = [name for name in self._tokens if name == token or (token is None and name != self.token)]
        for name in ended:
            self._tokens[name] = (self._tokens[name][0], 0.0)
        return len(ended)

    def set_limit(self, resource: str, limit: int | None, remaining: int | None, reset_in: float | None) -> None:
        """Put the buckets of every account where a test wants them."""
        for account in self._accounts.values():
            bucket = account.buckets[resource]
            bucket.limit = limit if limit is not None else bucket.limit
            bucket.used = bucket.limit - remaining if remaining is not None else bucket.used
            bucket.reset = time.time() + reset_in if reset_in is not None else bucket.reset
        self.limits[resource] = limit if limit is not None else self.limits[resource]

    def check_app(self, authorization: str | None) -> str | None:
        """What GitHub answers to a bad App token (a JWT), None for a good one."""
        token = (authorization or "").split(" ", 1)[-1]
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self.public_key or "",
                algorithms=["RS256"],
                options={
                    "verify_signature": self.public_key is not None,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_aud": False,
                },
            )
        except jwt.PyJWTError:
            return "A JSON web token could not be decoded"
        now = time.time()
        expires = claims.get("exp")
        if not isinstance(expires, int) or expires <= now:
            return (
                "'Expiration time' claim ('exp') must be a numeric value representing the future time "
                "at which the assertion expires"
            )
        if expires > now + 600:
            return "'Expiration time' claim ('exp') is too far in the future"
        if not isinstance(claims.get("iat"), int) or claims["iat"] > now:
            return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        return None if self.app_id is None or str(claims.get("iss")) == self.app_id else "Integration not found"

    def mint(self, stateless: bool | None = None) -> dict[str, Any]:
        """A new installation token, short or in the long form of 2026."""
        self.minted += 1
        name = f"installation-{self.installation}"
        self._accounts.setdefault(name, self._new(name))
        token = "ghs_" + hashlib.sha256(secrets.token_bytes(16)).hexdigest()[:36]
        if self.stateless if stateless is None else stateless:
            token = f"ghs_{self.app_id or 1}_" + ".".join(secrets.token_urlsafe(size) for size in (27, 225, 128))
        expires = time.time() + self.lifetime
        self._tokens[token] = (name, expires)
        return {
            "token": token,
            "expires_at": times.text(expires),
            "repository_selection": "all",
            "permissions": {"actions": "write", "contents": "read", "metadata": "read", "pull_requests": "read"},
        }
