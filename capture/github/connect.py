"""Opening GitHub: which credential, which addresses, one pool of connections."""

import random as chance
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlparse

import httpx

from capture.core.budget import Account
from capture.core.errors import ConfigurationError
from capture.core.ports import Clock, Sleep
from capture.github.auth import App, Credential, Token
from capture.github.client import API_VERSION, MAX_IN_FLIGHT, GitHubClient, count_request
from capture.github.reads import GitHub

TIMEOUT_SECONDS = 30.0
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Access:
    """Where GitHub is and who asks: an App's three values win over a token."""

    api_url: str
    graphql_url: str
    token: str | None = None
    app_id: str | None = None
    private_key: str | None = None
    installation_id: int | None = None


@asynccontextmanager
async def open_github(
    access: Access, account: Account, *, bulk: bool, clock: Clock, sleep: Sleep,
    random: Callable[[], float] = chance.random, timeout: float = TIMEOUT_SECONDS,
) -> AsyncGenerator[GitHub, None]:  # fmt: skip
    """GitHub for one process. `timeout` is in seconds a request; `bulk` work leaves the reserve alone."""
    async with connections(access, timeout=timeout) as http:
        credential = credential_of(access, http, clock=clock, sleep=sleep, random=random)
        client = GitHubClient(
            http,
            graphql_url=access.graphql_url,
            credential=credential,
            account=account,
            bulk=bulk,
            clock=clock,
            sleep=sleep,
            random=random,
        )
        yield GitHub(client)


def connections(access: Access, *, timeout: float = TIMEOUT_SECONDS) -> httpx.AsyncClient:
    """Connections to GitHub's REST and GraphQL, without any credential."""
    return httpx.AsyncClient(
        base_url=access.api_url.rstrip("/"),
        headers={
            "accept": "application/vnd.github+json",
            "x-github-api-version": API_VERSION,
            "user-agent": "hybrid-progressive-capture",
        },
        timeout=httpx.Timeout(timeout, connect=min(10.0, timeout)),
        limits=httpx.Limits(max_connections=MAX_IN_FLIGHT + 2, max_keepalive_connections=MAX_IN_FLIGHT),
        follow_redirects=True,  # a renamed repository answers 301 to its old name
        trust_env=urlparse(access.api_url).hostname not in _LOOPBACK,
    )


def credential_of(
    access: Access, http: httpx.AsyncClient, *, clock: Clock, sleep: Sleep, random: Callable[[], float] = chance.random
) -> Credential:
    """The credential that is configured. Raises `ConfigurationError` for an App with missing parts."""
    parts = (access.app_id, access.private_key, access.installation_id)
    if not any(parts):
        return Token(access.token)
    if access.app_id is None or access.private_key is None or access.installation_id is None:
        raise ConfigurationError(
            "A GitHub App needs all of GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY and GITHUB_APP_INSTALLATION_ID."
        )
    return App(
        http,
        app_id=access.app_id,
        private_key=access.private_key,
        installation_id=access.installation_id,
        clock=clock,
        sleep=sleep,
        random=random,
        on_request=count_request,
    )
