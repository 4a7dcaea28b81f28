"""One request to GitHub: pay for it, send it, understand the answer, act on it. Everything else is built on this."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from gql import Client, GraphQLRequest
from gql.client import AsyncClientSession

from capture.core.answers import Verdict, classify
from capture.core.budget import Account, Resource
from capture.core.errors import CaptureError, CredentialError, Deferred, Outage, Unreadable
from capture.core.ports import Clock, Sleep
from capture.core.retry import LONGEST_WAIT, Defer, GiveUp, Reauthorize, Shrink, Wait, decide
from capture.core.source import BadCursor, TooBig, Usage
from capture.github.auth import Credential
from capture.github.transport import Raw, WholeAnswers

API_VERSION = "2022-11-28"
MAX_IN_FLIGHT = 10

_usage: ContextVar[Usage | None] = ContextVar("github_usage", default=None)


class QueryRefused(CaptureError):
    """GitHub says that a request of ours is wrong, which only a bug explains."""

    code = "github_bug"


class Lost(Unreadable):
    """The repository or one of its parts is not there, or hides; the caller finds out which."""


def count_request() -> None:
    """Count a request that goes over the wire, also one of a credential's own."""
    usage = _usage.get()
    if usage is not None:
        usage.requests += 1


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: its body, what is broken in it, and when GitHub read it."""

    body: Any
    verdict: Verdict
    headers: dict[str, str]
    read_at: datetime
    seconds: float


class GitHubClient:
    """Sends requests for one credential, within its limits."""

    def __init__(
        self, http: httpx.AsyncClient, *, graphql_url: str, credential: Credential, account: Account, bulk: bool,
        clock: Clock, sleep: Sleep, random: Callable[[], float],
    ) -> None:  # fmt: skip
        self._http = http
        # A session without gql's own connecting, since the transport shares our HTTP client.
        # No deadline of gql's own (10 s) either: the HTTP client has one, and its errors are understood below.
        gql_client = Client(transport=WholeAnswers(http, graphql_url), execute_timeout=None)
        self._session = AsyncClientSession(gql_client)
        self._credential = credential
        self._account = account
        self._bulk = bulk
        self._clock = clock
        self._sleep = sleep
        self._random = random
        self._slots = asyncio.Semaphore(MAX_IN_FLIGHT)

    @contextmanager
    def metered(self) -> Generator[Usage]:
        """Count what the calls within cost, apart from those of other tasks."""
        usage = Usage()
        token = _usage.set(usage)
        try:
            yield usage
        finally:
            _usage.reset(token)

    async def query(self, document: GraphQLRequest, variables: dict[str, Any], *, points: int) -> Answer:
        """Run a GraphQL query that is estimated to cost so many points."""
        request = GraphQLRequest(document.document, variable_values=variables)

        async def send(headers: dict[str, str]) -> Raw:
            result = await self._session.execute(request, get_execution_result=True, headers=headers)
            return (result.extensions or {})["raw"]

        return await self._request(send, "graphql", points)

    async def get(self, url: str, params: dict[str, Any] | None = None) -> Answer:
        """GET a REST route (a path, or a whole URL from a Link header)."""

        async def send(headers: dict[str, str]) -> Raw:
            return Raw.of(await self._http.get(url, params=params, headers=headers))

        return await self._request(send, "rest", 1)

    async def _request(
        self, send: Callable[[dict[str, str]], Awaitable[Raw]], resource: Resource, points: int
    ) -> Answer:
        failures, reauthorized = 0, False
        while True:
            await self._reserve(resource, points)
            token = await self._credential.token()
            raw, verdict = await self._sent(send, token, resource, points)
            if raw is not None and verdict.kind in ("ok", "partial"):
                return Answer(raw.body, verdict, raw.headers, self._read_at(raw), raw.seconds)
            failures += 1
            action = decide(
                verdict, failures=failures, reauthorized=reauthorized, now=self._clock(), jitter=self._random()
            )
            match action:
                case Wait(seconds):
                    await self._wait(seconds)
                case Reauthorize():
                    reauthorized = True
                    if not await self._credential.renew(token):
                        raise CredentialError(f"GitHub refuses the token: {verdict.detail}")
                case Defer(until, reason):
                    await self._block(resource, until)
                    raise Deferred(reason, until)
                case Shrink():
                    raise TooBig(verdict.detail)
                case GiveUp():
                    raise _failure(verdict)

    async def _sent(
        self, send: Callable[[dict[str, str]], Awaitable[Raw]], token: str | None, resource: Resource, points: int
    ) -> tuple[Raw | None, Verdict]:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with self._slots:
            started = self._clock()
            count_request()
            try:
                raw = await send(headers)
            except httpx.TimeoutException as error:
                # Whoever waits this long for a query has been given up on by GitHub as well.
                kind = "too_big" if resource == "graphql" else "transient"
                verdict, raw = Verdict(kind, f"no answer in time ({type(error).__name__})"), None
            except httpx.TransportError as error:
                verdict, raw = Verdict("transient", f"GitHub cannot be reached ({type(error).__name__})"), None
            else:
                verdict = classify(raw.status, raw.headers, raw.body, graphql=resource == "graphql")
            seconds = (self._clock() - started).total_seconds()
        await self._record(raw, resource, points, seconds)
        return raw, verdict

    async def _reserve(self, resource: Resource, points: int) -> None:
        waited = 0.0
        while True:
            reservation = await self._account.reserve_budget(
                credential=self._credential.name, resource=resource, points=points, bulk=self._bulk
            )
            if reservation.granted:
                return
            until = reservation.wait_until or self._clock() + timedelta(seconds=60)
            seconds = max(0.05, (until - self._clock()).total_seconds())
            if waited + seconds > LONGEST_WAIT:
                raise Deferred("the budget of this credential is used up", until)
            waited += seconds
            await self._wait(seconds)

    async def _wait(self, seconds: float) -> None:
        usage = _usage.get()
        if usage is not None:
            usage.waited += seconds
        await self._sleep(seconds)

    async def _record(self, raw: Raw | None, resource: Resource, points: int, seconds: float) -> None:
        headers = raw.headers if raw is not None else {}
        # An answer without a price (REST, or a refusal) costs what was set aside.
        cost = _cost(raw.body) if raw is not None and resource == "graphql" else None
        usage = _usage.get()
        if usage is not None:
            usage.seconds += seconds
            usage.points += (cost if cost is not None else points) if resource == "graphql" else 0
        own = headers.get("x-ratelimit-resource", "core") in ("graphql", "core")
        known = own and raw is not None and raw.status != 401  # a 401 carries the limits of an anonymous caller
        await self._account.record_budget(
            credential=self._credential.name,
            resource=resource,
            cost=points if cost is None else cost,
            reserved=points,
            limit=_integer(headers.get("x-ratelimit-limit")) if known else None,
            remaining=_integer(headers.get("x-ratelimit-remaining")) if known else None,
            reset_at=_epoch(headers.get("x-ratelimit-reset")) if known else None,
            seconds=seconds,
        )

    async def _block(self, resource: Resource, until: datetime) -> None:
        """Tell the other processes, so that none of them finds out for itself."""
        await self._account.record_budget(
            credential=self._credential.name, resource=resource, cost=0, reserved=0, blocked_until=until
        )

    def _read_at(self, raw: Raw) -> datetime:
        date = raw.headers.get("date")
        return parsedate_to_datetime(date) if date else self._clock()


def _failure(verdict: Verdict) -> CaptureError:
    match verdict.kind:
        case "unauthorized":
            return CredentialError(f"GitHub refuses the token: {verdict.detail}")
        case "forbidden":
            return Unreadable("forbidden", verdict.detail)
        case "blocked":
            return Unreadable("blocked", verdict.detail)
        case "missing":
            return Lost("gone", verdict.detail)
        case "bad_cursor":
            return BadCursor(verdict.detail)
        case "bug":
            return QueryRefused(f"GitHub calls a query wrong: {verdict.detail}")
        case _:
            return Outage(f"GitHub does not answer as it should: {verdict.detail}")


def _cost(body: Any) -> int | None:
    try:
        return int(body["data"]["rateLimit"]["cost"])
    except (KeyError, TypeError):
        return None


def _integer(value: str | None) -> int | None:
    return int(value) if value and value.isdigit() else None


def _epoch(value: str | None) -> datetime | None:
    seconds = _integer(value)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
