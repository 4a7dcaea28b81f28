"""Credentials: a plain token, or installation tokens of a GitHub App, renewed before they end and when refused."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Protocol

import httpx
import jwt
import orjson

from capture.core.errors import CredentialError, Outage
from capture.core.ports import Clock, Sleep
from capture.core.retry import TRANSIENT_TRIES, transient_wait

RENEW_AFTER = timedelta(minutes=45)
"""Installation tokens live for an hour (documented); renewed early, none ends in the middle of a long page."""

_JWT_SECONDS = 540  # GitHub takes at most 600, and clocks differ


class Credential(Protocol):
    """Something that yields a token, can get a new one, and has a name that gives nothing away."""

    name: str

    async def token(self) -> str | None:
        """The token to send now; None sends none."""
        ...

    async def renew(self, refused: str | None) -> bool:
        """After `refused` was answered with 401: whether there is another token to try."""
        ...


class Token:
    """A personal access token, or none at all."""

    def __init__(self, token: str | None) -> None:
        self._token = token or None
        self.name = digest("token", token) if token else "anonymous"

    async def token(self) -> str | None:
        """The token as configured."""
        return self._token

    async def renew(self, refused: str | None) -> bool:
        """A configured token does not change."""
        return False


class App:
    """Installation tokens of a GitHub App. The two formats of tokens are told apart nowhere: both are opaque."""

    def __init__(
        self, client: httpx.AsyncClient, *, app_id: str, private_key: str, installation_id: int, clock: Clock,
        sleep: Sleep, random: Callable[[], float], on_request: Callable[[], None],
    ) -> None:  # fmt: skip
        self.name = digest("app", f"{app_id}/{installation_id}")
        self._client = client
        self._app_id = app_id
        self._key = private_key.replace("\\n", "\n")  # as secrets are often stored in one line
        self._installation_id = installation_id
        self._clock = clock
        self._sleep = sleep
        self._random = random
        self._on_request = on_request
        self._token: str | None = None
        self._renew_at: datetime | None = None
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """The installation's token, minted at first use and again after 45 minutes."""
        async with self._lock:
            if self._token is None or self._renew_at is None or self._clock() >= self._renew_at:
                await self._mint()
            return self._token or ""

    async def renew(self, refused: str | None) -> bool:
        """Mint anew, unless another request has done so since `refused` was taken."""
        async with self._lock:
            if self._token == refused:
                await self._mint()
        return True

    def assertion(self) -> str:
        """The App's JWT; it begins a minute ago, because GitHub's clock may be behind."""
        now = int(self._clock().timestamp())
        claims = {"iat": now - 60, "exp": now + _JWT_SECONDS, "iss": self._app_id}
        try:
            return jwt.encode(claims, self._key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise CredentialError("GITHUB_APP_PRIVATE_KEY is no private RSA key in PEM form") from error

    async def _mint(self) -> None:
        path = f"/app/installations/{self._installation_id}/access_tokens"
        response = await self._retried(lambda: self._client.post(path, headers=_bearer(self.assertion())))
        body: dict[str, Any] = {}
        with suppress(orjson.JSONDecodeError):
            body = orjson.loads(response.content)
        if response.status_code != 201 or "token" not in body:
            message = body.get("message") or f"HTTP {response.status_code}"
            raise CredentialError(f"GitHub refuses a token for installation {self._installation_id}: {message}")
        self._token = body["token"]
        expires = datetime.fromisoformat(body["expires_at"])
        self._renew_at = min(self._clock() + RENEW_AFTER, expires - timedelta(minutes=5))

    async def _retried(self, send: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        for failures in range(1, TRANSIENT_TRIES + 1):
            self._on_request()
            try:
                response = await send()
            except httpx.TransportError as error:
                if failures == TRANSIENT_TRIES:
                    raise Outage(f"GitHub cannot be reached for a token: {type(error).__name__}") from error
            else:
                if response.status_code < 500:
                    return response
                if failures == TRANSIENT_TRIES:
                    raise Outage(f"GitHub mints no token: HTTP {response.status_code}")
            await self._sleep(transient_wait(failures, self._random()))
        raise AssertionError("unreachable")


def digest(kind: str, secret: str) -> str:
    """A name for a credential that tells two apart and gives neither away."""
    return f"{kind}:{hashlib.sha256(secret.encode()).hexdigest()[:16]}"


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}
