"""The ASGI application: who calls, what it costs, which faults strike, then GraphQL, REST or the Actions routes."""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from sandbox.github import graphql_api, refusals, rest
from sandbox.github.accounts import Account
from sandbox.github.actions import INSTEAD, WAITING, instead, limited, wait_or_change
from sandbox.github.answers import Answer, Send, send_answer
from sandbox.github.control import control
from sandbox.github.faults import Call
from sandbox.github.spoil import SPOILING, spoil
from sandbox.github.world import World

Receive = Callable[[], Awaitable[dict[str, Any]]]
Mounted = Callable[[str, str, dict[str, str], bytes, dict[str, str]], Awaitable[Answer | None]]
"""Further routes of api.github.com: method, path, query, body, headers to an answer, None for a path not theirs."""


@dataclass(slots=True)
class Incoming:
    """One request with all that was found out about it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    base: str
    account: Account | None
    token: str
    prepared: graphql_api.Prepared | None
    found: tuple[str, rest.Route, re.Match[str]] | None
    entry: dict[str, Any]

    @property
    def resource(self) -> str:
        """Which of GitHub's limits counts it."""
        return "graphql" if self.prepared else "core"


class App:
    """One sandbox behind one address."""

    def __init__(self, world: World, mounted: Mounted | None = None, *, replay: bool = False) -> None:
        """With `replay`, a GraphQL request that came before is answered with the same bytes, so that a benchmark
        measures the client and not this process. Its price is counted all the same."""
        self.world = world
        self._mounted = mounted
        self._rendered: dict[str, bytes] | None = {} if replay else None
        world.faults.kinds = frozenset(INSTEAD) | frozenset(SPOILING) | WAITING

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _read(receive)
        if scope["path"].startswith("/_sandbox/"):
            await send_answer(control(self.world, scope["method"], scope["path"], _json(body)), send)
            return
        self.world.concurrent += 1
        try:
            answer = await self._answer(scope, headers, body)
        finally:
            self.world.concurrent -= 1
        await send_answer(answer, send)

    def _incoming(self, scope: dict[str, Any], headers: dict[str, str], body: bytes) -> tuple[Incoming, Call]:
        path, method, query = scope["path"], scope["method"], scope["query_string"]
        account, token = self.world.accounts.find(headers.get("authorization"))
        found = None if path == "/graphql" else rest.find_route(method, path)
        prepared = graphql_api.prepare(_json(body)) if path == "/graphql" and method == "POST" else None
        call = Call(found[0] if found else f"{method} {path}", path, token=token)
        if prepared:
            call.operation, call.query, call.items = prepared.operation or "", prepared.query, prepared.cost.items
        request = hashlib.sha256(b" ".join((method.encode(), path.encode(), query, body))).hexdigest()[:16]
        entry = self.world.stats.count(call.route, call.operation, path=path, items=call.items, request=request)
        incoming = Incoming(
            method,
            path,
            dict(parse_qsl(query.decode(), keep_blank_values=True)),
            headers,
            body,
            f"{scope['scheme']}://{headers.get('host', 'localhost')}",
            account,
            token,
            prepared,
            found,
            entry,
        )
        return incoming, call

    async def _answer(self, scope: dict[str, Any], headers: dict[str, str], body: bytes) -> Answer:
        """Let the faults strike, then answer."""
        world = self.world
        incoming, call = self._incoming(scope, headers, body)
        after: list[dict[str, Any]] = []
        answer: Answer | None = None
        for action in world.faults.matching(call):
            incoming.entry.setdefault("faults", []).append(action["kind"])
            if action.get("when") != "after" and await wait_or_change(world, action):
                continue
            answer = instead(world, action, call, incoming.account)
            if answer is not None:
                break
            after.append(action)
        if answer is None:
            answer = await self._real(incoming)
        for action in after:
            if not await wait_or_change(world, action):
                spoil(action, answer)
        incoming.entry["status"] = answer.status
        account, resource = incoming.account, incoming.resource
        if account and resource in account.buckets:
            answer.headers = {**account.buckets[resource].headers(resource), **answer.headers}
        answer.headers.setdefault("x-github-request-id", world.request_id())
        answer.headers.setdefault("x-github-media-type", f"github.{'v4' if incoming.prepared else 'v3'}; format=json")
        return answer

    async def _real(self, incoming: Incoming) -> Answer:
        """What GitHub answers when nothing is wrong, or when it is the client that is wrong."""
        world, account = self.world, incoming.account
        if incoming.path.startswith("/app/installations/") and incoming.method == "POST":
            return _mint(world, incoming.path, incoming.headers)
        if account is None:
            refused = world.accounts.anonymous.buckets["core"]
            refused.used += 1
            return Answer(401, refusals.bad_credentials(incoming.prepared is not None), refused.headers("core"))
        if incoming.path == "/rate_limit":
            return _rate_limit(account)
        if incoming.resource not in account.buckets:
            return Answer(401, refusals.needs_token())
        limit = self._limited(account, incoming.resource)
        if limit is not None:
            return limit
        if incoming.prepared:
            points = incoming.prepared.cost.points
            account.spend("graphql", points)
            world.stats.charge(incoming.entry, points)
            return incoming.prepared.refused or self._graphql(account, incoming)
        answer = await self._rest(incoming)
        if answer.status != 304:
            account.spend("core", 1)
        return answer

    def _graphql(self, account: Account, incoming: Incoming) -> Answer:
        known = self._rendered.get(incoming.entry["request"]) if self._rendered is not None else None
        if known is not None:
            return Answer(200, body=known)
        answer = graphql_api.run(self.world, account, incoming.prepared)  # type: ignore[arg-type]
        if self._rendered is not None:
            self._rendered[incoming.entry["request"]] = answer.bytes()
        return answer

    def _limited(self, account: Account, resource: str) -> Answer | None:
        busy, bucket = self.world.accounts.secondary, account.buckets[resource]
        if account.last_minute(resource) >= busy[resource] or self.world.concurrent > busy["concurrent"]:
            return Answer(403, refusals.secondary_limit(self.world.request_id()), {"retry-after": "60"})
        return limited(bucket, resource == "graphql") if bucket.remaining == 0 else None

    async def _rest(self, incoming: Incoming) -> Answer:
        if incoming.found is None:
            answer = None
            if self._mounted:
                answer = await self._mounted(
                    incoming.method, incoming.path, incoming.query, incoming.body, incoming.headers
                )
            return answer or Answer(404, refusals.not_found("index"))
        version = incoming.headers.get("x-github-api-version", "2022-11-28")
        request = rest.Request(incoming.method, incoming.path, incoming.query, incoming.base, version)
        answer = rest.answer(self.world, request, incoming.found[1], incoming.found[2])
        if answer.status == 200:
            answer.headers["etag"] = answer.etag(incoming.token)
            if incoming.headers.get("if-none-match") == answer.headers["etag"]:
                return Answer(304, headers=answer.headers)
        return answer


def _mint(world: World, path: str, headers: dict[str, str]) -> Answer:
    problem = world.accounts.check_app(headers.get("authorization"))
    if problem:
        return Answer(401, {"message": problem, "documentation_url": refusals.DOCS})
    if path != f"/app/installations/{world.accounts.installation}/access_tokens":
        return Answer(404, refusals.not_found("apps/apps#create-an-installation-access-token-for-an-app"))
    wanted = headers.get("x-github-stateless-s2s-token")
    return Answer(201, world.accounts.mint(wanted == "enabled" if wanted else None))


def _rate_limit(account: Account) -> Answer:
    resources = {
        name: {"limit": bucket.limit, "used": bucket.used, "remaining": bucket.remaining, "reset": int(bucket.reset)}
        for name, bucket in account.buckets.items()
    }
    return Answer(200, {"resources": resources, "rate": resources["core"]})


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
